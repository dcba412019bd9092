/* A small recurrent network by hand; plain loops and differences of the loss say what is right. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine } from "../../explainer/stage/web/engine.js";
import { plan } from "../../explainer/stage/web/plan.js";

const SIZES = { B: 2, T: 4, D: 3, H: 5, V: 6 };

/** @param {string} name @param {string} dims @param {any} [tree] */
const q = (name, dims, tree = null) => ({ name, dims: dims.split(" ").filter(Boolean), tree });
const linear = (x, W) => ["contract", "...d,hd->...h", x, W];
const matmul = (x, W) => ["contract", "...k,kj->...j", x, W];
const outer = (a, b) => ["contract", "bti,btj->ij", a, b];
const PARAMETERS = { W: "H D", U: "H H", W_o: "V H" };

const NETWORK = {
  given: [
    ...[q("ids", "B T"), q("targets", "B T"), q("h_0", "B H"), q("learning_rate", "")],
    ...Object.entries({ E: "V D", ...PARAMETERS }).map(([name, dims]) => q(name, dims)),
    q("y", "B T V", ["one_hot", null, "targets"]),
    q("one_hot", "B T V", ["one_hot", null, "ids"]),
  ],
  forward: [
    q("x", "B T D", ["lookup", null, "ids", "E"]),
    q("h_prev", "B T H", ["before", null, "h", "h_0"]),
    q("a", "B T H", ["add", null, linear("x", "W"), linear("h_prev", "U")]),
    q("h", "B T H", ["tanh", null, "a"]),
    q("logits", "B T V", linear("h", "W_o")),
    q("log_p", "B T V", ["log_softmax", null, "logits"]),
    q("p", "B T V", ["softmax", null, "logits"]),
    q("loss", "", ["neg", null, ["div", null, ["sum", null, ["mul", null, "y", "log_p"]], 8]]),
  ],
  backward: [
    q("d_logits", "B T V", ["div", null, ["sub", null, "p", "y"], ["size", null, "targets"]]),
    q("d_h_next", "B T H", ["after", null, "d_h_prev", 0]),
    q("d_h", "B T H", ["add", null, matmul("d_logits", "W_o"), "d_h_next"]),
    q("d_a", "B T H", ["mul", null, "d_h", ["sub", null, 1, ["mul", null, "h", "h"]]]),
    q("d_h_prev", "B T H", matmul("d_a", "U")),
    q("d_x", "B T D", matmul("d_a", "W")),
    q("d_E", "V D", outer("one_hot", "d_x")),
    q("d_W", "H D", outer("d_a", "x")),
    q("d_U", "H H", outer("d_a", "h_prev")),
    q("d_W_o", "V H", outer("d_logits", "h")),
  ],
  on_demand: [q("d_U_t", "T H H", ["contract", "bti,btj->tij", "d_a", "h_prev"])],
  update: Object.entries({ E: "V D", ...PARAMETERS }).map(([name, dims]) =>
    q(`new_${name}`, dims, ["sub", null, name, ["mul", null, "learning_rate", `d_${name}`]]),
  ),
};

/** Numbers that look random and are the same each time. */
function numbers(length, seed) {
  return Array.from({ length }, (_, i) => Math.sin(7.3 * i + seed) + 0.3 * Math.cos(31 * i * seed));
}

const GIVEN = {
  ids: [0, 3, 5, 1, 2, 2, 4, 0],
  targets: [3, 5, 1, 2, 2, 4, 0, 1],
  h_0: numbers(10, 1),
  learning_rate: [0.3],
  E: numbers(18, 2),
  W: numbers(15, 3),
  U: numbers(25, 4),
  W_o: numbers(30, 5),
};

const start = (edits = []) => {
  const engine = new Engine(NETWORK, SIZES, GIVEN);
  engine.edit(edits);
  return engine;
};
const every = (engine) => [...engine.solver.plan.equations.keys()];
const snapshot = (engine) => every(engine).map((name) => [name, [...engine.value(name).data]]);
const edit = (name, index, value) => ({ name, index, value });

