import { writeFormula } from "./formula.js";
import { evaluate, scalarOf } from "./index_form.js";
import { formatNumber } from "./numbers.js";
import { placeWords } from "./panel.js";

/** Whether the reader is to find a quantity's numbers alone. */
export function isHidden(stage, name) {
  return stage.checking && stage.order[stage.equation] === name && !stage.solved;
}

/**
 * Show the field for an answer.
 * @param {object} stage
 */
export function drawCheck(stage) {
  const { check } = stage.el;
  check.hidden = !stage.checking;
  if (!stage.checking) return;
  const name = stage.order[stage.equation];
  const drawn = stage.byName.get(name)?.find((d) => d.result) ?? stage.byName.get(name)?.[0];
  const target = stage.pinned?.name === name ? stage.pinned.index : (drawn?.all[0]?.index ?? null);
  stage.asked = target === null ? null : { name, index: target };
  const field = stage.el.answer;
  const place = target?.length ? `[${target.join(",")}]` : "";
  const words = target?.length ? ` (${placeWords(stage, name, target).join(", ")})` : "";
  stage.el.question.textContent = `What is ${name}${place}${words}?`;
  field.setAttribute("aria-label", `your value of ${name}${place}`);
  field.value = "";
  const value = stage.solved && target ? stage.book.value(name, target) : undefined;
  stage.el.verdict.textContent = value === undefined ? "" : `It is ${formatNumber(value, null)}.`;
}

/**
 * Judge what the reader typed.
 * @param {object} stage
 */
export function judge(stage) {
  const { asked } = stage;
  const typed = stage.el.answer.value.trim().replace("−", "-").replace(",", ".");
  const { verdict } = stage.el;
  if (!asked) return;
  if (typed === "" || !Number.isFinite(Number(typed))) {
    verdict.textContent = "That is not a number; type one such as 0.25 or -1.5.";
    return;
  }
  const value = stage.book.value(asked.name, asked.index);
  if (value === undefined) {
    verdict.textContent = "This number has not arrived yet; try again in a moment.";
    return;
  }
  verdict.textContent = verdictOn(stage.book, asked.name, asked.index, value, typed);
}

/**
 * Say whether a typed value is right, and if not, which usual slip gives it.
 * @param {Book} book
 * @param {string} name
 * @param {number[]} index
 * @param {number} value
 * @param {string} typed
 */
function verdictOn(book, name, index, value, typed) {
  const digits = (typed.split(/e/i)[0].split(".")[1] ?? "").length;
  const off = 0.51 * 10 ** -Math.max(digits, 2) + 1e-12;
  const near = (x) => Number.isFinite(x) && Math.abs(Number(typed) - x) <= off;
  if (near(value)) return `Right: ${name} is ${formatNumber(value, null)}.`;
  const tree = scalarOf(book, name, index, true);
  if (tree === null) return "Not that number; this one is given, not computed.";
  for (const [wrong, slip] of slips(book, name, index, tree)) if (near(wrong)) return slip;
  const by = formatNumber(Number(typed) - value, 4);
  return `Not yet: off by ${by}, and no usual slip gives that. Open a number to see its terms.`;
}

/**
 * List what one gets by the usual slips, each with the sentence that says it.
 * @param {Book} book
 * @param {string} name
 * @param {number[]} index
 * @param {any} tree
 * @returns {[number, string][]}
 */
function slips(book, name, index, tree) {
  const found = [];
  const outer = ["sigmoid", "tanh", "exp", "log", "sqrt"].includes(tree.kind) ? tree.kind : "";
  const inner = outer ? tree.parts[0] : tree;
  const again = (x) => evaluate(outer ? { kind: outer, parts: [x], letter: "" } : x, book);
  if (outer) found.push([evaluate(inner, book), `Almost: ${WORDS[outer]} is still missing.`]);
  const swapped = swapGate(tree);
  if (swapped !== null)
    found.push([evaluate(swapped, book), "z and 1 − z are swapped: z keeps the old state."]);
  const summands = addends(inner);
  summands.forEach((part, i) => {
    const rest = summands.filter((_, k) => k !== i);
    const text = named(part);
    const bias = /^b_/.test(text) ? "the bias " : "the term ";
    if (rest.length) found.push([again(sum(rest)), `One is missing: ${bias}${text}.`]);
    const turned = [...rest, { kind: "neg", parts: [part], letter: "" }];
    found.push([again(sum(turned)), `A sign is wrong, at ${bias}${text}.`]);
    if (part.kind === "mul")
      part.parts.forEach((_, k) => {
        const fewer = part.parts.filter((_, j) => j !== k);
        const left = fewer.length === 1 ? fewer[0] : { ...part, parts: fewer };
        const gate = part.parts[k].name === "r" ? "the reset gate " : "";
        const slip = `In the term ${text}, ${gate}${named(part.parts[k])} is missing.`;
        found.push([again(sum([...rest, left])), slip]);
      });
  });
  for (const [wrong, slip] of misplacedReset(book, name, index)) found.push([wrong, slip]);
  found.push([-evaluate(tree, book), "The sign is the other one."]);
  return found;
}

const WORDS = {
  sigmoid: "the sigmoid σ",
  tanh: "the tanh",
  exp: "the exponential",
  log: "the logarithm",
  sqrt: "the square root",
};

/** Return a sum's parts; anything else is a sum of one. */
function addends(x) {
  return x.kind === "add" || x.kind === "sum" ? x.parts.flatMap(addends) : [x];
}

function sum(parts) {
  return { kind: "add", parts, letter: "" };
}

/** Write a part in symbols. */
function named(x) {
  const style = { book: { quantities: {} }, numbers: false, latex: false, digits: 4, shown: 8 };
  return writeFormula(x, style)
    .map((piece) => piece.text)
    .join("");
}

/** Return a formula with z and 1 − z exchanged; null if it has none. */
function swapGate(x) {
  let found = false;
  const one = { kind: "constant", value: 1, letters: "" };
  const isGate = (y) => y.kind === "element" && y.name === "z";
  const walk = (y) => {
    if (isGate(y)) {
      found = true;
      return { kind: "sub", parts: [one, y], letter: "" };
    }
    if (y.kind === "sub" && y.parts[0].kind === "constant" && isGate(y.parts[1])) {
      found = true;
      return y.parts[1];
    }
    return y.parts ? { ...y, parts: y.parts.map(walk) } : y;
  };
  const swapped = walk(x);
  return found ? swapped : null;
}

/**
 * Return the candidate as it is with the reset gate in the other place.
 * @param {Book} book
 * @param {string} name
 * @param {number[]} index
 * @returns {[number, string][]}
 */
function misplacedReset(book, name, index) {
  if (name !== "n" && name !== "a_n") return [];
  const [b, t, unit] = index;
  const H = book.sizes.H;
  const after = book.has("b_hn");
  let past = after ? book.value("b_hn", [unit]) : 0;
  for (let k = 0; k < H; k++) {
    const r = after ? book.value("r", [b, t, k]) : 1;
    past += book.value("W_hn", [unit, k]) * r * book.value("h_prev", [b, t, k]);
  }
  if (!after) past *= book.value("r", [b, t, unit]);
  const total = book.value("a_in", [b, t, unit]) + past;
  const slip = after
    ? "The reset gate is in the wrong place: here it comes after the product, r ⊙ (h Wᵀ + b)."
    : "The reset gate is in the wrong place: here it comes before the product, (r ⊙ h) Wᵀ.";
  return [[name === "n" ? Math.tanh(total) : total, slip]];
}
