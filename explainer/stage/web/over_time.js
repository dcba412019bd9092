/*
 * Quantities of one sequence over time, beside the lanes: a unit in each row, a time step in each
 * column. The cells are those of the stage; where they have no room for numbers, they have colours.
 */
import { make } from "./dom.js";
import { beginDrawing, drawCell } from "./lanes.js";
import { nameText, placeName, tensorsOf, WIDTHS } from "./layout.js";
import { opening } from "./state.js";
import { canvasElement } from "./thumbnail.js";

/** @import { Stage } from "./dom.js" */
/** @import { State } from "./state.js" */
/** @import { Along } from "./layout.js" */

/** Width of the rows' names, in pixels. */
const HEAD = 44;
/** Least width of a cell, in pixels; where there is less room a picture stands in their place. */
export const NARROW = 7;
/** Most cells of a quantity. */
export const MOST_CELLS = 1500;
/** Widest picture of a quantity that has more, in pixels. */
const WIDEST = 1400;
/** Highest picture, in pixels. */
const MOST_HEIGHT = 320;
/** Width of a letter of a token, in pixels. */
const LETTER = 8;

/**
 * Return what a cell is wide, in pixels: that of a number if all time steps have one.
 * @param {State} state
 * @param {number} [head] width of the rows' names, in pixels
 */
export function stepWidth(state, head = HEAD) {
  const { T } = tensorsOf(state).sizes;
  const room = Math.min(state.room, WIDEST) - head - 16;
  return Math.min(WIDTHS[state.digits], Math.floor(room / T));
}

/**
 * Draw the quantities of the chapter that are shown over time, still without numbers.
 * @param {Stage} stage
 * @returns {HTMLElement[]}
 */
export function drawOverTime(stage) {
  return (tensorsOf(stage.state).meta.over_time ?? []).map((name) => quantityElement(stage, name));
}

/**
 * @param {Stage} stage
 * @param {string} name
 */
function quantityElement(stage, name) {
  const { state } = stage;
  const tensors = tensorsOf(state);
  const { dims, shape, hue, why } = tensors.quantities[name];
  const { T } = tensors.sizes;
  const at = dims.findLastIndex((dim) => dim !== "T" && dim !== "B");
  /** @type {Along | null} */
  const down = at < 0 ? null : { dim: dims[at], at };
  const rows = down ? shape[at] : 1;
  const drawing = beginDrawing(stage, { name, result: false, turned: false }, -1);
  Object.assign(drawing, { overTime: true, timed: false }); // all of time is there at once
  drawing.index = (place, row, column) =>
    dims.map((dim) => (dim === "T" ? column : dim === "B" ? place.sequence : row));
  Object.assign(drawing, { rows, columns: T, down, across: null });
  const box = make("section", "lane over-time");
  box.dataset.hue = hue;
  box.dataset.lane = `over-${name}`;
  const title = make("div", "title");
  title.setAttribute("role", "heading");
  title.setAttribute("aria-level", "3");
  title.append(make("span", "name", nameText(name)), " over time ");
  title.append(make("span", "shape", `${rows} × ${T}`));
  title.title = why;
  const sheet = make("div", "sheet");
  sheet.setAttribute("role", "grid");
  sheet.setAttribute("aria-label", `${name}, a column for each time step`);
  const width = stepWidth(state);
  sheet.style.setProperty("--head", `${HEAD}px`);
  sheet.style.setProperty("--cell", `${Math.max(width, NARROW) - 1}px`);
  sheet.classList.toggle("narrow", width < WIDTHS[state.digits] - 4);
  const cells = width >= NARROW && rows * T <= MOST_CELLS;
  if (cells) sheet.append(headsElement(T));
  const line = make("div", "row");
  if (!cells) {
    const canvas = canvasElement(stage, drawing, (r, c) => {
      const spot = { name, index: drawing.index(stage.state, r, c) };
      stage.change(opening(stage.state, spot, []));
    });
    canvas.style.width = `${Math.min(state.room, WIDEST) - HEAD}px`;
    canvas.style.height = `${Math.min(MOST_HEIGHT, Math.max(rows * 4, 24))}px`;
    line.append(canvas);
    line.style.height = "auto";
    sheet.append(line);
  } else {
    for (let r = 0; r < rows; r++) sheet.append(rowElement(stage, drawing, r));
    sheet.append(make("div", "at-step"));
  }
  box.append(title, sheet);
  return box;
}

/**
 * Return the heads of the columns, still without tokens.
 * @param {number} T
 * @param {string} [words] above the rows' heads
 */
export function headsElement(T, words = "") {
  const row = make("div", "row heads");
  row.setAttribute("role", "row");
  const corner = make("span", "head", words);
  corner.setAttribute("role", "columnheader");
  row.append(corner);
  for (let t = 0; t < T; t++) {
    const place = make("span", "place");
    place.setAttribute("role", "columnheader");
    row.append(place);
  }
  return row;
}

/**
 * @param {Stage} stage
 * @param {import("./lanes.js").Drawing} drawing
 * @param {number} r
 */
function rowElement({ state, view }, drawing, r) {
  const row = make("div", "row");
  row.setAttribute("role", "row");
  const head = make("span", "head");
  head.setAttribute("role", "rowheader");
  if (drawing.rows > 1)
    head.append(make("span", "place", placeName(tensorsOf(state), drawing.down, r)));
  row.append(head);
  for (let t = 0; t < drawing.columns; t++) row.append(drawCell(view, drawing, r, t));
  return row;
}

/**
 * Write the tokens of the sequence above the columns, and frame the current time step.
 * @param {Stage} stage
 */
export function paintOverTime({ state, view }) {
  const tensors = tensorsOf(state);
  const sheets = view.el.lanes.querySelectorAll(".over-time .sheet");
  if (sheets.length === 0) return;
  const width = stepWidth(state);
  const tokens = tensors.tokenIds("ids", state.sequence).map((id) => tensors.token(id));
  const numbered = tokens.every((token, t) => `${t} ${token.slice(0, 2)}`.length * LETTER <= width);
  for (const sheet of sheets) {
    const places = sheet.querySelectorAll(".heads .place");
    places.forEach((place, t) => {
      // the labels of numbers are their time steps
      const withPlace = numbered && !tensors.meta.features;
      place.textContent = headText(withPlace ? `${t} ${tokens[t]}` : tokens[t], width);
      /** @type {HTMLElement} */ (place).title = `${t} ${tokens[t]}`;
      place.classList.toggle("current", t === state.t);
    });
    /** @type {HTMLElement} */ (sheet).style.setProperty("--t", String(state.t));
  }
}

/**
 * Return as much of a column's head as there is room for.
 * @param {string} text
 * @param {number} width of the column, in pixels
 */
function headText(text, width) {
  return width < LETTER ? "" : text.slice(0, Math.max(1, Math.floor(width / LETTER)));
}
