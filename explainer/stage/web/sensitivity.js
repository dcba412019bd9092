/*
 * What would become of the loss if a given number grew: what its gradient promises, and what is so.
 */
import { withEdit } from "./editing.js";
import { tensorsOf } from "./layout.js";
import { cellText } from "./paint.js";
import { probed, RATE } from "./probe.js";
import { numberAt } from "./views.js";

/** @import { View } from "./dom.js" */
/** @import { Probe } from "./probe.js" */
/** @import { Spot, State } from "./state.js" */
/** @import { Tensors } from "./tensors.js" */

/** How much it grows. */
const GROWTH = 0.1;
/** What stands before the line about it. */
const GROWN = `if it grew by ${GROWTH}`;

/**
 * Return the gradient of a given number, and the loss with it grown, as probes; null for numbers
 * that have no gradient.
 * @param {Tensors} tensors
 * @param {Spot} spot
 * @returns {{slope: Probe, grown: Probe} | null}
 */
function probesOf(tensors, { name, index }) {
  const { engine } = tensors;
  if (!engine.makes(`d_${name}`) || !engine.makes("loss") || !tensors.isGiven(name)) return null;
  const edit = { name, index, value: (tensors.value(name, index) ?? Number.NaN) + GROWTH };
  if (tensors.faultOf(edit)) return null;
  const edits = tensors.edits.filter((other) => other.name !== RATE);
  return {
    slope: { name: `d_${name}`, index, edits },
    grown: { name: "loss", index: [], edits: withEdit(edits, edit) },
  };
}

/**
 * Tell whether a gradient is here: it is a sum over the batch.
 * @param {Tensors} tensors
 * @param {string} name
 */
function isSlopeHere({ batch }, name) {
  return !batch || batch.engine.isKnown(name);
}

/**
 * Return what has to be asked for, of a run that is too large for a frame.
 * @param {State} state
 * @returns {Probe[]}
 */
export function sensitivityProbes(state) {
  const tensors = tensorsOf(state);
  const probes = state.opened && tensors.batch && probesOf(tensors, state.opened);
  if (!probes) return [];
  return isSlopeHere(tensors, probes.slope.name) ? [probes.grown] : [probes.slope, probes.grown];
}

/**
 * Return by how much the loss changes if a given number grows, as far as that is known; null for
 * numbers that have no gradient.
 * @param {State} state
 * @param {Spot} spot
 */
export function sensitivity(state, spot) {
  const tensors = tensorsOf(state);
  const probes = probesOf(tensors, spot);
  if (!probes) return null;
  const { slope, grown } = probes;
  const gradient = isSlopeHere(tensors, slope.name)
    ? numberAt(tensors.engine.value(slope.name), slope.index)
    : probed(tensors, slope);
  const loss = tensors.loss();
  const after = Number.isNaN(loss) ? undefined : probed(tensors, grown);
  return {
    promised: gradient === undefined ? undefined : gradient * GROWTH,
    real: after === undefined ? undefined : after - loss,
  };
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
  /** @type {(value: number | undefined) => string} */
  const signed = (value) =>
    value === undefined ? "…" : (value > 0 ? "+" : "") + cellText(value, 3);
  const promised = `the loss would change by ${signed(found.promised)} (gradient × ${GROWTH})`;
  const text = `${promised}; it really changes by ${signed(found.real)}`;
  return { [GROWN]: [{ text }] };
}

/**
 * Write the line anew where it stands: nothing else in the panel changes with it.
 * @param {View} view
 * @param {State} state
 */
export function paintSensitivity({ el }, state) {
  const line = el.panel.querySelector(`[data-beside="${GROWN}"]`);
  const pieces = state.opened && sensitivityLine(state, state.opened)[GROWN];
  if (line && pieces) line.textContent = pieces[0].text;
}
