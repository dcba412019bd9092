/*
 * All numbers of a page by name and place: computed here from what is given, or, of a run that is
 * too large for that, the parts that the server sent.
 */
import { Arrays, bytesOf } from "./buffer.js";
import { Engine } from "./engine.js";
import { SECOND } from "./plan.js";

/**
 * What a quantity is (payload.py).
 * @typedef {object} Quantity
 * @property {string[]} dims
 * @property {number[]} shape
 * @property {string} symbol
 * @property {string} why
 * @property {import("./index_form.js").Form | null} form
 * @property {string[]} letters
 * @property {string} text
 * @property {string} shapes
 * @property {"signed" | "unit" | "weight"} kind
 * @property {string} hue
 *
 * What was sent of a quantity (parts.py): another one with the same numbers, or how its own were
 * sent; first and end for each dim where it is a part; where the bytes of its colours begin.
 * @typedef {{same: string, part?: number[][], quantised?: number, limit?: number}
 *   | (Encoded & {same?: undefined, part?: number[][], quantised?: number, limit?: number})} Sent
 *
 * @typedef {{name: string, sign: string, turned: boolean, after: string, result: boolean}} Row
 * @typedef {{left: string, rows: Row[]}} Band
 * @typedef {{title: string, name: string, bands: Band[]}} Lane
 *
 * One field of the address (url.py).
 * @typedef {{default: any, kind: string, low?: number, high?: number, options?: string[]}} Field
 *
 * @typedef {object} Meta
 * @property {string} slug
 * @property {Record<string, number>} sizes
 * @property {Record<string, string>} dims
 * @property {Record<number, string>} tokens
 * @property {Record<string, Quantity>} quantities
 * @property {Lane[]} scene
 * @property {Record<string, Field>} address
 * @property {import("./colours.js").Colours} colours
 * @property {boolean} timed
 * @property {boolean} backwards time runs backwards
 * @property {boolean} learning there are targets
 * @property {boolean} ranking the likeliest tokens are listed
 * @property {boolean} wired
 *
 * What a run has that is computed here: its equations, what is given, and numbers of Python's.
 * @property {import("./plan.js").Network} [network]
 * @property {Record<string, Encoded>} given
 * @property {Record<string, Encoded>} checks
 *
 * What a run has that is sent in parts: them, which sequence was sent, and the strip.
 * @property {Record<string, Sent>} parts
 * @property {{sequence: number}} [place]
 * @property {number[][]} ids
 * @property {number[][]} targets
 * @property {Record<string, number[]>} means
 */

/** Most numbers of a quantity that were sent to check it by; as in payload.py. */
const SAMPLES = 32;

/** @import { Encoded } from "./buffer.js" */

/** Quantities whose numbers are written as whole ones. */
export const WHOLE_NUMBERS = new Set(["ids", "targets"]);

/** All numbers of a page. */
export class Tensors {
  /** @param {{meta: string, numbers: string, quantised: string}} data */
  constructor(data) {
    /** @type {Meta} */
    this.meta = JSON.parse(data.meta);
    this.quantities = this.meta.quantities;
    this.sizes = this.meta.sizes;
    this.sent = new Arrays(data.numbers);
    this.bytes = bytesOf(data.quantised);
    this.engine = this.meta.network ? this.makeEngine(this.meta.network) : null;
    /** @type {Map<string, {data: Float64Array, part: number[][]} | null>} */
    this.arrays = new Map();
    /** @type {Map<string, number>} */
    this.ends = new Map();
  }

  /**
   * Return what computes the run.
   * @param {import("./plan.js").Network} network
   */
  makeEngine(network) {
    const dims = new Map(network.given.map((given) => [given.name, given.dims]));
    /** @type {(name: string) => number} */
    const size = (name) =>
      (dims.get(name.replace(SECOND, "")) ?? []).reduce((n, dim) => n * this.sizes[dim], 1);
    const given = Object.entries(this.meta.given).map(([name, sent]) => [
      name,
      this.sent.decode(sent, size(name)),
    ]);
    return new Engine(network, this.sizes, Object.fromEntries(given));
  }

  /**
   * Tell whether there is such a quantity.
   * @param {string} name
   */
  has(name) {
    return Object.hasOwn(this.quantities, name);
  }

  /**
   * Tell whether there is such a number.
   * @param {string} name
   * @param {number[]} index
   */
  hasNumber(name, index) {
    if (!this.has(name)) return false;
    const { shape } = this.quantities[name];
    const inside = index.every((v, i) => Number.isInteger(v) && v >= 0 && v < shape[i]);
    return shape.length === index.length && inside;
  }

