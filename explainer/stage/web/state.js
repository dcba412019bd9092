/*
 * Everything that decides what the stage shows, as one object, and how it changes.
 */
import { equationsOf, equationWith, lanesOf, largeDims, PART } from "./layout.js";
import { presented } from "./walk.js";

/** @import { Checked } from "./agreement.js" */
/** @import { Against } from "./compare.js" */
/** @import { Edit } from "./edits.js" */
/** @import { Tensors } from "./tensors.js" */

/**
 * One number of a quantity.
 * @typedef {{name: string, index: number[]}} Spot
 *
 * A number that is being typed: the places it is for, null for all of an axis, and where the field is.
 * @typedef {Spot & {places: (number | null)[], at: "cell" | "panel"}} Editing
 *
 * @typedef {object} State
 * @property {Tensors | null} tensors null before the first numbers have come
 * @property {string} theme
 * @property {number} t
 * @property {number} sequence
 * @property {Record<string, number>} focus by dim: first place of the part that is shown
 * @property {string} range how far colours reach: "matrix", "time", "run"
 * @property {string} digits "2", "4", "full"
 * @property {string} strip the quantity whose mean colours the strip
 * @property {number} speed
 * @property {number} equation which one is shown; -1 for all at once
 * @property {number} unasked an equation that is shown only since a phone has room for one
 * @property {boolean} convention z′ = 1 − z
 * @property {boolean} quizzing
 * @property {boolean} solved the quiz's answer is shown
 * @property {boolean} everyTerm
 * @property {string[]} unfolded long matrices that stand there whole
 * @property {Spot | null} opened
 * @property {Spot[]} trail every number opened so far, `opened` the last
 * @property {(Spot & {by: "pointer" | "focus" | "term"}) | null} pointed
 * @property {boolean} playing
 * @property {boolean} presenting
 * @property {number} unpresented the equation that is shown when presenting ends
 * @property {number} way in which a walk leaves the chapter: 1 on, -1 back, 0 not at all
 * @property {number} room width for a lane, in pixels
 * @property {number} arrived how often numbers have come that need all sequences of a large run
 * @property {number} probed how often a number of such a run with other edits has come
 * @property {{done: number, total: number} | null} progress of those that are on their way
 * @property {Against | null} against state A, which `tensors` are compared with
 * @property {Checked | null} checked numbers of Python's with these edits
 * @property {"a" | "b" | "difference"} compared which of the two states is shown
 * @property {Edit[]} edits what is changed or held
 * @property {Edit[][]} past the edits before each of them
 * @property {Edit[][]} future those that were taken back
 * @property {Editing | null} editing
 * @property {number} answered stations of the tour, one bit for each
 * @property {number | null} typed the number typed at a station
 * @property {boolean} hinted the station's hint is shown
 * @property {import("./assess.js").Assessment | null} verdict what is said of an answer there
 * @property {import("./influence.js").Influence | null} influence how far back the past matters
 * @property {string} map which quantity the map of all units shows
 * @property {string} order what the units are ordered by there
 * @property {string} message what a link asks for in vain
 */

/** Longest trail. */
const MOST_OPENED = 12;

/** @type {State} */
export const EMPTY = {
  tensors: null,
  theme: "light",
  t: 0,
  sequence: 0,
  focus: {},
  range: "time",
  digits: "2",
  strip: "z",
  speed: 1,
  equation: -1,
  unasked: -1,
  convention: false,
  quizzing: false,
  solved: false,
  everyTerm: false,
  unfolded: [],
  opened: null,
  trail: [],
  pointed: null,
  playing: false,
  presenting: false,
  unpresented: -1,
  way: 0,
  room: 900,
  arrived: 0,
  probed: 0,
  progress: null,
  against: null,
  checked: null,
  compared: "b",
  edits: [],
  past: [],
  future: [],
  editing: null,
  answered: 0,
  typed: null,
  hinted: false,
  verdict: null,
  influence: null,
  map: "h",
  order: "number",
  message: "",
};

/**
 * Return the state after a change. What hangs on the change follows: the place stays inside the
 * run, the opened number goes along with it, and the part of a large matrix with the token.
 * @param {State} state
 * @param {Partial<State>} change
 * @returns {State}
 */
export function update(state, change) {
  const next = { ...state, ...change };
  const { tensors } = next;
  if (tensors === null) return next;
  next.t = clamp(next.t, tensors.sizes.T);
  next.sequence = clamp(next.sequence, tensors.sizes.B);
  if (tensors !== state.tensors) {
    keepEdits(next, tensors);
    keepOpened(next, tensors);
  }
  if (change.opened) Object.assign(next, placeOfSpot(tensors, change.opened, next));
  const moved = next.t !== state.t || next.sequence !== state.sequence;
  if (moved && next.opened && !change.opened) takeAlong(next, tensors, state);
  const lanes = lanesOf(tensors, next.convention);
  if (moved) next.pointed = null;
  if (moved || next.edits !== state.edits) next.editing = null;
  if ("opened" in change && next.pointed?.by === "term") next.pointed = null;
  if (moved || tensors !== state.tensors) followToken(next, tensors, largeDims(tensors, lanes));
  // there must be an equation to find
  if (change.quizzing && next.equation < 0) next.equation = 0;
  Object.assign(next, presented(next, state, change));
  next.equation = Math.max(-1, Math.min(next.equation, equationsOf(lanes).length - 1));
  if (next.equation !== state.equation || next.quizzing !== state.quizzing) next.solved = false;
  return next;
}

