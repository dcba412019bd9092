/*
 * What the server sends: the description of a page, as payload.py writes it.
 */

/** @import { Encoded } from "./buffer.js" */

/**
 * What a quantity is (payload.py).
 * @typedef {object} Quantity
 * @property {string[]} dims
 * @property {number[]} shape
 * @property {string} symbol
 * @property {string} why
 * @property {import("./index_form.js").Form | null} form
 * @property {string[]} letters
 * @property {string} text
 * @property {string} shapes
 * @property {"signed" | "unit" | "weight"} kind
 * @property {string} hue
 * @property {{name: string, row: number}} [source] where it stands in somebody's own module
 *
 * @typedef {{name: string, sign: string, turned: boolean, after: string, result: boolean}} Row
 * @typedef {{left: string, rows: Row[]}} Band
 * @typedef {{title: string, name: string, keeps: number, bands: Band[]}} Lane
 *
 * A row of the living picture (picture.py).
 * @typedef {{slug: string, title: string, words: string, names: string[],
 *   form: "token" | "units" | "number" | "target" | "update", weights: string[],
 *   way: "" | "forward" | "back"}} PictureRow
 *
 * A station of the tour (station.py): a value is a number, the name of an earlier one, or an
 * operation with its parts.
 * @typedef {number | string | any[]} ValueTree
 * @typedef {{left: string, relation: string, right: string | number, hint: string}} Condition
 * @typedef {{number: number, titles: string[], title: string, context: string, question: string,
 *   kind: "point" | "change" | "type", among: string[], values: [string, ValueTree][],
 *   goal: Condition[], hint: string, right: string, edit: string, t: number,
 *   descent: boolean, chapter: string}} Station
 *
 * One field of the address (url.py).
 * @typedef {{default: any, kind: string, low?: number, high?: number, options?: string[]}} Field
 *
 * Everything that is sent: a description, the numbers, the place and the edits that the pictures
 * below show, and state A. What is sent `ahead` of a page has nobody yet who would listen.
 * @typedef {{meta: string, numbers: string, place: string, edit: string, against: string, checked?: string, influence?: string, query?: string, ahead?: string}} Data
 *
 * @typedef {object} Meta
 * @property {string} slug
 * @property {Record<string, number>} sizes
 * @property {Record<string, string>} dims
 * @property {Record<number, string>} tokens
 * @property {string[]} [features] of a layer from elsewhere, labels of its input; tokens are those of time
 * @property {Record<string, Quantity>} quantities
 * @property {Lane[]} scene
 * @property {string} contributions the time steps' shares in a gradient, whose sum is drawn; or ""
 * @property {string[]} over_time what stands there over all time steps, too
 * @property {Record<string, Field>} address
 * @property {import("./colours.js").Colours} colours
 * @property {boolean} linked the address says what is shown
 * @property {string} [inside] the part of the address that says it of a stage in another page
 * @property {string} [page] that page
 * @property {string} [layer] which network and layer of somebody's own
 * @property {boolean} timed
 * @property {boolean} backwards time runs backwards
 * @property {number[]} [lengths] of each sequence, where some end before the last time step
 * @property {boolean} learning there are targets
 * @property {boolean} ranking the likeliest tokens are listed
 * @property {boolean} wired
 * @property {[string, string]} beside the chapters before and after this one that have a stage, or ""
 * @property {string[]} pairs titles of what may be compared at one click
 * @property {Station} [station] of the tour
 * @property {PictureRow[]} [picture] what stands there in place of the scene
 *
 * What it is computed from: equations, what is given, and numbers of Python's to check it by.
 * @property {import("./plan.js").Network} network
 * @property {import("./views.js").Precision} [precision] in which it is computed
 * @property {Record<string, Encoded>} given
 * @property {Record<string, Encoded>} checks
 * @property {string} [worker] of a run that is too large for a frame, the code that adds sequences up
 * @property {string} [large] how much larger such a run is
 * @property {number[][]} [ids] of labels in the place of tokens
 * @property {number[][]} [targets]
 */

/** A shape in words, as in "z (B=2, T=3, H=4)". */
const WORDED_SHAPE = / \((?:\w+=\d+(?:, )?)*\)/g;

/**
 * Read the description of a page; what follows from other parts of it is not sent.
 * @param {string} text
 * @returns {Meta}
 */
export function readMeta(text) {
  /** @type {Meta} */
  const meta = JSON.parse(text);
  for (const q of Object.values(meta.quantities)) {
    q.shape = q.dims.map((dim) => meta.sizes[dim]);
    q.letters ??= q.dims;
    q.text = q.shapes.replace(WORDED_SHAPE, "");
  }
  return meta;
}

/** Most numbers of a quantity that are sent to check it by; as in payload.py. */
const SAMPLES = 10;

/**
 * Return how far apart the numbers are that a quantity is checked by.
 * @param {number[]} shape
 */
export function strideOf(shape) {
  const size = shape.reduce((product, length) => product * length, 1);
  return Math.max(1, Math.ceil(size / SAMPLES));
}
