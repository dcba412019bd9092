/*
 * Long matrices fold: of their rows those stand there that matter now, and a button has the others.
 */
import { buttonElement, make } from "./dom.js";
import { tensorsOf } from "./layout.js";

/** @import { Stage, View } from "./dom.js" */
/** @import { Drawing } from "./lanes.js" */
/** @import { State } from "./state.js" */

/**
 * The rows of a matrix in one piece of a band, and the button below them.
 * @typedef {{drawing: Drawing, first: number, lines: HTMLElement[], button: HTMLElement}} Fold
 */

/** Most rows of a matrix that does not fold. */
export const MOST_UNFOLDED = 12;
/** Rows of a folded one that stand there for their numbers. */
const ROWS_KEPT = 6;

/**
 * Let the rows of a matrix fold; return the row with the button.
 * @param {Stage} stage
 * @param {Drawing} drawing
 * @param {number} first its first row that is drawn
 * @param {HTMLElement[]} lines
 */
export function foldable(stage, drawing, first, lines) {
  const line = make("div", "row more");
  line.setAttribute("role", "row");
  const holder = make("span");
  holder.setAttribute("role", "gridcell");
  const button = buttonElement("unfold", "", () =>
    stage.change({ unfolded: !stage.state.unfolded }),
  );
  holder.append(button);
  line.append(holder);
  stage.view.folds.push({ drawing, first, lines, button });
  return line;
}

/**
 * Fold what can be folded, or unfold it.
 * @param {Stage} stage
 */
export function foldRows({ state, view }) {
  for (const fold of view.folds) {
    const kept = state.unfolded ? null : rowsThatMatter(state, view, fold);
    fold.lines.forEach((line, i) => {
      line.classList.toggle("folded", kept !== null && !kept.has(i));
    });
    const rest = fold.lines.length - (kept?.size ?? 0);
    fold.button.textContent = kept === null ? "fold" : `${rest} more`;
    fold.button.setAttribute("aria-expanded", String(kept === null));
  }
}

/**
 * Return which rows matter: the largest by what multiplies them, or by their own numbers; those of
 * the token and its target; and that of the opened number.
 * @param {State} state
 * @param {View} view
 * @param {Fold} fold
 */
function rowsThatMatter(state, view, { drawing, first, lines }) {
  const tensors = tensorsOf(state);
  /** @type {(elements: Iterable<Element>) => number} */
  const largest = (elements) =>
    Math.max(0, ...[...elements].map((e) => Math.abs(view.cellOf.get(e)?.cell.value ?? 0)));
  const sizes = lines.map((line) => {
    const factor = line.querySelector(".head .cell");
    return largest(factor ? [factor] : line.querySelectorAll(".cell"));
  });
  const order = sizes.map((_, i) => i).sort((a, b) => sizes[b] - sizes[a] || a - b);
  const kept = new Set(order.slice(0, ROWS_KEPT));
  if (drawing.down?.dim === "V" && tensors.meta.timed) {
    kept.add(tensors.tokenIds("ids", state.sequence)[state.t] - first);
    if (tensors.meta.learning)
      kept.add(tensors.tokenIds("targets", state.sequence)[state.t] - first);
  }
  const { opened } = state;
  if (opened?.name === drawing.name && drawing.down)
    kept.add(opened.index[drawing.down.at] - first);
  return new Set([...kept].filter((i) => i >= 0 && i < lines.length));
}
