/* A run that is solved one sequence at a time, beside the same run solved whole. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { takeApart } from "../../explainer/stage/web/batch_sums.js";
import { Engine } from "../../explainer/stage/web/engine.js";
import { everyEquation } from "../../explainer/stage/web/plan.js";
import { SequenceEngine } from "../../explainer/stage/web/sequence_engine.js";
import { SumsLoop } from "../../explainer/stage/web/sums_loop.js";
import { numberAt } from "../../explainer/stage/web/views.js";
import { probeKey, WholeBatch } from "../../explainer/stage/web/whole_batch.js";

const SIZES = { B: 3, T: 4, H: 2 };

/** @param {string} name @param {string} dims @param {any} [tree] */
const q = (name, dims, tree = null) => ({ name, dims: dims.split(" ").filter(Boolean), tree });
const matmul = (x, W) => ["contract", "...k,kj->...j", x, W];

const NETWORK = {
  given: [
    ...[q("x", "B T H"), q("y", "B T H"), q("h_0", "B H"), q("counted", "B T")],
    ...[q("U", "H H"), q("learning_rate", ""), q("d_loss", "", 1)],
  ],
  forward: [
    q("h_prev", "B T H", ["before", null, "h", "h_0"]),
    q("h", "B T H", ["tanh", null, ["add", null, "x", matmul("h_prev", "U")]]),
    q("logits", "B T H", ["neg", null, "h"]),
    q("error", "B T H", ["sub", null, "logits", "y"]),
    q("square", "B T", ["sum", -1, ["mul", null, "error", "error"]]),
    q("answers", "", ["sum", null, "counted"]),
    q("mean", "T", ["div", null, ["sum", 0, ["mul", null, "counted", "square"]], "answers"]),
    q("loss", "", ["sum", null, "mean"]),
  ],
  backward: [
    q("d_mean", "T", ["expand_as", null, "d_loss", "mean"]),
    q("d_square", "B T", ["div", null, ["mul", null, "d_mean", "counted"], "answers"]),
    q("d_h_next", "B T H", ["after", null, "d_h_prev", 0]),
    q("d_h", "B T H", ["add", null, ["unsqueeze", -1, "d_square"], "d_h_next"]),
    q("d_h_prev", "B T H", matmul("d_h", "U")),
    q("d_U", "H H", ["contract", "bti,btj->ij", "d_h", "h_prev"]),
  ],
  on_demand: [q("d_U_t", "T H H", ["contract", "bti,btj->tij", "d_h", "h_prev"])],
  update: [q("new_U", "H H", ["sub", null, "U", ["mul", null, "learning_rate", "d_U"]])],
};

const some = (length, seed) => Array.from({ length }, (_, i) => Math.sin(7.3 * i + seed));
const GIVEN = {
  x: some(24, 1),
  y: some(24, 2),
  h_0: some(6, 3),
  counted: [1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0],
  U: some(4, 4),
  learning_rate: [0.3],
};
const BASE = { network: NETWORK, sizes: SIZES, given: GIVEN };
const NOTHING = { id: 1, edits: [], sums: [], whole: [], samples: [], spots: [] };

/** Do jobs one after the other; return all that is told. @param {any[]} jobs */
async function told(...jobs) {
  const found = [];
  const loop = new SumsLoop(BASE, (news) => found.push(news));
  await Promise.all(jobs.map((job) => loop.take({ ...NOTHING, ...job })));
  return found;
}

test("sums over sequences are found in the trees, and shapes are none", () => {
  const { sums, early } = takeApart(everyEquation(NETWORK, false));
  const expected = ["answers", "mean", "d_U", "d_U_t", "second.answers", "second.mean"];
  assert.deepEqual([...sums], expected);
  assert.deepEqual(
    early.map(({ name }) => name),
    ["answers", "second.answers"],
  );
});

test("a sequence needs no other one, but for sums and what follows from them", () => {
  const whole = new Engine(NETWORK, SIZES, GIVEN);
  const engine = new SequenceEngine(NETWORK, SIZES, GIVEN);
  for (const sequence of [0, 2, 1]) {
    engine.show(sequence);
    for (const name of ["h", "d_h", "square"]) {
      const { data } = whole.value(name);
      const length = data.length / SIZES.B;
      const expected = data.subarray(sequence * length, (sequence + 1) * length);
      assert.deepEqual([...engine.value(name).data], [...expected], name);
      assert.ok(engine.isKnown(name) && engine.hasSequences(name));
    }
  }
  for (const name of ["loss", "d_U", "new_U", "second.h"]) assert.ok(!engine.isKnown(name), name);
  assert.deepEqual(engine.missing(["second.loss", "d_U_t"]), [
    { sum: "d_U_t", after: 0 },
    { sum: "d_U", after: 0 },
    { sum: "second.mean", after: 1 },
  ]);
});

