/*
 * A large matrix drawn small, in colours only; pointing chooses the part whose numbers are shown.
 */
import { colourStep } from "./colours.js";
import { make } from "./dom.js";
import { tensorsOf } from "./layout.js";
import { formatNumber } from "./numbers.js";
import { cellText, limitsOf, paletteOf } from "./paint.js";

/** @import { Stage } from "./dom.js" */
/** @import { Drawing } from "./lanes.js" */
/** @import { State } from "./state.js" */

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
  /** @type {(event: MouseEvent) => [number, number]} */
  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    /** @type {(share: number, size: number) => number} */
    const at = (share, size) => Math.max(0, Math.min(size - 1, Math.floor(share * size)));
    return [
      at((event.clientY - box.top) / box.height, rows),
      at((event.clientX - box.left) / box.width, columns),
    ];
  };
  canvas.onpointermove = (event) => {
    const [r, c] = under(event);
    const { state, view } = stage;
    const index = drawing.index(state, r, c);
    const value = tensorsOf(state).value(name, index);
    const text =
      value === undefined
        ? `≈ ${cellText(roughValue(state, drawing, r, c), 2)}`
        : formatNumber(value, null);
    view.el.status.textContent = `${name}[${index.join(",")}] = ${text}; click: ${so}`;
  };
  canvas.onclick = (event) => press(...under(event));
  return canvas;
}

/**
 * Return the number of a cell of a large matrix, or about the number.
 * @param {State} state
 * @param {Drawing} drawing
 * @param {number} row
 * @param {number} column
 */
function roughValue(state, { name, turned, index, overTime }, row, column) {
  const tensors = tensorsOf(state);
  const value = tensors.value(name, index(state, row, column));
  if (value !== undefined) return value;
  const { meta, quantities } = tensors;
  /** @type {[Record<string, any> | undefined, number, number]} */
  const [of, r, c] = overTime
    ? [meta.thumbnails, column, row]
    : turned
      ? [meta.parts, column, row]
      : [meta.parts, row, column];
  const { dims, shape } = quantities[name];
  const width = dims.at(-1) === "T" ? 1 : shape[shape.length - 1];
  return tensors.quantised(of?.[name], r * width + c);
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
  const image = context.createImageData(columns, rows);
  const [low, high] = limitsOf(state, drawing);
  const { rgb } = paletteOf(state, tensorsOf(state).quantities[drawing.name].kind);
  let i = 0;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      image.data.set(rgb[colourStep(roughValue(state, drawing, r, c), low, high)], i);
      image.data[i + 3] = 255;
      i += 4;
    }
  context.putImageData(image, 0, 0);
}
