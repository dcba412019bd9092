/*
 * Solves runs for tests/test_engine_js.py: node solve.js cases.json results.bin
 *
 * A case is a network, its sizes, what it is given as base64, and what to do: a list of edits, and
 * the names whose numbers to write, again and again; `apart` one sequence at a time.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Engine } from "../../explainer/stage/web/engine.js";
import { SequenceEngine } from "../../explainer/stage/web/sequence_engine.js";
import { SumsLoop } from "../../explainer/stage/web/sums_loop.js";

/** @param {string} text */
function decode(text) {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  return new Float64Array(bytes.buffer);
}

/**
 * Return what finds a quantity's numbers in a run that is solved one sequence at a time.
 * @param {any} base
 */
function oneByOne(base) {
  const { network, sizes, given, precision } = base;
  const engine = new SequenceEngine(network, sizes, given, precision);
  /** @type {(news: any) => void} */
  let hear = () => {};
  const loop = new SumsLoop(base, (news) => hear(news));
  return {
    /** @param {any[]} edits @param {string[]} names */
    async edit(edits, names) {
      engine.edit(edits);
      const sums = engine.missing(names).map(({ sum }) => sum);
      const nothing = { whole: [], samples: [], spots: [] };
      const numbers = await new Promise((resolve) => {
        hear = (news) => news.numbers && resolve(news.numbers);
        loop.take({ id: 0, edits, sums, ...nothing });
      });
      for (const [sum, values] of numbers.sums) engine.giveSum(sum, values);
    },
    /** @param {string} name */
    value(name) {
      if (!engine.hasSequences(name)) return [...engine.value(name).data];
      return Array.from({ length: sizes.B }, (_, sequence) => {
        engine.show(sequence);
        return [...engine.value(name).data];
      }).flat();
    },
  };
}

/** @param {any} base */
function whole({ network, sizes, given, precision }) {
  const engine = new Engine(network, sizes, given, precision);
  return {
    /** @param {any[]} edits */
    edit: async (edits) => engine.edit(edits),
    /** @param {string} name */
    value: (name) => engine.value(name).data,
  };
}

const [, , cases, results] = process.argv;
const found = [];
for (const { network, sizes, given, precision, apart, turns } of JSON.parse(
  readFileSync(cases, "utf-8"),
)) {
  const numbers = Object.entries(given).map(([name, text]) => [name, decode(text)]);
  const base = { network, sizes, given: Object.fromEntries(numbers), precision };
  const run = apart ? oneByOne(base) : whole(base);
  for (const { edits, names } of turns) {
    await run.edit(edits, names);
    for (const name of names) found.push(Buffer.from(Float64Array.from(run.value(name)).buffer));
  }
}
writeFileSync(results, Buffer.concat(found));
