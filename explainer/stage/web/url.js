/*
 * The address: where a link leads, and what a link says. Names, defaults and options are those of
 * the server's table (view_state.py).
 */

import { parseEdits, writeEdits } from "./editing.js";
import { equationsOf, lanesOf } from "./layout.js";
import { EMPTY, equationName, onlyEquation, opening, update } from "./state.js";
import { entered } from "./walk.js";

/** @import { State } from "./state.js" */
/** @import { Tensors } from "./tensors.js" */

/** The page's own links to its chapters. */
const LINKS = '[class*="st-key-card-"] a, [data-testid="stSidebarNavLink"], nav a';

/** What a user takes along from chapter to chapter. */
/** @typedef {"t" | "sequence" | "range" | "digits" | "strip" | "presenting" | "way" | "compared" | "answered"} Kept */

/**
 * Return where a stage begins: where the address says, or what it is given.
 * @param {Tensors} tensors
 * @param {string | undefined} given
 */
export function firstQuery({ meta: { linked, inside } }, given) {
  const address = new URLSearchParams(location.search);
  if (inside) return new URLSearchParams(address.get(inside) || given);
  return linked && address.size ? address : new URLSearchParams(given);
}

/**
 * Return the state that a link, or the chapter before, asks for.
 * @param {State} state a stage with its first tensors, at the sequence that the server shows
 * @param {URLSearchParams} query
 * @param {Pick<State, Kept> | null} kept where the user was on the chapter before
 * @param {boolean} arrived from another chapter: its equation and its number stay behind
 * @param {boolean} narrow there is room for one equation at a time
 * @returns {State}
 */
export function readQuery(state, query, kept, arrived, narrow) {
  const tensors = /** @type {Tensors} */ (state.tensors);
  const table = tensors.meta.address;
  // the server follows every change of the sequence, also where there is no stage
  const from = { ...(kept ?? EMPTY), sequence: state.sequence };
  /** @type {string[]} */
  const problems = state.message ? [state.message] : [];
  /** @type {(name: "t" | "sequence", size: number) => number} */
  const whole = (name, size) => {
    const given = query.get(name);
    if (given === null) return Math.min(from[name], size - 1);
    if (/^\d+$/.test(given) && Number(given) < size) return Number(given);
    const expected = `an integer from 0 to ${size - 1}`;
    problems.push(`${name} must be ${expected}; got ${given.slice(0, 20)}. Shown: ${name} 0.`);
    return 0;
  };
  /** @type {(name: "range" | "digits" | "strip" | "compared") => any} */
  const one = (name) => {
    const given = query.get(name) ?? "";
    return table[name].options?.includes(given) ? given : from[name];
  };
  let next = update(state, {
    t: whole("t", tensors.sizes.T),
    sequence: whole("sequence", tensors.sizes.B),
    range: one("range"),
    digits: one("digits"),
    strip: one("strip"),
    convention: query.get("convention") === "true",
    quizzing: query.get("check") === "true",
    presenting: query.get("present") === "true" || (arrived && kept?.presenting),
    compared: state.against ? one("compared") : "b",
    answered: Number(query.get("answered")) | from.answered,
  });
  const wanted = arrived ? "" : (query.get("equation") ?? "");
  const asked = arrived ? null : query.get("cell");
  const [name, places = ""] = (asked ?? "").split(":");
  const equation = equationsOf(lanesOf(tensors, next.convention)).indexOf(wanted);
  // on a phone it is that of the number which is asked for
  next = update(next, narrow && equation < 0 ? onlyEquation(next, name) : { equation });
  // a file has nothing kept from the chapter before, but for its link
  const way = arrived ? (kept?.way ?? 0) : Math.sign(Number(query.get("way"))) || 0;
  if (next.presenting && way) next = update(next, entered(next, way));
  if (asked !== null) {
    const change = opening(next, { name, index: places ? places.split(",").map(Number) : [] }, []);
    if (!change.opened)
      problems.push(`The link asks for the number ${asked.slice(0, 40)}, which is not here.`);
    next = update(next, change);
  }
  const written = parseEdits(query.get("edit") ?? "");
  const faults = written.edits.map((edit) => tensors.faultOf(edit)).filter(Boolean);
  problems.push(...written.problems, ...faults);
  // as the server has it: all of them, or none
  const edits = faults.length ? [] : written.edits;
  return { ...next, edits, message: problems.join(" ") };
}

