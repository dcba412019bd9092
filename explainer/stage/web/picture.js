/*
 * The living picture of the first page: a row for each chapter, a column for each time step, and
 * the parameters beside the row that they make. Its cells are those of the stage: to point at, to
 * open, to take hold of.
 */
import { make } from "./dom.js";
import { beginDrawing, drawCell } from "./lanes.js";
import { isLarge, tensorsOf } from "./layout.js";
import { formatNumber } from "./numbers.js";
import { SECOND } from "./plan.js";
import { thumbnailRow } from "./thumbnail.js";

/** @import { Stage } from "./dom.js" */
/** @import { Drawing } from "./lanes.js" */
/** @import { PictureRow } from "./sent.js" */
/** @import { State } from "./state.js" */

/** Room that a time step needs at least, in pixels. */
const STEP_WIDTH = 58;
/** Width beside the time steps for titles and parameters, in pixels; as in the style sheet. */
const ASIDE = 440;
/** Below this width titles and parameters stand above and below the time steps. */
const STACKED = 700;
/** Most units of a time step that have a cell each. */
const MOST_UNITS = 16;
/** Most numbers of a parameter that have a cell each. */
const MOST_SMALL = 160;
/** Digits of the loss. */
const LOSS_DIGITS = 4;

/**
 * Return how many time steps are side by side, and the first of them.
 * @param {State} state
 * @returns {{first: number, count: number}}
 */
export function shownSteps({ tensors, room, t }) {
  const T = tensors?.sizes.T ?? 0;
  const width = room < STACKED ? room : room - ASIDE;
  const count = Math.max(1, Math.min(T, Math.floor(width / STEP_WIDTH)));
  return { first: Math.max(0, Math.min(t - (count >> 1), T - count)), count };
}

/**
 * Draw the rows, still without numbers; return their elements.
 * @param {Stage} stage
 */
export function drawPicture(stage) {
  const { meta } = tensorsOf(stage.state);
  const picture = make("div", "picture");
  const { count } = shownSteps(stage.state);
  picture.style.setProperty("--steps", String(count));
  for (const row of meta.picture ?? []) picture.append(...rowElements(stage, row, count));
  return picture;
}

/**
 * @param {Stage} stage
 * @param {PictureRow} row
 * @param {number} count
 */
function rowElements(stage, row, count) {
  const tensors = tensorsOf(stage.state);
  const hue = tensors.quantities[row.names[0]].hue;
  const title = /** @type {HTMLAnchorElement} */ (make("a", "leads"));
  title.href = row.slug;
  title.dataset.chapter = row.slug;
  title.append(make("strong", "", row.title), make("small", "", row.words));
  const steps = row.form === "update" ? updateElement(stage, row) : stepsElement(stage, row, count);
  const weights = make("div", "weights");
  weights.append(...row.weights.map((name) => matrixElement(stage, name)));
  const parts = [title, steps, weights];
  for (const part of parts) part.dataset.hue = hue;
  steps.classList.add(row.form);
  if (row.way) steps.classList.add(row.way);
  return parts;
}

/**
 * Return a quantity's time steps side by side.
 * @param {Stage} stage
 * @param {PictureRow} row
 * @param {number} count
 */
function stepsElement(stage, row, count) {
  const tensors = tensorsOf(stage.state);
  const [name] = row.names;
  const drawing = beginDrawing(stage, { name, result: false, turned: false });
  const { dims, shape } = tensors.quantities[name];
  const time = dims.indexOf("T");
  const units = row.form === "units" ? shape[shape.length - 1] : 1;
  // a column of the picture is a time step: which one, the place says when it is painted
  drawing.timed = true;
  drawing.index = (place, unit, column) =>
    dims.map((dim, axis) => {
      const t = shownSteps(/** @type {State} */ (place)).first + column;
      if (axis === time) return t;
      if (dim === "B") return place.sequence;
      return row.form === "target" ? tensors.tokenIds("targets", place.sequence)[t] : unit;
    });
  const box = make("div", "steps sheet");
  box.setAttribute("role", "grid");
  box.setAttribute("aria-label", `${row.title}, a column for each time step`);
  const line = make("div", "row");
  line.setAttribute("role", "row");
  if (units > MOST_UNITS) {
    line.append(imageOf(stage, drawing, units, count));
  } else {
    for (let column = 0; column < count; column++) {
      const step = make("span", "step");
      step.setAttribute("role", "presentation");
      step.dataset.column = String(column);
      for (let unit = 0; unit < units; unit++)
        step.append(drawCell(stage.view, drawing, unit, column));
      line.append(step);
    }
  }
  box.append(line);
  return box;
}

