/*
 * All numbers of a page by name and place: computed here from what is given, or, of a run that is
 * too large for that, the parts that the server sent.
 */
import { Arrays, bytesOf } from "./buffer.js";
import { editOf } from "./editing.js";
import { faultOf } from "./edits.js";
import { Engine } from "./engine.js";
import { whileHeld } from "./held.js";
import { elementText } from "./index_form.js";
import { WHOLE_NUMBERS } from "./numbers.js";
import { SECOND } from "./plan.js";
import { readMeta } from "./sent.js";

/** @import { Meta } from "./sent.js" */
/** @import { Edit } from "./edits.js" */
/** @import { Equation } from "./plan.js" */

/** All numbers of a page. */
export class Tensors {
  /** @param {{meta: string, numbers: string, quantised: string}} data */
  constructor(data) {
    this.data = data;
    this.meta = readMeta(data.meta);
    this.quantities = this.meta.quantities;
    this.sizes = this.meta.sizes;
    this.sent = new Arrays(data.numbers);
    this.bytes = bytesOf(data.quantised);
    this.engine = this.meta.network ? this.makeEngine(this.meta.network) : null;
    /** @type {Map<string, {data: import("./views.js").Memory, part: number[][]} | null>} */
    this.arrays = new Map();
    /** @type {Map<string, number>} */
    this.ends = new Map();
    /** @type {Map<string, Equation>} */
    this.editable = new Map((this.engine?.editable ?? []).map((each) => [each.name, each]));
    /** @type {Edit[]} */
    this.edits = [];
    /** @type {Tensors | null} the same run without edits */
    this.first = null;
  }

  /**
   * Change given numbers and hold computed ones: these edits and no others.
   * @param {Edit[]} edits
   * @returns {string} why that can't be; empty where it is done
   */
  edit(edits) {
    if (edits === this.edits) return "";
    const fault = edits.map((edit) => this.faultOf(edit)).find(Boolean);
    if (fault || !this.engine) return fault ?? "";
    this.engine.edit(edits);
    const infinite = this.engine.notFinite();
    if (infinite) this.engine.edit(this.edits);
    else {
      this.edits = edits;
      this.quantities = whileHeld(this.meta.quantities, this.engine.held);
    }
    this.arrays.clear();
    this.ends.clear();
    if (!infinite) return "";
    return `${elementText(infinite.name, infinite.index)} would not be finite.`;
  }

  /**
   * Return why an edit can't be made; empty where it can.
   * @param {Edit} edit
   * @param {boolean} [anyValue] its number is not known yet
   * @returns {string}
   */
  faultOf(edit, anyValue = false) {
    if (!this.engine)
      return "This run is too large to be computed in the browser, so nothing can be changed in it.";
    const known = this.editable.get(edit.name);
    if (anyValue && known) return "";
    if (anyValue)
      return `${edit.name} can’t be changed or held: it follows from other numbers. Edit those.`;
    return faultOf(edit, this.engine.editable, this.sizes) ?? "";
  }

  /**
   * Tell whether a quantity is given, not computed.
   * @param {string} name
   */
  isGiven(name) {
    return this.engine?.given.has(name) ?? false;
  }

  /**
   * Return which numbers a quantity may have; undefined for any.
   * @param {string} name
   */
  limits(name) {
    return this.editable.get(name)?.limits;
  }

  /**
   * Return what a number that was edited is by itself, and whether it is held; null for others.
   * @param {string} name
   * @param {number[]} index
   * @returns {{own: number, held: boolean} | null}
   */
  edited(name, index) {
    if (!editOf(this.edits, name, index)) return null;
    return { own: this.own(name, index), held: !this.isGiven(name) };
  }

  /**
   * Return what a number was as given, or would be were it not held.
   * @param {string} name
   * @param {number[]} index
   */
  own(name, index) {
    const { shape } = this.quantities[name];
    const at = index.reduce((flat, place, axis) => flat * shape[axis] + place, 0);
    return this.engine?.own(name).data[at] ?? Number.NaN;
  }

  /** Return the run without edits. */
  unedited() {
    if (this.edits.length === 0) return this;
    this.first ??= new Tensors(this.data);
    return this.first;
  }

  /** Return the loss; not a number where it is not computed here. */
  loss() {
    return this.engine?.makes("loss") ? this.engine.value("loss").data[0] : Number.NaN;
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
    const { precision } = this.meta;
    return new Engine(network, this.sizes, Object.fromEntries(given), precision);
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
   * @returns {{data: import("./views.js").Memory, part: number[][]} | null}
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
   * Return a number that was sent as a colour, within 1 in 127; 0 where it has none.
   * @param {{quantised?: number, limit?: number} | undefined} sent
   * @param {number} place
   */
  quantised(sent, place) {
    const { quantised = undefined, limit = 1 } = sent ?? {};
    return quantised === undefined ? 0 : ((this.bytes[quantised + place] - 128) / 127) * limit;
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
    if (!this.engine || this.meta[name]) return this.meta[name][sequence];
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
      return [...data.subarray(first, first + H)].reduce((a, b) => a + b, 0) / H;
    });
  }
}
