/*
 * Solves runs for tests/test_engine_js.py: node solve.js cases.json results.bin
 *
 * A case is a network, its sizes, what it is given as base64, and what to do: a list of edits, and
 * the names whose numbers to write, again and again.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Engine } from "../../explainer/stage/web/engine.js";

/** @param {string} text */
function decode(text) {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  return new Float64Array(bytes.buffer);
}

const [, , cases, results] = process.argv;
const found = [];
for (const { network, sizes, given, precision, turns } of JSON.parse(
  readFileSync(cases, "utf-8"),
)) {
  const numbers = Object.entries(given).map(([name, text]) => [name, decode(text)]);
  const engine = new Engine(network, sizes, Object.fromEntries(numbers), sizes, precision);
  for (const { edits, names } of turns) {
    engine.edit(edits);
    for (const name of names) {
      found.push(Buffer.from(Float64Array.from(engine.value(name).data).buffer));
    }
  }
}
writeFileSync(results, Buffer.concat(found));
