/*
 * The guided tour: a station's question above the picture, its hint and what is said of an answer,
 * and the way from station to station.
 */
import { assess, numberTyped } from "./assess.js";
import { buttonElement, find, make } from "./dom.js";
import { parseEdits, writeEdits } from "./editing.js";
import { tensorsOf } from "./layout.js";

/** @import { Stage } from "./dom.js" */
/** @import { Station } from "./sent.js" */
/** @import { State } from "./state.js" */
/** @import { Tensors } from "./tensors.js" */

/** How long an answer must be at rest before a screen reader says what is said of it. */
const TELL = 600;
/** How a question is answered, in a few words. */
const HOW = {
  point: "Click a number, or go there with Tab and the arrow keys and press Enter.",
  change: "Drag it, double-click it, or press F2 on it and type. Then the picture follows.",
  type: "Type a number: 0.25, 0,25, 1/4 and 25 % are the same.",
};

/**
 * Return the edits that a station, or any other page, begins with.
 * @param {Tensors} tensors
 */
export function firstEdits({ meta }) {
  return parseEdits(meta.station?.edit ?? "").edits;
}

/**
 * Tell whether numbers are the first ones, or those of another station than the one that is shown.
 * @param {State} state
 * @param {Tensors} tensors
 */
export function isAnother({ tensors: shown }, tensors) {
  return shown === null || shown.meta.station?.number !== tensors.meta.station?.number;
}

/**
 * Let a link to a station say where that begins, unless it says more itself.
 * @param {Tensors} tensors
 * @param {URLSearchParams} query
 */
export function stationQuery({ meta }, query) {
  const { station } = meta;
  if (!station) return;
  const moved = Number(query.get("station") ?? 1) !== station.number;
  for (const name of moved ? ["t", "sequence", "cell", "equation", "trial"] : [])
    query.delete(name);
  query.set("edit", query.get("trial") ?? station.edit);
  if (!query.has("t")) query.set("t", String(station.t));
}

/**
 * Return a state with what the engine says of the answer that the last change gave.
 * @param {State} state its numbers are computed
 * @param {State | null} before
 * @returns {State}
 */
export function assessed(state, before) {
  const { station } = tensorsOf(state).meta;
  if (!station || (state === before && before)) return state;
  const attempt = attemptOf(station, state, before);
  if (attempt === undefined) return state;
  const verdict = attempt && assess(station, tensorsOf(state), attempt);
  const answered = state.answered | (verdict?.right ? 2 ** (station.number - 1) : 0);
  return { ...state, verdict, answered };
}

/**
 * Return what a change answers; null for no answer any more, undefined where nothing was said.
 * @param {Station} station
 * @param {State} state
 * @param {State | null} before
 * @returns {import("./assess.js").Attempt | null | undefined}
 */
function attemptOf({ kind, among, edit }, state, before) {
  if (kind === "change") {
    if (before && state.edits === before.edits) return undefined;
    const made = writeEdits(state.edits);
    return made === writeEdits(parseEdits(edit).edits) ? null : { edit: made || "none" };
  }
  if (kind === "type")
    return state.typed === before?.typed || state.typed === null
      ? undefined
      : { number: state.typed };
  const { opened } = state;
  // what is opened goes along through time, which is no answer
  if (!opened || opened === before?.opened || (before && state.t !== before.t)) return undefined;
  return among.includes(opened.name) ? { place: opened } : undefined;
}

/**
 * Go to another station, if there is one.
 * @param {Stage} stage
 * @param {number} number
 */
export function toStation(stage, number) {
  const { station } = tensorsOf(stage.state).meta;
  if (!station || number < 1 || number > station.titles.length) return;
  stage.send("station", number);
}

/**
 * Draw the question and what is said of the answer.
 * @param {Stage} stage
 */