/**
 * Return a small picture of a quantity at all time steps: a unit in each row.
 * @param {Stage} stage
 * @param {Drawing} drawing
 * @param {number} units
 * @param {number} count
 */
function imageOf(stage, drawing, units, count) {
  Object.assign(drawing, { rows: units, columns: count, down: null, across: null });
  const row = thumbnailRow(stage, drawing);
  row.classList.add("image");
  return row;
}

/**
 * Return a parameter as a matrix of small cells.
 * @param {Stage} stage
 * @param {string} name
 */
function matrixElement(stage, name) {
  const drawing = beginDrawing(stage, { name, result: false, turned: false });
  const { rows, columns } = drawing;
  const box = make("div", "sheet");
  box.setAttribute("role", "grid");
  box.setAttribute("aria-label", name);
  box.dataset.hue = tensorsOf(stage.state).quantities[name].hue;
  box.append(make("span", "name", name));
  // a table of tokens lies down: it is long
  const lying = rows > 2 * columns;
  if (rows * columns > MOST_SMALL || isLarge(drawing.down, rows, "rows")) {
    box.append(thumbnailRow(stage, drawing));
    return box;
  }
  box.classList.toggle("lying", lying);
  const [down, across] = lying ? [columns, rows] : [rows, columns];
  for (let r = 0; r < down; r++) {
    const line = make("div", "row");
    line.setAttribute("role", "row");
    for (let c = 0; c < across; c++)
      line.append(
        lying ? drawCell(stage.view, drawing, c, r) : drawCell(stage.view, drawing, r, c),
      );
    box.append(line);
  }
  return box;
}

/**
 * Return what the update does to the loss.
 * @param {Stage} stage
 * @param {PictureRow} row
 */
function updateElement(stage, row) {
  const box = make("div", "steps sheet");
  box.setAttribute("role", "grid");
  box.setAttribute("aria-label", row.title);
  const line = make("div", "row");
  line.setAttribute("role", "row");
  for (const name of row.names) {
    const label = make("span", "word", name === "loss" ? "loss" : "learning rate");
    label.setAttribute("role", "rowheader");
    line.append(
      label,
      drawCell(stage.view, beginDrawing(stage, { name, result: false, turned: false }), 0, 0),
    );
  }
  const after = make("output", "after");
  after.setAttribute("role", "gridcell");
  line.append(after);
  box.append(line);
  return box;
}

/**
 * Write what no number says: tokens, the loss after the update, the current time step.
 * @param {Stage} stage
 */
export function paintPicture({ state, view }) {
  const tensors = tensorsOf(state);
  const { first } = shownSteps(state);
  for (const { name, cells } of view.drawings)
    if (name === "ids" || name === "targets")
      for (const { text, index } of cells)
        text.data = tensors.token(tensors.value(name, index) ?? 0);
  for (const step of view.el.lanes.querySelectorAll(".step")) {
    const { column } = /** @type {HTMLElement} */ (step).dataset;
    step.classList.toggle("current", first + Number(column) === state.t);
  }
  const after = view.el.lanes.querySelector(".after");
  if (after) {
    const loss = tensors.single(`${SECOND}loss`);
    const text = Number.isNaN(loss) ? "…" : formatNumber(loss, LOSS_DIGITS);
    after.textContent = `→ ${text} after one update`;
  }
}
