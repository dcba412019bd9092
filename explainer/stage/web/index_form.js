/*
 * One number of an equation, in the browser: an index is filled into the equation's index form, as
 * index_form.py does it, and the number is computed from the numbers it names.
 */
import { fsum, logSoftmax, sigmoid } from "./numbers.js";

/**
 * How any number of a quantity is made, with letters for its own index: a constant,
 * ["at", name, ...index], ["count", ...dims], ["position", place], or the kind of an op, the
 * letters that run in it, and its parts (trees.py).
 * @typedef {number | [string, ...any[]]} Form
 *
 * @typedef {object} Formed
 * @property {string[]} dims
 * @property {number[]} shape
 * @property {string} symbol
 * @property {Form | null} form null for what is given
 * @property {string[]} letters what stands for the form's own index
 *
 * Quantities and their numbers; `value` gives undefined for a number that is not there.
 * @typedef {object} Source
 * @property {Record<string, Formed>} quantities
 * @property {Record<string, number>} sizes by dim
 * @property {(name: string, index: number[]) => number | undefined} value
 * @property {(name: string, index: number[]) => {own: number, held: boolean} | null} [edited] what
 *   a number that was edited is by itself
 *
 * A place on an axis, or the letter that runs over it.
 * @typedef {number | string} Place
 *
 * One number: an element of a tensor, a constant (a count has letters), or a kind applied to
 * parts. A sum over a letter has one part that stands for all.
 * @typedef {{kind: "element", name: string, index: Place[]}} Entry
 * @typedef {{kind: "constant", value: number, letters: string}} Constant
 * @typedef {"sigmoid" | "tanh" | "relu" | "clip" | "sign" | "exp" | "log" | "sqrt" |
 *   "min"} FunctionKind
 * @typedef {"softmax" | "log_softmax"} SoftKind
 * @typedef {"add" | "sum" | "sub" | "mul" | "div" | "neg" | "lookup"} ArithmeticKind
 * @typedef {FunctionKind | SoftKind | ArithmeticKind} OpKind
 * @typedef {{kind: OpKind, parts: Scalar[], letter: string}} Op
 * @typedef {Entry | Constant | Op} Scalar
 */

/** What runs over each letter of an index form. */
/** @type {Record<string, string>} */
const DIM_OF = { b: "B", t: "T", d: "D", c: "D", k: "H", j: "H", v: "V", u: "V" };

/** @type {Record<FunctionKind, (x: number) => number>} */
const FUNCTIONS = {
  sigmoid,
  tanh: Math.tanh,
  relu: (x) => Math.max(x, 0),
  clip: (x) => Math.min(Math.max(x, 0), 1),
  sign: Math.sign,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  min: (x) => Math.min(x, 1),
};
/** @type {Record<SoftKind, (values: number[], position: number) => number>} */
const SOFT = {
  softmax: (values, position) => Math.exp(logSoftmax(values, position)),
  log_softmax: logSoftmax,
};
/** @type {Record<ArithmeticKind, (values: number[]) => number>} */
const ARITHMETIC = {
  add: fsum,
  sum: fsum,
  sub: ([a, b]) => a - b,
  mul: (values) => values.reduce((a, b) => a * b),
  div: ([a, b]) => a / b,
  neg: ([a]) => -a,
  lookup: ([, found]) => found,
};

/**
 * Tell whether a kind is a function of one number.
 * @param {string} kind
 * @returns {kind is FunctionKind}
 */
export function isFunction(kind) {
  return kind in FUNCTIONS;
}

/**
 * Tell whether a kind is a softmax or its logarithm.
 * @param {string} kind
 * @returns {kind is SoftKind}
 */
export function isSoft(kind) {
  return kind in SOFT;
}

/** A number that the source does not have. */
export class Missing extends Error {
  /**
   * @param {string} quantity
   * @param {number[]} index
   */
  constructor(quantity, index) {
    super(`no number for ${elementText(quantity, index)}`);
    this.name = "Missing";
    this.quantity = quantity;
    this.index = index;
  }
}

/**
 * Write a name and a place, such as "z[0,2,1]".
 * @param {string} name
 * @param {Place[]} index
 */
export function elementText(name, index) {
  return index.length ? `${name}[${index.join(",")}]` : name;
}

/**
 * Look a number up.
 * @param {Source} source
 * @param {Entry} x
 */
export function lookUp(source, x) {
  const index = x.index.map(Number);
  const value = source.value(x.name, index);
  if (value === undefined) throw new Missing(x.name, index);
  return value;
}

/**
 * Compute a number from the elements it names.
 * @param {Scalar} x
 * @param {Source} source
 * @returns {number}
 */
