import assert from "node:assert/strict";
import { test } from "node:test";
import {
  edited,
  editOf,
  editText,
  parseEdits,
  redone,
  scopes,
  shortest,
  stepped,
  undone,
  withEdit,
  withoutEdit,
  writeEdits,
} from "../../explainer/stage/web/editing.js";
import { whileHeld } from "../../explainer/stage/web/held.js";
import { ServerEdits } from "../../explainer/stage/web/server_edits.js";
import { EMPTY, update } from "../../explainer/stage/web/state.js";
import { readQuery, writeQuery } from "../../explainer/stage/web/url.js";
import { sample } from "./samples.js";

const W = { name: "W", index: [0, 1], value: 0.5 };
const H = { name: "h", index: [null, null, 2], value: 1 };
const begun = update(EMPTY, { tensors: sample() });

test("an edit takes the place of another about the same numbers, and comes last", () => {
  assert.deepEqual(withEdit([W, H], { ...W, value: 2 }), [H, { ...W, value: 2 }]);
  assert.deepEqual(withoutEdit([W, H], W), [H]);
  assert.equal(editOf([H, W], "h", [1, 0, 2]), H);
  assert.equal(editOf([H, W], "h", [1, 0, 1]), undefined);
  assert.equal(editOf([{ ...H, index: [] }], "h", [1, 0, 1])?.value, 1);
});

test("edits are undone and made again, one at a time", () => {
  let state = update(begun, edited(begun, [W]));
  state = update(state, edited(state, [W, H]));
  state = update(state, undone(state));
  assert.deepEqual([state.edits, state.past.length, state.future.length], [[W], 1, 1]);
  state = update(state, redone(state));
  assert.deepEqual(state.edits, [W, H]);
  assert.deepEqual(redone(state), {});
  state = update(state, undone(state));
  state = update(state, edited(state, []));
  assert.deepEqual([state.edits, state.future], [[], []]);
  assert.deepEqual(update(state, undone(state)).edits, [W]);
  assert.deepEqual(undone(begun), {});
});

test("a drag is one edit, whatever lies on its way", () => {
  let state = begun;
  for (const value of [1, 2, 3])
    state = update(state, edited(begun, withEdit([], { ...W, value })));
  assert.equal(state.edits[0].value, 3);
  assert.deepEqual(update(state, undone(state)).edits, []);
});

test("a link says edits as Python does", () => {
  const rate = { name: "learning_rate", index: [], value: 1e-7 };
  const written = "W.0.1:0.5;h.*.*.2:1;learning_rate:1e-7";
  assert.equal(writeEdits([W, H, rate]), written);
  assert.deepEqual(parseEdits(written), { edits: [W, H, rate], problems: [] });
  assert.deepEqual(parseEdits("W.0.1:1;;W.0.1:.5").edits, [W]);
  for (const wrong of ["W", "W.0:x", "W.-1:0", "W.0.1:NaN", "W 0:1", ":1", "W.0.1:0x1"])
    assert.equal(parseEdits(wrong).problems.length, 1, wrong);
});

test("the address brings edits back, and says what does not fit", () => {
  const state = update(begun, edited(begun, [W, H]));
  assert.equal(writeQuery(state).edit, "W.0.1:0.5;h.*.*.2:1");
  const query = (text) => readQuery(begun, new URLSearchParams(text), null, false, false);
  assert.deepEqual(query({ edit: writeQuery(state).edit }).edits, [W, H]);
  assert.match(query("edit=q:1;W:x").message, /edit must be entries .* got W:x\. There is no q\./);
});

test("other numbers leave out what they have no place for", () => {
  const state = update(begun, edited(begun, [W, { ...W, name: "q" }]));
  const next = update(state, { tensors: sample() });
  assert.deepEqual([next.edits, next.past], [[W], []]);
  assert.match(next.message, /There is no q/);
});

test("what can be edited together", () => {
  const places = (dims, index) => scopes(dims, index).map(([, found]) => found);
  assert.deepEqual(places(["B", "T", "H"], [0, 2, 1]), [
    [0, 2, 1],
    [null, null, 1],
    [0, 2, null],
    [null, null, null],
  ]);
  assert.deepEqual(places(["H", "H"], [0, 1]), [
    [0, 1],
    [0, null],
    [null, 1],
    [null, null],
  ]);
  assert.deepEqual(places([], []), [[]]);
  assert.deepEqual(shortest([null, null]), []);
  assert.deepEqual(shortest([0, null]), [0, null]);
  assert.equal(editText(H), "h[*,*,2]");
});

test("a step stays within limits, and adds up to tenths", () => {
  const unit = { low: 0, high: 1, whole: true };
  assert.equal(stepped(0.1, 0.2), 0.3);
  assert.equal(stepped(1, 1, unit), 1);
  assert.equal(stepped(0.4, 0, unit), 0);
});

test("while something is held, its gradient goes no further", () => {
  const quantity = (text, form, letters = ["b"]) => ({
    ...{ dims: ["B"], shape: [2], symbol: "s", why: "", kind: "signed", hue: "" },
    ...{ text, shapes: text.replace(/\w+/g, "$& (B=2)"), form, letters },
  });
  const found = whileHeld(
    {
      z: quantity("z = a", ["at", "a", "b"]),
      d_z: quantity("d_z = d_h", ["at", "d_h", "b"]),
      d_a: quantity("d_a = d_z", ["at", "d_z", "b"]),
    },
    ["z"],
  );
  assert.deepEqual([found.d_a.text, found.d_a.form], ["d_a = d_own_z", ["at", "d_own_z", "b"]]);
  assert.deepEqual([found.d_z.text, found.d_z.form], ["d_z = d_h", ["at", "d_h", "b"]]);
  assert.equal(found.own_z.text, "own_z = a");
  assert.equal(found.d_own_z.shapes, "d_own_z (B=2) = free_z (B=2) ⊙ d_z (B=2)");
});

test("what the server shows late takes nothing back, and what is made elsewhere counts", () => {
  const server = new ServerEdits();
  assert.equal(server.heard(""), false);
  assert.equal(server.mustTell(""), false);
  assert.equal(server.mustTell("W.0.0:1"), true);
  assert.equal(server.mustTell("W.0.0:2"), true);
  assert.equal(server.mustTell("W.0.0:2"), false);
  assert.equal(server.heard("W.0.0:1"), false);
  assert.equal(server.heard("W.0.0:1"), false);
  assert.equal(server.heard("W.0.0:2"), false);
  assert.equal(server.heard(""), true);
  assert.equal(server.mustTell(""), false);
});
