/*
 * The reader's edits as part of the state: made, taken back, done again, and written in a link.
 */

/** @import { Edit } from "./edits.js" */
/** @import { State } from "./state.js" */
/** @import { Limits } from "./plan.js" */

/** Longest way back. */
const MOST_BACK = 200;
const ENTRY = /^([A-Za-z]\w*)((?:\.(?:\*|\d{1,9}))*):([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;

/**
 * Return the change that makes edits the reader's.
 * @param {State} from the state before them; while a number is dragged, that before the drag
 * @param {Edit[]} edits
 * @returns {Partial<State>}
 */
export function edited(from, edits) {
  const past = [...from.past, from.edits].slice(-MOST_BACK);
  return { edits, past, future: [], message: "" };
}

/**
 * Return the change that takes the last one back.
 * @param {State} state
 * @returns {Partial<State>}
 */
export function undone({ edits, past, future }) {
  const before = past.at(-1);
  if (!before) return {};
  return { edits: before, past: past.slice(0, -1), future: [edits, ...future] };
}

/**
 * Return the change that makes again what was taken back.
 * @param {State} state
 * @returns {Partial<State>}
 */
export function redone({ edits, past, future }) {
  const [next, ...rest] = future;
  if (!next) return {};
  return { edits: next, past: [...past, edits], future: rest };
}

/**
 * Return edits with one more, which takes the place of another about the same numbers.
 * @param {Edit[]} edits
 * @param {Edit} edit
 * @returns {Edit[]}
 */
export function withEdit(edits, edit) {
  return [...withoutEdit(edits, edit), edit];
}

/**
 * Return edits without the one about the same numbers.
 * @param {Edit[]} edits
 * @param {Pick<Edit, "name" | "index">} edit
 */
export function withoutEdit(edits, edit) {
  return edits.filter((other) => editText(other) !== editText(edit));
}

/**
 * Return the edit that decides a number; undefined where it is as it was.
 * @param {Edit[]} edits
 * @param {string} name
 * @param {number[]} index
 */
export function editOf(edits, name, index) {
  return edits.findLast(
    (edit) =>
      edit.name === name &&
      edit.index.every((place, axis) => place === null || place === index[axis]),
  );
}

/**
 * Write which numbers an edit is about, such as "z[*,*,2]".
 * @param {Pick<Edit, "name" | "index">} edit
 */
export function editText({ name, index }) {
  return index.length ? `${name}[${index.map((place) => place ?? "*").join(",")}]` : name;
}

/**
 * Write edits as a link has them, such as "W_hz.0.1:0.5;z.*.*.2:1".
 * @param {Edit[]} edits
 */
export function writeEdits(edits) {
  return edits
    .map(({ name, index, value }) => {
      const places = index.map((place) => `.${place ?? "*"}`).join("");
      return `${name}${places}:${value}`;
    })
    .join(";");
}

/**
 * Return the edits of a link, and what in it can't be read.
 * @param {string} written
 * @returns {{edits: Edit[], problems: string[]}}
 */
export function parseEdits(written) {
  /** @type {Edit[]} */
  let edits = [];
  /** @type {string[]} */
  const problems = [];
  for (const entry of written.split(";").filter(Boolean)) {
    const match = ENTRY.exec(entry);
    if (match) {
      const places = match[2].split(".").slice(1);
      const index = places.map((place) => (place === "*" ? null : Number(place)));
      edits = withEdit(edits, { name: match[1], index, value: Number(match[3]) });
    } else {
      const expected = "entries such as W_hz.0.1:0.5 or z.*.*.2:1, separated by semicolons";
      problems.push(`edit must be ${expected}; got ${entry.slice(0, 40)}.`);
    }
  }
  return { edits, problems };
}

/**
 * Return which numbers can be changed or held together with one: it alone first.
 * @param {string[]} dims
 * @param {number[]} index
 * @returns {[string, (number | null)[]][]} words, and places; null for all of an axis
 */
export function scopes(dims, index) {
  /** @type {[string, (number | null)[]][]} */
  const found = [["", index]];
  /** @type {(words: string, kept: (dim: string, axis: number) => boolean) => void} */
  const offer = (words, kept) => {
    const places = index.map((place, axis) => (kept(dims[axis], axis) ? place : null));
    if (places.some((place) => place === null)) found.push([words, places]);
  };
  if (dims.includes("T")) {
    const last = dims.length - 1;
    if (dims.length > 2) {
      const word = dims[last] === "H" ? "unit" : dims[last] === "V" ? "output" : "feature";
      offer(`the whole ${word}`, (_, axis) => axis === last);
      offer("the whole time step", (dim) => dim === "T" || dim === "B");
    }
    offer("all of it", () => false);
  } else if (dims.length === 2) {
    offer("the whole row", (_, axis) => axis === 0);
    offer("the whole column", (_, axis) => axis === 1);
    offer("all of it", () => false);
  } else if (dims.length === 1) offer("all of it", () => false);
  return found;
}

/**
 * Return an index as edits have it: none at all for every number.
 * @param {(number | null)[]} index
 */
export function shortest(index) {
  return index.every((place) => place === null) ? [] : index;
}

/**
 * Return a number moved by a step, within its limits.
 * @param {number} value
 * @param {number} step
 * @param {Limits} [limits]
 */
export function stepped(value, step, limits) {
  // without what is left over when tenths are added up
  const moved = Number((value + step).toFixed(10));
  const { low = -Infinity, high = Infinity, whole = false } = limits ?? {};
  return Math.max(low, Math.min(high, whole ? Math.round(moved) : moved));
}
