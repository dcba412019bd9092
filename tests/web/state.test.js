import assert from "node:assert/strict";
import { test } from "node:test";
import { layoutOf } from "../../explainer/stage/web/layout.js";
import { CLOSED, EMPTY, isHidden, opening, update } from "../../explainer/stage/web/state.js";
import { readQuery, writeQuery } from "../../explainer/stage/web/url.js";
import { entered, walked } from "../../explainer/stage/web/walk.js";
import { sample } from "./samples.js";

const begun = update(EMPTY, { tensors: sample() });
const opened = (name, index) => update(begun, opening(begun, { name, index }, []));

test("the place stays inside the run", () => {
  assert.equal(update(begun, { t: 7 }).t, 2);
  assert.equal(update(begun, { t: -1 }).t, 0);
  assert.equal(update(begun, { sequence: 5 }).sequence, 1);
  assert.equal(update(begun, { equation: 9 }).equation, 2);
});

test("a cell is at its time step and in its sequence", () => {
  const { index } = layoutOf(sample(), "h", false);
  assert.deepEqual(index({ t: 2, sequence: 1 }, 0, 0), [1, 2, 0]);
});

test("a state is left as it was", () => {
  const before = JSON.stringify({ ...begun, tensors: null });
  update(begun, { t: 1, equation: 1 });
  assert.equal(JSON.stringify({ ...begun, tensors: null }), before);
});

test("an opened number takes the stage to its place, and goes along with it", () => {
  const state = opened("h", [1, 2, 0]);
  assert.deepEqual([state.t, state.sequence], [2, 1]);
  const moved = update(state, { t: 0, sequence: 0 });
  assert.deepEqual(moved.opened, { name: "h", index: [0, 0, 0] });
  assert.deepEqual(moved.trail, [moved.opened]);
  assert.equal(update(moved, CLOSED).opened, null);
});

test("a number without time stays", () => {
  assert.deepEqual(update(opened("W", [1, 0]), { t: 1 }).opened, { name: "W", index: [1, 0] });
});

test("what is not there is not opened", () => {
  assert.deepEqual(opening(begun, { name: "h", index: [0, 9, 0] }, []), {});
  assert.deepEqual(opening(begun, { name: "nonsense", index: [] }, []), {});
});

test("a quiz hides the shown equation until it is solved", () => {
  const state = update(begun, { quizzing: true });
  assert.equal(state.equation, 0);
  assert.ok(isHidden(state, "a"));
  assert.ok(!isHidden(update(state, { solved: true }), "a"));
  assert.ok(isHidden(update(update(state, { solved: true }), { equation: 1 }), "h"));
});

test("a pointed number is let go of when time moves on", () => {
  const state = update(begun, { pointed: { name: "h", index: [0, 0, 0], by: "pointer" } });
  assert.equal(update(state, { t: 1 }).pointed, null);
});

const read = (query, kept = null, arrived = false) =>
  readQuery(begun, new URLSearchParams(query), kept, arrived, false);

test("the address is read as it was written", () => {
  const state = update(opened("h", [1, 2, 0]), { range: "run", digits: "4", equation: 1 });
  const said = Object.entries(writeQuery(state)).filter(([, value]) => value !== null);
  assert.deepEqual(Object.fromEntries(said), {
    ...{ t: "2", sequence: "1", range: "run", digits: "4", equation: "h", cell: "h:1,2,0" },
  });
  assert.deepEqual({ ...read(said), tensors: null }, { ...state, tensors: null });
  assert.ok(Object.values(writeQuery(begun)).every((value) => value === null));
});

test("what a link can't have is said, and 0 is shown", () => {
  const state = read("t=77&sequence=a&range=nonsense&cell=z:0");
  assert.deepEqual([state.t, state.sequence, state.range, state.opened], [0, 0, "time", null]);
  assert.equal(
    state.message,
    "t must be an integer from 0 to 2; got 77. Shown: t 0. sequence must be an integer from 0 to 1; got a. Shown: sequence 0. " +
      "The link asks for the number z:0, which is not here.",
  );
});

test("from another chapter place and look come along, equation and number stay behind", () => {
  const state = read("equation=h&cell=h:1,2,0", { ...begun, t: 1, digits: "full" }, true);
  assert.deepEqual([state.t, state.digits, state.equation, state.opened], [1, "full", -1, null]);
});

test("the sequence is the server's, which follows it on every chapter", () => {
  const arrived = update(begun, { sequence: 1 });
  const state = readQuery(arrived, new URLSearchParams(), { ...begun, t: 2 }, true, false);
  assert.deepEqual([state.t, state.sequence], [2, 1]);
});

test("presenting shows an equation, and in the end what was shown before", () => {
  const shown = update(begun, { presenting: true });
  assert.equal(shown.equation, 0);
  const on = update(shown, { equation: 2 });
  assert.equal(on.equation, 2);
  assert.equal(update(on, { presenting: false }).equation, -1);
  const number = update(on, opening(on, { name: "h", index: [0, 1, 1] }, []));
  assert.equal(number.equation, 1);
  const chosen = update(update(begun, { equation: 1 }), { presenting: true });
  assert.equal(update(chosen, { presenting: false }).equation, 1);
});

test("a walk leads through equations, then through time, then out", () => {
  let state = update(begun, { presenting: true });
  const places = [];
  for (let change = {}; change; change = walked(state, 1)) {
    state = update(state, change);
    places.push(`${state.t}:${state.equation}`);
  }
  assert.deepEqual(places, ["0:0", "0:1", "0:2", "1:0", "1:1", "1:2", "2:0", "2:1", "2:2"]);
  for (let change = {}; change; change = walked(state, -1)) {
    state = update(state, change);
    assert.equal(places.pop(), `${state.t}:${state.equation}`);
  }
  assert.deepEqual(places, []);
  assert.equal(update(state, entered(state, -1)).t, 2);
  assert.equal(update(state, entered(state, 1)).t, 0);
});
