import { applyWanted, MEMORY, settle, start } from "./address.js";
import { Book } from "./book.js";
import { themeOf } from "./colours.js";
import { drawLegend, drawParts, fillChoices } from "./controls.js";
import { listen } from "./listen.js";
import { bringIntoView, drawPanel } from "./panel.js";
import { drawRanking } from "./ranking.js";
import { drawLane, headOf, paint, piecesOf } from "./sheet.js";
import { drawStrip } from "./strip.js";
import { ask, followsToken, stopPlaying } from "./time.js";
import { drawEquation, hideUnsolved } from "./walk.js";
import { drawWires } from "./wires.js";

/** Width of a narrow screen, in pixels; as in the style sheet. */
export const PHONE = 560;
/** @type {WeakMap<Element, object>} one stage for each place on a page */
const STAGES = new WeakMap();
/**
 * Draw the stage, or what has changed of it.
 * @param {{data: any, parentElement: Element, setTriggerValue: (name: string, value: any) => void}}
 *   component
 */
export default function stage(component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".stage");
  try {
    let own = STAGES.get(parentElement);
    if (!own) {
      own = begin(root);
      STAGES.set(parentElement, own);
    }
    own.send = component.setTriggerValue;
    receive(own, data);
    return () => {
      stopPlaying(own);
      clearTimeout(own.resting);
      clearTimeout(own.animation);
      cancelAnimationFrame(own.wiring);
      own.observer.disconnect();
      STAGES.delete(parentElement);
    };
  } catch (error) {
    root.querySelector(".body").hidden = true;
    const fallback = root.querySelector(".fallback");
    fallback.hidden = false;
    fallback.textContent =
      "The stage could not be drawn here; its numbers are in the tables below.";
    console.error(error);
    component.setTriggerValue("failed", String(error).slice(0, 200));
    return undefined;
  }
}

/** Make a stage without numbers. */
function begin(root) {
  const find = (name) => root.querySelector(`.${name}`);
  const names = [
    ...["strip", "where", "panel", "lanes", "check", "question", "answer", "verdict"],
    ...["wires", "veil", "equation", "parts", "legend", "ranking"],
  ];
  const own = {
    root,
    el: Object.fromEntries(names.map((name) => [name, find(name)])),
    status: find("status"),
    place: { t: 0, sequence: 0 },
    focus: {},
    range: MEMORY.range,
    digits: null,
    digitsName: MEMORY.digits,
    mean: MEMORY.mean,
    speed: 1,
    equation: -1,
    unasked: -1,
    convention: false,
    checking: false,
    solved: false,
    everyTerm: false,
    pinned: null,
    trail: [],
    lit: [],
    pointed: [],
    operands: [],
    chips: [],
    answers: new Map(),
    timer: 0,
  };
  own.observer = new ResizeObserver(() => {
    if (own.book && String(piecesOf(own)) !== String(own.pieces)) rebuild(own);
    else if (own.book) wireSoon(own);
  });
  own.observer.observe(own.el.lanes);
  listen(own);
  return own;
}

/** Take what the server sent. */
function receive(own, data) {
  for (const answer of JSON.parse(data.answers))
    own.answers.set(`${answer.name}:${answer.index.join(",")}:${answer.digits}`, answer);
  const theme = themeOf(own.root);
  const news = data.meta !== own.meta || data.numbers !== own.numbers;
  if (news) {
    own.meta = data.meta;
    own.numbers = data.numbers;
    own.waiting = null;
    own.book = new Book(data);
    if (!own.started) start(own);
    own.theme = theme;
    clampPlace(own);
    const linked = Boolean(own.wanted?.cell);
    rebuild(own);
    if (followsToken(own)) rebuild(own);
    if (linked && own.pinned) bringIntoView(own, own.pinned.name, own.pinned.index);
    // a place from a link or another chapter goes on, into the address and to the pictures below
    settle(own);
    if (own.place.sequence !== own.book.sent.sequence) ask(own, {});
  } else if (theme !== own.theme) {
    own.theme = theme;
    rebuild(own);
  } else drawPanel(own);
}

