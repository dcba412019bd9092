/*
 * The strip of time: tokens, ids, targets, and a mean of each time step as a colour.
 */
import { colourStep } from "./colours.js";
import { differencesOverTime, subtracted } from "./compare.js";
import { make } from "./dom.js";
import { tensorsOf } from "./layout.js";
import { formatNumber } from "./numbers.js";
import { isPadding } from "./padding.js";
import { paletteOf } from "./paint.js";

/** @import { Stage, View } from "./dom.js" */
/** @import { State } from "./state.js" */
/** @import { Tensors } from "./tensors.js" */

/** Most tokens drawn at once; of a longer sequence those around the current one. */
const MOST_TOKENS = 120;
/** Hues that stay apart for users who confuse red and green (Okabe and Ito). */
const TOKEN_HUES = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A800"];

/**
 * Draw the strip of one sequence.
 * @param {View} view
 * @param {State} state
 */
export function drawStrip(view, state) {
  const tensors = tensorsOf(state);
  const ids = tensors.tokenIds("ids", state.sequence);
  const T = ids.length;
  const first = Math.max(0, Math.min(state.t - MOST_TOKENS / 2, T - MOST_TOKENS));
  view.firstChip = first;
  view.chips = ids.slice(first, first + MOST_TOKENS).map((id, i) => {
    const chip = make("span", "chip");
    chip.dataset.at = String(first + i);
    chip.style.setProperty("--token", TOKEN_HUES[id % TOKEN_HUES.length]);
    const padding = isPadding(tensors, state.sequence, first + i);
    chip.classList.toggle("padding", padding);
    chip.append(make("span", "token", padding ? "·" : tensors.token(id)));
    if (!tensors.meta.features && !padding) chip.append(make("span", "id", String(id)));
    const target = tensors.meta.learning && targetAt(tensors, state.sequence, first + i);
    if (typeof target === "number")
      chip.append(make("span", "target", `→ ${tensors.token(target)}`));
    chip.append(make("span", "heat"));
    return chip;
  });
  const { strip } = view.el;
  strip.replaceChildren(...view.chips);
  strip.setAttribute("aria-valuemin", "0");
  strip.setAttribute("aria-valuemax", String(T - 1));
  colourStrip(view, state);
  markStrip(view, state);
}

/**
 * Return the id of a time step's target; undefined where no answer counts.
 * @param {Tensors} tensors
 * @param {number} sequence
 * @param {number} t
 * @returns {number | undefined}
 */
export function targetAt(tensors, sequence, t) {
  const counted = tensors.engine.makes("counted") && tensors.ofSequence("counted", sequence);
  if (counted && !counted[t]) return undefined;
  const none = !tensors.meta.targets && !tensors.engine.makes("targets");
  const id = none ? -1 : tensors.tokenIds("targets", sequence)[t];
  return id < 0 ? undefined : id;
}

/**
 * Colour each time step by the mean over the units of the chosen quantity.
 * @param {View} view
 * @param {State} state
 */
export function colourStrip(view, state) {
  if (subtracted(state)) {
    colourDifferences(view, state);
    return;
  }
  const means = tensorsOf(state).means(state.strip, state.sequence);
  const signed = state.strip === "n" || state.strip === "h";
  const { fill } = paletteOf(state, signed ? "signed" : "unit");
  for (const chip of view.chips) {
    const mean = means[Number(chip.dataset.at)];
    const heat = /** @type {HTMLElement} */ (chip.lastChild);
    heat.style.background = fill[colourStep(mean, signed ? -1 : 0, 1)];
    heat.title = `mean of ${state.strip}: ${formatNumber(mean, 2)}`;
  }
}

/**
 * Colour each time step by the largest difference between two states.
 * @param {View} view
 * @param {State} state
 */
function colourDifferences(view, state) {
  const differences = differencesOverTime(state);
  const most = Math.max(...differences) || 1;
  const { fill } = paletteOf(state, "difference");
  for (const chip of view.chips) {
    const difference = differences[Number(chip.dataset.at)];
    const heat = /** @type {HTMLElement} */ (chip.lastChild);
    heat.style.background = fill[colourStep(difference, -most, most)];
    heat.title = `largest difference: ${formatNumber(difference, 4)}`;
  }
}

/**
 * Frame the current time step, and say it.
 * @param {View} view
 * @param {State} state
 */
export function markStrip(view, state) {
  const { strip, where } = view.el;
  const tensors = tensorsOf(state);
  const { t } = state;
  const chip = view.chips[t - view.firstChip];
  if (!chip) {
    drawStrip(view, state);
    return;
  }
  for (const other of view.chips) other.classList.toggle("current", other === chip);
  const id = tensors.tokenIds("ids", state.sequence)[t];
  strip.setAttribute("aria-valuenow", String(t));
  const token = tensors.meta.features ? "" : `, token ${tensors.token(id)}, id ${id}`;
  const what = isPadding(tensors, state.sequence, t) ? ", padding" : token;
  strip.setAttribute("aria-valuetext", `time step ${t}${what}`);
  where.textContent = `t = ${t} of 0 … ${tensors.sizes.T - 1}`;
  // once the numbers are drawn: asking for widths earlier would lay them out twice
  cancelAnimationFrame(view.scrolling);
  view.scrolling = requestAnimationFrame(() => {
    if (strip.scrollWidth > strip.clientWidth)
      strip.scrollLeft = chip.offsetLeft - strip.offsetLeft - strip.clientWidth / 2;
  });
}

/**
 * Let the strip be dragged along.
 * @param {Stage} stage
 */
export function bindStrip(stage) {
  const { strip } = stage.view.el;
  /** @type {(event: PointerEvent) => void} */
  const follow = (event) => {
    const tree = /** @type {Document | ShadowRoot} */ (strip.getRootNode());
    const chip = tree.elementFromPoint(event.clientX, event.clientY)?.closest(".chip");
    if (chip && strip.contains(chip))
      stage.change({ t: Number(/** @type {HTMLElement} */ (chip).dataset.at) });
  };
  strip.onpointerdown = (event) => {
    if (event.button !== 0) return;
    strip.setPointerCapture(event.pointerId);
    strip.focus({ preventScroll: true });
    follow(event);
  };
  strip.onpointermove = (event) => {
    if (strip.hasPointerCapture(event.pointerId)) follow(event);
  };
}
