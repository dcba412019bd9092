import { bracket, fill, joined, PRODUCT, writeFormula, written } from "./formula.js";
import { elementText, entry, evaluate, isFunction, isSoft, scalarOf } from "./index_form.js";
import { quantityText } from "./numbers.js";

/*
 * One number opened: its three texts, its operands, the terms that are added up to it, as
 * explain.py does it.
 */

/** @import { Scalar, Source } from "./index_form.js" */
/** @import { Piece, Style } from "./formula.js" */
/** @typedef {{text: string, value: number, elements: {name: string, index: number[]}[]}} Factor */

/** Names only: no number decides which terms are written. */
export const PLAIN = {
  source: { quantities: {}, sizes: {}, value: () => 0 },
  numbers: false,
  latex: false,
  digits: 4,
  shown: 8,
};

/**
 * Open one number: its formula with names, with numbers, and in LaTeX.
 * @param {Source} source
 * @param {string} name
 * @param {number[]} index
 * @param {{digits?: number | null, shown?: number | null}} [options] as in Style
 * @returns {{name: string, index: number[], symbols: Piece[], numbers: Piece[], latex: string,
 *   operands: {name: string, index: number[]}[], tree: Scalar | null}} the tree is null for what
 *   is given
 */
export function explanation(source, name, index, { digits = 4, shown = 8 } = {}) {
  const result = entry(name, index);
  const style = { source, numbers: false, latex: false, digits, shown };
  const inNumbers = { ...style, numbers: true };
  const ends = [writeFormula(result, style), writeFormula(result, inNumbers)];
  const latexEnds = [inLatex(result, style), inLatex(result, inNumbers)];
  const edit = source.edited?.(name, index) ?? null;
  if (edit?.held) return heldNumber(name, index, ends, latexEnds, inNumbers);
  const short = scalarOf(source, name, index, false);
  const full = scalarOf(source, name, index, true);
  if (short === null || full === null) {
    const symbols = [...ends[0], { text: " is given" }];
    const numbers = fill(["", " = ", ""], ...ends);
    if (edit) numbers.push({ text: `; changed from ${quantityText(name, edit.own, digits)}` });
    const latex = latexEnds.join(" = ");
    return { name, index, symbols, numbers, latex, operands: [], tree: null };
  }
  const middle = [inLatex(short, style), inLatex(full, inNumbers)];
  return {
    name,
    index,
    symbols: fill(["", " = ", ""], ends[0], writeFormula(short, style)),
    numbers: fill(["", " = ", " = ", ""], ends[0], writeFormula(full, inNumbers), ends[1]),
    latex: [latexEnds[0], ...middle, latexEnds[1]].join(" = "),
    operands: once(elements(full)),
    tree: full,
  };
}

/**
 * Return what is said of a number that is held: where, and what it would be by itself.
 * @param {string} name
 * @param {number[]} index
 * @param {Piece[][]} ends its name, and its number
 * @param {string[]} latexEnds
 * @param {Style} inNumbers
 */
function heldNumber(name, index, ends, latexEnds, inNumbers) {
  const own = entry(`own_${name}`, index);
  const parts = ["", " held at ", "; by itself ", ""];
  return {
    ...{ name, index, tree: null, latex: latexEnds.join(" = "), operands: once(elements(own)) },
    symbols: [...ends[0], { text: " is held" }],
    numbers: fill(parts, ...ends, writeFormula(own, inNumbers)),
  };
}

/**
 * Return what is added up to a number, each term as its factors. Around the sum may stand a
 * function; then the number's `kind` says which.
 * @param {Scalar} x
 * @param {Source} source
 * @returns {Factor[][]}
 */
export function terms(x, source) {
  if (!("parts" in x)) return summands(x, source, false);
  if (isSoft(x.kind)) {
    return x.parts.slice(1).map((part) => [factor(part, source)]);
  }
  return summands(isFunction(x.kind) ? x.parts[0] : x, source, false);
}

/**
 * Return a sum as products.
 * @param {Scalar} x
 * @param {Source} source
 * @param {boolean} minus
 * @returns {Factor[][]}
 */
function summands(x, source, minus) {
  if (x.kind === "div" && ["sum", "neg"].includes(x.parts[0].kind)) {
    const share = reciprocal(x.parts[1], source);
    return summands(x.parts[0], source, minus).map((term) => [...term, share]);
  }
  switch (x.kind) {
    case "add":
    case "sum":
      return x.parts.flatMap((part) => summands(part, source, minus));
    case "sub":
      return x.parts.flatMap((part, i) => summands(part, source, i === 0 ? minus : !minus));
    case "neg":
      return summands(x.parts[0], source, !minus);
    default:
      return [[...(minus ? [minusOne()] : []), ...factorsOf(x, source)]];
  }
}

/**
 * Return a product as factors.
 * @param {Scalar} x
 * @param {Source} source
 * @returns {Factor[]}
 */
function factorsOf(x, source) {
  switch (x.kind) {
    case "mul":
      return x.parts.flatMap((part) => factorsOf(part, source));
    case "div":
      return [...factorsOf(x.parts[0], source), reciprocal(x.parts[1], source)];
    case "neg":
      return [minusOne(), ...factorsOf(x.parts[0], source)];
    case "lookup":
      return factorsOf(x.parts[1], source);
    default:
      return [factor(x, source)];
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
 * @param {Source} source
 * @returns {Factor}
 */
function factor(x, source) {
  const text = joined(bracket(written(x, PLAIN), PRODUCT, PLAIN));
  return { text, value: evaluate(x, source), elements: elements(x) };
}

/**
 * Return what one divides by, as a factor.
 * @param {Scalar} x
 * @param {Source} source
 * @returns {Factor}
 */
function reciprocal(x, source) {
  const inner = factor(x, source);
  return { text: `1/${inner.text}`, value: 1 / inner.value, elements: inner.elements };
}

/**
 * Return every tensor's number in a formula.
 * @param {Scalar} x
 * @returns {{name: string, index: number[]}[]}
 */
function elements(x) {
  if (x.kind === "element") {
    return [{ name: x.name, index: x.index.map(Number) }];
  }
  return x.kind === "constant" ? [] : x.parts.flatMap(elements);
}

/**
 * Return each number once, in order.
 * @param {{name: string, index: number[]}[]} found
 * @returns {{name: string, index: number[]}[]}
 */
function once(found) {
  const byPlace = new Map(found.map((x) => [elementText(x.name, x.index), x]));
  return [...byPlace.values()];
}

/**
 * Write the formula of one number in LaTeX.
 * @param {Scalar} x
 * @param {Style} style
 */
function inLatex(x, style) {
  return joined(writeFormula(x, { ...style, latex: true }));
}
