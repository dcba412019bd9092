/*
 * How far the past matters: for each target's loss alone, the gradient that reaches each state, in
 * the GRU and in an ordinary RNN. The server computes these; all else on the stage is computed here.
 */
import { colourStep } from "./colours.js";
import { make, titleElement } from "./dom.js";
import { writeEdits } from "./editing.js";
import { tensorsOf } from "./layout.js";
import { cellText, paletteOf } from "./paint.js";
import { bindGrid } from "./thumbnail.js";

/** @import { Stage } from "./dom.js" */
/** @import { State } from "./state.js" */

/**
 * One network's map: a row for each target, a column for each state up to it.
 * @typedef {{title: string, says: string, norms: number[][]}} InfluenceMap
 * For which sequence and edits they were computed.
 * @typedef {{sequence: number, edit: string, maps: InfluenceMap[]}} Influence
 */

/** Largest width of a map, and of one of its cells, in pixels. */
const MAP_SIDE = { map: 150, cell: 18 };

/**
 * Return the change that shows other maps.
 * @param {string} [sent]
 * @returns {Partial<State>}
 */
export function readInfluence(sent) {
  return { influence: sent ? JSON.parse(sent) : null };
}

/**
 * Draw the maps that came with the page.
 * @param {Stage} stage
 * @returns {HTMLElement[]}
 */
export function drawInfluence(stage) {
  const { influence } = stage.state;
  if (!influence?.maps.length) return [];
  const box = make("section", "lane influence over-time");
  box.dataset.lane = "influence";
  box.dataset.hue = "h";
  const maps = make("div", "maps");
  maps.append(...influence.maps.map((map) => mapElement(stage, map)));
  const words =
    "A row is one target’s loss alone, a column a state: the norm of the gradient that reaches it.";
  box.append(titleElement(""), make("p", "hint", words), maps);
  return [box];
}

/**
 * @param {Stage} stage
 * @param {InfluenceMap} map
 */
function mapElement(stage, { title, says, norms }) {
  const { state, view } = stage;
  const tensors = tensorsOf(state);
  const T = norms.length;
  const box = make("figure", "map");
  const caption = make("figcaption", "", says);
  caption.prepend(make("strong", "", title), " ");
  box.append(caption);
  if (T === 0) return box;
  const canvas = /** @type {HTMLCanvasElement} */ (make("canvas", "overview"));
  canvas.width = canvas.height = T;
  const side = T * Math.min(MAP_SIDE.cell, Math.max(2, Math.floor(MAP_SIDE.map / T)));
  canvas.style.width = canvas.style.height = `${side}px`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${title}: ${says}`);
  paintMap(state, canvas, norms);
  const ids = tensors.tokenIds("ids", state.influence?.sequence ?? 0);
  bindGrid(canvas, [T, T], {
    point: (t, k) => {
      view.el.status.textContent =
        k > t
          ? `${title}: no loss depends on later states`
          : `${title}: the loss of target ${t} at state ${k} ${tensors.token(ids[k])}: ` +
            `${cellText(norms[t][k], 3)}; click: time step ${k}`;
    },
    press: (_, k) => stage.change({ t: k }),
  });
  box.prepend(canvas);
  return box;
}

/**
 * Say where the maps are of another sequence, or of the run before the reader's edits.
 * @param {Stage} stage
 */
export function markInfluence({ state, view }) {
  const box = view.el.lanes.querySelector(".influence");
  const { influence } = state;
  if (!box || !influence) return;
  const edited = writeEdits(state.edits) !== influence.edit;
  box.classList.toggle("stale", edited);
  const words = `How far back the past matters, sequence ${influence.sequence}`;
  const title = /** @type {HTMLElement} */ (box.querySelector(".title"));
  title.textContent = edited ? `${words}, before your changes` : words;
}

/**
 * Colour a map: nothing stands right of the diagonal.
 * @param {State} state
 * @param {HTMLCanvasElement} canvas
 * @param {number[][]} norms
 */
function paintMap(state, canvas, norms) {
  const context = canvas.getContext("2d");
  if (!context) return;
  const T = norms.length;
  const { rgb } = paletteOf(state, "signed");
  const end = Math.max(1e-300, ...norms.map((row) => Math.max(...row)));
  const image = context.createImageData(T, T);
  for (let t = 0; t < T; t++)
    for (let k = 0; k <= t; k++) {
      image.data.set(rgb[colourStep(norms[t][k] ?? 0, -end, end)], 4 * (t * T + k));
      image.data[4 * (t * T + k) + 3] = 255;
    }
  context.putImageData(image, 0, 0);
}
