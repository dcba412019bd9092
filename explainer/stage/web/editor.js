/*
 * The field in which a number is typed: on its cell, or in the panel of the opened number.
 */

import { buttonElement, find, findCells, focused, make } from "./dom.js";
import { editOf, editText, scopes, shortest, withEdit, withoutEdit } from "./editing.js";
import { moveFocus } from "./focus.js";
import { tensorsOf } from "./layout.js";
import { formatNumber } from "./numbers.js";
import { isHidden } from "./state.js";

/** @import { Stage } from "./dom.js" */
/** @import { Editing, Spot } from "./state.js" */

/**
 * Open the field for a number, if it can be changed or held.
 * @param {Stage} stage
 * @param {Spot} spot
 */
export function editCell(stage, spot) {
  const { state } = stage;
  const fault = tensorsOf(state).faultOf({ ...spot, value: 0 }, true);
  if (fault || isHidden(state, spot.name)) stage.change({ message: fault });
  else stage.change({ editing: { ...spot, places: spot.index, at: "cell" } });
}

/**
 * Show the field of the number that is being edited, or take it away.
 * @param {Stage} stage
 */
export function drawEditor(stage) {
  const { state, view } = stage;
  const { editing } = state;
  const had = view.editor;
  if (editing && had?.isConnected) return;
  view.editor = null;
  had?.remove();
  if (!editing) return;
  const cells = findCells(view, editing.name, editing.index);
  const cell = cells.find(({ element }) => element === focused(view.root)) ?? cells[0];
  const host = editing.at === "panel" ? find(view.el.panel, ".actions") : cell?.element;
  if (!host) return;
  const field = fieldFor(stage, editing);
  view.editor = field;
  host.append(field);
  field.focus({ preventScroll: true });
  field.select();
}

/**
 * Make the field.
 * @param {Stage} stage
 * @param {Editing} editing
 */
function fieldFor(stage, editing) {
  const tensors = tensorsOf(stage.state);
  const { name, index, places } = editing;
  const text = editText({ name, index: shortest(places) });
  const field = /** @type {HTMLInputElement} */ (make("input"));
  const value = tensors.value(name, index) ?? 0;
  field.dataset.edit = text;
  field.value = formatNumber(value, null).replaceAll("−", "-");
  field.inputMode = "decimal";
  field.autocomplete = "off";
  field.setAttribute("aria-label", `${tensors.isGiven(name) ? "change" : "hold"} ${text} to`);
  field.onkeydown = (event) => {
    // no key means anything else here
    event.stopPropagation();
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault(); // the button that gets the focus is not pressed by the same key
    if (event.key === "Enter") keep(stage, field, editing);
    else leave(stage, editing);
  };
  field.onblur = () => {
    if (stage.view.editor === field) stage.change({ editing: null });
  };
  return field;
}

/**
 * Make the edit that was typed; say what is wrong with it, if anything is.
 * @param {Stage} stage
 * @param {HTMLInputElement} field
 * @param {Editing} editing
 */
function keep(stage, field, editing) {
  const typed = field.value.trim().replaceAll("−", "-");
  const value = typed === "" ? Number.NaN : Number(typed);
  const edit = { name: editing.name, index: shortest(editing.places), value };
  const fault = stage.edit(withEdit(stage.state.edits, edit));
  if (fault) {
    field.setAttribute("aria-invalid", "true");
    field.title = fault;
  } else leave(stage, editing);
}

/**
 * Close the field, and give the focus back.
 * @param {Stage} stage
 * @param {Editing} editing
 */
function leave(stage, { name, index, at }) {
  const { view } = stage;
  const cell = view.editor?.closest(".cell");
  stage.change({ editing: null });
  if (at === "panel") find(view.el.panel, '[data-action="edit"]')?.focus({ preventScroll: true });
  else {
    const heir = cell?.isConnected ? cell : findCells(view, name, index)[0]?.element;
    if (heir) moveFocus(/** @type {HTMLElement} */ (heir));
  }
}

/**
 * Offer to change or to hold a number, alone or with its row, unit or time step; and to let go.
 * @param {Stage} stage
 * @param {Spot} spot
 */
export function editButtons(stage, { name, index }) {
  const { state } = stage;
  const tensors = tensorsOf(state);
  if (tensors.faultOf({ name, index, value: 0 }, true) || isHidden(state, name)) return [];
  const verb = tensors.isGiven(name) ? "change" : "hold";
  const buttons = scopes(tensors.quantities[name].dims, index).map(([words, places], i) => {
    const button = buttonElement("action", `${verb} ${words}`.trim(), () =>
      stage.change({ editing: { name, index, places, at: "panel" } }),
    );
    button.dataset.action = i === 0 ? "edit" : `edit-${i}`;
    return button;
  });
  const edit = editOf(state.edits, name, index);
  if (edit) {
    const button = buttonElement("action", "take back", () =>
      stage.edit(withoutEdit(stage.state.edits, edit)),
    );
    button.dataset.action = "take-back";
    buttons.push(button);
  }
  return buttons;
}
