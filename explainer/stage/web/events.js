/*
 * What the user does: buttons, choices, keys, and the pointer on cells.
 */
import { find, focused } from "./dom.js";
import { withEdit, withoutEdit } from "./editing.js";
import { moveFocus } from "./focus.js";
import { pressInClass, walk } from "./present.js";
import { gradeAnswer } from "./quiz.js";
import { savePicture } from "./save.js";
import { CLOSED, opening } from "./state.js";
import { bindStrip } from "./strip.js";
import { bindTouch, pressEditKey } from "./touch.js";

/** @import { Stage } from "./dom.js" */
/** @import { State } from "./state.js" */

/** How long after the pointer has left a number the stage stays dimmed, in milliseconds. */
const UNDIM = 150;
/** @type {Record<string, number>} */
const TIME_KEYS = { ArrowRight: 1, ArrowLeft: -1, PageDown: 1, PageUp: -1 };
/** What has keys of its own, outside the stage. */
const WIDGETS =
  "input, select, textarea, [contenteditable], [role=dialog], [role=slider], [role=combobox], " +
  "[role=listbox], [role=tab], [role=radio], [role=menu], [role=spinbutton], [role=textbox]";

/** What each button does, as a change of the state. */
/** @type {Record<string, (state: State) => Partial<State>>} */
const actions = {
  first: () => ({ t: 0 }),
  previous: ({ t }) => ({ t: t - 1 }),
  next: ({ t }) => ({ t: t + 1 }),
  last: ({ tensors }) => ({ t: (tensors?.sizes.T ?? 1) - 1 }),
  play: ({ playing }) => ({ playing: !playing }),
  present: ({ presenting }) => ({ presenting: !presenting }),
  "equation-back": ({ equation }) => ({ equation: equation - 1 }),
  "equation-next": ({ equation }) => ({ equation: equation + 1 }),
  solve: () => ({ solved: true }),
};

/** What each choice and switch changes. */
/** @type {Record<string, (value: string) => Partial<State>>} */
const choices = {
  speed: (value) => ({ speed: Number(value) }),
  sequence: (value) => ({ sequence: Number(value) }),
  mean: (strip) => ({ strip }),
  equation: (value) => ({ equation: Number(value) }),
  range: (range) => ({ range }),
  digits: (digits) => ({ digits }),
};

/**
 * Bind everything that a stage listens to.
 * @param {Stage} stage
 * @returns {() => void} what ends the listening outside the stage
 */
export function bindEvents(stage) {
  const { root, el } = stage.view;
  for (const button of root.querySelectorAll("[data-do]")) {
    const { dataset } = /** @type {HTMLElement} */ (button);
    button.addEventListener("click", () => stage.change(actions[dataset.do ?? ""](stage.state)));
  }
  for (const element of root.querySelectorAll("[data-choose]")) {
    const select = /** @type {HTMLSelectElement} */ (element);
    select.onchange = () => stage.change(choices[select.dataset.choose ?? ""](select.value));
  }
  const token = find(root, '[data-choose="token"]');
  token.onchange = () => chooseToken(stage, Number(token.value));
  for (const kind of ["svg", "png"])
    find(root, `[data-save="${kind}"]`).onclick = () => savePicture(stage, kind);
  const convention = find(root, '[data-switch="convention"]');
  convention.onchange = () => stage.change({ convention: convention.checked });
  const quizzing = find(root, '[data-switch="checking"]');
  quizzing.onchange = () => stage.change({ quizzing: quizzing.checked, solved: false });
  el.check.onsubmit = (event) => {
    event.preventDefault();
    gradeAnswer(stage.view, stage.state);
  };
  root.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest?.("a[data-chapter]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    stage.go(/** @type {HTMLElement} */ (link).dataset.chapter ?? "");
  });
  for (const [name, way] of /** @type {[string, number][]} */ ([
    ["on", 1],
    ["back", -1],
  ]))
    find(root, `[data-walk="${name}"]`).onclick = () => walk(stage, way);
  bindStrip(stage);
  bindCells(stage);
  bindTouch(stage, (event) =>
    isField(event) ? null : spotOf(stage, /** @type {Element} */ (event.target)),
  );
  /** @type {(event: KeyboardEvent) => void} */
  const key = (event) => pressKey(stage, event);
  document.addEventListener("keydown", key);
  /** @type {(event: KeyboardEvent) => void} */
  const first = (event) => pressInClass(stage, event);
  document.addEventListener("keydown", first, true);
  return () => {
    document.removeEventListener("keydown", key);
    document.removeEventListener("keydown", first, true);
  };
}

/**
 * Put another token where the user is, or the one that stood there.
 * @param {Stage} stage
 * @param {number} id
 */
function chooseToken(stage, id) {
  const { sequence, t, edits, tensors } = stage.state;
  const edit = { name: "ids", index: [sequence, t], value: id };
  const given = tensors?.own("ids", edit.index) === id;
  stage.edit(given ? withoutEdit(edits, edit) : withEdit(edits, edit));
}

/**
 * Point at a cell's number while the pointer or the focus is on it; open it on a click.
 * @param {Stage} stage
 */
