/*
 * A large matrix drawn small, in colours only; pointing chooses the part whose numbers are shown.
 */
import { colourStep } from "./colours.js";
import { make } from "./dom.js";
import { tensorsOf } from "./layout.js";
import { formatNumber } from "./numbers.js";
import { limitsOf, paletteOf } from "./paint.js";

import { flatPlace } from "./views.js";

/** @import { Stage } from "./dom.js" */
/** @import { Drawing } from "./lanes.js" */
/** @import { State } from "./state.js" */

/** @type {Record<string, [number, number]>} rows and columns that a key leads on by */
const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * Return the row that has a drawing's thumbnail.
 * @param {Stage} stage
 * @param {Drawing} drawing
 */
export function thumbnailRow(stage, drawing) {
  const { rows, columns, down, across } = drawing;
  const canvas = canvasElement(
    stage,
    drawing,
    (r, c) => {
      const focus = { ...stage.state.focus };
      if (down) focus[down.dim] = Math.max(0, r - 2);
      if (across) focus[across.dim] = Math.max(0, c - 2);
      stage.change({ focus });
    },
    "numbers from here",
  );
  const scale = Math.min(200 / columns, 110 / rows, 8);
  canvas.style.width = `${Math.max(columns * scale, 24)}px`;
  canvas.style.height = `${Math.max(rows * scale, 24)}px`;
  const line = make("div", "row");
  line.setAttribute("role", "row");
  const holder = make("span", "overview-holder");
  holder.setAttribute("role", "gridcell");
  holder.append(canvas);
  line.append(holder);
  return line;
}

/**
 * Return a drawing's picture, a pixel for each number.
 * @param {Stage} stage
 * @param {Drawing} drawing
 * @param {(row: number, column: number) => void} press what a click on a number does
 * @param {string} [so] that in words
 */
export function canvasElement(stage, drawing, press, so = "its formula") {
  const { rows, columns, name } = drawing;
  const canvas = /** @type {HTMLCanvasElement} */ (make("canvas", "overview"));
  canvas.width = columns;
  canvas.height = rows;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${name}, all ${rows} × ${columns} in colours`);
  drawing.canvas = canvas;
  bindGrid(canvas, [rows, columns], {
    point: (r, c) => {
      const { state, view } = stage;
      const index = drawing.index(state, r, c);
      const value = tensorsOf(state).value(name, index);
      const text = value === undefined ? "…" : formatNumber(value, null);
      view.el.status.textContent = `${name}[${index.join(",")}] = ${text}; click: ${so}`;
    },
    press,
  });
  return canvas;
}

/**
 * Let a picture's numbers be pointed at and pressed: by pointer, by arrows and Enter.
 * @param {HTMLCanvasElement} canvas
 * @param {[number, number]} shape rows and columns
 * @param {{point: (row: number, column: number) => void,
 *   press: (row: number, column: number) => void}} does
 */
export function bindGrid(canvas, [rows, columns], { point, press }) {
  let at = [0, 0];
  /** @type {(row: number, column: number) => void} */
  const move = (row, column) => {
    at = [Math.max(0, Math.min(row, rows - 1)), Math.max(0, Math.min(column, columns - 1))];
    point(at[0], at[1]);
  };
  /** @type {(event: MouseEvent) => void} */
  const follow = ({ clientX, clientY }) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    move(
      Math.floor(((clientY - top) / height) * rows),
      Math.floor(((clientX - left) / width) * columns),
    );
  };
  canvas.tabIndex = 0;
  canvas.onpointermove = follow;
  canvas.onclick = (event) => {
    follow(event);
    press(at[0], at[1]);
  };
  canvas.onkeydown = (event) => {
    const step = KEYS[event.key];
    if (step) move(at[0] + step[0], at[1] + step[1]);
    else if (event.key === "Enter") press(at[0], at[1]);
    else return;
    event.preventDefault();
  };
}

/**
 * Colour a drawing's thumbnail, if it has one.
 * @param {State} state
 * @param {Drawing} drawing
 */
export function paintThumbnail(state, drawing) {
  const { canvas, rows, columns } = drawing;
  const context = canvas?.getContext("2d");
  if (!context) return;
  const tensors = tensorsOf(state);
  const numbers = tensors.numbers(drawing.name);
  if (numbers === null) {
    context.clearRect(0, 0, columns, rows);
    return;
  }
  const image = context.createImageData(columns, rows);
  const [low, high] = limitsOf(state, drawing);
  const { rgb } = paletteOf(state, tensors.quantities[drawing.name].kind);
  // along rows and columns the places in memory are evenly spaced
  /** @type {(row: number, column: number) => number} */
  const place = (row, column) => flatPlace(numbers.part, drawing.index(state, row, column));
  const first = place(0, 0);
  const down = rows > 1 ? place(1, 0) - first : 0;
  const across = columns > 1 ? place(0, 1) - first : 0;
  let i = 0;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const value = numbers.data[first + r * down + c * across] ?? 0;
      image.data.set(rgb[colourStep(value, low, high)], i);
      image.data[i + 3] = 255;
      i += 4;
    }
  context.putImageData(image, 0, 0);
}
