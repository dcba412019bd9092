import assert from "node:assert/strict";
import { test } from "node:test";
import { halfLife, memoryText, sharesLeft } from "../../explainer/stage/web/memory.js";

const Z = [
  [0.1, 0.9],
  [0.5, 0.8],
  [0.4, 0.7],
  [0.3, 0.6],
];

test("what is left of a state is the product of z since then", () => {
  const left = sharesLeft(Z, 3);
  for (let k = 0; k < 4; k++)
    for (let unit = 0; unit < 2; unit++) {
      let expected = 1;
      for (let j = k + 1; j <= 3; j++) expected *= Z[j][unit];
      assert.ok(Math.abs(left[k][unit] - expected) < 1e-15, `${k} ${unit}`);
    }
  assert.deepEqual(sharesLeft(Z, 0), [[1, 1]]);
});

test("after a half-life, half is left", () => {
  assert.ok(Math.abs(halfLife([0.5, 0.5, 0.5]) - 1) < 1e-12);
  assert.ok(Math.abs(halfLife([0.25, 1]) - 1) < 1e-12);
  const life = halfLife([0.9, 0.8, 0.7]);
  assert.ok(Math.abs((0.9 * 0.8 * 0.7) ** (life / 3) - 0.5) < 1e-12);
  assert.equal(halfLife([1, 1]), Number.POSITIVE_INFINITY);
  assert.equal(halfLife([0.5, 0]), 0);
});

test("the unit that remembers longest is named", () => {
  assert.match(
    memoryText([0.5, 3, Number.POSITIVE_INFINITY], 4),
    /unit 2, for ever; unit 0, 0\.50 time steps/,
  );
  assert.match(memoryText([1], 4), /unit 0, 1 time steps\. /);
});