function bindCells(stage) {
  const { lanes } = stage.view.el;
  /** @type {(event: Event) => HTMLElement | null} */
  const cellAt = (event) => /** @type {Element} */ (event.target).closest?.(".cell");
  /** @type {(cell: HTMLElement | null, by: "pointer" | "focus") => void} */
  const point = (cell, by) => {
    const found = cell && stage.view.cellOf.get(cell);
    if (!found) return;
    const { name } = found.drawing;
    const { index, key } = found.cell;
    const { pointed } = stage.state;
    if (pointed?.name === name && pointed.index.join(",") === key && pointed.by === by) return;
    stage.change({ pointed: { name, index, by } });
  };
  let leaving = 0;
  lanes.addEventListener("pointerover", (event) => {
    clearTimeout(leaving);
    const cell = cellAt(event);
    if (cell) point(cell, "pointer");
    else leave();
  });
  const leave = () => {
    clearTimeout(leaving);
    leaving = setTimeout(() => {
      if (stage.state.pointed?.by === "pointer") stage.change({ pointed: null });
    }, UNDIM);
  };
  lanes.addEventListener("pointerleave", leave);
  lanes.addEventListener("focusin", (event) => {
    if (stage.state.pointed?.by !== "pointer") point(cellAt(event), "focus");
  });
  lanes.addEventListener("focusout", () => {
    if (stage.state.pointed?.by === "focus") stage.change({ pointed: null });
  });
  lanes.addEventListener("click", (event) => {
    const cell = isField(event) ? null : cellAt(event);
    const found = cell && stage.view.cellOf.get(cell);
    if (!found) return;
    moveFocus(cell);
    const { drawing, cell: at } = found;
    stage.change(opening(stage.state, { name: drawing.name, index: at.index }, []));
  });
}

/**
 * Return the number that a part of a lane shows.
 * @param {Stage} stage
 * @param {Element} part
 */
function spotOf({ view }, part) {
  const cell = part.closest?.(".cell");
  const found = cell && view.cellOf.get(cell);
  return found ? { name: found.drawing.name, index: found.cell.index } : null;
}

/**
 * Tell whether an event is about a field, which has a use for it.
 * @param {Event} event
 */
function isField(event) {
  return /** @type {Element} */ (event.target).matches("input");
}

/**
 * Step through time, through the cells of a lane, close, play: from anywhere on the page, unless
 * something with keys of its own has the focus.
 * @param {Stage} stage
 * @param {KeyboardEvent} event
 */
function pressKey(stage, event) {
  const at = /** @type {HTMLElement} */ (event.composedPath()[0]);
  if (event.defaultPrevented) return;
  if (pressEditKey(stage, event, spotOf(stage, at), at.closest(WIDGETS) !== null)) {
    event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { root } = stage.view;
  const within = focused(root) !== null;
  if (!within && at.closest(WIDGETS)) return;
  if (!pressed(stage, event, at, within)) return;
  event.preventDefault();
}

/**
 * Do what a key does; tell whether it does anything.
 * @param {Stage} stage
 * @param {KeyboardEvent} event
 * @param {HTMLElement} target
 * @param {boolean} within the stage has the focus
 * @returns {boolean}
 */
function pressed(stage, { key }, target, within) {
  const { state } = stage;
  if (key === "Escape") {
    if (state.opened) stage.change(CLOSED);
    else return false;
    return true;
  }
  const field = ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName);
  if (field && !key.startsWith("Page")) return false;
  if (target.classList.contains("cell") && !key.startsWith("Page")) return pressOnCell(target, key);
  if (key in TIME_KEYS) stage.change({ t: state.t + TIME_KEYS[key] });
  else if (!within) return false;
  else if (key === "Home") stage.change(actions.first(state));
  else if (key === "End") stage.change(actions.last(state));
  else if (key === " " && target.tagName !== "BUTTON") stage.change(actions.play(state));
  else return false;
  return true;
}

/**
 * Move among cells with the arrows; open one with Enter or space.
 * @param {HTMLElement} here
 * @param {string} key
 */
function pressOnCell(here, key) {
  if (key === "Enter" || key === " ") {
    here.click();
    return true;
  }
  const beside = { ArrowRight: 1, ArrowLeft: -1 }[key];
  const below = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (!beside && !below) return false;
  const row = /** @type {HTMLElement} */ (here.closest(".row"));
  const at = cellsIn(row).indexOf(here);
  let to;
  if (beside) to = cellsIn(row)[at + beside];
  else {
    const sheet = /** @type {HTMLElement} */ (here.closest(".sheet"));
    const rows = [...sheet.querySelectorAll(".row")].filter(
      (r) => cellsIn(r).length && !r.classList.contains("folded"),
    );
    const cells = cellsIn(rows[rows.indexOf(row) + (below ?? 0)] ?? null);
    to = cells[Math.min(at, cells.length - 1)];
  }
  if (to) moveFocus(to);
  return true;
}

/**
 * Return the cells of a row that are there to be seen.
 * @param {Element | null} row
 * @returns {HTMLElement[]}
 */
function cellsIn(row) {
  return row
    ? [...row.querySelectorAll(".cell:not(.folded)")].map((c) => /** @type {HTMLElement} */ (c))
    : [];
}
