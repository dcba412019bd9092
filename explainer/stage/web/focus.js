/*
 * Where the user is led: which cell of a lane the tab key reaches, and what comes into view.
 */
import { equationName } from "./state.js";

/** @import { Stage } from "./dom.js" */

/**
 * Make a cell the one that the tab key reaches, and focus it.
 * @param {HTMLElement} cell
 */
export function moveFocus(cell) {
  cell.closest(".sheet")?.querySelector('.cell[tabindex="0"]')?.setAttribute("tabindex", "-1");
  cell.setAttribute("tabindex", "0");
  cell.focus({ preventScroll: true });
}

/**
 * Have the tab key reach a cell of each lane, though the one it reached be folded.
 * @param {Stage} stage
 */
export function keepReachable({ view }) {
  for (const sheet of view.el.lanes.querySelectorAll(".sheet")) {
    const reached = sheet.querySelector('.cell[tabindex="0"]');
    if (reached && !reached.closest(".folded")) continue;
    reached?.setAttribute("tabindex", "-1");
    const cells = [...sheet.querySelectorAll(".cell")];
    cells.find((cell) => !cell.closest(".folded"))?.setAttribute("tabindex", "0");
  }
}

/**
 * Scroll to the opened number, if it is drawn.
 * @param {Stage} stage
 */
export function bringOpened({ view, state: { opened } }) {
  const cells = opened ? (view.byName.get(opened.name) ?? []).flatMap((d) => d.cells) : [];
  const key = opened?.index.join(",");
  cells.find((cell) => cell.key === key)?.element.scrollIntoView({ block: "nearest" });
}

/**
 * Scroll to the equation that is shown alone, unless nobody asked for one.
 * @param {Stage} stage
 */
export function bringEquation({ view, state }) {
  if (state.equation === state.unasked) return;
  const drawing = view.byName.get(equationName(state) ?? "")?.find(({ result }) => result);
  drawing?.cells.at(-1)?.element.scrollIntoView({ block: "nearest" });
}
