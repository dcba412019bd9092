import { bracket, fill, inLatex, joined, PRODUCT, place, write, written } from "./formula.js";
import { entry, evaluate, FUNCTIONS, quantityOf, SOFT, scalar } from "./scalar.js";

/*
 * One number opened: its three texts, its operands, the terms that are added up to it, as
 * explanation.py does it. Needs scalar.js and formula.js.
 */

/** @typedef {{text: string, value: number, elements: {name: string, index: number[]}[]}} Factor */

/** Names only: no number decides which terms are written. */
const PLAIN = {
  book: { quantities: {}, value: () => 0 },
  numbers: false,
  latex: false,
  digits: 4,
  shown: 8,
};

/**
 * Open one number: its formula with names, with numbers, and in LaTeX.
 * @param {Book} book
 * @param {string} name
 * @param {number[]} index
 * @param {{digits?: number | null, shown?: number | null}} [options] as in Style
 * @returns {{name: string, index: number[], symbols: Piece[], numbers: Piece[], latex: string,
 *   operands: {name: string, index: number[]}[], tree: Scalar | null}} the tree is null for what
 *   is given
 */
export function explanation(book, name, index, { digits = 4, shown = 8 } = {}) {
  const { tree } = quantityOf(book, name);
  const result = entry(name, index);
  const style = { book, numbers: false, latex: false, digits, shown };
  const inNumbers = { ...style, numbers: true };
  const ends = [write(result, style), write(result, inNumbers)];
  const latexEnds = [inLatex(result, style), inLatex(result, inNumbers)];
  if (tree === null) {
    const symbols = [...ends[0], { text: " is given" }];
    const numbers = fill(["", " = ", ""], ...ends);
    const latex = latexEnds.join(" = ");
    return { name, index, symbols, numbers, latex, operands: [], tree };
  }
  const short = scalar(book, tree, index, false);
  const full = scalar(book, tree, index, true);
  const middle = [inLatex(short, style), inLatex(full, inNumbers)];
  return {
    name,
    index,
    symbols: fill(["", " = ", ""], ends[0], write(short, style)),
    numbers: fill(["", " = ", " = ", ""], ends[0], write(full, inNumbers), ends[1]),
    latex: [latexEnds[0], ...middle, latexEnds[1]].join(" = "),
    operands: once(elements(full)),
    tree: full,
  };
}

/**
 * Return what is added up to a number, each term as its factors. Around the sum may stand a
 * function; then the number's `kind` says which.
 * @param {Scalar} x
 * @param {Book} book
 * @returns {Factor[][]}
 */
export function terms(x, book) {
  if (x.kind in SOFT) {
    return x.parts.slice(1).map((part) => [factor(part, book)]);
  }
  return summands(x.kind in FUNCTIONS ? x.parts[0] : x, book, false);
}

/**
 * Return a sum as products.
 * @param {Scalar} x
 * @param {Book} book
 * @param {boolean} minus
 * @returns {Factor[][]}
 */
function summands(x, book, minus) {
  if (x.kind === "div" && ["sum", "neg"].includes(x.parts[0].kind)) {
    const share = reciprocal(x.parts[1], book);
    return summands(x.parts[0], book, minus).map((term) => [...term, share]);
  }
  switch (x.kind) {
    case "add":
    case "sum":
      return x.parts.flatMap((part) => summands(part, book, minus));
    case "sub":
      return x.parts.flatMap((part, i) => summands(part, book, i === 0 ? minus : !minus));
    case "neg":
      return summands(x.parts[0], book, !minus);
    default:
      return [[...(minus ? [minusOne()] : []), ...factorsOf(x, book)]];
  }
}

/**
 * Return a product as factors.
 * @param {Scalar} x
 * @param {Book} book
 * @returns {Factor[]}
 */
function factorsOf(x, book) {
  switch (x.kind) {
    case "mul":
      return x.parts.flatMap((part) => factorsOf(part, book));
    case "div":
      return [...factorsOf(x.parts[0], book), reciprocal(x.parts[1], book)];
    case "neg":
      return [minusOne(), ...factorsOf(x.parts[0], book)];
    case "lookup":
      return factorsOf(x.parts[1], book);
    default:
      return [factor(x, book)];
  }
}

/**
 * Return the factor that a minus is.
 * @returns {Factor}
 */
function minusOne() {
  return { text: "−1", value: -1, elements: [] };
}

/**
 * Return anything as one factor.
 * @param {Scalar} x
 * @param {Book} book
 * @returns {Factor}
 */
function factor(x, book) {
  const text = joined(bracket(written(x, PLAIN), PRODUCT, PLAIN));
  return { text, value: evaluate(x, book), elements: elements(x) };
}

/**
 * Return what one divides by, as a factor.
 * @param {Scalar} x
 * @param {Book} book
 * @returns {Factor}
 */
function reciprocal(x, book) {
  const inner = factor(x, book);
  return { text: `1/${inner.text}`, value: 1 / inner.value, elements: inner.elements };
}

/**
 * Return every tensor's number in a formula.
 * @param {Scalar} x
 * @returns {{name: string, index: number[]}[]}
 */
function elements(x) {
  if (x.kind === "element") {
    return [{ name: x.name, index: x.index }];
  }
  return x.kind === "constant" ? [] : x.parts.flatMap(elements);
}

/**
 * Return each number once, in order.
 * @param {{name: string, index: number[]}[]} found
 * @returns {{name: string, index: number[]}[]}
 */
function once(found) {
  const byPlace = new Map(found.map((x) => [place(x.name, x.index), x]));
  return [...byPlace.values()];
}
