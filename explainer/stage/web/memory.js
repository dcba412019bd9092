/*
 * How long a number is remembered: z says which share of the old state stays, so the product of z
 * over time steps says how much of an earlier state is left.
 */

import { colourStep } from "./colours.js";
import { make, titleElement } from "./dom.js";
import { tensorsOf } from "./layout.js";
import { headsElement, MOST_CELLS, NARROW, stepWidth } from "./over_time.js";
import { cellText, paletteOf } from "./paint.js";
import { opening } from "./state.js";

/** @import { Stage } from "./dom.js" */
/** @import { State } from "./state.js" */

/** Width of the rows' heads, which have half-lives, in pixels. */
const LIFE_HEAD = 140;

/**
 * Return which share of each earlier state is left at a time step, by time step and unit: the
 * product of z from the one after it on. Nothing stands after the time step itself.
 * @param {number[][]} z by time step and unit
 * @param {number} t
 * @returns {number[][]}
 */
export function sharesLeft(z, t) {
  const left = [z[t].map(() => 1)];
  for (let k = t; k > 0; k--) left.unshift(left[0].map((share, unit) => share * z[k][unit]));
  return left;
}

/**
 * Return after how many time steps half of a unit's number is gone, by the geometric mean of z;
 * infinite where nothing goes.
 * @param {number[]} z of one unit, by time step
 */
export function halfLife(z) {
  const mean = z.reduce((sum, value) => sum + Math.log(value), 0) / z.length;
  return mean < 0 ? Math.LN2 / -mean : Infinity;
}

/**
 * Return z of the sequence that is looked at, by time step and unit; null where it is not here.
 * @param {State} state
 */
function zOf(state) {
  const tensors = tensorsOf(state);
  if (tensors.meta.slug !== "time") return null;
  const { T, H } = tensors.sizes;
  const data = tensors.ofSequence("z", state.sequence);
  return Array.from({ length: T }, (_, t) => [...data.subarray(t * H, (t + 1) * H)]);
}

/**
 * Return at which time step it is seen what is left: at the first one there is nothing to see.
 * @param {State} state
 */
function endOf(state) {
  return state.t || tensorsOf(state).sizes.T - 1;
}

/**
 * Draw how long each unit remembers, still without numbers.
 * @param {Stage} stage
 * @returns {HTMLElement[]}
 */
export function drawMemory(stage) {
  const { state } = stage;
  const z = zOf(state);
  if (!z) return [];
  const { T, H } = tensorsOf(state).sizes;
  const box = make("section", "lane memory over-time");
  box.dataset.hue = "z";
  box.dataset.lane = "memory";
  box.append(titleElement("How long a number is remembered"), make("p", "answer-line"));
  const width = stepWidth(state, LIFE_HEAD);
  if (width < NARROW || H * T > MOST_CELLS) return [box];
  const sheet = make("div", "sheet");
  sheet.setAttribute("role", "grid");
  sheet.setAttribute("aria-label", "share of each earlier state that is left, by z");
  sheet.style.setProperty("--head", `${LIFE_HEAD}px`);
  sheet.style.setProperty("--cell", `${width - 1}px`);
  sheet.classList.toggle("narrow", width < 40);
  sheet.append(headsElement(T, "unit, half-life"));
  for (let unit = 0; unit < H; unit++) {
    const row = make("div", "row");
    row.setAttribute("role", "row");
    const head = make("span", "head");
    head.setAttribute("role", "rowheader");
    head.append(make("span", "place"));
    row.append(head);
    for (let k = 0; k < T; k++) {
      const cell = make("span", "cell");
      cell.setAttribute("role", "gridcell");
      cell.tabIndex = -1;
      cell.dataset.share = `${k},${unit}`;
      row.append(cell);
    }
    sheet.append(row);
  }
  for (const kind of ["pointerover", "focusin"])
    sheet.addEventListener(kind, (event) => pointAt(stage, event.target));
  sheet.onclick = (event) => {
    const { share } = /** @type {HTMLElement} */ (event.target).dataset;
    if (!share) return;
    const spot = {
      name: "z",
      index: [stage.state.sequence, endOf(stage.state), Number(share.split(",")[1])],
    };
    stage.change(opening(stage.state, spot, []));
  };
  box.append(sheet);
  return [box];
}

/**
 * Say what a share is made of.
 * @param {Stage} stage
 * @param {EventTarget | null} target
 */
function pointAt({ state, view }, target) {
  const { share } = /** @type {HTMLElement} */ (target).dataset;
  const z = share && zOf(state);
  if (!z) return;
  const [k, unit] = share.split(",").map(Number);
  const { sequence } = state;
  const t = endOf(state);
  const left = k <= t ? sharesLeft(z, t)[k][unit] : null;
  const factors = Array.from({ length: t - k }, (_, i) => `z[${sequence},${k + 1 + i},${unit}]`);
  view.el.status.textContent =
    left === null
      ? `time step ${k} is still to come`
      : `of h[${sequence},${k},${unit}], ${cellText(left, 4)} is left at time step ${t}` +
        (factors.length ? `: ${factors.join(" · ")}` : "");
}

/**
 * Write the shares that are left at the current time step, and the half-lives.
 * @param {Stage} stage
 */
export function paintMemory({ state, view }) {
  const box = view.el.lanes.querySelector(".memory");
  const z = box && zOf(state);
  if (!z) return;
  const lives = z[0].map((_, unit) => halfLife(z.map((units) => units[unit])));
  const shares = sharesLeft(z, endOf(state));
  const { fill, ink } = paletteOf(state, "unit");
  box.querySelectorAll(".row:not(.heads) .head .place").forEach((place, unit) => {
    place.textContent = `${unit}, ${lifeText(lives[unit])}`;
  });
  for (const element of box.querySelectorAll(".cell")) {
    const cell = /** @type {HTMLElement} */ (element);
    const [k, unit] = (cell.dataset.share ?? "").split(",").map(Number);
    const share = shares[k]?.[unit];
    cell.textContent = share === undefined ? "" : cellText(share, 2);
    const at = colourStep(share ?? 0, 0, 1);
    cell.style.backgroundColor = share === undefined ? "transparent" : fill[at];
    cell.style.color = ink[at];
  }
  const line = /** @type {HTMLElement} */ (box.querySelector(".answer-line"));
  line.textContent = memoryText(lives, endOf(state));
}

/** @param {number} life */
function lifeText(life) {
  return Number.isFinite(life) ? `${cellText(life, 2)} time steps` : "for ever";
}

/**
 * Say which unit remembers longest.
 * @param {number[]} lives
 * @param {number} t
 */
export function memoryText(lives, t) {
  const longest = lives.indexOf(Math.max(...lives));
  const shortest = lives.indexOf(Math.min(...lives));
  const others = lives.length > 1 ? `; unit ${shortest}, ${lifeText(lives[shortest])}` : "";
  return (
    `By z alone, half of what a unit holds is gone after its half-life: unit ${longest}, ` +
    `${lifeText(lives[longest])}${others}. Each number below is the share of that state which is ` +
    `left at t = ${t}: the product of z since then.`
  );
}
