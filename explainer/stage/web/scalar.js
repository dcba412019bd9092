import { place } from "./formula.js";
import { fsum, logSoftmax, sigmoid } from "./numbers.js";

/*
 * One number of an equation, in the browser: the equation's tree is walked for one index, as
 * scalar.py does it, and computed from the numbers it names. Needs numbers.js.
 */

/**
 * A tensor's name, a constant, or a kind with its option and its parts (trees.py).
 * @typedef {string | number | [string, string | number | null, ...any]} Tree
 *
 * @typedef {{dims: string[], shape: number[], symbol: string, tree: Tree | null}} Quantity
 *
 * Quantities and their numbers; `value` gives undefined for a number that is not there.
 * @typedef {{quantities: Map<string, Quantity> | Record<string, Quantity>,
 *   value: (name: string, index: number[]) => number | undefined}} Book
 *
 * @typedef {{dim: string, size: number}} Axis
 *
 * A place on an axis, or the letter that runs over it.
 * @typedef {number | string} Place
 *
 * One number: an element of a tensor, a constant (a count has letters), or a kind applied to
 * parts. A sum over a letter has one part that stands for all.
 * @typedef {{kind: "element", name: string, index: Place[]}} Entry
 * @typedef {{kind: "constant", value: number, letters: string}} Constant
 * @typedef {{kind: string, parts: Scalar[], letter: string}} Op
 * @typedef {any} Scalar an Entry, a Constant or an Op
 */

/** What runs in a sum over each dim, and over the same dim a second time. */
const LETTERS = { B: "b", T: "t", D: "dc", H: "kj", V: "vu" };

export const FUNCTIONS = {
  sigmoid,
  tanh: Math.tanh,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  min: (x) => Math.min(x, 1),
};
export const SOFT = {
  softmax: (values, position) => Math.exp(logSoftmax(values, position)),
  log_softmax: logSoftmax,
};
const ARITHMETIC = {
  add: fsum,
  sum: fsum,
  sub: ([a, b]) => a - b,
  mul: (values) => values.reduce((a, b) => a * b),
  div: ([a, b]) => a / b,
  neg: ([a]) => -a,
  lookup: ([, found]) => found,
};

/** A number that the book does not have. */
export class Missing extends Error {
  /**
   * @param {string} quantity
   * @param {number[]} index
   */
  constructor(quantity, index) {
    super(`no number for ${place(quantity, index)}`);
    this.name = "Missing";
    this.quantity = quantity;
    this.index = index;
  }
}

/**
 * Return a book's quantity.
 * @param {Book} book
 * @param {string} name
 * @returns {Quantity}
 */
export function quantityOf(book, name) {
  return book.quantities instanceof Map ? book.quantities.get(name) : book.quantities[name];
}

/**
 * Look a number up.
 * @param {Book} book
 * @param {Entry} x
 * @returns {number}
 */
export function look(book, x) {
  const value = book.value(x.name, x.index);
  if (value === undefined) {
    throw new Missing(x.name, x.index);
  }
  return value;
}

/**
 * Compute a number from the elements it names.
 * @param {Scalar} x
 * @param {Book} book
 * @returns {number}
 */
