/*
 * All numbers of a page by name and place, as the server sent them.
 */

/**
 * What a quantity is, and how its numbers were sent (payload.py, buffer.py).
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
 * @property {string} [same] another quantity with the same numbers
 * @property {number} [constant]
 * @property {number} [at] where its numbers begin
 * @property {number} [sparse] where the places of its numbers begin
 * @property {number} [count]
 * @property {number} [rest]
 * @property {number[][]} [part] first and end of what was sent, for each dim
 * @property {number} [quantised] where its bytes begin
 * @property {number} [limit]
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
 * @property {number[][]} ids
 * @property {number[][]} targets
 * @property {Record<string, number[]>} means
 * @property {{sequence: number, t: number}} sent
 * @property {Record<string, Quantity>} quantities
 * @property {Lane[]} scene
 * @property {Record<string, Field>} address
 * @property {import("./colours.js").Colours} colours
 * @property {boolean} timed
 * @property {boolean} backwards time runs backwards
 * @property {boolean} learning there are targets
 * @property {boolean} ranking the likeliest tokens are listed
 * @property {boolean} wired
 */

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
    this.numbers = new Float64Array(bytesOf(data.numbers).buffer);
    this.bytes = bytesOf(data.quantised);
    /** @type {Map<string, Map<number, number>>} */
    this.sparse = new Map();
    /** @type {Map<string, number>} */
    this.ends = new Map();
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
    let q = this.quantities[name];
    if (q === undefined) return undefined;
    if (q.same !== undefined) {
      name = q.same;
      q = this.quantities[name];
    }
    let flat = 0;
    for (let i = 0; i < index.length; i++) {
      const start = q.part ? q.part[i][0] : 0;
      const end = q.part ? q.part[i][1] : q.shape[i];
      if (index[i] < start || index[i] >= end) return undefined;
      flat = flat * (end - start) + index[i] - start;
    }
    if (q.at !== undefined) return this.numbers[q.at + flat];
    if (q.constant !== undefined) return q.constant;
    if (q.sparse !== undefined) return this.places(name).get(flat) ?? q.rest;
    return undefined;
  }

  /**
   * Return places and numbers of a quantity that is mostly zero.
   * @param {string} name
   */
  places(name) {
    let found = this.sparse.get(name);
    if (!found) {
      found = new Map();
      const { sparse = 0, count = 0 } = this.quantities[name];
      for (let i = 0; i < count; i++)
        found.set(this.numbers[sparse + i], this.numbers[sparse + count + i]);
      this.sparse.set(name, found);
    }
    return found;
  }

  /**
   * Return a number of a large matrix as its colour has it, within 1 in 127; 0 where it has none.
   * @param {string} name
   * @param {number} row
   * @param {number} column
   */
  quantised(name, row, column) {
    const { quantised, limit = 1, shape } = this.quantities[name];
    if (quantised === undefined) return 0;
    return ((this.bytes[quantised + row * shape[1] + column] - 128) / 127) * limit;
  }

  /**
   * Return the largest number that was sent of a quantity, without its sign.
   * @param {string} name
   * @returns {number}
   */
  largest(name) {
    const q = this.quantities[name];
    if (q.same !== undefined) return this.largest(q.same);
    let found = this.ends.get(name);
    if (found === undefined) {
      found = q.limit ?? Math.abs(q.constant ?? 0);
      if (q.at !== undefined && q.limit === undefined) {
        const sent = q.part ? q.part.map(([a, b]) => b - a) : q.shape;
        const end = q.at + sent.reduce((a, b) => a * b, 1);
        for (let i = q.at; i < end; i++) found = Math.max(found, Math.abs(this.numbers[i]));
      }
      if (q.sparse !== undefined)
        for (const v of this.places(name).values()) found = Math.max(found, Math.abs(v));
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
}

/**
 * Return the bytes of a base64 text.
 * @param {string} text
 */
function bytesOf(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
