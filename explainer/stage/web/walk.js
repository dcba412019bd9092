/*
 * Where a walk through a run leads: through the equations, then through time, then out of the chapter.
 */
import { equationsOf, equationWith, lanesOf, tensorsOf } from "./layout.js";

/** @import { State } from "./state.js" */

/** @type {Partial<State>} what a walk leaves behind: the opened number */
const SHUT = { opened: null, trail: [] };

/**
 * Return where a walk leads from a state; null for out of the chapter.
 * @param {State} state
 * @param {number} way 1 on, -1 back
 * @returns {Partial<State> | null}
 */
export function walked(state, way) {
  const { meta, sizes } = tensorsOf(state);
  const count = equationsOf(lanesOf(tensorsOf(state), state.convention)).length;
  const equation = state.equation + way;
  if (equation >= 0 && equation < count) return { ...SHUT, equation };
  const t = state.t + (meta.backwards ? -way : way);
  if (!meta.timed || t < 0 || t >= sizes.T) return null;
  return { ...SHUT, t, equation: way > 0 ? 0 : count - 1 };
}

/**
 * Return the place at which a walk comes into a chapter.
 * @param {State} state
 * @param {number} way 1 on, -1 back
 * @returns {Partial<State>}
 */
export function entered(state, way) {
  const { meta, sizes } = tensorsOf(state);
  const count = equationsOf(lanesOf(tensorsOf(state), state.convention)).length;
  return {
    t: way > 0 === Boolean(meta.backwards) ? sizes.T - 1 : 0,
    equation: way > 0 ? 0 : count - 1,
    way: 0,
  };
}

/**
 * Return the change of state that presenting brings: an equation that fills the screen, and in the
 * end what was shown before.
 * @param {State} next
 * @param {State} before
 * @param {Partial<State>} change
 * @returns {Partial<State>}
 */
export function presented(next, before, change) {
  if (!next.presenting) return before.presenting && before.unpresented < 0 ? { equation: -1 } : {};
  const begins = before.presenting ? {} : { unpresented: next.equation };
  if (next.equation >= 0 && !change.opened) return begins;
  const lanes = lanesOf(tensorsOf(next), next.convention);
  return { ...begins, equation: equationWith(lanes, next.opened?.name ?? "") };
}
