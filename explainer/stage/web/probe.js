/*
 * Numbers of a run with other edits than the reader's, tried without touching those that are shown:
 * from a second engine, or, of a run that is too large for a frame, from its worker.
 */

import { runEngine } from "./run_engine.js";
import { numberAt } from "./views.js";
import { probeKey } from "./whole_batch.js";

/** @import { Edit } from "./edits.js" */
/** @import { Engine } from "./engine.js" */
/** @import { Spot } from "./state.js" */
/** @import { Tensors } from "./tensors.js" */

/**
 * One number of the run with these edits.
 * @typedef {Spot & {edits: Edit[]}} Probe
 */

/** The given number that nothing but the update and what comes after it depends on. */
export const RATE = "learning_rate";

/** @type {WeakMap<Tensors, Engine>} */
const ENGINES = new WeakMap();

/**
 * Return the number of a probe; undefined where a worker has not computed it yet.
 * @param {Tensors} tensors
 * @param {Probe} probe
 * @returns {number | undefined}
 */
export function probed(tensors, probe) {
  if (tensors.batch) return tensors.batch.probed.get(probeKey(probe));
  const engine = ENGINES.get(tensors) ?? runEngine(tensors.meta, tensors.sent);
  ENGINES.set(tensors, engine);
  engine.edit(probe.edits);
  return numberAt(engine.value(probe.name), probe.index);
}
