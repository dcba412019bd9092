/*
 * The opened number: the way here, three lines whose numbers open in turn, what can be copied.
 */
import { differenceAt } from "./compare.js";
import { buttonElement, focused, make } from "./dom.js";
import { editButtons } from "./editor.js";
import { terms } from "./explanation.js";
import { explainHere, lineDigits } from "./highlight.js";
import { elementText } from "./index_form.js";
import { tensorsOf } from "./layout.js";
import { moduleLine } from "./module_line.js";
import { formatNumber } from "./numbers.js";
import { paddingText } from "./padding.js";
import { sensitivityLine } from "./sensitivity.js";
import { CLOSED, isHidden, opening } from "./state.js";

/** @import { Stage } from "./dom.js" */
/** @import { Piece } from "./formula.js" */
/** @import { Drawing } from "./lanes.js" */
/** @import { Spot, State } from "./state.js" */

const HINT =
  "Point at a number to see what it is made of. Click it, or press Enter, to open its formula.";
/** The three lines that every number has, as `explain` writes them. */
const FORMULA = new Set(["symbols", "shapes", "numbers"]);
/** Terms of a sum that are written out. */
const SHOWN = 8;
/** Operands that are offered below a formula which could not be taken apart here. */
const MOST_OPERANDS = 24;

/**
 * What is known of the opened number.
 * @typedef {object} Opened
 * @property {Record<string, Piece[]>} lines
 * @property {string} latex
 * @property {Spot[]} operands
 * @property {number} count terms of its sum
 * @property {boolean} here whether the browser could explain it
 */

/**
 * Show the opened number, or how to open one. The focus stays in the panel if it was there.
 * @param {Stage} stage
 */
export function drawPanel(stage) {
  const { state, view } = stage;
  const { panel } = view.el;
  const had = focused(panel);
  const { opened } = state;
  panel.dataset.open = String(opened !== null);
  const ended = opened && paddingText(tensorsOf(state), opened);
  if (opened === null || ended) panel.removeAttribute("data-explanation");
  if (opened === null) panel.replaceChildren(make("p", "hint", HINT));
  else if (ended) panel.replaceChildren(trailElement(stage), make("p", "line ended", ended));
  else {
    const known = explain(state, opened);
    Object.assign(known.lines, moduleLine(state, opened), sensitivityLine(state, opened));
    if (state.against) Object.assign(known.lines, compareLines(state, opened));
    panel.setAttribute("data-explanation", `${opened.name}:${opened.index.join(",")}`);
    panel.replaceChildren(
      trailElement(stage),
      make("p", "why", tensorsOf(state).quantities[opened.name].why),
      ...Object.entries(known.lines).map(([line, pieces]) => lineElement(stage, line, pieces)),
      ...(known.here ? [] : [operandsElement(stage, known.operands)]),
      actionsElement(stage, opened, known),
    );
  }
  if (!had) return;
  const again = had.dataset.action && panel.querySelector(`[data-action="${had.dataset.action}"]`);
  const heir = again || panel.querySelector(".trail .here") || panel;
  /** @type {HTMLElement} */ (heir).focus({ preventScroll: true });
}

/**
 * Return what a number is in the other state, and how far the two are apart.
 * @param {State} state
 * @param {Spot} spot
 * @returns {Record<string, Piece[]>}
 */
function compareLines(state, spot) {
  const difference = differenceAt(state, spot.name, spot.index);
  if (difference === undefined)
    return { [state.compared === "a" ? "in B" : "in A"]: [{ text: "no such number there" }] };
  /** @type {(compared: State["compared"]) => Piece[]} */
  const numbers = (compared) => explainHere({ ...state, compared }, spot, SHOWN)?.numbers ?? [];
  const other = state.compared === "a" ? "b" : "a";
  return {
    [`in ${other.toUpperCase()}`]: numbers(other),
    "B − A": [{ text: formatNumber(difference, lineDigits(state)) }],
  };
}

/**
 * Explain a number, once all that it is made of is here.
 * @param {State} state
 * @param {Spot} spot
 * @returns {Opened}
 */
function explain(state, spot) {
  const here = explainHere(state, spot, state.everyTerm ? null : SHOWN);
  const { shapes } = tensorsOf(state).quantities[spot.name];
  if (here) {
    const lines = { symbols: here.symbols, shapes: [{ text: shapes }], numbers: here.numbers };
    const count = here.tree ? terms(here.tree, tensorsOf(state)).length : 0;
    return { lines, latex: here.latex, operands: here.operands, count, here: true };
  }
  const soon = [{ text: "…" }];
  const lines = { symbols: soon, shapes: [{ text: shapes }], numbers: soon };
  return { lines, latex: "", operands: [], count: 0, here: false };
}

/**
 * Return one of the three lines; each number in it opens in turn.
 * @param {Stage} stage
 * @param {string} line
 * @param {Piece[]} pieces
 */
