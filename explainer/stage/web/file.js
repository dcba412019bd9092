/*
 * The stage in a file of its own: all it is given stands in the file, and nobody is asked.
 */
import { withKept } from "./compare.js";
import { find } from "./dom.js";
import { default as stage, stageIn } from "./stage.js";
import { stationData } from "./stations.js";
import { writeQuery } from "./url.js";

/** What another page of the same network takes over: all but what is open here. */
const OPEN_HERE = ["equation", "cell"];
/** What another network has not: its numbers are others. */
const NUMBERS_HERE = ["edit", "against", "compared", "trial", ...OPEN_HERE];
/** What is given to the stage; null on a page that has none. */
const fileGiven = JSON.parse(document.getElementById("data")?.textContent ?? "null");
const fileQuery = new URLSearchParams(location.search || fileGiven?.query);
/** @type {import("./sent.js").Data} */
let fileData;
/** @type {HTMLElement} */
let filePlace;

/** Make the stage's elements, and draw it. */
function openFile() {
  const host = /** @type {HTMLElement} */ (document.getElementById("host"));
  const root = host.attachShadow({ mode: "open" });
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("stage"));
  root.append(template.content.cloneNode(true));
  fileData = fileGiven.stations
    ? stationData(fileGiven, Number(fileQuery.get("station") ?? 1))
    : { ...fileGiven, edit: fileQuery.get("edit") ?? fileGiven.edit };
  const place = find(root, ".stage");
  filePlace = /** @type {HTMLElement} */ (place.parentNode);
  // alone, it leads nowhere; a site begins with the tour
  place.classList.toggle("alone", !document.querySelector("nav a"));
  if (linkTo("tour")) find(root, ".start").dataset.chapter = "tour";
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawFile);
  drawFile();
  markEdited(fileData.edit);
}

/**
 * Return the page's own link to a chapter, if it has such a page.
 * @param {string} slug
 * @returns {HTMLAnchorElement | null}
 */
function linkTo(slug) {
  return document.querySelector(`nav a[href$="/${slug}.html"]`);
}

/** Lead from a station to its chapter. */
function drawMore() {
  const more = document.querySelector(".more");
  const { station } = JSON.parse(fileData.meta);
  if (!more || !station) return;
  const link = linkTo(station.chapter);
  const anchor = /** @type {HTMLAnchorElement} */ (more.querySelector("a"));
  /** @type {HTMLElement} */ (more).hidden = link === null;
  anchor.textContent = link?.textContent ?? "";
  if (link) anchor.href = link.href;
}

/** Draw the stage, or what has changed of it. */
function drawFile() {
  drawMore();
  stage({
    data: fileData,
    parentElement: /** @type {any} */ (filePlace),
    setTriggerValue: tellFile,
  });
}

/**
 * Do what the server does elsewhere: keep the present numbers as state A, go to another station.
 * @param {string} name
 * @param {any} value
 */
function tellFile(name, value) {
  if (name === "edit") return markEdited(value);
  if (name === "station") fileData = stationData(fileGiven, value);
  else if (name === "keep") fileData = withKept(fileData, value);
  else return undefined;
  return drawFile();
}

/**
 * Say which numbers of the text were written before the reader's edits.
 * @param {string} edit
 */
function markEdited(edit) {
  const words = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".as-written"));
  const other = words.length > 0 && edit !== fileGiven.edit;
  document.body.classList.toggle("edited", other);
  for (const each of words) each.hidden = !other;
}

/**
 * Let a link take along where the reader is; a file from a disk has no address that says so.
 * @param {Event} event
 */
function carryPlace(event) {
  const anchor = /** @type {Element} */ (event.target).closest('a[href*=".html"]');
  if (!(anchor instanceof HTMLAnchorElement)) return;
  const query = new URLSearchParams(location.search);
  const state = fileGiven && stageIn(filePlace)?.state;
  for (const [name, value] of Object.entries(state?.tensors ? writeQuery(state) : {}))
    if (value === null) query.delete(name);
    else query.set(name, value);
  const others = anchor.closest(".others") !== null;
  for (const name of others ? NUMBERS_HERE : OPEN_HERE) query.delete(name);
  if (state?.presenting && state.way) query.set("way", String(state.way));
  anchor.search = query.toString();
}

for (const kind of ["click", "auxclick"]) document.addEventListener(kind, carryPlace, true);
document
  .querySelector("nav a[aria-current]")
  ?.scrollIntoView({ block: "nearest", inline: "center" });
if (fileGiven) openFile();
