/*
 * Where a number stands in the module that a layer was recorded from.
 */
import { tensorsOf } from "./layout.js";

/** @import { Spot, State } from "./state.js" */

/**
 * Return the line about it in the panel of an opened number.
 * @param {State} state
 * @param {Spot} spot
 * @returns {Record<string, {text: string}[]>} by what stands before it
 */
export function moduleLine(state, { name, index }) {
  const { source } = tensorsOf(state).quantities[name];
  if (!source) return {};
  const [row, ...others] = index;
  const place = [row + source.row, ...others].join(", ");
  return { "in your module": [{ text: `${source.name}[${place}]` }] };
}
