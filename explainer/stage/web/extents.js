/*
 * How far the numbers of a page reach, for the scales of colours.
 */
import { WHOLE_NUMBERS } from "./numbers.js";

/** The largest numbers of a page, each found once. */
export class Extents {
  /** @param {import("./tensors.js").Tensors} tensors */
  constructor(tensors) {
    this.tensors = tensors;
    /** @type {Map<string, number>} */
    this.found = new Map();
  }

  /** Forget what was found among other numbers. */
  clear() {
    this.found.clear();
  }

  /**
   * Return the largest number of a quantity, as far as it is here, without its sign.
   * @param {string} name
   * @returns {number}
   */
  largest(name) {
    let found = this.found.get(name);
    if (found === undefined) {
      found = 0;
      for (const value of this.tensors.numbers(name)?.data ?? [])
        found = Math.max(found, Math.abs(value));
      this.found.set(name, found);
    }
    return found;
  }

  /**
   * Return the largest number of all quantities of one kind: values or gradients apart.
   * @param {string} kind
   * @param {boolean} gradient
   */
  largestOf(kind, gradient) {
    const key = `${kind} ${gradient}`;
    let found = this.found.get(key);
    if (found === undefined) {
      found = 0;
      for (const [name, q] of Object.entries(this.tensors.quantities))
        if (q.kind === kind && name.startsWith("d_") === gradient && !WHOLE_NUMBERS.has(name))
          found = Math.max(found, this.largest(name));
      this.found.set(key, found);
    }
    return found;
  }
}
