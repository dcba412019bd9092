/* The order of a layer's units by what they do, and the means of blocks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  blockMeans,
  blocksOf,
  largestFirst,
  MOST_COLUMNS,
  MOST_ROWS,
  measured,
} from "../../explainer/stage/web/units.js";

/** @type {(rows: number[][]) => import("../../explainer/stage/web/units.js").Matrix} */
const matrix = (rows) => ({
  data: Float64Array.from(rows.flat()),
  T: rows.length,
  H: rows[0].length,
});

test("units are ordered by what they do", () => {
  const h = matrix([
    [0, 1, 5],
    [0, -1, 5],
  ]);
  assert.deepEqual(measured("movement", [h]), [0, 1, 0]);
  assert.deepEqual(measured("keeping", [h]), [0, 0, 5]);
  assert.deepEqual(measured("gradient", [h]), [0, 1, 5]);
  const [r, z] = [matrix([[0.05, 0.5, 0.95]]), matrix([[0.5, 0.5, 0.99]])];
  assert.deepEqual(measured("saturation", [r, z]), [0.5, 0, 1]);
  assert.deepEqual(largestFirst([1, 3, 1, 2]), [1, 3, 0, 2]);
});

test("a large matrix is drawn as the means of blocks", () => {
  const small = matrix([
    [1, 2],
    [3, 4],
  ]);
  assert.deepEqual(blockMeans(small, [1, 0]).means, Float64Array.of(2, 4, 1, 3));
  const [T, H] = [MOST_COLUMNS + 1, 2 * MOST_ROWS + 1];
  assert.deepEqual(blocksOf(T, H), { across: 2, down: 3 });
  const data = Float64Array.from({ length: T * H }, (_, at) => at % H);
  const order = Array.from({ length: H }, (_, unit) => unit);
  const { means, rows, columns } = blockMeans({ data, T, H }, order);
  assert.deepEqual([rows, columns], [117, 201]);
  assert.equal(means[0], 1);
  assert.equal(means[columns], 4);
  assert.equal(means.at(-1), (348 + 349 + 350) / 3);
});
