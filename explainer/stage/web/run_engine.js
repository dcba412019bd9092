/*
 * What computes a run, from what was sent of it.
 */

import { Engine } from "./engine.js";
import { SECOND } from "./plan.js";
import { SequenceEngine } from "./sequence_engine.js";

/**
 * Return what computes a run: all sequences at once, or, where a frame has no time for that, one.
 * @param {import("./sent.js").Meta} meta
 * @param {import("./buffer.js").Arrays} sent
 */
export function runEngine({ network, sizes, given, precision, worker }, sent) {
  const dims = new Map(network.given.map((each) => [each.name, each.dims]));
  /** @type {(name: string) => number} */
  const size = (name) =>
    (dims.get(name.replace(SECOND, "")) ?? []).reduce((n, dim) => n * sizes[dim], 1);
  const numbers = Object.entries(given).map(([name, encoded]) => [
    name,
    sent.decode(encoded, size(name)),
  ]);
  const made = worker === undefined ? Engine : SequenceEngine;
  return new made(network, sizes, Object.fromEntries(numbers), precision);
}
