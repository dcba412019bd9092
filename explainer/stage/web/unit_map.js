/*
 * All units of a layer at all time steps in colours; pressing leads to the number there.
 */
import { colourStep } from "./colours.js";
import { find, make } from "./dom.js";
import { jump } from "./jump.js";
import { tensorsOf } from "./layout.js";
import { formatNumber } from "./numbers.js";
import { limitsOf, paletteOf } from "./paint.js";
import { blockMeans, blocksOf, largestFirst, MEASURES, measured } from "./units.js";

/** @import { Stage } from "./dom.js" */
/** @import { State } from "./state.js" */
/** @import { Matrix } from "./units.js" */

/** What can be drawn. */
const DRAWN = ["h", "z", "r", "n", "d_h"];
/** Heights in pixels: of the whole drawing, and of one row. */
const HEIGHT = 230;
const ROW = { least: 2, most: 13 };
/** Most width of a time step, in pixels; as in the strip above. */
const MOST_STEP_WIDTH = 130;

/**
 * Draw the map of a layer's units, or hide it where there is no layer alone.
 * @param {Stage} stage
 * @param {boolean} moved only the place is another one
 */
export function drawUnitMap(stage, moved) {
  const { state, view } = stage;
  const box = view.el["unit-map"];
  const tensors = tensorsOf(state);
  box.hidden = !tensors.meta.inside || !tensors.has("h");
  if (box.hidden) return;
  const order = unitOrder(state);
  if (!moved || !box.firstChild) {
    const name = tensors.has(state.map) ? state.map : "h";
    box.replaceChildren(controlsOf(stage, order), drawingOf(stage, name, order.units));
  }
  mark(stage, order.units);
}

/**
 * Return the numbers of a quantity in the shown sequence, up to its end.
 * @param {State} state
 * @param {string} name
 * @returns {Matrix}
 */
function matrixOf(state, name) {
  const tensors = tensorsOf(state);
  const { H } = tensors.sizes;
  const T = tensors.meta.lengths?.[state.sequence] ?? tensors.sizes.T;
  const data = new Float64Array(T * H);
  for (let t = 0; t < T; t++)
    for (let unit = 0; unit < H; unit++)
      data[t * H + unit] = tensors.value(name, [state.sequence, t, unit]) ?? Number.NaN;
  return { data, T, H };
}

/**
 * Return the units in the chosen order, with what they are ordered by.
 * @param {State} state
 * @returns {{by: string, units: number[], sizes: number[] | null}}
 */
function unitOrder(state) {
  const tensors = tensorsOf(state);
  const { of } = MEASURES[state.order] ?? MEASURES.number;
  if (!of.length || !of.every((name) => tensors.has(name))) {
    const units = Array.from({ length: tensors.sizes.H }, (_, unit) => unit);
    return { by: "number", units, sizes: null };
  }
  const sizes = measured(
    state.order,
    of.map((name) => matrixOf(state, name)),
  );
  return { by: state.order, units: largestFirst(sizes), sizes };
}

/**
 * Return the choices: what is drawn, the order of the units, and a unit to go to.
 * @param {Stage} stage
 * @param {{by: string, units: number[], sizes: number[] | null}} order
 */
function controlsOf(stage, { by, units, sizes }) {
  const { state } = stage;
  const tensors = tensorsOf(state);
  const bar = make("div", "bar");
  const shown = DRAWN.filter((name) => tensors.has(name));
  const name = shown.includes(state.map) ? state.map : "h";
  const drawn = choice(
    "all units over time:",
    shown.map((n) => [n, n]),
    name,
  );
  drawn.field.onchange = () => stage.change({ map: drawn.field.value });
  const possible = Object.entries(MEASURES).filter(([, { of }]) => of.every((n) => tensors.has(n)));
  const sorted = choice(
    "units by",
    possible.map(([key, { words }]) => [key, words]),
    by,
  );
  sorted.field.onchange = () => stage.change({ order: sorted.field.value });
  /** @type {[string, string][]} */
  const listed = units.map((unit) => [
    String(unit),
    sizes ? `${unit} · ${formatNumber(sizes[unit], 2)}` : String(unit),
  ]);
  const there = choice("go to unit", [["", "…"], ...listed], "");
  there.field.onchange = () => {
    const { t, sequence } = stage.state;
    jump(stage, { name: "h", index: [sequence, t, Number(there.field.value)] });
  };
  for (const { label, field } of [drawn, sorted, there]) {
    field.dataset.map = label.firstChild?.textContent ?? "";
    bar.append(label);
  }
  return bar;
}

