/*
 * The stage in a file of its own: all it is given stands in the file, and nobody is asked.
 */
import { withKept } from "./compare.js";
import { find } from "./dom.js";
import { default as stage } from "./stage.js";
import { stationData } from "./stations.js";

const fileHost = /** @type {HTMLElement} */ (document.getElementById("host"));
const fileRoot = fileHost.attachShadow({ mode: "open" });
const fileTemplate = /** @type {HTMLTemplateElement} */ (document.getElementById("stage"));
fileRoot.append(fileTemplate.content.cloneNode(true));
const fileGiven = JSON.parse(document.getElementById("data")?.textContent ?? "");
const fileQuery = new URLSearchParams(location.search || fileGiven.query);
/** @type {import("./sent.js").Data} */
let fileData = fileGiven.stations
  ? stationData(fileGiven, Number(fileQuery.get("station") ?? 1))
  : { ...fileGiven, edit: fileQuery.get("edit") ?? fileGiven.edit };
const filePlace = /** @type {HTMLElement} */ (find(fileRoot, ".stage").parentNode);

for (const link of document.querySelectorAll("nav a")) {
  const anchor = /** @type {HTMLAnchorElement} */ (link);
  if (anchor.href === location.href.split("?")[0]) anchor.setAttribute("aria-current", "page");
  // time step and edits go along; a file from a disk has no address for them
  anchor.addEventListener("click", () => {
    if (location.protocol !== "file:") anchor.search = location.search;
  });
}
// alone, it leads nowhere; a site begins with the tour
find(fileRoot, ".stage").classList.toggle("alone", !document.querySelector("nav a"));
if (linkTo("tour")) find(fileRoot, ".start").dataset.chapter = "tour";

/**
 * Return the page's own link to a chapter, if it has such a page.
 * @param {string} slug
 * @returns {HTMLAnchorElement | null}
 */
function linkTo(slug) {
  return document.querySelector(`nav a[href$="${slug}.html"]`);
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
  if (name === "station") fileData = stationData(fileGiven, value);
  else if (name === "keep") fileData = withKept(fileData, value);
  else return;
  drawFile();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawFile);
drawFile();
