/*
 * The bar of the reader's edits: what became of the loss, each edit, and the way back.
 */

import { buttonElement, focused, make } from "./dom.js";
import { editText, redone, undone, withoutEdit, writeEdits } from "./editing.js";
import { tensorsOf } from "./layout.js";
import { formatNumber } from "./numbers.js";
import { firstEdits } from "./tour.js";

/** @import { Stage } from "./dom.js" */
/** @import { Edit } from "./edits.js" */

/** Digits of the loss and of what was changed. */
const DIGITS = 4;

/**
 * Draw the bar, where anything was edited. The focus stays in it if it was there.
 * @param {Stage} stage
 */
export function drawEdits(stage) {
  const { state, view } = stage;
  const bar = view.el.edits;
  const had = focused(bar)?.dataset.action;
  const { edits, past, future } = state;
  const first = firstEdits(tensorsOf(state));
  const known = new Set(first.map((edit) => writeEdits([edit])));
  const added = edits.filter((edit) => !known.has(writeEdits([edit])));
  bar.hidden = edits.length + past.length + future.length === 0;
  bar.replaceChildren(
    lossElement(stage),
    ...added.map((edit) => chipElement(stage, edit)),
    buttonFor("undo", "↶ undo", past.length > 0, () => stage.change(undone(stage.state))),
    buttonFor("redo", "↷ redo", future.length > 0, () => stage.change(redone(stage.state))),
    buttonFor("reset", "reset all", edits.length > 0, () => stage.edit(first)),
  );
  if (!had) return;
  const enabled = [...bar.querySelectorAll("button")].filter((button) => !button.disabled);
  const heir = enabled.find((button) => button.dataset.action === had) ?? enabled[0];
  (heir ?? view.root).focus({ preventScroll: true });
}

/**
 * Return the loss, before and after.
 * @param {Stage} stage
 */
function lossElement({ state }) {
  const tensors = tensorsOf(state);
  if (!tensors.engine.makes("loss")) return make("output", "losses");
  const box = make("output", "losses", "loss ");
  const [before, after] = [tensors.unedited().loss(), tensors.loss()].map((loss) =>
    Number.isNaN(loss) ? "…" : formatNumber(loss, DIGITS),
  );
  if (state.edits.length) box.append(make("span", "", before), " → ");
  box.append(make("strong", "", after));
  return box;
}

/**
 * Return one edit, with a button that takes it back.
 * @param {Stage} stage
 * @param {Edit} edit
 */
function chipElement(stage, edit) {
  const tensors = tensorsOf(stage.state);
  const text = editText(edit);
  const chip = make("span", "edit", `${text} `);
  chip.dataset.chip = text;
  chip.dataset.hue = tensors.quantities[edit.name]?.hue ?? "";
  const index = edit.index.filter((place) => place !== null);
  const single = index.length === edit.index.length;
  const own = single && tensors.has(edit.name) ? tensors.own(edit.name, index) : Number.NaN;
  if (!Number.isNaN(own)) chip.append(make("s", "", formatNumber(own, DIGITS)), " ");
  chip.append(make("strong", "", formatNumber(edit.value, DIGITS)));
  const button = buttonFor(`undo ${text}`, "✕", true, () =>
    stage.edit(withoutEdit(stage.state.edits, edit)),
  );
  button.setAttribute("aria-label", `undo ${text}`);
  chip.append(button);
  return chip;
}

/**
 * Return a button of the bar.
 * @param {string} action
 * @param {string} text
 * @param {boolean} enabled
 * @param {() => void} press
 */
function buttonFor(action, text, enabled, press) {
  const button = buttonElement("", text, press);
  button.dataset.action = action;
  button.disabled = !enabled;
  return button;
}
