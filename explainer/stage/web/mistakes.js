/*
 * Grading of a typed value: is it right, and if not, which common mistake gives it?
 */

import { PLAIN } from "./explanation.js";
import { writeFormula } from "./formula.js";
import { constant, evaluate, isFunction, op, scalarOf } from "./index_form.js";
import { formatNumber } from "./numbers.js";

/** @import { Scalar, Source } from "./index_form.js" */

/**
 * What one gets by a mistake, and the sentence that says it.
 * @typedef {[number, string]} Mistake
 */

/** @type {Record<string, string>} */
const WORDS = {
  sigmoid: "the sigmoid σ",
  tanh: "the tanh",
  relu: "the ReLU",
  clip: "the clipping to 0 and 1",
  exp: "the exponential",
  log: "the logarithm",
  sqrt: "the square root",
};

/**
 * Say whether a typed value is right, and if not, which common mistake gives it.
 * @param {Source} source
 * @param {string} name
 * @param {number[]} index
 * @param {string} typed a number, as it was typed
 */
export function grade(source, name, index, typed) {
  const value = source.value(name, index);
  if (value === undefined) return "This number has not arrived yet; try again in a moment.";
  const digits = (typed.split(/e/i)[0].split(".")[1] ?? "").length;
  const off = 0.51 * 10 ** -Math.max(digits, 2) + 1e-12;
  /** @type {(x: number) => boolean} */
  const near = (x) => Number.isFinite(x) && Math.abs(Number(typed) - x) <= off;
  if (near(value)) return `Right: ${name} is ${formatNumber(value, null)}.`;
  const x = scalarOf(source, name, index, true);
  if (x === null) return "Not that number; this one is given, not computed.";
  const found = commonMistakes(source, name, index, x).find(([wrong]) => near(wrong));
  if (found) return found[1];
  const by = formatNumber(Number(typed) - value, 4);
  return `Not yet: off by ${by}, and no usual slip gives that. Open a number to see its terms.`;
}

/**
 * List what one gets by common mistakes.
 * @param {Source} source
 * @param {string} name
 * @param {number[]} index
 * @param {Scalar} x how the number is made
 * @returns {Mistake[]}
 */
function commonMistakes(source, name, index, x) {
  /** @type {Mistake[]} */
  const found = [];
  let inner = x;
  /** @type {(part: Scalar) => number} */
  let again = (part) => evaluate(part, source);
  if (isFunction(x.kind) && x.kind in WORDS && "parts" in x) {
    const outer = x.kind;
    inner = x.parts[0];
    again = (part) => evaluate(op(outer, [part]), source);
    found.push([evaluate(inner, source), `Almost: ${WORDS[outer]} is still missing.`]);
  }
  const swapped = swapGate(x);
  if (swapped !== null)
    found.push([evaluate(swapped, source), "z and 1 − z are swapped: z keeps the old state."]);
  const parts = addends(inner);
  parts.forEach((part, i) => {
    const rest = parts.filter((_, k) => k !== i);
    const text = symbols(part);
    const term = `${/^b_/.test(text) ? "the bias" : "the term"} ${text}`;
    if (rest.length) found.push([again(op("add", rest)), `One is missing: ${term}.`]);
    const turned = [...rest, op("neg", [part])];
    found.push([again(op("add", turned)), `A sign is wrong, at ${term}.`]);
    if (part.kind !== "mul") return;
    part.parts.forEach((factor, k) => {
      const left = op(
        "mul",
        part.parts.filter((_, j) => j !== k),
      );
      const gate = factor.kind === "element" && factor.name === "r" ? "the reset gate " : "";
      const mistake = `In the term ${text}, ${gate}${symbols(factor)} is missing.`;
      found.push([again(op("add", [...rest, left])), mistake]);
    });
  });
  found.push(...misplacedReset(source, name, index));
  found.push([-evaluate(x, source), "The sign is the other one."]);
  return found;
}

/**
 * Return a sum's parts; anything else is a sum of one.
 * @param {Scalar} x
 * @returns {Scalar[]}
 */
function addends(x) {
  return x.kind === "add" || x.kind === "sum" ? x.parts.flatMap(addends) : [x];
}

/**
 * Write a part in symbols.
 * @param {Scalar} x
 */
function symbols(x) {
  return writeFormula(x, PLAIN)
    .map((piece) => piece.text)
    .join("");
}

/**
 * Return a formula with z and 1 − z exchanged; null if it has none.
 * @param {Scalar} x
 * @returns {Scalar | null}
 */
function swapGate(x) {
  let found = false;
  /** @type {(y: Scalar) => boolean} */
  const isGate = (y) => y.kind === "element" && y.name === "z";
  /** @type {(y: Scalar) => Scalar} */
  const swap = (y) => {
    if (isGate(y)) {
      found = true;
      return op("sub", [constant(1), y]);
    }
    if (y.kind === "sub" && y.parts[0].kind === "constant" && isGate(y.parts[1])) {
      found = true;
      return y.parts[1];
    }
    return "parts" in y ? { ...y, parts: y.parts.map(swap) } : y;
  };
  const swapped = swap(x);
  return found ? swapped : null;
}

/**
 * Return the candidate as it is with the reset gate in the other place.
 * @param {Source} source
 * @param {string} name
 * @param {number[]} index
 * @returns {Mistake[]}
 */
function misplacedReset(source, name, index) {
  if (name !== "n" && name !== "a_n") return [];
  const [b, t, unit] = index;
  /** @type {(tensor: string, ...at: number[]) => number} */
  const value = (tensor, ...at) => source.value(tensor, at) ?? Number.NaN;
  const after = Object.hasOwn(source.quantities, "b_hn");
  let past = after ? value("b_hn", unit) : 0;
  for (let k = 0; k < source.sizes.H; k++)
    past += value("W_hn", unit, k) * (after ? value("r", b, t, k) : 1) * value("h_prev", b, t, k);
  if (!after) past *= value("r", b, t, unit);
  const total = value("a_in", b, t, unit) + past;
  const form = source.quantities[name].form;
  const kind = Array.isArray(form) ? form[0] : "";
  if (kind === "clip") return []; // a hard sigmoid is more than one function of the sum
  const wrong = isFunction(kind) ? evaluate(op(kind, [constant(total)]), source) : total;
  const mistake = after
    ? "The reset gate is in the wrong place: here it comes after the product, r ⊙ (h Wᵀ + b)."
    : "The reset gate is in the wrong place: here it comes before the product, (r ⊙ h) Wᵀ.";
  return [[wrong, mistake]];
}
