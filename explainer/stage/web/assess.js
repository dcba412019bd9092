/*
 * Answers of the guided tour, assessed by the engine, as assess.py does it: the values of a station
 * in the run that is shown, and what must hold of them.
 */
import { parseEdits, writeEdits } from "./editing.js";
import { cellText } from "./paint.js";
import { SECOND } from "./plan.js";
import { Tensors } from "./tensors.js";

/** @import { Station, ValueTree } from "./sent.js" */
/** @import { Spot } from "./state.js" */

/**
 * What a reader answers: a number pointed at, everything that is changed and held, a number typed.
 * @typedef {{place?: Spot, edit?: string, number?: number}} Attempt
 *
 * What the engine says of it; `failed` is the first condition that does not hold, or -1.
 * @typedef {{right: boolean, failed: number, text: string, values: Record<string, number>}} Assessment
 */

/** By how much a number may miss a bound. */
const SLACK = 1e-9;
/** Digits of the values in a text. */
const SHOWN_DIGITS = 3;

/** @type {WeakMap<Tensors, Tensors>} a station's run as it began, by the one with the answer's edits */
const BEGINNINGS = new WeakMap();

/** @type {Record<string, (a: any, b: any) => number | number[]>} */
const OPERATIONS = {
  max: (list) => Math.max(...list),
  min: (list) => Math.min(...list),
  sum: (list) => total(list),
  mean: (list) => total(list) / list.length,
  product: (list) => list.reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b, 1),
  norm: (list) => Math.hypot(...list),
  largest: (list) => Math.max(...list.map(Math.abs)),
  abs: Math.abs,
  tanh: Math.tanh,
  sub: (a, b) => a - b,
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};

/** @type {Record<string, (left: number, right: number, slack: number) => boolean>} */
const RELATIONS = {
  "<=": (left, right, slack) => left <= right + slack,
  ">=": (left, right, slack) => left >= right - slack,
  "<": (left, right, slack) => left < right - slack,
  ">": (left, right, slack) => left > right + slack,
};

/** @param {number[]} list */
function total(list) {
  return list.reduce((a, b) => a + b, 0);
}

/**
 * Assess an answer.
 * @param {Station} station
 * @param {Tensors} now the run, with the answer's edits in it
 * @param {Attempt} attempt
 * @returns {Assessment}
 */
export function assess(station, now, attempt) {
  /** @type {Record<string, number>} */
  const values = {};
  if (attempt.number !== undefined) values.answer = attempt.number;
  const { place } = attempt;
  if (place)
    for (const [axis, dim] of now.quantities[place.name].dims.entries())
      values[dim] = place.index[axis];
  const elsewhere = misses(station, attempt);
  if (elsewhere) return { right: false, failed: -1, text: elsewhere, values };
  const runs = { now, before: beginning(station, now) };
  for (const [name, tree] of station.values)
    values[name] = /** @type {number} */ (computeValue(tree, runs, values));
  for (const [failed, { left, relation, right, hint }] of station.goal.entries()) {
    const bound = values[right] ?? Number(right);
    const slack = SLACK * Math.max(1, Math.abs(bound));
    if (!RELATIONS[relation](values[left], bound, slack))
      return { right: false, failed, text: filled(hint, values), values };
  }
  return { right: true, failed: -1, text: filled(station.right, values), values };
}

/**
 * Return what is said of an answer about other quantities; empty where it is to the point.
 * @param {Station} station
 * @param {Attempt} attempt
 */
function misses({ kind, among, edit }, attempt) {
  const wanted = among.join(", ");
  if (kind === "point" && !among.includes(attempt.place?.name ?? ""))
    return `Point at a number of ${wanted}.`;
  if (kind !== "change") return "";
  const given = entriesOf(edit);
  const made = entriesOf(attempt.edit ?? "");
  for (const entry of made)
    if (!given.has(entry) && !among.includes(nameOf(entry)))
      return `Change ${wanted} alone; take back what you did to ${nameOf(entry)}.`;
  for (const entry of given)
    if (attempt.edit && !made.has(entry) && !among.includes(nameOf(entry)))
      return "What this station began with is gone; press “reset all”.";
  return "";
}

/** @param {string} edit */
function entriesOf(edit) {
  return new Set(writeEdits(parseEdits(edit).edits).split(";").filter(Boolean));
}

/** @param {string} entry */
function nameOf(entry) {
  return entry.split(":")[0].split(".")[0];
}

/**
 * Return the run that a station begins with.
 * @param {Station} station
 * @param {Tensors} now
 */
function beginning({ edit }, now) {
  let found = BEGINNINGS.get(now);
  if (!found) {
    found = new Tensors(now.data);
    found.edit(parseEdits(edit).edits);
    BEGINNINGS.set(now, found);
  }
  return found;
}

/**
 * Return a value, or several where an index has ":".
 * @param {ValueTree} tree
 * @param {Record<string, Tensors>} runs
 * @param {Record<string, number>} values
 * @returns {number | number[]}
 */
function computeValue(tree, runs, values) {
  if (typeof tree === "number") return tree;
  if (typeof tree === "string") return values[tree];
  const [kind, ...parts] = tree;
  if (kind !== "at") {
    const [a, b] = parts.map((part) => computeValue(part, runs, values));
    return OPERATIONS[kind](a, b);
  }
  const [which, name, index] = /** @type {[string, string, (number | string)[]]} */ (parts);
  const { engine } = which === "before" ? runs.before : runs.now;
  const { data, shape } = engine.value(which === "second" ? SECOND + name : name);
  /** @type {number[]} flat places of what the index means */
  let places = [0];
  for (const [axis, size] of shape.entries()) {
    const at = index[axis];
    const along = at === ":" ? [...Array(size).keys()] : [Number(values[at] ?? at)];
    places = places.flatMap((place) => along.map((i) => place * size + i));
  }
  return index.includes(":") ? places.map((place) => data[place]) : data[places[0]];
}

/**
 * Return a text with values in it.
 * @param {string} text
 * @param {Record<string, number>} values
 */
function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return Number.isInteger(value) ? String(value) : cellText(value, SHOWN_DIGITS);
  });
}

/**
 * Return a number as readers type it, such as 0,5 or −1/8 or 50 %; NaN for anything else.
 * @param {string} typed
 */
export function numberTyped(typed) {
  const plain = typed.trim().replace("−", "-").replace(",", ".");
  const percent = /^(\S+)\s*%$/.exec(plain);
  const [above, below = "1", ...more] = (percent ? percent[1] : plain).split("/");
  if (more.length || !above.trim() || !below.trim()) return Number.NaN;
  return Number(above) / Number(below) / (percent ? 100 : 1);
}