test("an edit makes those sums unknown that it reaches", () => {
  const engine = new SequenceEngine(NETWORK, SIZES, GIVEN);
  const all = { mean: 4, d_U: 4, d_U_t: 16, "second.mean": 4 };
  for (const [sum, length] of Object.entries(all)) engine.giveSum(sum, new Float64Array(length));
  const known = () => [...engine.known.keys()].filter((sum) => !sum.endsWith("answers"));
  engine.edit([{ name: "learning_rate", index: [], value: 0.1 }]);
  assert.deepEqual(known(), ["mean", "d_U", "d_U_t"]);
  engine.edit([{ name: "counted", index: [2, 3], value: 1 }]);
  assert.deepEqual(known(), []);
  assert.equal(engine.value("answers").data[0], 10);
});

test("the loop adds up what the sequences add, and reads what is asked for", async () => {
  const edits = [{ name: "h", index: [1, 2, 0], value: 0.5 }];
  const whole = new Engine(NETWORK, SIZES, GIVEN);
  whole.edit(edits);
  const [news] = await told({
    ...{ edits, sums: ["second.mean", "d_U", "d_U_t"], whole: ["square"], samples: [["h", 5]] },
    spots: [{ name: "h", index: [2, 1, 0] }],
  });
  const { sums, samples, spots } = news.numbers;
  for (const [name, values] of [...sums, ...news.numbers.whole]) {
    const expected = whole.value(name).data;
    for (const [i, value] of expected.entries()) assert.ok(Math.abs(values[i] - value) < 1e-14);
  }
  const h = whole.value("h").data;
  assert.deepEqual(
    [...samples[0][1]],
    [0, 5, 10, 15, 20].map((i) => h[i]),
  );
  assert.deepEqual(spots, [h[18]]);
});

test("single numbers of no sequence are read in the end", async () => {
  const edits = [{ name: "U", index: [0, 1], value: 0.7 }];
  const whole = new Engine(NETWORK, SIZES, GIVEN);
  whole.edit(edits);
  const wanted = { loss: [], d_U: [1, 0], "second.loss": [], square: [2, 1] };
  const spots = Object.entries(wanted).map(([name, index]) => ({ name, index }));
  const [news] = await told({ edits, spots });
  const found = spots.map(({ name, index }) => numberAt(whole.value(name), index));
  for (const [i, value] of found.entries())
    assert.ok(Math.abs(news.numbers.spots[i] - value) < 1e-14);
});

test("probes follow what is missing, tell how far all are, and give way to an edit", async (context) => {
  const engine = new SequenceEngine(NETWORK, SIZES, GIVEN);
  const quantities = { loss: { dims: [], shape: [] } };
  const batch = new WholeBatch(engine, { quantities, checks: {} });
  const probes = [0.1, 0.2].map((value) => {
    return { name: "second.loss", index: [], edits: [{ name: "learning_rate", index: [], value }] };
  });
  const heard = [];
  const follow = (edits) =>
    new Promise((resolve) => {
      const hear = (news) => {
        heard.push([news.done, news.total, news.probed ?? false]);
        if (news.numbers || news.probed) resolve(null);
      };
      batch.follow(edits, probes, hear);
    });
  for (let i = 0; i < 3; i++) await follow([]);
  assert.deepEqual(heard, [
    [3, 3, false],
    [6, 12, true],
    [6, 6, true],
  ]);
  const whole = new Engine(NETWORK, SIZES, GIVEN);
  for (const probe of probes) {
    whole.edit(probe.edits);
    const [found, expected] = [
      batch.probed.get(probeKey(probe)),
      whole.value("second.loss").data[0],
    ];
    assert.ok(Math.abs(found - expected) < 1e-14);
  }
  assert.equal(batch.openProbes().length, 0);
  // an edit while a probe is on its way, after one sequence
  let now = 0;
  context.mock.method(performance, "now", () => (now += 100));
  probes.push({ ...probes[0], edits: [{ name: "learning_rate", index: [], value: 0.4 }] });
  follow([]);
  const edits = [{ name: "U", index: [], value: 0.1 }];
  engine.edit(edits);
  batch.forget();
  await follow(edits);
  assert.deepEqual(heard.slice(3), [[7, 9, false], ...[1, 2, 3, 3].map((n) => [n, 3, false])]);
  assert.equal(batch.openProbes().length, 1);
});

test("a newer job takes the place of an older one", async (context) => {
  let now = 0;
  context.mock.method(performance, "now", () => (now += 100));
  const found = await told({ id: 1, sums: ["mean"] }, { id: 2, sums: ["mean"] });
  assert.deepEqual(
    found.map(({ id, done, numbers }) => [id, done, numbers !== undefined]),
    [[1, 1, false], ...[1, 2, 3].map((done) => [2, done, false]), [2, 3, true]],
  );
});
