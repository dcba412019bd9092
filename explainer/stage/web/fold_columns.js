/*
 * Bands that are much wider than the screen fold: of their columns those stand there that matter
 * now and have room; a button has the others, and then the rows scroll sideways in one piece.
 */
import { find, focused } from "./dom.js";
import { foldButton, labelFold, moreElement } from "./fold.js";
import { tensorsOf } from "./layout.js";

/** @import { Stage, View } from "./dom.js" */
/** @import { Drawing } from "./lanes.js" */
/** @import { State } from "./state.js" */

/**
 * The rows of a band, its heads, the first column and its end, how many columns have room, and the
 * button for the others.
 * @typedef {object} ColumnFold
 * @property {Drawing[]} drawings
 * @property {HTMLElement} heads
 * @property {number} first
 * @property {number} end
 * @property {number} fits
 * @property {HTMLElement} button
 */

/**
 * Let the columns of a band fold; return the row with the button.
 * @param {Stage} stage
 * @param {{columns: number, drawing: Drawing}[]} rows
 * @param {HTMLElement} heads
 * @param {number} first
 * @param {number} end
 * @param {number} fits
 */
export function columnFoldElement(stage, rows, heads, first, end, fits) {
  const drawings = rows.filter((row) => row.columns > 1).map((row) => row.drawing);
  const button = foldButton(stage, drawings[drawings.length - 1].name);
  const fold = { drawings, heads, first, end, fits, button };
  stage.view.columnFolds.push(fold);
  return moreElement(fold);
}

/**
 * Fold what can be folded, or unfold it.
 * @param {Stage} stage
 */
export function foldColumns({ state, view }) {
  for (const fold of view.columnFolds) {
    const { button, drawings, heads, first, end } = fold;
    const { name } = drawings[drawings.length - 1];
    const kept = state.unfolded.includes(name) ? null : columnsThatMatter(state, view, fold);
    /** @type {(element: Element, column: number) => void} */
    const place = (element, column) =>
      void element.classList.toggle("folded", kept !== null && !kept.has(column));
    for (let c = first; c < end; c++) place(heads.children[c - first + 1], c);
    for (const { cells } of drawings)
      for (const { element, column } of cells) place(element, column);
    labelFold(button, name, kept && `${end - first - kept.size} more`);
    find(button.closest(".lane") ?? heads, ".sheet").classList.toggle("sideways", !kept);
  }
}

/**
 * Return which columns matter: that of the target, of the opened number and of the focus, and as
 * many of the largest as have room beside them.
 * @param {State} state
 * @param {View} view
 * @param {ColumnFold} fold
 */
function columnsThatMatter({ sequence, t, opened, ...state }, view, fold) {
  const { drawings, first, end, fits } = fold;
  const tensors = tensorsOf({ sequence, t, opened, ...state });
  const focus = focused(view.root);
  const at = drawings.find((d) => d.name === opened?.name)?.across?.at ?? -1;
  const marked = [
    tensors.meta.learning ? tensors.tokenIds("targets", sequence)[t] : -1,
    opened?.index[at] ?? -1,
    focus ? columnOf(view, fold, focus) : -1,
  ];
  const kept = new Set(marked.filter((c) => c >= first && c < end));
  const sizes = [...drawings[0].cells].sort(
    (a, b) => Math.abs(b.value ?? 0) - Math.abs(a.value ?? 0) || a.column - b.column,
  );
  for (const { column } of sizes) if (kept.size < fits) kept.add(column);
  return kept;
}

/**
 * Return in which column of a band an element stands; -1 for none.
 * @param {View} view
 * @param {ColumnFold} fold
 * @param {Element} element
 */
function columnOf(view, { drawings }, element) {
  const found = view.cellOf.get(element);
  return found && drawings.includes(found.drawing) ? found.cell.column : -1;
}
