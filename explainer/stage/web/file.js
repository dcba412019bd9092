/*
 * The stage in a file of its own: all it is given stands in the file, and nobody is asked.
 */
import { withKept } from "./compare.js";
import { find } from "./dom.js";
import { default as stage } from "./stage.js";

const fileHost = /** @type {HTMLElement} */ (document.getElementById("host"));
const fileRoot = fileHost.attachShadow({ mode: "open" });
const fileTemplate = /** @type {HTMLTemplateElement} */ (document.getElementById("stage"));
fileRoot.append(fileTemplate.content.cloneNode(true));
/** @type {import("./sent.js").Data} */
let fileData = JSON.parse(document.getElementById("data")?.textContent ?? "");
fileData.edit = new URLSearchParams(location.search).get("edit") ?? fileData.edit;
const filePlace = /** @type {HTMLElement} */ (find(fileRoot, ".stage").parentNode);

for (const link of document.querySelectorAll("nav a")) {
  const anchor = /** @type {HTMLAnchorElement} */ (link);
  if (anchor.href === location.href.split("?")[0]) anchor.setAttribute("aria-current", "page");
  // time step and edits go along; a file from a disk has no address for them
  anchor.addEventListener("click", () => {
    if (location.protocol !== "file:") anchor.search = location.search;
  });
}
// alone, it leads nowhere
find(fileRoot, ".stage").classList.toggle("alone", !document.querySelector("nav a"));

/** Draw the stage, or what has changed of it. */
function drawFile() {
  stage({
    data: fileData,
    parentElement: /** @type {any} */ (filePlace),
    setTriggerValue: tellFile,
  });
}

/**
 * Do what the server does elsewhere: keep the present numbers as state A.
 * @param {string} name
 * @param {any} value
 */
function tellFile(name, value) {
  if (name !== "keep") return;
  fileData = withKept(fileData, value);
  drawFile();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawFile);
drawFile();
