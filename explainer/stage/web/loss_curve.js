/*
 * The loss after one update with each of some learning rates, computed point after point.
 */
import { writeEdits } from "./editing.js";
import { tensorsOf } from "./layout.js";
import { SECOND } from "./plan.js";
import { probed, RATE } from "./probe.js";

/** @import { Stage, View } from "./dom.js" */
/** @import { Edit } from "./edits.js" */
/** @import { Probe } from "./probe.js" */
/** @import { State } from "./state.js" */
/** @import { Tensors } from "./tensors.js" */

/**
 * The loss after an update with each of some rates; shared by all states with the same network.
 * @typedef {{key: string, end: number, count: number, tensors: Tensors, others: Edit[],
 *   losses: number[]}} Curve
 */

/** Smallest rate that can be chosen. */
export const LEAST_RATE = 1e-4;
/** Points of the curve. */
const POINTS = 33;
/** Points of a run that is too large for a frame: each takes all sequences, one after the other. */
const FEW_POINTS = 9;

/** @type {WeakMap<View, Curve>} */
const CURVES = new WeakMap();

/**
 * Return the curve that a view shows.
 * @param {View} view
 */
export function curveOf(view) {
  return CURVES.get(view);
}

/**
 * Return the curve of a state's network, as far as it is computed. Its end stays while the rate
 * is dragged inside it.
 * @param {State} state
 * @param {View} view
 * @param {number} rate
 * @returns {Curve}
 */
export function curveFor(state, view, rate) {
  const tensors = tensorsOf(state);
  const others = tensors.edits.filter(({ name }) => name !== RATE);
  const key = writeEdits(others);
  const known = CURVES.get(view);
  const near = known?.tensors === tensors && rate <= known.end && rate >= known.end / 12;
  if (near && known.key === key) return known;
  const most = tensors.limits(RATE)?.high ?? Infinity;
  const end = near ? known.end : Math.min(2 * Math.max(rate, LEAST_RATE), most);
  const count = tensors.batch ? FEW_POINTS : POINTS;
  /** @type {Curve} */
  const curve = { key, end, count, tensors, others, losses: [] };
  CURVES.set(view, curve);
  return curve;
}

/**
 * Return the rate at a point of a curve.
 * @param {Curve} curve
 * @param {number} i
 */
export function rateAt({ count, end }, i) {
  return (i / (count - 1)) * end;
}

/**
 * Return the loss at a point of a curve as a probe.
 * @param {Curve} curve
 * @param {number} i
 * @returns {Probe}
 */
function probeAt(curve, i) {
  const edits = [...curve.others, { name: RATE, index: [], value: rateAt(curve, i) }];
  return { name: `${SECOND}loss`, index: [], edits };
}

/**
 * Add the next point to a curve; return whether there was one to add.
 * @param {Curve} curve
 */
export function addPoint(curve) {
  const { tensors, count, losses } = curve;
  const loss = losses.length < count ? probed(tensors, probeAt(curve, losses.length)) : undefined;
  if (loss !== undefined) losses.push(loss);
  return loss !== undefined;
}

/**
 * Return what has to be asked for, of a run that is too large for a frame.
 * @param {Stage} stage
 * @returns {Probe[]}
 */
export function descentProbes({ state, view }) {
  const curve = curveOf(view);
  if (!curve?.tensors.batch || curve.tensors !== tensorsOf(state)) return [];
  return Array.from({ length: curve.count }, (_, i) => probeAt(curve, i));
}
