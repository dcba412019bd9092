/*
 * Arrays in one row of bytes, as buffer.py puts them there.
 */

/**
 * Where numbers begin, and their kind.
 * @typedef {{at: number, kind: "u1" | "f4" | "f8"}} Run
 *
 * How an array was sent: one number for all, or those that differ from the rest, or each.
 * @typedef {{constant: number} | Run
 *   | {places: Run, values: Run, count: number, rest: number}} Encoded
 */

const NUMBER_KINDS = { u1: Uint8Array, f4: Float32Array, f8: Float64Array };

/** Everything that was sent in one row of bytes. */
export class Arrays {
  /** @param {string} text base64 */
  constructor(text) {
    this.bytes = bytesOf(text);
  }

  /**
   * Return an array.
   * @param {Encoded} sent
   * @param {number} size how many numbers it has
   * @returns {Float64Array}
   */
  decode(sent, size) {
    if ("constant" in sent) return new Float64Array(size).fill(sent.constant);
    if ("at" in sent) return this.read(sent, size);
    const found = new Float64Array(size).fill(sent.rest);
    const values = this.read(sent.values, sent.count);
    this.read(sent.places, sent.count).forEach((place, i) => {
      found[place] = values[i];
    });
    return found;
  }

  /**
   * Return numbers as they stand one after the other.
   * @param {Run} run
   * @param {number} count
   */
  read({ at, kind }, count) {
    return Float64Array.from(new NUMBER_KINDS[kind](this.bytes.buffer, at, count));
  }
}

/**
 * Return the bytes of a base64 text.
 * @param {string} text
 */
export function bytesOf(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