/** Stay within what the new numbers have. */
function clampPlace(own) {
  const { sizes } = own.book;
  own.place.t = Math.min(own.place.t, sizes.T - 1);
  own.place.sequence = Math.min(own.place.sequence, sizes.B - 1);
  const keep = ({ name, index }) => {
    const q = own.book.quantities[name];
    return q && q.shape.length === index.length && index.every((v, i) => v < q.shape[i]);
  };
  own.trail = own.trail.filter(keep);
  if (own.pinned && !keep(own.pinned)) own.pinned = own.trail.at(-1) ?? null;
}

/** Draw everything anew: other numbers, another size, other colours. */
export function rebuild(own) {
  const { book, el } = own;
  own.root.querySelector(".fallback").hidden = true;
  own.root.querySelector(".body").hidden = false;
  own.root.dataset.stage = book.slug;
  own.root.dataset.theme = own.theme;
  own.root.dataset.digits = own.digitsName;
  own.root.classList.toggle("untimed", !book.timed);
  own.digits = own.digitsName === "full" ? null : Number(own.digitsName);
  for (const [letter, hue] of Object.entries(COLOURS.hues[own.theme]))
    own.root.style.setProperty(`--hue-${letter}`, hue);
  const scene = otherConvention(own, book.scene);
  own.heads = scene.map((lane) => headOf(own, lane));
  own.pieces = piecesOf(own);
  own.drawings = [];
  own.parts = new Map();
  own.cellOf = new WeakMap();
  own.lit = [];
  own.pointed = [];
  own.current = null;
  own.laneElements = scene.map((lane, i) => drawLane(own, lane, i));
  el.lanes.replaceChildren(el.wires, ...own.laneElements, el.veil);
  el.lanes.classList.toggle("wired", Boolean(book.wired));
  own.byName = grouped(own.drawings);
  own.order = [...new Set(own.drawings.filter((d) => d.result).map((d) => d.name))];
  for (const lane of own.laneElements) lane.querySelector(".cell")?.setAttribute("tabindex", "0");
  if (own.wanted) applyWanted(own);
  own.equation = Math.min(own.equation, own.order.length - 1);
  fillChoices(own);
  drawParts(own);
  drawLegend(own);
  drawStrip(own);
  repaint(own, true);
  drawEquation(own);
  drawPanel(own);
  wireSoon(own);
  if (own.message) {
    own.status.textContent = own.message;
    own.message = "";
  }
}

/** Draw the wires with the next frame: they ask where everything stands, which is laid out then. */
export function wireSoon(own) {
  cancelAnimationFrame(own.wiring);
  own.wiring = requestAnimationFrame(() => drawWires(own));
}

/**
 * Return the drawings by the quantity they show.
 * @param {Drawing[]} drawings
 */
function grouped(drawings) {
  const map = new Map();
  for (const d of drawings) map.set(d.name, [...(map.get(d.name) ?? []), d]);
  return map;
}

/** Write the new state with z′ = 1 − z, if the reader wants it so: old and new change places. */
function otherConvention(own, scene) {
  if (!own.convention || !own.book.has("h_other")) return scene;
  const names = { z: "z_other", h: "h_other", h_prev: "n", n: "h_prev" };
  const change = (row) => ({
    ...row,
    name: names[row.name] ?? row.name,
    sign: row.sign.replace("z", "z′"),
  });
  return scene.map((lane) =>
    lane.name !== "h" && lane.name !== "z"
      ? lane
      : {
          ...lane,
          bands: lane.bands.map((band) => ({
            ...band,
            rows: band.rows.flatMap((row) =>
              row.name === "z" && row.result
                ? [row, { ...row, name: "z_other", sign: "1 − z =" }]
                : lane.name === "h"
                  ? [change(row)]
                  : [row],
            ),
          })),
        },
  );
}

/** Show the numbers of the current time step: those that change with it, or all. */
export function repaint(own, all = false) {
  let missing = false;
  for (const drawing of own.drawings)
    if (all || drawing.timed) missing = paint(own, drawing) || missing;
  own.root.dataset.t = String(own.place.t);
  own.root.dataset.sequence = String(own.place.sequence);
  if (missing) ask(own, {});
  hideUnsolved(own);
  drawRanking(own);
}
