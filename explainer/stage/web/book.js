/**
 * What a quantity is, as the server describes it.
 * @typedef {object} Quantity
 * @property {string[]} dims
 * @property {number[]} shape
 * @property {string} symbol
 * @property {string} why
 * @property {any} tree
 * @property {string} text
 * @property {string} shapes
 * @property {string} kind
 * @property {string} hue
 * @property {string} [same] another quantity with the same numbers
 * @property {number} [constant]
 * @property {number} [sparse]
 * @property {number} [count]
 * @property {number} [at]
 * @property {number[][]} [part] first and end of what was sent, for each dim
 * @property {number} [coarse]
 * @property {number} [limit]
 */

/** All numbers of a page, by name and place. */
export class Book {
  /** @param {{meta: string, numbers: string, coarse: string}} data */
  constructor(data) {
    Object.assign(this, JSON.parse(data.meta));
    this.numbers = new Float64Array(decode(data.numbers).buffer);
    this.bytes = decode(data.coarse);
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
    if (q.sparse !== undefined) return this.places(name, q).get(flat) ?? q.rest;
    return undefined;
  }

  /** Places and numbers of a quantity that is mostly zero. */
  places(name, q) {
    let found = this.sparse.get(name);
    if (!found) {
      found = new Map();
      for (let i = 0; i < q.count; i++)
        found.set(this.numbers[q.sparse + i], this.numbers[q.sparse + q.count + i]);
      this.sparse.set(name, found);
    }
    return found;
  }

  /**
   * Return a number of a large matrix as its colour has it, within 1 in 127.
   * @param {string} name
   * @param {number} row
   * @param {number} column
   */
  rough(name, row, column) {
    const q = this.quantities[name];
    return ((this.bytes[q.coarse + row * q.shape[1] + column] - 128) / 127) * q.limit;
  }

  /**
   * Return the largest number that was sent of a quantity, without its sign.
   * @param {string} name
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
        for (const v of this.places(name, q).values()) found = Math.max(found, Math.abs(v));
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
    return this.tokens[id] ?? "";
  }
}

export const WHOLE_NUMBERS = new Set(["ids", "targets"]);

/**
 * Return the bytes of a base64 text.
 * @param {string} text
 */
function decode(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