/**
 * Return a labelled choice.
 * @param {string} words
 * @param {[string, string][]} options values, and what is said of them
 * @param {string} chosen
 */
function choice(words, options, chosen) {
  const label = make("label", "", `${words} `);
  const field = /** @type {HTMLSelectElement} */ (make("select"));
  field.append(...options.map(([value, text]) => new Option(text, value)));
  field.value = chosen;
  label.append(field);
  return { label, field };
}

/**
 * Return the drawing, which leads to what is pressed.
 * @param {Stage} stage
 * @param {string} name
 * @param {number[]} units from top to bottom
 */
function drawingOf(stage, name, units) {
  const { state, view } = stage;
  const matrix = matrixOf(state, name);
  const { means, rows, columns } = blockMeans(matrix, units);
  const canvas = /** @type {HTMLCanvasElement} */ (make("canvas", "overview"));
  [canvas.width, canvas.height] = [columns, rows];
  const row = Math.max(ROW.least, Math.min(ROW.most, HEIGHT / rows));
  canvas.style.height = `${Math.round(rows * row)}px`;
  canvas.setAttribute("role", "img");
  const words = `${name} of all ${matrix.H} units, a row each, at ${matrix.T} time steps`;
  canvas.setAttribute("aria-label", `${words}, in colours`);
  const context = canvas.getContext("2d");
  const image = context?.createImageData(columns, rows);
  const [low, high] = limitsOf(state, /** @type {any} */ ({ name, cells: [], canvas }));
  const { rgb } = paletteOf(state, tensorsOf(state).quantities[name].kind);
  means.forEach((value, at) => {
    image?.data.set([...rgb[colourStep(value, low, high)], 255], 4 * at);
  });
  if (image) context?.putImageData(image, 0, 0);
  const { across, down } = blocksOf(matrix.T, matrix.H);
  /** @type {(event: MouseEvent) => {name: string, index: number[]}} */
  const under = (event) => {
    const area = canvas.getBoundingClientRect();
    /** @type {(share: number, count: number, size: number, most: number) => number} */
    const at = (share, count, size, most) =>
      Math.max(0, Math.min(most - 1, Math.floor(share * count) * size));
    const t = at((event.clientX - area.left) / area.width, columns, across, matrix.T);
    const place = at((event.clientY - area.top) / area.height, rows, down, matrix.H);
    return { name, index: [stage.state.sequence, t, units[place]] };
  };
  canvas.onpointermove = (event) => {
    const spot = under(event);
    const value = tensorsOf(stage.state).value(spot.name, spot.index);
    const text = value === undefined ? "" : ` = ${formatNumber(value, null)}`;
    view.el.status.textContent = `${name}[${spot.index.join(",")}]${text}; click: show it`;
  };
  canvas.onclick = (event) => jump(stage, under(event));
  const holder = make("div", "map-holder");
  holder.style.maxWidth = `${matrix.T * MOST_STEP_WIDTH}px`;
  const axis = make("div", "map-axis");
  const blocks = across * down > 1 ? `; a point is the mean of ${across} × ${down}` : "";
  axis.append(make("span", "", "t = 0"), make("span", "", String(matrix.T - 1)));
  holder.append(canvas, make("div", "map-here"), make("div", "map-unit"), axis);
  const figure = make("div", "map-figure");
  figure.append(holder, make("div", "map-words", `a row is a unit, a column a time step${blocks}`));
  return figure;
}

/**
 * Mark the current time step and the unit that is opened.
 * @param {Stage} stage
 * @param {number[]} units from top to bottom
 */
function mark({ state, view }, units) {
  const box = view.el["unit-map"];
  const tensors = tensorsOf(state);
  const { opened } = state;
  const T = tensors.meta.lengths?.[state.sequence] ?? tensors.sizes.T;
  const canvas = find(box, "canvas");
  const here = find(box, ".map-here");
  const height = Number.parseFloat(canvas.style.height);
  here.hidden = state.t >= T;
  Object.assign(here.style, {
    left: `${(100 * state.t) / T}%`,
    width: `${100 / T}%`,
    height: `${height}px`,
  });
  const axis = opened ? tensors.quantities[opened.name].dims.indexOf("H") : -1;
  const unit = find(box, ".map-unit");
  unit.hidden = axis < 0;
  if (!opened || axis < 0) return;
  const place = units.indexOf(opened.index[axis]);
  Object.assign(unit.style, {
    top: `${(height * place) / units.length}px`,
    height: `${height / units.length}px`,
  });
}