export function evaluate(x, source) {
  if (x.kind === "element") return lookUp(source, x);
  if (x.kind === "constant") return x.value;
  const values = x.parts.map((part) => evaluate(part, source));
  if (isFunction(x.kind)) return FUNCTIONS[x.kind](values[0]);
  if (isSoft(x.kind)) return SOFT[x.kind](values.slice(1), values[0]);
  return ARITHMETIC[x.kind](values);
}

/**
 * Make one number of a tensor.
 * @param {string} name
 * @param {Place[]} index
 * @returns {Entry}
 */
export function entry(name, index) {
  return { kind: "element", name, index };
}

/**
 * Make a constant.
 * @param {number} value
 * @param {string} [letters]
 * @returns {Constant}
 */
export function constant(value, letters = "") {
  return { kind: "constant", value, letters };
}

/**
 * Make a kind applied to parts.
 * @param {OpKind} kind
 * @param {Scalar[]} parts
 * @param {string} [letter]
 * @returns {Op}
 */
export function op(kind, parts, letter = "") {
  return { kind, parts, letter };
}

/**
 * Return how one number of a quantity is made; null for what is given.
 * @param {Source} source
 * @param {string} name
 * @param {number[]} index
 * @param {boolean} expand write every term of a sum, not one that stands for all
 * @returns {Scalar | null}
 */
export function scalarOf(source, name, index, expand) {
  const { form, letters } = source.quantities[name];
  if (form === null) return null;
  /** @type {Record<string, Place>} */
  const at = Object.fromEntries(letters.map((letter, i) => [letter, index[i]]));
  return fillForm(source, form, at, expand);
}

/**
 * Fill places into an index form.
 * @param {Source} source
 * @param {Form} form
 * @param {Record<string, Place>} at which place stands for each letter
 * @param {boolean} expand
 * @returns {Scalar}
 */
function fillForm(source, form, at, expand) {
  if (typeof form === "number") return constant(form);
  const [kind, ...rest] = form;
  switch (kind) {
    case "at":
      return entryAt(form, at);
    case "count":
      return constant(
        rest.reduce((product, dim) => product * source.sizes[dim], 1),
        rest.join("·"),
      );
    case "before":
    case "after":
      return neighbour(source, form, at, expand);
    case "lookup": {
      const row = entryAt(rest[1], at);
      const found = { ...at, row: lookUp(source, row) };
      return op("lookup", [row, fillForm(source, rest[2], found, expand)]);
    }
    case "softmax":
    case "log_softmax": {
      const [letter, [, place], term] = rest;
      if (expand) return op(kind, [constant(Number(at[place])), ...each(source, letter, term, at)]);
      const chosen = fillForm(source, term, { ...at, [letter]: at[place] ?? place }, expand);
      return op(kind, [chosen, fillForm(source, term, at, expand)], letter);
    }
    default: {
      const [letters, ...parts] = rest;
      if (letters && expand) return op("sum", each(source, letters, parts[0], at));
      const filled = parts.map((part) => fillForm(source, part, at, expand));
      return op(/** @type {OpKind} */ (kind), filled, letters);
    }
  }
}

/**
 * Fill places into one number of a tensor.
 * @param {any} form
 * @param {Record<string, Place>} at
 * @returns {Entry}
 */
function entryAt([, name, ...index], at) {
  return entry(
    name,
    index.map((/** @type {Place} */ place) => at[place] ?? place),
  );
}

/**
 * Return a number of the time step before (or after), or what stands at the edge.
 * @param {Source} source
 * @param {any} form
 * @param {Record<string, Place>} at
 * @param {boolean} expand
 */
function neighbour(source, [kind, , value, edge], at, expand) {
  const { name, index } = entryAt(value, at);
  const [b, t, unit] = index;
  const other = Number(t) + (kind === "before" ? -1 : 1);
  const inside = other >= 0 && other < source.sizes.T;
  return inside ? entry(name, [b, other, unit]) : fillForm(source, edge, at, expand);
}

/**
 * Return every term that letters run through.
 * @param {Source} source
 * @param {string} letters
 * @param {Form} term
 * @param {Record<string, Place>} at
 * @returns {Scalar[]}
 */
function each(source, letters, term, at) {
  let places = [at];
  for (const letter of letters.split(",")) {
    const size = source.sizes[DIM_OF[letter]];
    const along = Array.from({ length: size }, (_, i) => i);
    places = places.flatMap((p) => along.map((i) => ({ ...p, [letter]: i })));
  }
  return places.map((p) => fillForm(source, term, p, true));
}
