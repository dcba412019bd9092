import { elementText, entry, evaluate, lookUp, op } from "./index_form.js";
import { LATEX, TEXT } from "./notation.js";
import { general, quantityText } from "./numbers.js";

/*
 * The formula of one number, written: in names or numbers, as text or LaTeX, letter by letter as
 * number_formula.py does it.
 */

/** @import { Constant, Entry, Op, Place, Scalar, Source } from "./index_form.js" */

/**
 * Numbers instead of names, LaTeX instead of plain text, digits as in `formatNumber`, and the most terms
 * of a sum to write out (null: all).
 * @typedef {{source: Source, numbers: boolean, latex: boolean, digits: number | null,
 *   shown: number | null}} Style
 *
 * A piece of a text; one that stands for one number of a tensor says which.
 * @typedef {{text: string, name?: string, index?: number[]}} Piece
 *
 * How tightly pieces hold together: a sum, a product, anything that needs no brackets.
 * @typedef {{pieces: Piece[], hold: number}} Written
 */

/** exp of it, also negative, is far from the ends of what a double holds: a sum of many fits. */
const LARGEST_EXPONENT = 650;
const LOOSE = 1;
export const PRODUCT = 2;
const TIGHT = 3;

/**
 * Write the formula of one number; the texts of the pieces, joined, are the formula.
 * @param {Scalar} x
 * @param {Style} style
 * @returns {Piece[]}
 */
export function writeFormula(x, style) {
  return written(x, style).pieces;
}

/**
 * Return the text of pieces.
 * @param {Piece[]} pieces
 */
export function joined(pieces) {
  return pieces.map((piece) => piece.text).join("");
}

/**
 * Put pieces where a template has its gaps.
 * @param {string[]} template what stands before, between and after the gaps
 * @param {...Piece[]} gaps
 * @returns {Piece[]}
 */
export function fill(template, ...gaps) {
  const pieces = template.flatMap((text, i) => [{ text }, ...(gaps[i] ?? [])]);
  return pieces.filter((piece) => piece.text);
}

/**
 * Return a tensor's name, or its symbol in LaTeX.
 * @param {string} name
 * @param {Style} style
 */
function nameIn(name, style) {
  return style.latex ? style.source.quantities[name].symbol : name;
}

/**
 * Write one number of a tensor: its name and place, or the number.
 * @param {Entry} x
 * @param {Style} style
 */
function entryPiece(x, style) {
  const text = style.numbers ? entryNumber(x, style) : elementText(nameIn(x.name, style), x.index);
  // with a letter that runs it stands for many numbers
  const index = x.index.filter((i) => typeof i === "number");
  return index.length === x.index.length ? { text, name: x.name, index } : { text };
}

/**
 * Write a tensor's number; an id is a whole one.
 * @param {Entry} x
 * @param {Style} style
 */
function entryNumber(x, style) {
  return quantityText(x.name, lookUp(style.source, x), style.digits, style.latex);
}

/**
 * Write a constant; a count has letters in symbols.
 * @param {Constant} x
 * @param {Style} style
 */
function constantPiece(x, style) {
  if (x.letters && !style.numbers) {
    return { text: style.latex ? x.letters.replaceAll("·", " \\cdot ") : x.letters };
  }
  const text = general(x.value);
  return { text: style.latex ? text : text.replaceAll("-", "−") };
}

/**
 * Write the formula of one number, and say how tightly it holds together.
 * @param {Scalar} x
 * @param {Style} style
 * @returns {Written}
 */
export function written(x, style) {
  switch (x.kind) {
    case "element":
      return single(entryPiece(x, style));
    case "constant":
      return single(constantPiece(x, style));
    case "lookup":
      return writtenLookup(x, style);
    case "softmax":
    case "log_softmax":
      return writtenSoft(x, style);
    case "add":
    case "sum":
      return writtenSum(x, style);
    default:
      return writtenOp(x, style);
  }
}

/**
 * Return one piece; a power of ten is a product.
 * @param {Piece} piece
 * @returns {Written}
 */
function single(piece) {
  return { pieces: [piece], hold: /·|cdot/.test(piece.text) ? PRODUCT : TIGHT };
}

/**
 * Write a number that was looked up; both ends of its name stand for it.
 * @param {Op} x
 * @param {Style} style
 * @returns {Written}
 */
function writtenLookup({ parts: [row, found] }, style) {
  const { name, index } = /** @type {{name: string, index: number[]}} */ (found);
  if (style.numbers) {
    return written(entry(name, index), style);
  }
  const open = { text: `${nameIn(name, style)}[`, name, index };
  const close = { text: `,${index.at(-1)}]`, name, index };
  return { pieces: [open, ...writeFormula(row, style), close], hold: TIGHT };
}

/**
 * Write a softmax (or its logarithm).
 * @param {Op} x
 * @param {Style} style
 * @returns {Written}
 */
function writtenSoft(x, style) {
  const words = style.latex ? LATEX : TEXT;
  const pieces = fill(words[x.kind], ...softParts(x, style));
  return { pieces, hold: x.kind === "log_softmax" ? LOOSE : PRODUCT };
}

/**
 * Write what stands above (or before) and below in a softmax (or its logarithm).
 * @param {Op} x
 * @param {Style} style
 * @returns {[Piece[], Piece[]]}
 */
