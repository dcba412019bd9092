/*
 * What is outlined: the opened or pointed number, and what it is made of.
 */
import { findCells } from "./dom.js";
import { explanation } from "./explanation.js";
import { Missing } from "./index_form.js";
import { tensorsOf } from "./layout.js";
import { formatNumber } from "./numbers.js";
import { paddingText } from "./padding.js";
import { isHidden } from "./state.js";

/** @import { View } from "./dom.js" */
/** @import { Spot, State } from "./state.js" */
/** @import { Tensors } from "./tensors.js" */

/** @type {Record<string, string>} */
const PLACE_WORDS = { B: "sequence", T: "time step", D: "feature", H: "unit", V: "token" };

/**
 * Digits of the three lines: never fewer than 4, so that they can be checked.
 * @param {State} state
 */
export function lineDigits(state) {
  return state.digits === "full" ? null : 4;
}

/**
 * Explain a number from what the browser has; null where numbers of other
 * sequences are needed: they are asked for, and here a moment later.
 * @param {State} state
 * @param {Spot} spot
 * @param {number | null} [shown]
 */
export function explainHere(state, { name, index }, shown = 8) {
  const tensors = tensorsOf(state);
  const options = { digits: lineDigits(state), shown };
  try {
    return explanation(tensors, name, index, options);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    if (tensors.batch) explanation(tensors.batch.wishing(tensors), name, index, options);
    return null;
  }
}

/**
 * Return what a number is made of, as far as that is here.
 * @param {State} state
 * @param {Spot} spot
 * @returns {Spot[]}
 */
export function operandsOf(state, spot) {
  if (paddingText(tensorsOf(state), spot)) return [];
  return explainHere(state, spot)?.operands ?? [];
}

/**
 * Outline a number and everything it is made of.
 * @param {View} view
 * @param {Spot} spot
 * @param {Spot[]} operands
 * @param {boolean} dim the rest
 */
export function highlight(view, spot, operands, dim) {
  clear(view);
  markCells(view, spot, "result");
  for (const operand of operands) markCells(view, operand, "operand");
  view.el.veil.classList.toggle("drawn", dim);
}

/**
 * Outline the cells of a number.
 * @param {View} view
 * @param {Spot} spot
 * @param {"result" | "operand" | "pointed"} name
 */
function markCells(view, spot, name) {
  for (const { element } of findCells(view, spot.name, spot.index)) {
    element.classList.add(name);
    view.marked.push(element);
  }
}

/**
 * Take all outlines away.
 * @param {View} view
 */
export function clear(view) {
  for (const element of view.marked) element.classList.remove("operand", "result", "pointed");
  view.marked.length = 0;
  view.el.veil.classList.remove("drawn");
}

/**
 * Outline what the user points at, else what is open; dim the rest under the pointer only.
 * @param {View} view
 * @param {State} state
 */
export function drawHighlight(view, state) {
  const { pointed, opened } = state;
  const shown = pointed && pointed.by !== "term" ? pointed : opened;
  if (shown) highlight(view, shown, operandsOf(state, shown), pointed?.by === "pointer");
  else clear(view);
  if (pointed?.by === "term") markCells(view, pointed, "pointed");
  const key = pointed && `${pointed.name}:${pointed.index.join(",")}`;
  for (const piece of view.el.panel.querySelectorAll(".piece"))
    piece.classList.toggle(
      "pointed",
      key !== null && /** @type {HTMLElement} */ (piece).dataset.of === key,
    );
  const said = pointed ?? opened;
  if (said) view.el.status.textContent = statusText(state, said);
}

/**
 * Write what a number is: in full, and what its place means.
 * @param {State} state
 * @param {Spot} spot
 */
function statusText(state, { name, index }) {
  const tensors = tensorsOf(state);
  const value = tensors.value(name, index);
  const full = value === undefined ? "…" : isHidden(state, name) ? "?" : formatNumber(value, null);
  const place = index.length ? `[${index.join(",")}]` : "";
  return [`${name}${place} = ${full}`, ...placeWords(tensors, name, index)].join(" · ");
}

/**
 * Return what each part of a place means, such as "time step 2".
 * @param {Tensors} tensors
 * @param {string} name
 * @param {number[]} index
 */
export function placeWords(tensors, name, index) {
  const { features } = tensors.meta;
  return tensors.quantities[name].dims.map((d, i) => {
    const token = d === "V" ? ` ${tensors.token(index[i])}` : "";
    const feature = d === "D" && features?.[index[i]] ? ` ${features[index[i]]}` : "";
    const word = d === "V" && features ? "output" : PLACE_WORDS[d];
    return `${word} ${index[i]}${token}${feature}`;
  });
}
