/*
 * The elements of a stage, and how to make more.
 */

/** @import { Spot, State } from "./state.js" */
/** @import { Edit } from "./edits.js" */
/** @import { Drawing, Cell } from "./lanes.js" */

/**
 * What is drawn now; all of it follows from the state.
 * @typedef {object} View
 * @property {HTMLElement} root
 * @property {Record<string, HTMLElement>} el
 * @property {Drawing[]} drawings
 * @property {Map<string, Drawing[]>} byName
 * @property {WeakMap<Element, {drawing: Drawing, cell: Cell}>} cellOf
 * @property {HTMLElement[]} lanes
 * @property {string} columns how many there are in each lane
 * @property {import("./fold.js").Fold[]} folds
 * @property {import("./fold_columns.js").ColumnFold[]} columnFolds
 * @property {HTMLElement[]} chips
 * @property {number} firstChip
 * @property {HTMLElement[]} marked cells with an outline
 * @property {Spot | null} asked which number the quiz asks for
 * @property {HTMLInputElement | null} editor the field in which a number is typed
 * @property {number} animation
 * @property {number} wiring
 * @property {number} scrolling
 * @property {number} checking
 * @property {number} descending
 * @property {number} beating
 * @property {number} telling
 */

/**
 * What controls know of a stage: its state now, and how to change it.
 * @typedef {object} Stage
 * @property {State} state
 * @property {View} view
 * @property {(change: Partial<State>) => void} change
 * @property {(edits: Edit[], from?: State) => string} edit
 * @property {(slug: string) => void} go open a chapter
 * @property {(edits: string | null) => void} keep keep the present numbers as state A
 * @property {(name: string, value: any) => void} send tell the server
 */

/** Elements of the stage by their class. */
const ELEMENTS = [
  ...["strip", "where", "panel", "lanes", "check", "question", "answer", "verdict"],
  ...["wires", "veil", "equation", "parts", "legend", "ranking", "status", "agreement", "edits"],
  ...["descent", "compare", "tour", "unit-map", "batch"],
];

/**
 * Return a view of a stage in which nothing is drawn yet.
 * @param {HTMLElement} root
 * @returns {View}
 */
export function nothingDrawn(root) {
  return {
    root,
    el: Object.fromEntries(ELEMENTS.map((name) => [name, find(root, `.${name}`)])),
    ...{ drawings: [], byName: new Map(), cellOf: new WeakMap(), lanes: [], columns: "" },
    ...{
      chips: [],
      folds: [],
      columnFolds: [],
      firstChip: 0,
      marked: [],
      asked: null,
      editor: null,
      telling: 0,
    },
    ...{ animation: 0, wiring: 0, scrolling: 0, checking: 0, descending: 0, beating: 0 },
  };
}

/**
 * Make an element.
 * @param {string} tag
 * @param {string} [name] its class
 * @param {string} [text]
 */
export function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

/**
 * Make an element of a drawing.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 */
export function shapeElement(tag) {
  return document.createElementNS("http://www.w3.org/2000/svg", tag);
}

/**
 * Find an element that is there.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {any}
 */
export function find(root, selector) {
  return root.querySelector(selector);
}

/**
 * Make a heading of a part of the stage.
 * @param {string} text
 */
export function titleElement(text) {
  const title = make("div", "title", text);
  title.setAttribute("role", "heading");
  title.setAttribute("aria-level", "3");
  return title;
}

/**
 * Return the element in a stage that has the focus, if one has.
 * @param {Element} root
 * @returns {HTMLElement | null}
 */
export function focused(root) {
  const tree = /** @type {Document | ShadowRoot} */ (root.getRootNode());
  const element = /** @type {HTMLElement | null} */ (tree.activeElement);
  return element && root.contains(element) ? element : null;
}

/**
 * Make a button.
 * @param {string} name its class
 * @param {string} text
 * @param {() => void} press
 */
export function buttonElement(name, text, press) {
  const button = /** @type {HTMLButtonElement} */ (make("button", name, text));
  button.type = "button";
  button.onclick = press;
  return button;
}

/**
 * Return the drawn cells that show a number now.
 * @param {View} view
 * @param {string} name
 * @param {number[]} index
 */
export function findCells(view, name, index) {
  const key = index.join(",");
  return (view.byName.get(name) ?? []).flatMap((d) => d.cells.filter((cell) => cell.key === key));
}
