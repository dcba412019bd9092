/*
 * Writes what the stage makes of what it was sent: node read.js sent.json results.bin
 *
 * A case is what the server sent, and the names whose numbers to write; after those of all cases
 * comes the largest difference that the check of each finds.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { compareWithPython } from "../../explainer/stage/web/agreement.js";
import { Tensors } from "../../explainer/stage/web/tensors.js";

/**
 * Wait for what needs all sequences.
 * @param {Tensors} tensors
 */
async function everything(tensors) {
  while (tensors.batch?.missing([]))
    await new Promise((resolve) => tensors.follow(({ numbers }) => numbers && resolve(null)));
}

/**
 * Return all numbers of a quantity, of each sequence in turn where one is here at a time.
 * @param {Tensors} tensors
 * @param {string} name
 */
function numbersOf(tensors, name) {
  const [{ shape, dims }, { B }] = [tensors.quantities[name], tensors.sizes];
  const size = shape.reduce((product, length) => product * length, 1);
  /** @type {number[]} */
  const found = [];
  for (let sequence = 0; found.length < size; sequence++) {
    if (sequence >= (dims[0] === "B" ? B : 1)) throw new Error(`${name} is not here`);
    tensors.show(sequence);
    found.push(...(tensors.numbers(name)?.data ?? []));
  }
  return found;
}

const [, , cases, results] = process.argv;
const all = [];
const checks = [];
for (const { data, names } of JSON.parse(readFileSync(cases, "utf-8"))) {
  const tensors = new Tensors(data);
  await everything(tensors);
  for (const name of names) all.push(...numbersOf(tensors, name));
  checks.push(compareWithPython(tensors)?.difference ?? -1);
}
writeFileSync(results, new Uint8Array(Float64Array.from([...all, ...checks]).buffer));
