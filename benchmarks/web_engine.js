/* Times the browser's engine: node web_engine.js cases.json */
import { readFileSync } from "node:fs";
import { Engine } from "../explainer/stage/web/engine.js";

const TIMES = 41;

/**
 * Return the median and the 95th percentile of some runs, after as many to warm up.
 * @param {(i: number) => void} work
 */
function time(work) {
  for (let i = 0; i < TIMES; i++) work(i);
  const found = Array.from({ length: TIMES }, (_, i) => {
    const start = performance.now();
    work(i);
    return performance.now() - start;
  }).sort((a, b) => a - b);
  return [found[TIMES >> 1], found[Math.floor(0.95 * TIMES)]];
}

const results = JSON.parse(readFileSync(process.argv[2], "utf-8")).map(({ network, sizes, given }) => {
  const engine = new Engine(network, sizes, given);
  engine.solve();
  const edited = (/** @type {string} */ name, /** @type {(number | null)[]} */ index) =>
    time((i) => {
      engine.edit([{ name, index, value: 0.01 * i }]);
      engine.solve();
    });
  return {
    "a new network, everything": time(() => new Engine(network, sizes, given).solve()),
    "one weight": edited("W_hz", [0, 0]),
    "one unit held": edited("z", [null, null, 0]),
    "the learning rate": edited("learning_rate", []),
  };
});
console.log(JSON.stringify(results));
