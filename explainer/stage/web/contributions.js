/*
 * A parameter's gradient as what it is, a sum over time: each time step's contribution as a small
 * matrix with its norm, and their sum.
 */
import { make } from "./dom.js";
import { beginDrawing } from "./lanes.js";
import { tensorsOf } from "./layout.js";
import { cellText, NOTHING } from "./paint.js";
import { opening } from "./state.js";
import { canvasElement } from "./thumbnail.js";

/** @import { Stage } from "./dom.js" */
/** @import { State } from "./state.js" */

/** Most contributions that are drawn; of more, those with the largest norms. */
const MOST_TERMS = 48;
/** Width and height that a matrix should not exceed, in pixels, that of one of many, of a number. */
const TERM_SIDE = { most: 88, ofMany: 40, largest: 16, smallest: 2 };
/** So many are many. */
const MANY = 12;
/** Significant digits of a norm. */
const NORM_DIGITS = 3;

/**
 * How time steps make up a gradient: the norms of their contributions, and that of the sum.
 * @typedef {{norms: number[], total: number, largest: number}} Shares
 */

/**
 * Return the norms of all contributions; null where they are not all here.
 * @param {State} state
 * @returns {Shares | null}
 */
export function sharesOf(state) {
  const tensors = tensorsOf(state);
  const name = tensors.meta.contributions;
  const data = name && tensors.numbers(name)?.data;
  const sum = tensors.numbers(sumOf(name))?.data;
  if (!data || !sum) return null;
  const { T } = tensors.sizes;
  const size = data.length / T;
  const norms = Array.from({ length: T }, (_, t) =>
    Math.hypot(...data.subarray(t * size, (t + 1) * size)),
  );
  const total = Math.hypot(...sum);
  return { norms, total, largest: norms.indexOf(Math.max(...norms)) };
}

/**
 * Return the gradient that contributions add up to.
 * @param {string} name
 */
function sumOf(name) {
  return name.replace(/_t$/, "");
}

/**
 * Draw the sum, still without colours; nothing where the chapter has none.
 * @param {Stage} stage
 * @returns {HTMLElement[]}
 */
export function drawContributions(stage) {
  const { state } = stage;
  const shares = sharesOf(state);
  if (!shares) return [];
  const tensors = tensorsOf(state);
  const name = tensors.meta.contributions;
  const box = make("section", "lane contributions over-time");
  box.dataset.hue = tensors.quantities[name].hue;
  box.dataset.lane = "contributions";
  const title = make("div", "title", `${sumOf(name)} is a sum over time`);
  title.setAttribute("role", "heading");
  title.setAttribute("aria-level", "3");
  const many = tensors.sizes.T > MANY;
  const terms = make("div", many ? "terms many" : "terms");
  const order = shares.norms.map((_, t) => t);
  const drawn = order
    .toSorted((a, b) => shares.norms[b] - shares.norms[a])
    .slice(0, MOST_TERMS)
    .toSorted((a, b) => a - b);
  for (const [i, t] of drawn.entries()) {
    if (i > 0 && !many) terms.append(make("span", "sign", "+"));
    terms.append(shareElement(stage, name, t));
  }
  if (drawn.length < order.length)
    terms.append(make("span", "sign", `+ ${order.length - drawn.length} smaller ones`));
  terms.append(make("span", "sign", "="), shareElement(stage, sumOf(name), null));
  box.append(title, make("p", "answer-line"), terms);
  return [box];
}

/**
 * Tell whether contributions are here that were not when the lanes were drawn.
 * @param {Stage} stage
 */
export function awaitsContributions({ state, view }) {
  return view.el.lanes.querySelector(".contributions") === null && sharesOf(state) !== null;
}

/**
 * @param {Stage} stage
 * @param {string} name
 * @param {number | null} t null for the sum
 */