function softParts(x, style) {
  const words = style.latex ? LATEX : TEXT;
  if (x.letter) {
    const [top, one] = x.parts.map((part) => writeFormula(part, style));
    const sign = fill(words.sum, [{ text: x.letter }]);
    return [top, [...sign, ...fill(words.exp, one)]];
  }
  const [position, ...everything] = x.parts;
  const exponents = representable(everything, style);
  const exponentials = exponents.map((part) => op("exp", [part]));
  const { value } = /** @type {Constant} */ (position);
  return [writeFormula(exponents[value], style), addUp(exponentials, style)];
}

/**
 * Subtract the largest exponent from all, where exponentials would overflow or all vanish.
 * @param {Scalar[]} exponents
 * @param {Style} style
 * @returns {Scalar[]}
 */
function representable(exponents, style) {
  const sizes = exponents.map((part) => evaluate(part, style.source));
  const largest = sizes.reduce((a, b) => Math.max(a, b));
  if (Math.abs(largest) <= LARGEST_EXPONENT) return exponents;
  const top = exponents[sizes.indexOf(largest)];
  return exponents.map((part) => op("sub", [part, top]));
}

/**
 * Write a sum, term by term or with the letter that runs.
 * @param {Op} x
 * @param {Style} style
 * @returns {Written}
 */
function writtenSum(x, style) {
  if (!x.letter) {
    return { pieces: addUp(x.parts, style), hold: LOOSE };
  }
  const sign = fill((style.latex ? LATEX : TEXT).sum, [{ text: x.letter }]);
  const inner = bracket(written(x.parts[0], style), PRODUCT, style);
  return { pieces: [...sign, ...inner], hold: LOOSE };
}

/**
 * Write a difference, a negative, a product, a quotient or a function.
 * @param {Op} x
 * @param {Style} style
 * @returns {Written}
 */
function writtenOp(x, style) {
  const words = style.latex ? LATEX : TEXT;
  const parts = x.parts.map((part) => written(part, style));
  /** @type {(i: number, needed: number) => Piece[]} */
  const inside = (i, needed) => bracket(parts[i], needed, style);
  switch (x.kind) {
    case "sub": {
      const pieces = fill(["", ` ${words.minus[0]} `, ""], parts[0].pieces, inside(1, PRODUCT));
      return { pieces, hold: LOOSE };
    }
    case "neg":
      return { pieces: fill([words.minus[0], ""], inside(0, PRODUCT)), hold: LOOSE };
    case "mul": {
      const signs = ["", ...Array(parts.length - 1).fill(words.mul[0]), ""];
      return { pieces: fill(signs, ...parts.map((_, i) => inside(i, PRODUCT))), hold: PRODUCT };
    }
    case "div":
      return style.latex
        ? { pieces: fill(words.div, parts[0].pieces, parts[1].pieces), hold: TIGHT }
        : { pieces: fill(words.div, inside(0, PRODUCT), inside(1, TIGHT)), hold: PRODUCT };
    default:
      return { pieces: fill(words[x.kind], parts[0].pieces), hold: TIGHT };
  }
}

/**
 * Put brackets around a part that would fall apart, or that begins with a minus.
 * @param {Written} part
 * @param {number} needed
 * @param {Style} style
 * @returns {Piece[]}
 */
export function bracket({ pieces, hold }, needed, style) {
  if (hold >= needed && !/^[−-]/.test(pieces[0].text)) {
    return pieces;
  }
  return fill((style.latex ? LATEX : TEXT).brackets, pieces);
}

/**
 * Write a sum; of a long one the largest terms, and in their middle how many are left out.
 * @param {Scalar[]} parts
 * @param {Style} style
 * @returns {Piece[]}
 */
function addUp(parts, style) {
  const { kept, more } = chosen(parts, style);
  const texts = kept.map((i, n) => {
    const { pieces } = written(parts[i], style);
    return n === 0 ? pieces : bracket({ pieces, hold: TIGHT }, LOOSE, style);
  });
  if (more) {
    const left = [{ text: String(parts.length - kept.length) }];
    const gap = fill((style.latex ? LATEX : TEXT)[more], left);
    texts.splice(Math.floor((texts.length + 1) / 2), 0, gap);
  }
  return fill(["", ...Array(texts.length - 1).fill(" + "), ""], ...texts);
}

/**
 * Choose the terms of a sum to write out, and the words for those that are left out.
 * @param {Scalar[]} parts
 * @param {Style} style
 * @returns {{kept: number[], more: "" | "more" | "more_zeros"}}
 */
function chosen(parts, style) {
  const all = [...parts.keys()];
  if (style.shown === null || parts.length <= style.shown) {
    return { kept: all, more: "" };
  }
  const size = parts.map((part) => Math.abs(evaluate(part, style.source)));
  const order = [...all].sort((a, b) => size[b] - size[a] || a - b);
  const largest = order.slice(0, Math.max(style.shown, 1));
  const kept = new Set(largest.filter((i) => size[i] || i === largest[0]));
  const zeros = all.every((i) => kept.has(i) || size[i] === 0);
  return { kept: all.filter((i) => kept.has(i)), more: zeros ? "more_zeros" : "more" };
}
