/*
 * A second engine of a run, to try numbers in without touching those that are shown.
 */

/** @import { Engine } from "./engine.js" */
/** @import { Tensors } from "./tensors.js" */

/** @type {WeakMap<Tensors, Engine>} */
const PROBES = new WeakMap();

/**
 * Return an engine that is given what the run is given; whoever asks makes the edits.
 * @param {Tensors} tensors
 * @returns {Engine | null} null where the browser computes nothing
 */
export function probeOf(tensors) {
  const { network } = tensors.meta;
  if (!network) return null;
  const probe = PROBES.get(tensors) ?? tensors.makeEngine(network);
  PROBES.set(tensors, probe);
  return probe;
}
