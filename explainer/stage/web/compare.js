/*
 * Two states side by side: A, which was kept, and B, which is the page's; and what B − A is.
 */

import { parseEdits } from "./editing.js";
import { SECOND } from "./plan.js";
import { Tensors } from "./tensors.js";

/** @import { Spot, State } from "./state.js" */

/**
 * State A: as a link has it, and its numbers.
 * @typedef {{query: string, tensors: Tensors}} Against
 */

/** Numbers that differ by less, as a part of the larger one, are the same. */
const ALIKE = 1e-9;

/**
 * Return state A as the server sent it, or why there is none.
 * @param {string} text
 * @returns {{against: Against | null, message: string}}
 */
export function readAgainst(text) {
  if (!text) return { against: null, message: "" };
  const { query, edit, sent, problem } = JSON.parse(text);
  if (problem) return { against: null, message: problem };
  const tensors = new Tensors(sent);
  const message = tensors.edit(parseEdits(edit).edits);
  return { against: { query, tensors }, message };
}

/**
 * Return what a stage without a server is given, with its numbers as state A.
 * @param {import("./sent.js").Data} data
 * @param {string | null} edit what is changed and held in A, as in a link; null for no state A
 */
export function withKept(data, edit) {
  const { meta, numbers, query = "" } = data;
  const sent = { meta, numbers };
  return { ...data, against: edit === null ? "" : JSON.stringify({ query, edit, sent }) };
}

/**
 * Return state A where differences are shown, and can be; null elsewhere.
 * @param {State} state
 */
export function subtracted({ against, compared }) {
  return compared === "difference" ? (against?.tensors ?? null) : null;
}

/**
 * Tell whether both states have a quantity, in one shape.
 * @param {State} state
 * @param {string} name
 */
function inBoth({ tensors, against }, name) {
  if (!tensors || !against?.tensors.has(name) || !tensors.has(name)) return false;
  const [a, b] = [against.tensors, tensors].map((t) => t.quantities[name].shape.join());
  return a === b;
}

/**
 * Return B − A of one number; undefined where A has no such number.
 * @param {State} state
 * @param {string} name
 * @param {number[]} index
 */
export function differenceAt(state, name, index) {
  if (!inBoth(state, name)) return undefined;
  const a = state.against?.tensors.value(name, index);
  const b = state.tensors?.value(name, index);
  return a === undefined || b === undefined ? undefined : b - a;
}

/**
 * Call with both numbers at every place that a quantity has in both states.
 * @param {State} state
 * @param {string} name
 * @param {(a: number, b: number, t: number, at: number) => void} see t counts only where there is
 *   time
 */
function eachPair(state, name, see) {
  const a = state.against?.tensors.numbers(name)?.data;
  const b = state.tensors?.numbers(name)?.data;
  // all sequences may be here of one state, and one of the other
  if (!a || !b || a.length !== b.length || !inBoth(state, name)) return;
  const { dims, shape } = /** @type {Tensors} */ (state.tensors).quantities[name];
  const axis = dims.indexOf("T");
  const stride = shape.slice(axis + 1).reduce((x, y) => x * y, 1);
  for (let at = 0; at < b.length; at++)
    see(a[at], b[at], Math.floor(at / stride) % shape[axis], at);
}

/**
 * Return the largest difference of a quantity, without its sign.
 * @param {State} state
 * @param {string} name
 */
export function largestDifference(state, name) {
  let found = 0;
  eachPair(state, name, (a, b) => {
    found = Math.max(found, Math.abs(b - a));
  });
  return found;
}

/**
 * Return the largest difference at each time step, of all that the page shows over time.
 * @param {State} state
 * @returns {number[]}
 */
export function differencesOverTime(state) {
  const tensors = /** @type {Tensors} */ (state.tensors);
  const found = Array(tensors.sizes.T).fill(0);
  for (const name of shownNames(tensors).filter((shown) => overTime(tensors, shown)))
    eachPair(state, name, (a, b, t) => {
      found[t] = Math.max(found[t], Math.abs(b - a));
    });
  return found;
}

/**
 * Return the names of what stands on the page, or in its picture.
 * @param {Tensors} tensors
 */
function shownNames({ meta }) {
  const rows = meta.scene.flatMap((lane) => lane.bands.flatMap((band) => band.rows));
  const names = [...rows.map((row) => row.name), ...(meta.picture ?? []).flatMap((r) => r.names)];
  return [...new Set(names)];
}

/**
 * @param {Tensors} tensors
 * @param {string} name
 */
function overTime(tensors, name) {
  return tensors.has(name) && tensors.quantities[name].dims.includes("T");
}

/**
 * Return where the two states part: the first number, by time step and then in computing order,
 * that differs; null where none does.
 * @param {State} state
 * @returns {(Spot & {t: number}) | null}
 */
export function parting({ tensors, against, ...rest }) {
  if (!tensors || !against) return null;
  const state = { tensors, against, ...rest };
  const order = [...tensors.engine.solver.plan.equations.keys()];
  const forward = order.filter((name) => !name.startsWith("d_") && !name.startsWith(SECOND));
  let [first, found, place] = [tensors.sizes.T, "", 0];
  for (const name of forward.filter((computed) => overTime(tensors, computed)))
    eachPair(state, name, (a, b, t, at) => {
      if (t >= first || Math.abs(b - a) <= ALIKE * Math.max(Math.abs(a), Math.abs(b))) return;
      [first, found, place] = [t, name, at];
    });
  if (!found) return null;
  const part = tensors.numbers(found)?.part ?? [];
  const inside = indexOf(
    place,
    part.map(([start, end]) => end - start),
  );
  return { name: found, index: inside.map((i, axis) => part[axis][0] + i), t: first };
}

/**
 * Return the index of a place in row-major order.
 * @param {number} place
 * @param {number[]} shape
 */
function indexOf(place, shape) {
  let rest = place;
  return shape
    .toReversed()
    .map((size) => {
      const index = rest % size;
      rest = Math.floor(rest / size);
      return index;
    })
    .reverse();
}
