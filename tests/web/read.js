/*
 * Writes what the stage makes of what it was sent: node read.js sent.json results.bin
 *
 * A case is what the server sent, and the names whose numbers to write; after those of all cases
 * comes the largest difference that the check of each finds, -1 where it is sent in parts.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { compareWithPython } from "../../explainer/stage/web/agreement.js";
import { Tensors } from "../../explainer/stage/web/tensors.js";

const [, , cases, results] = process.argv;
const found = [];
const checks = [];
for (const { data, names } of JSON.parse(readFileSync(cases, "utf-8"))) {
  const tensors = new Tensors(data);
  for (const name of names) {
    const numbers = tensors.numbers(name);
    if (numbers === null) throw new Error(`${name} was not sent`);
    found.push(...numbers.data);
  }
  checks.push(compareWithPython(tensors)?.difference ?? -1);
}
writeFileSync(results, new Uint8Array(Float64Array.from([...found, ...checks]).buffer));