export function evaluate(x, book) {
  if (x.kind === "element") {
    return look(book, x);
  }
  if (x.kind === "constant") {
    return x.value;
  }
  const values = x.parts.map((part) => evaluate(part, book));
  if (x.kind in FUNCTIONS) {
    return FUNCTIONS[x.kind](values[0]);
  }
  if (x.kind in SOFT) {
    return SOFT[x.kind](values.slice(1), values[0]);
  }
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
function constant(value, letters = "") {
  return { kind: "constant", value, letters };
}

/**
 * Make a kind applied to parts.
 * @param {string} kind
 * @param {Scalar[]} parts
 * @param {string} [letter]
 * @returns {Op}
 */
export function op(kind, parts, letter = "") {
  return { kind, parts, letter };
}

/**
 * Count the numbers along some axes.
 * @param {Axis[]} over
 * @returns {Constant}
 */
function count(over) {
  const size = over.reduce((product, axis) => product * axis.size, 1);
  return constant(size, over.map((axis) => axis.dim).join("·"));
}

/**
 * Split a contraction's labels into those of each part, of the result, and summed ones.
 * @param {string} option such as "...d,hd->...h"
 * @returns {{inputs: string[], output: string, summed: string[]}}
 */
function labels(option) {
  const [left, output] = option.replaceAll("...", "").split("->");
  const inputs = left.split(",");
  const summed = [...new Set(inputs.join(""))].filter((label) => !output.includes(label));
  return { inputs, output, summed };
}

/**
 * Return the axes of an expression from the axes of its tensors.
 * @param {Book} book
 * @param {Tree} tree
 * @returns {Axis[]}
 */
function axes(book, tree) {
  if (typeof tree === "string") {
    const { dims, shape } = quantityOf(book, tree);
    return dims.map((dim, i) => ({ dim, size: shape[i] }));
  }
  if (typeof tree === "number" || tree[0] === "size") {
    return [];
  }
  const [kind, option, ...parts] = tree;
  const own = parts.map((part) => axes(book, part));
  switch (kind) {
    case "contract":
      return contractedAxes(book, tree, own[0]);
    case "sum":
    case "mean":
      return own[0].filter((_, i) => !summedAxes(own[0], option).includes(i));
    case "unsqueeze":
      return [...own[0], { dim: "1", size: 1 }];
    case "expand_as":
      return own[1];
    case "lookup":
      return [...own[0], own[1].at(-1)];
    default:
      return broadcast(own);
  }
}

/**
 * Return which axes a sum or mean removes.
 * @param {Axis[]} own
 * @param {number | null} option
 * @returns {number[]}
 */
function summedAxes(own, option) {
  return option === null ? [...own.keys()] : [(option + own.length) % own.length];
}

/**
 * Return the axes of a contraction.
 * @param {Book} book
 * @param {Tree} tree
 * @param {Axis[]} first the axes of the first part
 * @returns {Axis[]}
 */
function contractedAxes(book, tree, first) {
  const { inputs, output } = labels(tree[1]);
  const found = labelAxes(book, tree);
  const leading = tree[1].includes("...") ? first.slice(0, first.length - inputs[0].length) : [];
  return [...leading, ...[...output].map((label) => found.get(label))];
}

/**
 * Return the axis behind each label of a contraction.
 * @param {Book} book
 * @param {Tree} tree
 * @returns {Map<string, Axis>}
 */
function labelAxes(book, tree) {
  const [, option, ...parts] = tree;
  const found = new Map();
  labels(option).inputs.forEach((names, i) => {
    const own = axes(book, parts[i]);
    [...names].forEach((label, j) => found.set(label, own[own.length - names.length + j]));
  });
  return found;
}

/**
 * Return the axes of an element-by-element result: aligned right, length 1 gives way.
 * @param {Axis[][]} shapes
 * @returns {Axis[]}
 */
function broadcast(shapes) {
  const length = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length }, (_, i) => {
    const column = shapes.map((shape) => shape[shape.length - length + i]).filter(Boolean);
    return column.reduce((best, axis) => (axis.size > best.size ? axis : best));
  });
}

/**
 * Return how the number at a place is made.
 * @param {Book} book
 * @param {Tree} tree
 * @param {Place[]} at
 * @param {boolean} expand write every term of a sum
 * @returns {Scalar}
 */
export function scalar(book, tree, at, expand) {
  if (typeof tree === "string") {
    return entry(tree, at);
  }
  if (typeof tree === "number") {
    return constant(tree);
  }
  const [kind, option, ...parts] = tree;
  switch (kind) {
    case "before":
    case "after":
      return neighbour(book, tree, at);
    case "size": {
      const own = axes(book, parts[0]);
      return count(option === null ? own : [own.at(option)]);
    }
    case "contract":
      return contract(book, tree, at, expand);
    case "sum":
    case "mean":
      return sumOrMean(book, tree, at, expand);
    case "softmax":
    case "log_softmax":
      return soft(book, tree, at, expand);
    case "lookup":
      return lookup(book, parts, at, expand);
    case "unsqueeze":
      return scalar(book, parts[0], at.slice(0, -1), expand);
    case "expand_as":
      return scalar(book, parts[0], spread(axes(book, parts[0]), at), expand);
    default:
      return op(
        kind,
        parts.map((part) => scalar(book, part, spread(axes(book, part), at), expand)),
      );
  }
}

/**
 * Return a number of the time step before (or after), or what stands at the edge.
 * @param {Book} book
 * @param {Tree} tree
 * @param {number[]} at
 * @returns {Scalar}
 */