export function drawTour(stage) {
  const { state, view } = stage;
  const box = view.el.tour;
  const { station } = tensorsOf(state).meta;
  box.hidden = !station;
  if (!station) return;
  if (box.dataset.station !== String(station.number)) buildStation(stage, box, station);
  const { verdict, answered, hinted } = state;
  for (const button of box.querySelectorAll(".stations button")) {
    const { number } = /** @type {HTMLElement} */ (button).dataset;
    const done = (answered & (2 ** (Number(number) - 1))) !== 0;
    button.classList.toggle("done", done);
    const title = station.titles[Number(number) - 1];
    button.setAttribute("aria-label", `station ${number}: ${title}${done ? ", answered" : ""}`);
  }
  const done = (answered & (2 ** (station.number - 1))) !== 0;
  find(box, ".next").classList.toggle("main", done);
  const hint = find(box, ".hint");
  hint.hidden = !hinted;
  const feedback = find(box, ".feedback");
  const again = done && !verdict ? "You have answered this one." : "";
  feedback.textContent = verdict ? `${verdict.right ? "✓" : "✗"} ${verdict.text}` : again;
  feedback.className = `feedback ${verdict ? (verdict.right ? "right" : "wrong") : ""}`;
  clearTimeout(view.telling);
  view.telling = setTimeout(() => {
    const spoken = verdict ? `${verdict.right ? "Right." : "Not yet."} ${verdict.text}` : "";
    if (find(box, ".spoken").textContent !== spoken) find(box, ".spoken").textContent = spoken;
  }, TELL);
}

/**
 * Make the elements of a station.
 * @param {Stage} stage
 * @param {HTMLElement} box
 * @param {Station} station
 */
function buildStation(stage, box, station) {
  const { number, titles } = station;
  const title = make("h2", "station-title", `${number} of ${titles.length} · ${station.title}`);
  title.tabIndex = -1;
  const question = withMarks("p", "asked", station.question);
  const hint = withMarks("p", "hint", station.hint);
  hint.setAttribute("role", "status");
  const way = make("div", "bar");
  const back = buttonElement("back", "◀ back", () => toStation(stage, number - 1));
  const next = buttonElement("next", "next station ▶", () => toStation(stage, number + 1));
  back.disabled = number === 1;
  next.disabled = number === titles.length;
  const help = buttonElement("help", "Hint", () => stage.change({ hinted: !stage.state.hinted }));
  way.append(help, back, next);
  const spoken = make("output", "spoken");
  spoken.setAttribute("aria-live", "polite");
  const moved = box.dataset.station !== undefined;
  box.dataset.station = String(number);
  box.replaceChildren(
    stationsElement(stage, station),
    title,
    withMarks("p", "context", station.context),
    question,
    ...(station.kind === "type" ? [fieldElement(stage, question)] : []),
    make("p", "how", HOW[station.kind]),
    hint,
    make("p", "feedback"),
    way,
    spoken,
  );
  if (moved) title.focus();
}

/**
 * Return a button for each station.
 * @param {Stage} stage
 * @param {Station} station
 */
function stationsElement(stage, { number, titles }) {
  const list = make("div", "stations");
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", "stations");
  for (const [i, title] of titles.entries()) {
    const button = buttonElement("", String(i + 1), () => toStation(stage, i + 1));
    button.dataset.number = String(i + 1);
    button.title = title;
    if (i + 1 === number) button.setAttribute("aria-current", "step");
    list.append(button);
  }
  return list;
}

/**
 * Return the field for a number.
 * @param {Stage} stage
 * @param {HTMLElement} question
 */
function fieldElement(stage, question) {
  const form = make("form", "bar typed");
  const field = /** @type {HTMLInputElement} */ (make("input"));
  field.inputMode = "decimal";
  field.autocomplete = "off";
  field.size = 12;
  question.id = "asked";
  field.setAttribute("aria-labelledby", question.id);
  const button = /** @type {HTMLButtonElement} */ (make("button", "", "check"));
  form.append(field, button);
  form.onsubmit = (event) => {
    event.preventDefault();
    const typed = numberTyped(field.value);
    const text = "That is not a number; type one such as 0.25 or −1.5.";
    if (Number.isFinite(typed)) stage.change({ typed });
    else stage.change({ verdict: { right: false, failed: -1, text, values: {} }, typed: null });
  };
  return form;
}

/**
 * Return a text with *emphasis* and `code`.
 * @param {string} tag
 * @param {string} name
 * @param {string} text
 */
function withMarks(tag, name, text) {
  const element = make(tag, name);
  for (const [i, part] of text.split(/([*`][^*`]+[*`])/).entries())
    element.append(i % 2 ? make(part[0] === "*" ? "em" : "code", "", part.slice(1, -1)) : part);
  return element;
}
