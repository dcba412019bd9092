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
export function inBoth({ tensors, against }, name) {
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
 * Return the largest difference of a quantity, without its sign; of one time step, where one is
 * asked for.
 * @param {State} state
 * @param {string} name
 * @param {number} [t]
 */
export function largestDifference(state, name, t) {
  const a = state.against?.tensors.numbers(name)?.data;
  const b = state.tensors?.numbers(name)?.data;
  if (!a || !b || !inBoth(state, name)) return 0;
  const q = /** @type {Tensors} */ (state.tensors).quantities[name];
  const axis = q.dims.indexOf("T");
  const stride = q.shape.slice(axis + 1).reduce((x, y) => x * y, 1);
  let found = 0;
  for (let i = 0; i < b.length; i++) {
    if (t !== undefined && Math.floor(i / stride) % q.shape[axis] !== t) continue;
    found = Math.max(found, Math.abs(b[i] - a[i]));
  }
  return found;
}

/**
 * Return the largest difference at each time step, of all that the page shows over time.
 * @param {State} state
 * @returns {number[]}
 */
export function differencesOverTime(state) {
  const tensors = /** @type {Tensors} */ (state.tensors);
  const names = shownNames(tensors).filter((name) => overTime(tensors, name));
  return Array.from({ length: tensors.sizes.T }, (_, t) =>
    Math.max(0, ...names.map((name) => largestDifference(state, name, t))),
  );
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
 * @returns {Spot | null}
 */
export function parting(state) {
  const { tensors, against } = state;
  if (!tensors || !against) return null;
  const order = [...(tensors.engine?.solver.plan.equations.keys() ?? [])];
  const computed = order.filter((name) => inBoth(state, name) && overTime(tensors, name));
  const forward = computed.filter((name) => !name.startsWith("d_") && !name.startsWith(SECOND));
  for (let t = 0; t < tensors.sizes.T; t++)
    for (const name of forward) {
      const index = firstDifference(state, name, t);
      if (index) return { name, index };
    }
  return null;
}

/**
 * @param {State} state
 * @param {string} name
 * @param {number} t
 * @returns {number[] | null}
 */
function firstDifference(state, name, t) {
  const a = state.against?.tensors.numbers(name)?.data;
  const b = state.tensors?.numbers(name)?.data;
  if (!a || !b) return null;
  const { shape, dims } = /** @type {Tensors} */ (state.tensors).quantities[name];
  for (let i = 0; i < b.length; i++) {
    if (Math.abs(b[i] - a[i]) <= ALIKE * Math.max(Math.abs(a[i]), Math.abs(b[i]))) continue;
    let rest = i;
    const index = shape.map(() => 0);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    if (index[dims.indexOf("T")] === t) return index;
  }
  return null;
}
