/*
 * A second engine of a run, to try numbers in without touching those that are shown.
 */

import { runEngine } from "./run_engine.js";

/** @import { Engine } from "./engine.js" */
/** @import { Tensors } from "./tensors.js" */

/** @type {WeakMap<Tensors, Engine>} */
const PROBES = new WeakMap();

/**
 * Return an engine that is given what the run is given; whoever asks makes the edits.
 * @param {Tensors} tensors
 * @returns {Engine | null} null where it would be too slow
 */
export function probeOf(tensors) {
  if (tensors.batch) return null;
  const probe = PROBES.get(tensors) ?? runEngine(tensors.meta, tensors.sent);
  PROBES.set(tensors, probe);
  return probe;
}
