/*
 * What comes after the end of a sequence: padding, of which there is nothing to explain.
 */
/** @import { Spot } from "./state.js" */
/** @import { Tensors } from "./tensors.js" */

/**
 * Tell whether a time step comes after the end of its sequence.
 * @param {Tensors} tensors
 * @param {number} sequence
 * @param {number} t
 */
export function isPadding(tensors, sequence, t) {
  return t >= (tensors.meta.lengths?.[sequence] ?? tensors.sizes.T);
}

/**
 * Say that a number comes after the end of its sequence, in the words of `explain`; "" for others.
 * @param {Tensors} tensors
 * @param {Spot} spot
 */
export function paddingText(tensors, { name, index }) {
  const [first, second] = tensors.quantities[name].dims;
  const [sequence, t] = index;
  if (first !== "B" || second !== "T" || !isPadding(tensors, sequence, t)) return "";
  const count = tensors.meta.lengths?.[sequence];
  const steps = `${count} time step${count === 1 ? "" : "s"}`;
  return `Sequence ${sequence} has ${steps}; t is ${t}. What comes after is padding.`;
}