function neighbour(book, [kind, , name, edge], [b, t, unit]) {
  const { dims, shape } = quantityOf(book, name);
  const other = t + (kind === "before" ? -1 : 1);
  if (other >= 0 && other < shape[dims.indexOf("T")]) {
    return entry(name, [b, other, unit]);
  }
  return scalar(book, edge, [b, unit], true);
}

/**
 * Return one number of a product of matrices: a sum over the labels that vanish.
 * @param {Book} book
 * @param {Tree} tree
 * @param {Place[]} at
 * @param {boolean} expand
 * @returns {Scalar}
 */
function contract(book, tree, at, expand) {
  const [, option, ...parts] = tree;
  const { inputs, output, summed } = labels(option);
  const found = labelAxes(book, tree);
  const leading = at.slice(0, at.length - output.length);
  const where = new Map([...output].map((label, i) => [label, at[leading.length + i]]));
  const term = (places) => {
    summed.forEach((label, i) => where.set(label, places[i]));
    const factors = parts.map((part, i) => {
      const own = [...inputs[i]].map((label) => where.get(label));
      return scalar(book, part, i === 0 ? [...leading, ...own] : own, expand);
    });
    return factors.length === 1 ? factors[0] : op("mul", factors);
  };
  return total(
    summed.map((label) => found.get(label)),
    term,
    expand,
  );
}

/**
 * Return one number of a sum or mean along some axes.
 * @param {Book} book
 * @param {Tree} tree
 * @param {Place[]} at
 * @param {boolean} expand
 * @returns {Scalar}
 */
function sumOrMean(book, [kind, option, part], at, expand) {
  const own = axes(book, part);
  const removed = summedAxes(own, option);
  const over = removed.map((i) => own[i]);
  const term = (places) => {
    const whole = [...at];
    removed.forEach((axis, i) => whole.splice(axis, 0, places[i]));
    return scalar(book, part, whole, expand);
  };
  const sum = total(over, term, expand);
  return kind === "sum" ? sum : op("div", [sum, count(over)]);
}

/**
 * Return a sum over some axes: every term, or one that stands for all.
 * @param {Axis[]} over
 * @param {(places: Place[]) => Scalar} term
 * @param {boolean} expand
 * @returns {Scalar}
 */
function total(over, term, expand) {
  if (!over.length) {
    return term([]);
  }
  if (!expand) {
    const letters = over.reduce(
      (taken, { dim }) => [...taken, [...LETTERS[dim]].find((c) => !taken.includes(c))],
      [],
    );
    return op("sum", [term(letters)], letters.join(","));
  }
  let places = [[]];
  for (const { size } of over) {
    places = places.flatMap((p) => Array.from({ length: size }, (_, i) => [...p, i]));
  }
  return op("sum", places.map(term));
}

/**
 * Return one number of a softmax (or its logarithm): the position, then every number of the row.
 * @param {Book} book
 * @param {Tree} tree
 * @param {Place[]} at
 * @param {boolean} expand
 * @returns {Scalar}
 */
function soft(book, [kind, , part], at, expand) {
  const { dim, size } = axes(book, part).at(-1);
  const of = (v) => scalar(book, part, [...at.slice(0, -1), v], expand);
  if (expand) {
    return op(kind, [constant(at.at(-1)), ...Array.from({ length: size }, (_, v) => of(v))]);
  }
  const letter = LETTERS[dim][0];
  return op(kind, [of(at.at(-1)), of(letter)], letter);
}

/**
 * Return one number of a row that is looked up: the row's number, then what stands there.
 * @param {Book} book
 * @param {Tree[]} parts
 * @param {Place[]} at
 * @param {boolean} expand
 * @returns {Scalar}
 */
function lookup(book, [rows, table], at, expand) {
  const row = scalar(book, rows, at.slice(0, -1), expand);
  return op("lookup", [row, scalar(book, table, [look(book, row), at.at(-1)], expand)]);
}

/**
 * Return the place in a part of an element-by-element result: aligned right.
 * @param {Axis[]} own
 * @param {Place[]} at
 * @returns {Place[]}
 */
function spread(own, at) {
  return own.map(({ dim }, i) => (dim === "1" ? 0 : at[at.length - own.length + i]));
}