function lineElement(stage, line, pieces) {
  const { state } = stage;
  const opened = /** @type {Spot} */ (state.opened);
  const row = make("div", "line");
  const text = make("span", "formula");
  text.dataset[FORMULA.has(line) ? "line" : "beside"] = line;
  row.append(make("span", "which", line), text);
  if (line === "numbers" && isHidden(state, opened.name)) {
    text.textContent = "hidden, since you are checking yourself";
    return row;
  }
  for (const { text: written, name, index } of pieces) {
    if (name === undefined || index === undefined) {
      text.append(written);
      continue;
    }
    const spot = { name, index };
    if (elementText(name, index) === elementText(opened.name, opened.index)) {
      const itself = make("span", "piece", written);
      itself.dataset.hue = tensorsOf(state).quantities[name].hue;
      text.append(itself);
      continue;
    }
    const hidden = line === "numbers" && isHidden(state, name);
    text.append(termElement(stage, spot, hidden ? "?" : written));
  }
  return row;
}

/**
 * Return a button that points at a number, and opens it.
 * @param {Stage} stage
 * @param {Spot} spot
 * @param {string} text
 */
function termElement(stage, spot, text) {
  const button = buttonElement("piece", text, () =>
    stage.change(opening(stage.state, spot, stage.state.trail)),
  );
  button.dataset.hue = tensorsOf(stage.state).quantities[spot.name]?.hue ?? "";
  button.dataset.of = `${spot.name}:${spot.index.join(",")}`;
  const point = () => stage.change({ pointed: { ...spot, by: "term" } });
  const leave = () => stage.change({ pointed: null });
  button.onpointerenter = button.onfocus = point;
  button.onpointerleave = button.onblur = leave;
  return button;
}

/**
 * Offer the operands that the text of a long answer has no room for.
 * @param {Stage} stage
 * @param {Spot[]} operands
 */
function operandsElement(stage, operands) {
  const box = make("div", "operands");
  box.append(make("span", "which", "made of"));
  for (const spot of operands.slice(0, MOST_OPERANDS))
    box.append(termElement(stage, spot, `${spot.name}[${spot.index.join(",")}]`));
  return box;
}

/**
 * Return the way here: every number opened so far, to go back to.
 * @param {Stage} stage
 */
function trailElement(stage) {
  const { trail } = stage.state;
  const nav = make("nav", "trail");
  nav.setAttribute("aria-label", "the way here");
  trail.forEach((spot, i) => {
    const last = i === trail.length - 1;
    const button = buttonElement(
      last ? "stop here" : "stop",
      elementText(spot.name, spot.index),
      () => stage.change(opening(stage.state, spot, trail.slice(0, i))),
    );
    button.dataset.hue = tensorsOf(stage.state).quantities[spot.name].hue;
    if (last) button.setAttribute("aria-current", "true");
    if (i) nav.append(make("span", "sign", "›"));
    nav.append(button);
  });
  const shut = buttonElement("shut", "✕", () => stage.change(CLOSED));
  shut.setAttribute("aria-label", "close the formula");
  nav.append(shut);
  return nav;
}

/**
 * Offer what can be copied, and every term of a long sum.
 * @param {Stage} stage
 * @param {Spot} spot
 * @param {Opened} known
 */
function actionsElement(stage, spot, known) {
  const { state, view } = stage;
  const box = make("div", "actions");
  /** @type {(text: string, what: () => string) => void} */
  const offer = (text, what) => {
    const button = buttonElement("action", text, async () => {
      try {
        await navigator.clipboard.writeText(what());
        button.textContent = "copied";
      } catch {
        button.textContent = "the browser refused";
      }
      setTimeout(() => {
        button.textContent = text;
      }, 1500);
    });
    box.append(button);
  };
  box.append(...editButtons(stage, spot));
  const value = tensorsOf(state).value(spot.name, spot.index);
  const hidden = isHidden(state, spot.name);
  if (!hidden && value !== undefined) offer("copy value", () => plainNumber(value));
  const tellsTerm = hidden || known.operands.some(({ name }) => isHidden(state, name));
  if (!tellsTerm && known.latex) offer("copy LaTeX", () => known.latex);
  const drawn = view.byName.get(spot.name)?.[0];
  if (!hidden && drawn?.cells.every((c) => c.value !== undefined)) {
    offer("copy as NumPy", () => `np.array(${lists(drawn)})`);
    offer("copy as PyTorch", () => `torch.tensor(${lists(drawn)}, dtype=torch.float64)`);
  }
  if (known.count > SHOWN) {
    const text = state.everyTerm ? "shorten" : `all ${known.count} terms`;
    const button = buttonElement("action", text, () =>
      stage.change({ everyTerm: !stage.state.everyTerm }),
    );
    button.dataset.action = "terms";
    box.append(button);
  }
  return box;
}

/**
 * Write a number as Python reads it, every digit.
 * @param {number} value
 */
function plainNumber(value) {
  return formatNumber(value, null).replaceAll("−", "-");
}

/**
 * Write the shown numbers of a drawing as a list of rows, as they stand on the stage.
 * @param {Drawing} drawing
 */
function lists({ cells }) {
  /** @type {string[][]} */
  const rows = [];
  for (const { row, column, value } of cells) {
    rows[row] ??= [];
    rows[row][column] = plainNumber(/** @type {number} */ (value));
  }
  // a part of a large matrix does not begin at 0, and flat leaves holes out
  const written = rows.flat(0).map((row) => `[${row.flat(0).join(", ")}]`);
  return written.length > 1 ? `[${written.join(", ")}]` : written[0];
}