/** The states by plain loops. */
function states() {
  const { B, T, D, H } = SIZES;
  const found = [];
  for (let b = 0; b < B; b++) {
    let h = GIVEN.h_0.slice(b * H, (b + 1) * H);
    for (let t = 0; t < T; t++) {
      const before = h;
      h = before.map((_, i) => {
        let sum = 0;
        for (let d = 0; d < D; d++)
          sum += GIVEN.E[GIVEN.ids[b * T + t] * D + d] * GIVEN.W[i * D + d];
        for (let j = 0; j < H; j++) sum += before[j] * GIVEN.U[i * H + j];
        return Math.tanh(sum);
      });
      found.push(...h);
    }
  }
  return found;
}

/** @param {ArrayLike<number>} found @param {ArrayLike<number>} expected @param {number} within */
function close(found, expected, within, message = "") {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < found.length; i++) {
    const off = Math.abs(found[i] - expected[i]);
    assert.ok(off <= within, `${message}[${i}]: ${found[i]}, expected ${expected[i]}`);
  }
}

test("only what goes round through time is solved one time step after the other", () => {
  const equations = [...NETWORK.given, ...NETWORK.forward, ...NETWORK.backward];
  const round = plan(equations).steps.filter(({ direction }) => direction !== 0);
  assert.deepEqual(
    round.map(({ direction, equations }) => [direction, equations.map(({ name }) => name)]),
    [
      [1, ["h_prev", "a", "h"]],
      [-1, ["d_h_next", "d_h", "d_a", "d_h_prev"]],
    ],
  );
});

test("a plan says what is missing, and what needs itself", () => {
  assert.throws(() => plan([q("a", "", ["neg", null, "b"])]), /a needs b, which nothing makes/);
  const circle = [q("a", "", ["neg", null, "b"]), q("b", "", ["exp", null, "a"])];
  assert.throws(() => plan(circle), /need each other at the same time step/);
});

test("a kind that is not known is named", () => {
  const network = { ...NETWORK, on_demand: [q("odd", "B T H", ["erf", null, "h"])] };
  assert.throws(
    () => new Engine(network, SIZES, GIVEN).value("odd"),
    /erf cannot be computed; possible: add,/,
  );
});

test("states are those of a plain loop", () => {
  close(start().value("h").data, states(), 1e-14, "h");
  assert.deepEqual(start().value("h").shape, [2, 4, 5]);
});

const HELD = [
  [],
  [edit("h", [0, 1, 2], 0.4)],
  [edit("a", [null, null, 1], 0.2), edit("x", [1, 2, null], -0.5)],
  [edit("logits", [0, 3, null], 0.1), edit("h", [null, 2, 0], 0.9), edit("U", [0, 0], 2)],
];
for (const [i, edits] of HELD.entries()) {
  test(`gradients are the loss's slopes, held numbers included (${i})`, () => {
    const engine = start(edits);
    for (const name of ["E", "W", "U", "W_o"]) {
      const gradient = [...engine.value(`d_${name}`).data];
      const { data, shape } = engine.value(name);
      const values = [...data];
      const slope = values.map((value, k) => {
        const index = [Math.floor(k / shape[1]), k % shape[1]];
        const [up, down] = [1e-5, -1e-5].map((step) => {
          engine.edit([...edits, edit(name, index, value + step)]);
          return engine.value("loss").data[0];
        });
        return (up - down) / 2e-5;
      });
      engine.edit(edits);
      close(gradient, slope, 1e-8, `d_${name}`);
    }
  });
}

test("what is held has its value, what it would be by itself, and a gradient of its own", () => {
  const engine = start([edit("h", [0, 1, 2], 0.4)]);
  const at = 7;
  assert.equal(engine.value("h").data[at], 0.4);
  close(engine.own("h").data.slice(0, 10), states().slice(0, 10), 1e-14);
  assert.notEqual(engine.value("d_h").data[at], 0);
  assert.ok(engine.value("d_own_h").data[at] === 0);
  assert.ok(engine.value("d_a").data[at] === 0);
});