/**
 * Return what the address says of a state; null for what is not said.
 * @param {State} state
 * @returns {Record<string, string | null>}
 */
export function writeQuery(state) {
  const table = /** @type {Tensors} */ (state.tensors).meta.address;
  const { station } = /** @type {Tensors} */ (state.tensors).meta;
  const { opened } = state;
  const edit = writeEdits(state.edits);
  const values = {
    // the tour's edits are its own
    ...(station
      ? { station: station.number, answered: state.answered, trial: trialOf(edit, station.edit) }
      : { edit }),
    against: state.against?.query ?? "",
    compared: state.compared,
    t: state.t,
    sequence: state.sequence,
    range: state.range,
    digits: state.digits,
    strip: state.strip,
    convention: state.convention,
    check: state.quizzing,
    present: state.presenting,
    equation: state.equation === state.unasked ? "" : (equationName(state) ?? ""),
    cell: opened ? `${opened.name}:${opened.index.join(",")}` : "",
  };
  const said = Object.entries(values).map(([name, value]) => [
    name,
    value === table[name].default ? null : String(value),
  ]);
  // how somebody came in is said once
  return Object.fromEntries([...said, ["way", null]]);
}

/**
 * Return the edits of a station as the address has them; empty where they are those it begins with.
 * @param {string} edit
 * @param {string} first
 */
function trialOf(edit, first) {
  return edit === writeEdits(parseEdits(first).edits) ? "" : edit;
}

/**
 * Let the address say what a state is.
 * @param {State} state
 */
export function writeAddress(state) {
  // a file of its own, or one that stands in another page, has no address to write
  if (self.origin === "null" || !location.protocol.startsWith("http")) return;
  if (!isHere(/** @type {Tensors} */ (state.tensors))) return;
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(nested(state, writeQuery(state))))
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

/**
 * Return what is written, of a stage in a page of its own as one part of the address.
 * @param {State} state
 * @param {Record<string, string | null>} query
 */
function nested({ tensors }, query) {
  const inside = tensors?.meta.inside;
  if (!inside) return query;
  const said = Object.entries(query).filter(
    ([name, value]) => value !== null && name !== "against",
  );
  const text = new URLSearchParams(/** @type {[string, string][]} */ (said)).toString();
  return { [inside]: text || null };
}

/**
 * Tell when somebody else writes the address of this page, as the server does with settings: it
 * knows of them alone. Where a browser can't tell, the next change writes the rest again.
 * @param {() => void} changed
 * @returns {() => void} what ends the watching
 */
export function watchAddress(changed) {
  /** @type {EventTarget | undefined} */
  const navigation = /** @type {any} */ (globalThis).navigation;
  navigation?.addEventListener("currententrychange", changed);
  return () => navigation?.removeEventListener("currententrychange", changed);
}

/**
 * Tell whether the address is that of the page which is shown: on the way to another one it is not.
 * @param {Tensors} tensors
 */
function isHere({ meta }) {
  const page = location.pathname.split("/").at(-1)?.replace(".html", "") ?? "";
  // the first page has no name, or that of the folder in which the app is
  if (meta.inside) return page === meta.page;
  return meta.picture ? !meta.picture.some(({ slug }) => slug === page) : page === meta.slug;
}

/**
 * Open a chapter by the page's own link to it, which takes all settings along.
 * @param {string} slug
 */
export function openChapter(slug) {
  const page = new RegExp(`/${slug}(\\.html)?$`); // of a server, of a file
  /** @type {NodeListOf<HTMLAnchorElement>} */
  const links = document.querySelectorAll(LINKS);
  /** @type {(pattern: RegExp) => HTMLAnchorElement | undefined} */
  const to = (pattern) => [...links].find(({ href }) => pattern.test(new URL(href).pathname));
  // a site of files has no page without a stage: the tour is about those, too
  (to(page) ?? to(/\/tour\.html$/))?.click();
}