  /**
   * Return one number; undefined where it was not sent.
   * @param {string} name
   * @param {number[]} index
   * @returns {number | undefined}
   */
  value(name, index) {
    const found = this.numbers(name);
    if (found === null) return undefined;
    const { data, part } = found;
    let flat = 0;
    for (let i = 0; i < index.length; i++) {
      const [start, end] = part[i];
      if (index[i] < start || index[i] >= end) return undefined;
      flat = flat * (end - start) + index[i] - start;
    }
    return data[flat];
  }

  /**
   * Return the numbers of a quantity, with first and end for each dim; null where none were sent.
   * @param {string} name
   */
  numbers(name) {
    let found = this.arrays.get(name);
    if (found === undefined) {
      found = this.has(name) ? this.computed(name) : null;
      this.arrays.set(name, found);
    }
    return found;
  }

  /**
   * @param {string} name
   * @returns {{data: Float64Array, part: number[][]} | null}
   */
  computed(name) {
    const whole = this.quantities[name].shape.map((size) => [0, size]);
    if (this.engine) return { data: this.engine.value(name).data, part: whole };
    const sent = this.meta.parts[name];
    if (sent === undefined) return null;
    const part = sent.part ?? whole;
    if (sent.same !== undefined) return this.numbers(sent.same);
    const size = part.reduce((n, [first, end]) => n * (end - first), 1);
    return { data: this.sent.decode(sent, size), part };
  }

  /**
   * Return a number of a large matrix as its colour has it, within 1 in 127; 0 where it has none.
   * @param {string} name
   * @param {number} row
   * @param {number} column
   */
  quantised(name, row, column) {
    const { quantised = undefined, limit = 1 } = this.meta.parts?.[name] ?? {};
    if (quantised === undefined) return 0;
    const at = quantised + row * this.quantities[name].shape[1] + column;
    return ((this.bytes[at] - 128) / 127) * limit;
  }

  /**
   * Return the largest number of a quantity, as far as it is here, without its sign.
   * @param {string} name
   * @returns {number}
   */
  largest(name) {
    let found = this.ends.get(name);
    if (found === undefined) {
      found = this.meta.parts?.[name]?.limit ?? 0;
      for (const value of this.numbers(name)?.data ?? []) found = Math.max(found, Math.abs(value));
      this.ends.set(name, found);
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
    let found = this.ends.get(key);
    if (found === undefined) {
      found = 0;
      for (const [name, q] of Object.entries(this.quantities))
        if (q.kind === kind && name.startsWith("d_") === gradient && !WHOLE_NUMBERS.has(name))
          found = Math.max(found, this.largest(name));
      this.ends.set(key, found);
    }
    return found;
  }

  /**
   * Return a token's text by its id.
   * @param {number} id
   */
  token(id) {
    return this.meta.tokens[id] ?? "";
  }

  /**
   * Return the ids, or targets, of a sequence.
   * @param {"ids" | "targets"} name
   * @param {number} sequence
   * @returns {number[]}
   */
  tokenIds(name, sequence) {
    if (!this.engine) return this.meta[name][sequence];
    const { T } = this.sizes;
    return [...this.engine.value(name).data.subarray(sequence * T, (sequence + 1) * T)];
  }

  /**
   * Return the mean over all units of a quantity at each time step.
   * @param {string} name
   * @param {number} sequence
   * @returns {number[]}
   */
  means(name, sequence) {
    if (!this.engine) return this.meta.means[name];
    const { T, H } = this.sizes;
    const { data } = this.engine.value(name);
    return Array.from({ length: T }, (_, t) => {
      const first = (sequence * T + t) * H;
      return data.subarray(first, first + H).reduce((a, b) => a + b, 0) / H;
    });
  }

  /**
   * Return how far the numbers computed here are from Python's at most, and how many were
   * compared; null where none are computed here.
   * @returns {{difference: number, count: number} | null}
   */
  check() {
    if (!this.engine) return null;
    let difference = 0;
    let count = 0;
    for (const [name, sent] of Object.entries(this.meta.checks)) {
      const { data } = this.engine.value(name);
      const stride = Math.max(1, Math.ceil(data.length / SAMPLES));
      const expected = this.sent.decode(sent, Math.ceil(data.length / stride));
      for (const [i, value] of expected.entries())
        difference = Math.max(difference, Math.abs(data[i * stride] - value));
      count += expected.length;
    }
    return { difference, count };
  }
}
