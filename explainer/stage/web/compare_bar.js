/*
 * The bar of two states: keep the present one as A, choose what is shown, go where they part.
 */
import { largestDifference, parting } from "./compare.js";
import { buttonElement, focused, make } from "./dom.js";
import { writeEdits } from "./editing.js";
import { formatNumber } from "./numbers.js";
import { opening } from "./state.js";

/** @import { Stage } from "./dom.js" */
/** @import { State } from "./state.js" */

/** @type {[State["compared"], string, string][]} */
const SIDES = [
  ["a", "A", "the state that was kept"],
  ["b", "B", "the present state"],
  ["difference", "B − A", "what has changed from A to B"],
];
/** Digits of the two losses. */
const OF_LOSS = 4;

/**
 * Draw the bar. The focus stays in it if it was there.
 * @param {Stage} stage
 */
export function drawCompare(stage) {
  const { state, view } = stage;
  const bar = view.el.compare;
  const { against } = state;
  bar.hidden = false;
  const had = focused(bar)?.dataset.compareDo;
  bar.replaceChildren(...(against ? keptElements(stage) : offerElements(stage)));
  if (!had) return;
  const heir = bar.querySelector(`[data-compare-do="${had}"]`) ?? bar.querySelector("button");
  /** @type {HTMLElement | null} */ (heir)?.focus({ preventScroll: true });
}

/**
 * @param {Stage} stage
 */
function offerElements(stage) {
  const keep = action("keep", "Keep as A", () => stage.keep(writeEdits(stage.state.edits)));
  keep.title = "Keep these numbers, then change something: both stand side by side.";
  return [keep, pairsElement(stage)];
}

/**
 * Return the choice of ready-made pairs.
 * @param {Stage} stage
 */
function pairsElement(stage) {
  const select = /** @type {HTMLSelectElement} */ (make("select"));
  select.setAttribute("aria-label", "compare a ready-made pair");
  select.dataset.compareDo = "pair";
  const titles = stage.state.tensors?.meta.pairs ?? [];
  select.hidden = titles.length === 0;
  select.append(new Option("compare …", ""));
  select.append(...titles.map((title, i) => new Option(title, String(i))));
  select.onchange = () => {
    if (select.value) stage.send("pair", Number(select.value));
  };
  return select;
}

/**
 * @param {Stage} stage
 */
function keptElements(stage) {
  const { state } = stage;
  const choice = make("span", "switch");
  choice.dataset.compare = state.compared;
  choice.setAttribute("role", "group");
  choice.setAttribute("aria-label", "what is shown");
  for (const [side, text, title] of SIDES) {
    const button = action(side, text, () => stage.change({ compared: side }));
    button.title = title;
    button.setAttribute("aria-pressed", String(state.compared === side));
    choice.append(button);
  }
  const both = [state.against?.tensors, state.tensors].map((t) => t?.loss() ?? Number.NaN);
  // two that differ by little are told apart by more digits
  const written = [OF_LOSS, 2 * OF_LOSS].map((d) => both.map((loss) => lossText(loss, d)));
  const losses = written.find(([a, b]) => a !== b) ?? written[0];
  const spot = parting(state);
  const part = spot
    ? action("part", `they part at t = ${spot.t}: ${spot.name}`, () =>
        stage.change(opening(stage.state, { name: spot.name, index: spot.index }, [])),
      )
    : make("span", "", agreement(state));
  return [
    choice,
    make("span", "losses", `loss A ${losses[0]} · B ${losses[1]}`),
    part,
    action("forget", "forget A", () => stage.keep(null)),
    pairsElement(stage),
  ];
}

/**
 * @param {number} loss
 * @param {number} digits
 */
function lossText(loss, digits) {
  return Number.isNaN(loss) ? "…" : formatNumber(loss, digits);
}

/**
 * Return what is said where nothing that is computed over time differs.
 * @param {State} state
 */
function agreement(state) {
  return largestDifference(state, "loss") > 0 ? "the same up to the loss" : "A and B are the same";
}

/**
 * @param {string} name
 * @param {string} text
 * @param {() => void} press
 */
function action(name, text, press) {
  const button = buttonElement("", text, press);
  button.dataset.compareDo = name;
  return button;
}
