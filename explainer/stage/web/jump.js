/*
 * To a number from outside the lanes: the part of large matrices goes along, and the focus. And
 * whether it was the browser that led here.
 */
import { findCells } from "./dom.js";
import { bringOpened, moveFocus } from "./focus.js";
import { lanesOf, largeDims, PART, tensorsOf } from "./layout.js";
import { opening } from "./state.js";

/** @import { Stage } from "./dom.js" */
/** @import { Spot, State } from "./state.js" */

/** @type {string | null} the page that the browser's Back or Forward leads to */
let returned = null;
globalThis.addEventListener?.("popstate", () => {
  returned = location.pathname;
});

/** Tell, once, whether the user came here by the browser's Back or Forward. */
export function cameBack() {
  const back = returned === location.pathname;
  returned = null;
  return back;
}

/**
 * Return the parts of large matrices in which a number stands.
 * @param {State} state
 * @param {Spot} spot
 */
export function partsWith(state, { name, index }) {
  const tensors = tensorsOf(state);
  const large = largeDims(tensors, lanesOf(tensors, state.convention));
  /** @type {Record<string, number>} */
  const others = {};
  tensors.quantities[name].dims.forEach((dim, axis) => {
    const size = large.get(dim);
    const first = others[dim] ?? state.focus[dim] ?? 0;
    if (size === undefined || (index[axis] >= first && index[axis] < first + PART)) return;
    others[dim] = Math.max(0, Math.min(index[axis] - 2, size - PART));
  });
  return Object.keys(others).length ? { ...state.focus, ...others } : state.focus;
}

/**
 * Open a number, and bring it before the user.
 * @param {Stage} stage
 * @param {Spot} spot
 */
export function jump(stage, spot) {
  const change = opening(stage.state, spot, []);
  if (!change.opened) return;
  stage.change({ ...change, focus: partsWith(stage.state, spot) });
  const cell = findCells(stage.view, spot.name, spot.index)[0];
  if (cell) moveFocus(cell.element);
  bringOpened(stage);
}

/**
 * Bring the number that is open before the user, if one is.
 * @param {Stage} stage
 */
export function showOpened(stage) {
  const { opened } = stage.state;
  if (!opened) return;
  stage.change({ focus: partsWith(stage.state, opened) });
  bringOpened(stage);
}

/**
 * Go where a link of the page leads.
 * @param {Stage} stage
 * @param {string} query with the number as in an address; empty for nowhere
 */
export function follow(stage, query) {
  const [name, places = ""] = (new URLSearchParams(query).get("cell") ?? "").split(":");
  if (name) jump(stage, { name, index: places.split(",").map(Number) });
}
