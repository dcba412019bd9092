/*
 * Numbers and colours of the cells.
 */
import { colourStep, palette } from "./colours.js";
import { differenceAt, largestDifference, subtracted } from "./compare.js";
import { tensorsOf } from "./layout.js";
import { formatNumber, WHOLE_NUMBERS } from "./numbers.js";
import { isHidden } from "./state.js";

/** @import { Cell, Drawing } from "./lanes.js" */
/** @import { State } from "./state.js" */

/**
 * How a cell looks, and for which value.
 * @typedef {{value?: number, words?: string, background?: string, color?: string, marks?: string}} Look
 */

/** A matrix whose numbers are all smaller is as good as zero, and gets no colour. */
export const NOTHING = 1e-12;
/** Smaller numbers, and those from the second one on, are written with a power of ten. */
const LEAST_WRITTEN = 1e-3;
const MOST_WRITTEN = 1e6;

/**
 * Return a palette in the page's theme.
 * @param {State} state
 * @param {string} kind
 */
export function paletteOf(state, kind) {
  return palette(tensorsOf(state).meta.colours, state.theme, kind);
}

/**
 * Return how many digits a cell has; null for all.
 * @param {State} state
 */
export function cellDigits(state) {
  return state.digits === "full" ? null : Number(state.digits);
}

/**
 * Return the two ends of a drawing's colours, as far as the user lets them reach.
 * @param {State} state
 * @param {Drawing} drawing
 */
export function limitsOf(state, { name, cells, canvas }) {
  const tensors = tensorsOf(state);
  const { kind } = tensors.quantities[name];
  if (subtracted(state)) {
    const most = largestDifference(state, name);
    return most <= NOTHING ? [-1, 1] : [-most, most];
  }
  if (kind === "unit") return [0, 1];
  let end = 0;
  if (state.range === "matrix" && !canvas)
    for (const { value } of cells) end = Math.max(end, Math.abs(value ?? 0));
  else if (state.range === "run") end = tensors.extents.largestOf(kind, name.startsWith("d_"));
  else end = tensors.extents.largest(name);
  if (end <= NOTHING) end = 1;
  return [-end, end];
}

/**
 * Write a number for a cell, with a true minus: only what is 0 looks like 0, and only what is 1
 * like 1.
 * @param {number} value
 * @param {number | null} digits significant ones; null for all
 */
export function cellText(value, digits) {
  if (digits === null) return formatNumber(value, null);
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < MOST_WRITTEN) return formatNumber(value, 0);
  const [mantissa, power] = size.toExponential(digits - 1).split("e");
  const sign = value < 0 ? "−" : "";
  if (size >= LEAST_WRITTEN && size < MOST_WRITTEN)
    return sign + size.toFixed(Math.max(0, digits - 1 - Number(power)));
  return `${sign}${mantissa}e${power.replace("-", "−").replace("+", "")}`;
}

/**
 * Tell whether an index means no number: that of a target where no answer is asked for.
 * @param {number[]} index
 */
function isNowhere(index) {
  return index.some((i) => i < 0);
}

/**
 * Show the numbers of a drawing at the current place.
 * @param {State} state
 * @param {Drawing} drawing
 */
export function paintCells(state, drawing) {
  const tensors = tensorsOf(state);
  const { name, cells } = drawing;
  const apart = subtracted(state) !== null;
  for (const cell of cells) {
    cell.index = drawing.index(state, cell.row, cell.column);
    const key = cell.index.join(",");
    if (key !== cell.key) cell.element.dataset.index = cell.key = key;
    if (isNowhere(cell.index)) {
      delete cell.element.dataset.index;
      cell.value = undefined;
      continue;
    }
    cell.value = apart ? differenceAt(state, name, cell.index) : tensors.value(name, cell.index);
  }
  const hidden = isHidden(state, name);
  const [low, high] = limitsOf(state, drawing);
  const { fill, ink } = paletteOf(state, apart ? "difference" : tensors.quantities[name].kind);
  const whole = WHOLE_NUMBERS.has(name);
  const digits = cellDigits(state);
  const before = tensors.unedited();
  const touched = before !== tensors && !apart;
  const look = [low, high, digits, apart, fill].join();
  const same = look === drawing.look && !hidden;
  drawing.look = hidden ? "" : look;
  for (const cell of cells) {
    const { value, index } = cell;
    if (touched || drawing.touched) {
      const edit = touched ? tensors.edited(name, index) : null;
      const own = edit ? `${edit.held ? "by itself" : "given"} ${cellText(edit.own, 4)}` : "";
      markCell(cell, touched && value !== before.value(name, index), edit !== null, own);
    }
    if (same && value !== undefined && value === cell.look.value) continue;
    cell.look.value = hidden ? undefined : value;
    if (hidden || value === undefined) {
      const words = hidden ? "?" : isNowhere(index) ? "–" : "…";
      writeCell(cell, words, "transparent", "inherit");
      continue;
    }
    const at = colourStep(value, low, high);
    const words = whole && !apart ? String(value) : cellText(value, digits);
    writeCell(cell, words, fill[at], ink[at]);
  }
  drawing.touched = touched;
}

/**
 * Let a cell show this; to change a document takes longer than to compare.
 * @param {Cell} cell
 * @param {string} words
 * @param {string} background
 * @param {string} color
 */
function writeCell({ element, text, look }, words, background, color) {
  if (words !== look.words) text.data = look.words = words;
  if (background !== look.background) element.style.backgroundColor = look.background = background;
  if (color !== look.color) element.style.color = look.color = color;
}

/**
 * Mark a cell whose number is another one than without edits, or is one of them.
 * @param {Cell} cell
 * @param {boolean} changed
 * @param {boolean} edited
 * @param {string} own what it would be, in words; "" where it is no edit
 */
function markCell({ element, look }, changed, edited, own) {
  const marks = `${changed} ${edited} ${own}`;
  if (marks === look.marks) return;
  look.marks = marks;
  element.classList.toggle("changed", changed);
  element.classList.toggle("edited", edited);
  element.title = own;
}
