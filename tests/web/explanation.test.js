import assert from "node:assert/strict";
import { test } from "node:test";
import { explanation, terms } from "../../explainer/stage/web/explanation.js";
import { evaluate, Missing } from "../../explainer/stage/web/index_form.js";
import { sample } from "./samples.js";

const text = (pieces) => pieces.map((piece) => piece.text).join("");

test("a product of matrices is a sum over the letter that vanishes", () => {
  const source = sample((name, index) => (name === "W" ? index[1] + 1 : 0.5));
  const opened = explanation(source, "a", [0, 1, 1]);
  assert.equal(text(opened.symbols), "a[0,1,1] = Σ_k W[1,k]·x[0,1,k]");
  assert.equal(text(opened.numbers), "a[0,1,1] = 1.0000·0.5000 + 2.0000·0.5000 = 0.5000");
  assert.equal(evaluate(opened.tree, source), 1.5);
  assert.equal(terms(opened.tree, source).length, 2);
});

test("before the first time step stands what the edge has", () => {
  assert.equal(
    text(explanation(sample(), "h_prev", [1, 2, 0]).symbols),
    "h_prev[1,2,0] = h[1,1,0]",
  );
  assert.equal(text(explanation(sample(), "h_prev", [1, 0, 0]).symbols), "h_prev[1,0,0] = 0");
});

for (const [far, written] of [
  [1000, "exp(1000.0000 − 1000.0000) / (exp(1000.0000 − 1000.0000) + "],
  [-750, "exp(−750.0000 − (−750.0000)) / (exp(−750.0000 − (−750.0000)) + "],
  [3, "exp(3.0000) / (exp(3.0000) + "],
])
  test(`a softmax of logits near ${far} is true as it is printed`, () => {
    const source = sample((name) => (name === "logits" ? far : 1 / 30));
    const opened = explanation(source, "p", [0, 0, 0]);
    assert.ok(text(opened.numbers).includes(written), text(opened.numbers));
    assert.ok(Math.abs(evaluate(opened.tree, source) - 1 / 30) < 1e-15);
  });

test("a number that is not there is named", () => {
  const source = sample((name) => (name === "x" ? undefined : 0.5));
  assert.throws(
    () => explanation(source, "a", [0, 1, 1]),
    (error) => error instanceof Missing && error.message === "no number for x[0,1,0]",
  );
});
