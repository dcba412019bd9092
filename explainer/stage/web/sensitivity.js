/*
 * What would become of the loss if a given number grew: what its gradient promises, and what is so.
 */
import { withEdit } from "./editing.js";
import { tensorsOf } from "./layout.js";
import { cellText } from "./paint.js";
import { probeOf } from "./probe.js";

/** @import { Spot, State } from "./state.js" */

/** How much it grows. */
const GROWTH = 0.1;

/**
 * Return by how much the loss changes if a given number grows; null for numbers that have no
 * gradient.
 * @param {State} state
 * @param {Spot} spot
 * @returns {{promised: number, real: number} | null}
 */
function sensitivity(state, { name, index }) {
  const tensors = tensorsOf(state);
  const { engine } = tensors;
  const probe = probeOf(tensors);
  if (!probe || !engine.makes(`d_${name}`) || !engine.makes("loss") || !tensors.isGiven(name))
    return null;
  const { data, shape } = engine.value(`d_${name}`);
  const slope = data[index.reduce((flat, place, axis) => flat * shape[axis] + place, 0)];
  const value = (tensors.value(name, index) ?? Number.NaN) + GROWTH;
  const edit = { name, index, value };
  if (tensors.faultOf(edit)) return null;
  probe.edit(withEdit(tensors.edits, edit));
  return { promised: slope * GROWTH, real: probe.value("loss").data[0] - tensors.loss() };
}

/**
 * Return the line about it in the panel of an opened number.
 * @param {State} state
 * @param {Spot} spot
 * @returns {Record<string, {text: string}[]>} by what stands before it
 */
export function sensitivityLine(state, spot) {
  const found = sensitivity(state, spot);
  if (!found) return {};
  /** @type {(value: number) => string} */
  const signed = (value) => (value > 0 ? "+" : "") + cellText(value, 3);
  const promised = `the loss would change by ${signed(found.promised)} (gradient × ${GROWTH})`;
  const text = `${promised}; it really changes by ${signed(found.real)}`;
  return { [`if it grew by ${GROWTH}`]: [{ text }] };
}