function shareElement(stage, name, t) {
  const turned = name.includes("W_");
  const drawing = beginDrawing(stage, { name, result: false, turned }, -1);
  const own = drawing.index;
  drawing.timed = false;
  drawing.index = ({ sequence }, row, column) => own({ t: t ?? 0, sequence }, row, column);
  const { rows, columns } = drawing;
  const most = tensorsOf(stage.state).sizes.T > MANY ? TERM_SIDE.ofMany : TERM_SIDE.most;
  const term = make("div", "term");
  const label = make("button", "term-label");
  /** @type {HTMLButtonElement} */ (label).type = "button";
  if (t === null) label.textContent = name + (turned ? "ᵀ" : "");
  else {
    term.dataset.t = String(t);
    label.onclick = () => stage.change({ t });
  }
  const canvas = canvasElement(stage, drawing, (r, c) => {
    const spot = { name, index: drawing.index(stage.state, r, c) };
    stage.change(opening(stage.state, spot, []));
  });
  /** @type {(count: number) => number} */
  const side = (count) =>
    count * Math.min(TERM_SIDE.largest, Math.max(TERM_SIDE.smallest, Math.floor(most / count)));
  canvas.style.width = `${side(columns)}px`;
  canvas.style.height = `${side(rows)}px`;
  term.append(label, canvas, make("span", "norm"));
  return term;
}

/**
 * Write tokens, norms, and which time step contributes most.
 * @param {Stage} stage
 */
export function paintContributions({ state, view }) {
  const box = view.el.lanes.querySelector(".contributions");
  if (!box) return;
  const shares = sharesOf(state);
  const line = /** @type {HTMLElement} */ (box.querySelector(".answer-line"));
  if (!shares) {
    for (const text of [line, ...box.querySelectorAll(".norm")]) text.textContent = "…";
    return;
  }
  const tensors = tensorsOf(state);
  const ids = tensors.tokenIds("ids", state.sequence);
  /** @type {(t: number) => string} */
  const token = (t) => tensors.token(ids[t]);
  const many = tensors.sizes.T > MANY;
  for (const element of box.querySelectorAll(".term")) {
    const term = /** @type {HTMLElement} */ (element);
    const norm = /** @type {HTMLElement} */ (term.querySelector(".norm"));
    if (term.dataset.t === undefined) {
      norm.textContent = `norm ${cellText(shares.total, NORM_DIGITS)}`;
      continue;
    }
    const t = Number(term.dataset.t);
    const label = /** @type {HTMLElement} */ (term.querySelector(".term-label"));
    label.textContent = tensors.meta.features ? `t ${token(t)}` : `${t} ${token(t)}`;
    norm.textContent = many
      ? cellText(shares.norms[t], 2)
      : `norm ${cellText(shares.norms[t], NORM_DIGITS)}`;
    term.classList.toggle("most", t === shares.largest && shares.norms[t] > NOTHING);
    term.classList.toggle("current", t === state.t);
  }
  line.textContent = sharesText(shares, token(shares.largest));
}

/**
 * Say which time step contributes most, and how much of the contributions the sum keeps.
 * @param {Shares} shares
 * @param {string} token
 */
export function sharesText({ norms, total, largest }, token) {
  const most = norms[largest];
  if (most < NOTHING) return "Every contribution is zero, apart from rounding.";
  if (norms.length === 1)
    return "There is only one time step: its contribution is the whole gradient.";
  const all = norms.reduce((a, b) => a + b, 0);
  const kept = Math.round((100 * total) / all);
  const why =
    kept > 95
      ? "all contributions point in almost the same direction"
      : "contributions in different directions partly cancel";
  return (
    `Time step ${largest} (${token}) contributes most: its norm is ${cellText(most, NORM_DIGITS)}, ` +
    `that of the sum ${cellText(total, NORM_DIGITS)}. The ${norms.length} norms add up to ` +
    `${cellText(all, NORM_DIGITS)}; ${kept} % of that remains: ${why}.`
  );
}
