import assert from "node:assert/strict";
import { test } from "node:test";
import { grade } from "../../explainer/stage/web/mistakes.js";
import { sample } from "./samples.js";

/* W = [[1, 2], [3, 4]], x = (0.1, 0.2): a = (0.5, 1.1), h = tanh a. */
const source = sample((name, index) => {
  const unit = index[index.length - 1];
  if (name === "W") return 2 * index[0] + index[1] + 1;
  if (name === "x") return 0.1 * (unit + 1);
  return name === "a" ? [0.5, 1.1][unit] : Math.tanh([0.5, 1.1][unit]);
});

for (const [name, typed, said] of [
  ["a", "0.5", /^Right: a is 0\.5\.$/],
  ["h", "0.46", /^Right/],
  ["h", "0.5", /^Almost: the tanh is still missing\.$/],
  ["a", "0.4", /^One is missing: the term W\[0,0\]·x\[0,0,0\]\.$/],
  ["a", "0.3", /^A sign is wrong, at the term W\[0,0\]·x\[0,0,0\]\.$/],
  ["a", "-0.5", /^The sign is the other one\.$/],
  ["a", "9", /^Not yet: off by 8\.5000/],
  ["x", "9", /^Not that number; this one is given, not computed\.$/],
])
  test(`${typed} for ${name} is told what it is`, () => {
    assert.match(grade(source, name, [0, 0, 0], typed), said);
  });
