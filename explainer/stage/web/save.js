/*
 * The stage saved as a picture.
 */
import { tensorsOf } from "./layout.js";
import { svgOfStage } from "./svg.js";

/** @import { Stage } from "./dom.js" */

/** Pixels of a PNG for each of the screen's. */
const SHARP = 2;
/** How long a file must be kept for the browser to take it, in milliseconds. */
const KEPT = 10_000;

/**
 * Save what is shown.
 * @param {Stage} stage
 * @param {string} kind "svg" or "png"
 */
export async function savePicture({ state, view }, kind) {
  const { slug, timed } = tensorsOf(state).meta;
  const name = timed ? `${slug}-t${state.t}` : slug;
  const { text, width, height } = svgOfStage(view.root, `GRU Explainer: ${name}`);
  const svg = new Blob([text], { type: "image/svg+xml" });
  const file = kind === "svg" ? svg : await pngOf(svg, width, height);
  if (file) download(file, `${name}.${kind}`);
}

/**
 * @param {Blob} svg
 * @param {number} width
 * @param {number} height
 * @returns {Promise<Blob | null>}
 */
async function pngOf(svg, width, height) {
  const image = new Image(width, height);
  image.src = URL.createObjectURL(svg);
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * SHARP, height * SHARP];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((done) => canvas.toBlob(done));
}

/**
 * @param {Blob} file
 * @param {string} name
 */
function download(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}
