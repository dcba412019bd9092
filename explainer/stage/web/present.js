/*
 * In front of a class: one equation fills the screen, and a clicker walks on from it: through the
 * equations, then through time, then to the next chapter.
 */
import { find } from "./dom.js";
import { explainHere } from "./highlight.js";
import { tensorsOf } from "./layout.js";
import { CLOSED, equationName } from "./state.js";
import { toStation } from "./tour.js";
import { walked } from "./walk.js";

/** @import { Stage, View } from "./dom.js" */
/** @import { State } from "./state.js" */

/** Height of a number's letters on the stage, in pixels; as in the style sheet. */
const LETTERS = 12.5;
/** How high they are at least in front of a class, as a share of the screen's height and width. */
const SHARE = { height: 0.0305, width: 0.042 };
/** How much larger than that they become where there is room. */
const LARGER = 3;
/** @type {Record<string, number>} */
const WAYS = { PageDown: 1, PageUp: -1 };

/** Return how much the stage is magnified at least, for numbers that the last row can read. */
export function leastZoom() {
  return Math.min(SHARE.height * innerHeight, SHARE.width * innerWidth) / LETTERS;
}

/**
 * Walk on or back.
 * @param {Stage} stage
 * @param {number} way 1 on, -1 back
 */
export function walk(stage, way) {
  const change = walked(stage.state, way);
  if (change) return stage.change(change);
  const [before, after] = tensorsOf(stage.state).meta.beside;
  const { station } = tensorsOf(stage.state).meta;
  if (station) return toStation(stage, station.number + way);
  const slug = way > 0 ? after : before;
  if (!slug) return undefined;
  stage.change({ ...CLOSED, way });
  return stage.go(slug);
}

/**
 * Walk, or leave, wherever the focus is; in front of a class no key may be lost.
 * @param {Stage} stage
 * @param {KeyboardEvent} event
 */
export function pressInClass(stage, event) {
  if (!stage.state.presenting || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") stage.change({ presenting: false, editing: null });
  else if (event.key in WAYS) walk(stage, WAYS[event.key]);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/**
 * Leave only the stage, or go back.
 * @param {View} view
 * @param {boolean} presenting
 */
export function drawPresenting({ root }, presenting) {
  root.classList.toggle("presenting", presenting);
  const button = find(root, '[data-do="present"]');
  button.setAttribute("aria-pressed", String(presenting));
  // the top layer lies above the menu and the sidebar
  if (presenting) {
    root.popover = "manual";
    if (!root.matches(":popover-open")) root.showPopover();
    root.focus();
  } else if (root.popover) {
    root.hidePopover();
    root.removeAttribute("popover");
    button.focus({ preventScroll: true });
  }
}

/**
 * Mark the rows of the equation that is presented: its result, and what it is made from.
 * @param {View} view
 * @param {State} state
 */
export function markBlock(view, state) {
  for (const row of view.el.lanes.querySelectorAll(".on")) row.classList.remove("on");
  const name = equationName(state);
  const result = view.drawings.find((d) => d.result && d.name === name);
  if (!state.presenting || !name || !result) return;
  const spot = { name, index: result.cells[0]?.index ?? [] };
  const operands = (explainHere(state, spot)?.operands ?? []).map((o) => o.name);
  const wanted = new Set([name, ...operands]);
  const own = view.drawings.filter((d) => d.lane === result.lane && wanted.has(d.name));
  const here = new Set(own.map((d) => d.name));
  const elsewhere = [...wanted]
    .filter((other) => !here.has(other))
    .map((other) => view.drawings.find((d) => d.name === other && d.lines.length > 0));
  /** @type {Set<Element>} */
  const rows = new Set();
  for (const drawing of [...own, ...elsewhere])
    for (const line of drawing?.lines ?? []) rows.add(line);
  for (const lane of view.lanes) {
    /** @type {Element | null} */
    let heads = null;
    for (const row of lane.querySelectorAll(".row")) {
      if (row.classList.contains("heads")) heads = row;
      if (!rows.has(row)) continue;
      row.classList.add("on");
      heads?.classList.add("on");
    }
    lane.classList.toggle("on", lane.querySelector(".row.on") !== null);
  }
}

/**
 * Magnify what is presented as far as the screen has room for it, and its numbers can be read.
 * @param {View} view
 * @param {State} state
 */
export function fitBlock({ root, el }, state) {
  if (!state.presenting) return;
  const holder = /** @type {HTMLElement} */ (el.lanes.parentElement);
  const least = leastZoom();
  root.style.setProperty("--least", String(least));
  root.style.setProperty("--zoom", String(least));
  const { width, height } = el.lanes.getBoundingClientRect();
  const room = Math.min(holder.clientWidth / width, holder.clientHeight / height);
  const zoom = least * Math.max(1, Math.min(LARGER, 0.98 * room));
  root.style.setProperty("--zoom", zoom.toFixed(3));
}
