/*
 * Long matrices fold: of their rows those stand there that matter now, and a button has the others.
 */
import { buttonElement, focused, make } from "./dom.js";
import { tensorsOf } from "./layout.js";

/** @import { Stage, View } from "./dom.js" */
/** @import { Drawing } from "./lanes.js" */
/** @import { State } from "./state.js" */

/**
 * The rows of a matrix in one piece of a band: the first that is drawn, all of them, how many stay,
 * and what goes, too, where few do.
 * @typedef {{first: number, lines: HTMLElement[], keeps: number, others: HTMLElement[]}} Foldable
 *
 * With the button for the others, and the matrix above whose rows are the same.
 * @typedef {Foldable & {drawing: Drawing, button: HTMLElement, leader: Fold | undefined}} Fold
 */

/** Most rows of a matrix that does not fold, wherever it stands. */
const FEW = 3;
/** Rows that stay of any matrix while its equation is looked at. */
const AT_WORK = 6;

/**
 * Tell whether a matrix of so many rows folds.
 * @param {number} rows
 * @param {number} keeps how many of them stay
 */
export function isLong(rows, keeps) {
  return rows > Math.max(FEW, 2 * keeps);
}

/**
 * Let the rows of a matrix fold.
 * @param {Stage} stage
 * @param {Drawing} drawing
 * @param {Foldable} rows
 * @returns {Fold}
 */
export function addFold(stage, drawing, rows) {
  const { view } = stage;
  const { name, lane, down } = drawing;
  const button = foldButton(stage, name);
  const leader = factorOf(rows.lines[0])
    ? undefined
    : view.folds.find(
        (f) =>
          f.drawing.lane === lane && f.drawing.down?.dim === down?.dim && !factorOf(f.lines[0]),
      );
  const fold = { ...rows, drawing, button, leader: leader?.leader ?? leader };
  view.folds.push(fold);
  return fold;
}

/**
 * Make a button that unfolds what shows a quantity, or folds it.
 * @param {Stage} stage
 * @param {string} name
 */
export function foldButton(stage, name) {
  return buttonElement("unfold", "", () => {
    const { unfolded } = stage.state;
    const others = unfolded.filter((other) => other !== name);
    stage.change({ unfolded: unfolded.includes(name) ? others : [...others, name] });
  });
}

/**
 * Say on a button what it does.
 * @param {HTMLElement} button
 * @param {string} name
 * @param {string | null} others what is folded; null where nothing is
 */
export function labelFold(button, name, others) {
  button.textContent = others ?? "fold";
  button.setAttribute("aria-expanded", String(others === null));
  button.setAttribute("aria-label", `${button.textContent} of ${name}`);
}

/**
 * Return a row of its own for a button.
 * @param {{button: HTMLElement}} fold
 */
export function moreElement({ button }) {
  const line = make("div", "row more");
  line.setAttribute("role", "row");
  const holder = make("span");
  holder.setAttribute("role", "gridcell");
  holder.append(button);
  line.append(holder);
  return line;
}

/**
 * Fold what can be folded, or unfold it.
 * @param {Stage} stage
 */
export function foldRows({ state, view }) {
  for (const fold of view.folds) {
    const { button, drawing, lines } = fold;
    const open = state.unfolded.includes(drawing.name);
    const kept = open ? null : rowsThatMatter(state, view, fold);
    const folded = (/** @type {HTMLElement} */ line, /** @type {boolean} */ away) =>
      line.classList.toggle("folded", away);
    lines.forEach((line, i) => {
      folded(line, kept !== null && !kept.has(i));
    });
    const brief = kept !== null && fold.keeps < FEW && !isAtWork(state);
    for (const other of fold.others) folded(other, brief);
    const rest = lines.length - (kept?.size ?? 0);
    labelFold(button, drawing.name, kept && (kept.size ? `${rest} more` : `${rest} rows`));
  }
}

/**
 * Return which rows matter: the largest by what multiplies them, or by their own numbers; those of
 * the token and its target; and those of the opened number and of the focus.
 * @param {State} state
 * @param {View} view
 * @param {Fold} fold
 */
function rowsThatMatter(state, view, { drawing, first, lines, keeps, leader }) {
  const tensors = tensorsOf(state);
  const count = isAtWork(state) ? Math.max(AT_WORK, keeps) : keeps;
  const sizes = (leader?.lines ?? lines).map((line) => {
    const factor = factorOf(line);
    return largestOf(view, factor ? [factor] : line.querySelectorAll(".cell"));
  });
  const order = sizes.map((_, i) => i).sort((a, b) => sizes[b] - sizes[a] || a - b);
  const kept = new Set(order.slice(0, count));
  if (count && drawing.down?.dim === "V" && tensors.meta.timed) {
    kept.add(tensors.tokenIds("ids", state.sequence)[state.t] - first);
    if (tensors.meta.learning)
      kept.add(tensors.tokenIds("targets", state.sequence)[state.t] - first);
  }
  const { opened } = state;
  if (opened?.name === drawing.name && drawing.down)
    kept.add(opened.index[drawing.down.at] - first);
  const focus = focused(view.root);
  if (focus) kept.add(lines.findIndex((line) => line.contains(focus)));
  return new Set([...kept].filter((i) => i >= 0 && i < lines.length));
}

/**
 * Tell whether one equation is looked at.
 * @param {State} state
 */
function isAtWork({ equation, presenting }) {
  return equation >= 0 || presenting;
}

/**
 * Return the number beside a row of a matrix that it is multiplied by.
 * @param {Element} line
 */
function factorOf(line) {
  return line.querySelector(".head .cell");
}

/**
 * @param {View} view
 * @param {Iterable<Element>} cells
 */
function largestOf(view, cells) {
  return Math.max(0, ...[...cells].map((e) => Math.abs(view.cellOf.get(e)?.cell.value ?? 0)));
}