test("an edit gives the numbers of a run that began with it", () => {
  const edits = [
    [edit("U", [1, 2], 0.7)],
    [edit("ids", [1, 2], 5)],
    [edit("targets", [0, 0], 4), edit("learning_rate", [], 2)],
    [edit("h_0", [1, null], 0)],
    [edit("x", [0, 2, 1], 1)],
    [edit("x", [0, 2, 1], 2), edit("x", [0, 3, 0], 2)],
    [edit("x", [0, 2, 1], 2)],
    [],
  ];
  const engine = start();
  for (const each of edits) {
    engine.edit(each);
    engine.value("h"); // some of it now, the rest later
    assert.deepEqual(snapshot(engine), snapshot(start(each)));
  }
  assert.deepEqual(snapshot(engine), snapshot(start()));
});

test("only the time steps that an edit reaches are solved again", () => {
  const engine = start([edit("x", [0, 2, 1], 1)]);
  engine.solve();
  const ran = new Map();
  for (const task of engine.solver.tasks) {
    const name = task.equations.at(-1).name;
    task.kernels?.unshift((from, to) => {
      const [first, end] = ran.get(name) ?? [Number.POSITIVE_INFINITY, 0];
      ran.set(name, [Math.min(first, from), Math.max(end, to)]);
    });
  }
  engine.edit([edit("x", [0, 2, 1], 1.5)]);
  engine.solve();
  assert.deepEqual(ran.get("x"), [2, 3]);
  assert.deepEqual(ran.get("h"), [2, 4]);
  assert.deepEqual(ran.get("logits"), [2, 4]);
  assert.deepEqual(ran.get("d_h_prev"), [0, 4]);
  assert.equal(ran.has("y"), false);
  ran.clear();
  engine.edit([edit("x", [0, 2, 1], 1.5), edit("learning_rate", [], 1)]);
  engine.solve();
  assert.equal(ran.has("h") || ran.has("d_h_prev"), false);
  assert.deepEqual(ran.get("second.h"), [0, 4]);
});

test("the second pass has the updated parameters", () => {
  const engine = start();
  const updated = ["E", "W", "U", "W_o"].flatMap((name) => {
    const { data, shape } = engine.value(`new_${name}`);
    return [...data].map((value, k) => edit(name, [Math.floor(k / shape[1]), k % shape[1]], value));
  });
  close(engine.value("second.loss").data, start(updated).value("loss").data, 1e-14);
});

test("it says where a number stopped being finite", () => {
  const engine = start();
  assert.equal(engine.notFinite(), undefined);
  engine.edit([edit("W_o", [3, 1], 1e308), edit("h", [1, 2, 1], 1e10)]);
  assert.deepEqual(engine.notFinite(), { name: "logits", index: [1, 2, 3] });
  engine.edit([edit("learning_rate", [], 1e308), edit("W_o", [3, 1], 1e3)]);
  const { name } = engine.notFinite();
  assert.ok(name.startsWith("new_") || name.startsWith("second."), name);
});

test("contributions of time steps add up to the gradient", () => {
  const engine = start();
  const { data } = engine.value("d_U_t");
  const sums = Array.from(
    { length: 25 },
    (_, i) => data[i] + data[25 + i] + data[50 + i] + data[75 + i],
  );
  close(engine.value("d_U").data, sums, 1e-14);
});

test("an edit that cannot be is a sentence", () => {
  const limited = { ...NETWORK, given: NETWORK.given.map((each) => ({ ...each })) };
  limited.given[0].limits = { low: 0, high: 5, whole: true };
  const engine = new Engine(limited, SIZES, GIVEN);
  const faults = [
    [edit("loss", [], 1), /edits must be quantities among ids, .*h, logits; got loss\./],
    [edit("U", [1], 1), /index of U must be 2 numbers, one for each of H H; got 1\./],
    [edit("U", [1, 5], 1), /index H of U must be an integer from 0 to 4; got 5\./],
    [edit("U", [1, 0.5], 1), /index H of U must be an integer from 0 to 4; got 0\.5\./],
    [edit("U", [1, 1], Number.NaN), /U must be a finite number; got NaN\./],
    [edit("ids", [0, 0], 6), /ids must be an integer from 0 to 5; got 6\./],
  ];
  const before = snapshot(engine);
  for (const [wrong, sentence] of faults) {
    assert.throws(() => engine.edit([edit("U", [0, 0], 3), wrong]), sentence);
  }
  assert.deepEqual(snapshot(engine), before);
});
