/*
 * The stage in a notebook's cell: Python is told what is touched there, and moves it.
 */
import { withKept } from "./compare.js";
import { make } from "./dom.js";
import { parseEdits, writeEdits } from "./editing.js";
import { default as stage, stageIn } from "./stage.js";
import { CLOSED, opening } from "./state.js";

/** @import { State } from "./state.js" */

/**
 * What anywidget gives: the numbers and texts that Python has, too.
 * @typedef {{get: (name: string) => any, set: (name: string, value: any) => void,
 *   save_changes: () => void, on: (event: string, call: () => void) => void,
 *   off: (event: string, call: () => void) => void}} Model
 */

/** Colours of the stage, as notebooks call them. */
const NOTEBOOK_COLOURS = {
  "--st-text-color": "var(--jp-content-font-color1, var(--vscode-editor-foreground, #31333f))",
  "--st-background-color": "var(--jp-layout-color0, var(--vscode-editor-background, #ffffff))",
  "--st-primary-color": "var(--jp-brand-color1, var(--vscode-focusBorder, #0072b2))",
  "--st-font": "var(--jp-ui-font-family, sans-serif)",
  "--st-code-font": "var(--jp-code-font-family, monospace)",
};

/** What Python and the stage tell each other. */
const TOLD = ["edits", "opened", "t", "sequence"];

export default { render: showWidget };

/**
 * Show a stage in a cell; return what ends it.
 * @param {{model: Model, el: HTMLElement}} cell
 */
function showWidget({ model, el }) {
  const host = make("div");
  // its keys are the stage's, not the notebook's
  host.dataset.lmSuppressShortcuts = "true";
  for (const [name, colour] of Object.entries(NOTEBOOK_COLOURS))
    host.style.setProperty(name, colour);
  const page = new DOMParser().parseFromString(model.get("_body"), "text/html");
  const place = make("div");
  place.append(...page.body.childNodes);
  host.attachShadow({ mode: "open" }).append(make("style", "", model.get("_style")), place);
  el.append(host);

  const query = new URLSearchParams(model.get("_sent").query);
  for (const [name, value] of Object.entries(placeIn(model)))
    if (value === "") query.delete(name);
    else query.set(name, value);
  let data = { ...model.get("_sent"), edit: model.get("edits"), query: query.toString() };
  let told = false;
  const draw = () =>
    stage({
      data,
      parentElement: place,
      setTriggerValue: (name, value) => {
        if (name !== "keep") return;
        data = withKept(data, value);
        draw();
      },
      atRest: (state) => {
        told = true;
        tellModel(model, state);
        told = false;
      },
    });
  const end = draw();
  /** @type {Set<string>} what Python, or another cell with this stage, has changed */
  const news = new Set();
  const follow = TOLD.map((name) => () => {
    if (told) return;
    if (news.size === 0) queueMicrotask(() => followModel(place, model, news));
    news.add(name);
  });
  for (const [i, name] of TOLD.entries()) model.on(`change:${name}`, follow[i]);
  // a notebook's theme is a mark on its page
  const themes = new MutationObserver(draw);
  themes.observe(document.body, { attributes: true });
  return () => {
    themes.disconnect();
    for (const [i, name] of TOLD.entries()) model.off(`change:${name}`, follow[i]);
    end?.();
  };
}

/**
 * Return a model's place as an address has it.
 * @param {Model} model
 */
function placeIn(model) {
  const opened = model.get("opened");
  return {
    t: String(model.get("t")),
    sequence: String(model.get("sequence")),
    cell: opened ? `${opened[0]}:${opened[1].join(",")}` : "",
  };
}

/**
 * Return edits in one order and one spelling.
 * @param {string} written
 */
function sortedEdits(written) {
  return writeEdits(parseEdits(written).edits).split(";").sort().join(";");
}

/**
 * Tell Python what is shown, where it does not know.
 * @param {Model} model
 * @param {State} state
 */
function tellModel(model, { edits, opened, t, sequence }) {
  const now = { t, sequence, opened: opened && [opened.name, opened.index] };
  for (const [name, value] of Object.entries(now))
    if (JSON.stringify(model.get(name)) !== JSON.stringify(value)) model.set(name, value);
  const made = writeEdits(edits);
  if (sortedEdits(model.get("edits")) !== sortedEdits(made)) model.set("edits", made);
  model.save_changes();
}

/**
 * Show what Python says.
 * @param {Element} place
 * @param {Model} model
 * @param {Set<string>} news names of what is new; empty afterwards
 */
function followModel(place, model, news) {
  const shown = stageIn(place);
  if (!shown) return;
  const edits = model.get("edits");
  if (sortedEdits(writeEdits(shown.state.edits)) !== sortedEdits(edits))
    shown.edit(parseEdits(edits).edits);
  // a number leads to its place; without one, a new place takes the opened number along
  const [name, index] = model.get("opened") ?? [];
  if (news.has("opened")) shown.change(name ? opening(shown.state, { name, index }, []) : CLOSED);
  if ((news.has("t") || news.has("sequence")) && !(name && news.has("opened")))
    shown.change({ t: model.get("t"), sequence: model.get("sequence") });
  news.clear();
}
