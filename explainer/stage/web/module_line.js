/*
 * What a number is beside its formula: where it stands in the module that a layer was recorded
 * from, and which token an id means.
 */
import { tensorsOf } from "./layout.js";

/** @import { Spot, State } from "./state.js" */

/** Quantities whose numbers are ids of tokens. */
const IDS = new Set(["ids", "targets"]);

/**
 * Return the lines about it in the panel of an opened number.
 * @param {State} state
 * @param {Spot} spot
 * @returns {Record<string, {text: string}[]>} by what stands before them
 */
export function moduleLine(state, { name, index }) {
  const tensors = tensorsOf(state);
  /** @type {Record<string, {text: string}[]>} */
  const lines = {};
  const id = tensors.value(name, index);
  if (IDS.has(name) && !tensors.meta.features && id !== undefined)
    lines.token = [{ text: `“${tensors.token(id)}”` }];
  const { source } = tensors.quantities[name];
  if (!source) return lines;
  const [row, ...others] = index;
  const place = [row + source.row, ...others].join(", ");
  lines["in your module"] = [{ text: `${source.name}[${place}]` }];
  return lines;
}