/**
 * Return a whole number from 0 to below a size.
 * @param {number} value
 * @param {number} size
 */
function clamp(value, size) {
  return Math.max(0, Math.min(value, size - 1));
}

/**
 * Let go of edits that a run can't have, and say so.
 * @param {State} next
 * @param {Tensors} tensors
 */
function keepEdits(next, tensors) {
  const fitting = next.edits.filter((edit) => !tensors.faultOf(edit));
  if (fitting.length === next.edits.length) return;
  const first = next.edits.find((edit) => tensors.faultOf(edit));
  next.message = `Left out, since it does not fit: ${first && tensors.faultOf(first)}`;
  Object.assign(next, { edits: fitting, past: [], future: [] });
}

/**
 * Let go of opened numbers that new tensors don't have.
 * @param {State} next
 * @param {Tensors} tensors
 */
function keepOpened(next, tensors) {
  next.trail = next.trail.filter(({ name, index }) => tensors.hasNumber(name, index));
  if (next.opened && !tensors.hasNumber(next.opened.name, next.opened.index))
    next.opened = next.trail.at(-1) ?? null;
  if (next.pointed && !tensors.hasNumber(next.pointed.name, next.pointed.index))
    next.pointed = null;
}

/**
 * Compute the numbers as a state's edits make them; return the state that they allow: what is held
 * no more has no number of its own.
 * @param {State} state
 */
export function withNumbers(state) {
  const tensors = /** @type {Tensors} */ (state.tensors);
  tensors.show(state.sequence);
  state.against?.tensors.show(state.sequence);
  const fault = tensors.edit(state.edits);
  const next = fault ? { ...state, edits: tensors.edits, message: fault } : { ...state };
  keepOpened(next, tensors);
  return next;
}

/**
 * Return the place of a number: one of another time step takes the stage there.
 * @param {Tensors} tensors
 * @param {Spot} spot
 * @param {{t: number, sequence: number}} here
 */
function placeOfSpot(tensors, { name, index }, here) {
  const { dims } = tensors.quantities[name];
  const time = dims.indexOf("T");
  const row = dims.indexOf("B");
  return {
    t: time >= 0 ? index[time] : here.t,
    sequence: row >= 0 && dims.length > 2 ? index[row] : here.sequence,
  };
}

/**
 * Move the opened number to another place.
 * @param {State} next
 * @param {Tensors} tensors
 * @param {State} before
 */
function takeAlong(next, tensors, before) {
  const { name, index } = /** @type {Spot} */ (next.opened);
  const { dims } = tensors.quantities[name];
  const moved = index.map((v, i) => {
    if (dims[i] === "T" && next.t !== before.t) return next.t;
    return i === 0 && dims[i] === "B" && next.sequence !== before.sequence ? next.sequence : v;
  });
  next.opened = { name, index: moved };
  next.trail = [...next.trail.slice(0, -1), next.opened];
}

/**
 * Move the shown part of a large table of tokens to the current token.
 * @param {State} next
 * @param {Tensors} tensors
 * @param {Map<string, number>} large
 */
function followToken(next, tensors, large) {
  const dim = large.has("V") ? "V" : "D";
  const size = large.get(dim);
  if (size === undefined || tensors.meta.features || (dim === "D" && tensors.has("E"))) return;
  const id = tensors.tokenIds("ids", next.sequence)[next.t];
  const first = next.focus[dim] ?? 0;
  if (id >= first && id < first + PART) return;
  next.focus = { ...next.focus, [dim]: Math.max(0, Math.min(id - 2, size - PART)) };
}

/**
 * Return the change that opens a number.
 * @param {State} state
 * @param {Spot} spot
 * @param {Spot[]} before the trail it goes on from; empty for a fresh one
 * @returns {Partial<State>} empty where there is no such number
 */
export function opening(state, spot, before) {
  if (!state.tensors?.hasNumber(spot.name, spot.index)) return {};
  return { opened: spot, trail: [...before, spot].slice(-MOST_OPENED) };
}

/**
 * Return what another layer of somebody's own does not take over from the one before.
 * @param {State} state
 * @param {Tensors} tensors
 * @returns {Partial<State>}
 */
export function forgotten(state, { meta }) {
  const same = state.tensors?.meta.layer === meta.layer;
  return same ? {} : { ...CLOSED, edits: [], past: [], future: [], editing: null };
}

/** @type {Partial<State>} the change that closes the opened number */
export const CLOSED = { opened: null, trail: [] };

/**
 * Return the name of the equation that is shown; undefined for all at once.
 * @param {State} state
 * @returns {string | undefined}
 */
export function equationName(state) {
  if (state.tensors === null || state.equation < 0) return undefined;
  return equationsOf(lanesOf(state.tensors, state.convention))[state.equation];
}

/**
 * Whether the user is to find a quantity's numbers alone.
 * @param {State} state
 * @param {string} name
 */
export function isHidden(state, name) {
  return state.quizzing && !state.solved && equationName(state) === name;
}

/**
 * Return the change that shows the equation of a number, where there is room for one at a time.
 * @param {State} state
 * @param {string} name
 * @returns {Partial<State>}
 */
export function onlyEquation(state, name) {
  if (state.tensors === null) return {};
  const equation = equationWith(lanesOf(state.tensors, state.convention), name);
  return { equation, unasked: equation };
}
