/* Expected texts are what Python 3 prints for the same doubles. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatNumber, fsum, general, logSoftmax } from "../../explainer/stage/web/numbers.js";

test("a number has a true minus and so many digits", () => {
  assert.equal(formatNumber(-0.41, 2), "−0.41");
  assert.equal(formatNumber(-0.41, 4, true), "-0.4100");
  assert.equal(formatNumber(0.1 + 0.2, null), "0.30000000000000004");
  assert.equal(formatNumber(-0, 2), "0.00");
});

test("with every digit a number is what Python prints", () => {
  assert.equal(formatNumber(-0, null), "−0.0");
  assert.equal(formatNumber(0.0001, null), "0.0001");
  assert.equal(formatNumber(0.00001, null), "1e−05");
  assert.equal(formatNumber(1e16, null), "1e+16");
});

test("a tie goes to the even digit", () => {
  assert.equal(formatNumber(0.125, 2), "0.12");
  assert.equal(formatNumber(2.5, 0), "2");
  assert.equal(formatNumber(3.5, 0), "4");
});

test("only 0 looks like 0", () => {
  assert.equal(formatNumber(0.5, 0), "5e−01");
  assert.equal(formatNumber(5e-7, 6), "5.00000e−07");
  assert.equal(formatNumber(-1e-9, 2), "−1.0e−09");
  assert.equal(formatNumber(1.5e-9, 4, true), "1.500 \\cdot 10^{-9}");
  assert.equal(formatNumber(0, 4), "0.0000");
});

test("the shortest form has six digits", () => {
  assert.deepEqual([1e-5, 0.0001, 1234567, 3].map(general), [
    "1e-05",
    "0.0001",
    "1.23457e+06",
    "3",
  ]);
});

test("a sum is rounded once", () => {
  assert.equal(fsum([1, 1e100, 1, -1e100]), 2);
  assert.equal(fsum(Array(10).fill(0.1)), 1);
  assert.equal(fsum([]), 0);
});

test("a softmax takes any logits", () => {
  assert.equal(logSoftmax([1000, 0], 0), 0);
  assert.equal(logSoftmax([-750, -750], 1), -Math.LN2);
});
