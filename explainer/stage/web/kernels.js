/*
 * Loops over typed arrays, up to three axes deep. Every kernel computes the time steps from `from`
 * up to `to` of its result, so that the same kernel serves one time step and all of them. What it
 * reads and writes is bound once; nothing is allocated when it runs.
 */

import { denseStrides, padded } from "./views.js";

/**
 * @typedef {import("./views.js").View} View
 * @typedef {import("./views.js").Memory} Memory
 * @typedef {import("./views.js").Axis} Axis
 *
 * @typedef {(from: number, to: number) => void} Kernel
 *
 * The last axis of an operation: result, its place; an operand, its place, its stride; a second
 * one; how many numbers.
 * @typedef {(out: Memory, o: number, a: Memory, p: number, dp: number,
 *   b: Memory, q: number, dq: number, n: number) => void} Row
 */

export const ZERO = new Float64Array(1);

/** Operations on two numbers. @type {Record<string, Row>} */
export const BINARY = {
  add(out, o, a, p, dp, b, q, dq, n) {
    for (let i = 0; i < n; i++, p += dp, q += dq) out[o + i] = a[p] + b[q];
  },
  sub(out, o, a, p, dp, b, q, dq, n) {
    for (let i = 0; i < n; i++, p += dp, q += dq) out[o + i] = a[p] - b[q];
  },
  mul(out, o, a, p, dp, b, q, dq, n) {
    for (let i = 0; i < n; i++, p += dp, q += dq) out[o + i] = a[p] * b[q];
  },
  div(out, o, a, p, dp, b, q, dq, n) {
    for (let i = 0; i < n; i++, p += dp, q += dq) out[o + i] = a[p] / b[q];
  },
  min(out, o, a, p, dp, b, q, dq, n) {
    for (let i = 0; i < n; i++, p += dp, q += dq) out[o + i] = Math.min(a[p], b[q]);
  },
};

/** Operations on one number; `copy` writes a view down. @type {Record<string, Row>} */
export const UNARY = {
  copy(out, o, a, p, dp, _b, _q, _dq, n) {
    for (let i = 0; i < n; i++, p += dp) out[o + i] = a[p];
  },
  neg(out, o, a, p, dp, _b, _q, _dq, n) {
    for (let i = 0; i < n; i++, p += dp) out[o + i] = -a[p];
  },
  sigmoid(out, o, a, p, dp, _b, _q, _dq, n) {
    for (let i = 0; i < n; i++, p += dp) out[o + i] = 1 / (1 + Math.exp(-a[p]));
  },
  tanh(out, o, a, p, dp, _b, _q, _dq, n) {
    for (let i = 0; i < n; i++, p += dp) out[o + i] = Math.tanh(a[p]);
  },
  relu(out, o, a, p, dp, _b, _q, _dq, n) {
    for (let i = 0; i < n; i++, p += dp) out[o + i] = Math.max(a[p], 0);
  },
  clip(out, o, a, p, dp, _b, _q, _dq, n) {
    for (let i = 0; i < n; i++, p += dp) out[o + i] = Math.min(Math.max(a[p], 0), 1);
  },
  sign(out, o, a, p, dp, _b, _q, _dq, n) {
    for (let i = 0; i < n; i++, p += dp) out[o + i] = Math.sign(a[p]);
  },
  exp(out, o, a, p, dp, _b, _q, _dq, n) {
    for (let i = 0; i < n; i++, p += dp) out[o + i] = Math.exp(a[p]);
  },
  log(out, o, a, p, dp, _b, _q, _dq, n) {
    for (let i = 0; i < n; i++, p += dp) out[o + i] = Math.log(a[p]);
  },
  sqrt(out, o, a, p, dp, _b, _q, _dq, n) {
    for (let i = 0; i < n; i++, p += dp) out[o + i] = Math.sqrt(a[p]);
  },
};

/** Rows that are as long as a vocabulary: shares that add up to 1, or their logarithms. */
export const ROWWISE = {
  /** @type {(x: Memory, from: number, to: number, out: Memory) => void} */
  softmax(x, from, to, out) {
    const largest = maximum(x, from, to);
    let sum = 0;
    for (let i = from; i < to; i++) sum += out[i] = Math.exp(x[i] - largest);
    for (let i = from; i < to; i++) out[i] /= sum;
  },
  /** @type {(x: Memory, from: number, to: number, out: Memory) => void} */
  log_softmax(x, from, to, out) {
    const largest = maximum(x, from, to);
    let sum = 0;
    for (let i = from; i < to; i++) sum += Math.exp(x[i] - largest);
    const rest = largest + Math.log(sum);
    for (let i = from; i < to; i++) out[i] = x[i] - rest;
  },
};

/**
 * @param {Memory} x
 * @param {number} from
 * @param {number} to
 */
function maximum(x, from, to) {
  let largest = x[from];
  for (let i = from + 1; i < to; i++) if (x[i] > largest) largest = x[i];
  return largest;
}

/**
 * Return lengths of three axes, and which of them is time (3: none).
 * @param {Axis[]} axes
 */
function threeAxes(axes) {
  const sizes = axes.map(({ size }) => size);
  const time = axes.findIndex(({ dim }) => dim === "T");
  return { sizes: padded(sizes, 3, 1), time: time < 0 ? 3 : time + 3 - axes.length };
}

/**
 * Apply a row operation to every row.
 * @param {Row} row
 * @param {View} out dense
 * @param {number[]} strides of `a`, along the axes of `out`
 * @param {Memory} a
 * @param {Memory} b
 * @param {number[]} stridesB
 * @returns {Kernel}
 */
export function rows(row, out, a, strides, b, stridesB) {
  const { sizes, time } = threeAxes(out.axes);
  const [n0, n1, n2] = sizes;
  const [p0, p1, p2] = padded(strides, 3, 0);
  const [q0, q1, q2] = padded(stridesB, 3, 0);
  const { data } = out;
  // rows that follow each other in all memories are one long row
  const joined = time !== 2 && p1 === n2 * p2 && q1 === n2 * q2;
  return (from, to) => {
    const i0 = time === 0 ? from : 0;
    const i1 = time === 0 ? to : n0;
    const j0 = time === 1 ? from : 0;
    const j1 = time === 1 ? to : n1;
    const k0 = time === 2 ? from : 0;
    const k1 = time === 2 ? to : n2;
    for (let i = i0; i < i1; i++) {
      if (joined) {
        const p = i * p0 + j0 * p1;
        row(data, (i * n1 + j0) * n2, a, p, p2, b, i * q0 + j0 * q1, q2, (j1 - j0) * n2);
        continue;
      }
      for (let j = j0; j < j1; j++) {
        const p = i * p0 + j * p1 + k0 * p2;
        const q = i * q0 + j * q1 + k0 * q2;
        row(data, (i * n1 + j) * n2 + k0, a, p, p2, b, q, q2, k1 - k0);
      }
    }
  };
}

/**
 * Add up (or average) along axes that the result lacks.
 * @param {View} out dense
 * @param {View} a
 * @param {number[]} strides of `out` along the axes of `a`; 0 where it has none
 * @param {number} divisor
 * @returns {Kernel}
 */
export function sums(out, a, strides, divisor) {
  const { sizes, time } = threeAxes(a.axes);
  const [n0, n1, n2] = sizes;
  const [p0, p1, p2] = padded(a.strides, 3, 0);
  const [o0, o1, o2] = padded(strides, 3, 0);
  const timed = out.axes.some(({ dim }) => dim === "T") ? time : 3;
  const clear = rows(UNARY.copy, out, ZERO, [], ZERO, []);
  const divide = rows(
    BINARY.div,
    out,
    out.data,
    denseStrides(out.axes),
    Float64Array.of(divisor),
    [],
  );
  return (from, to) => {
    const i0 = timed === 0 ? from : 0;
    const i1 = timed === 0 ? to : n0;
    const j0 = timed === 1 ? from : 0;
    const j1 = timed === 1 ? to : n1;
    const k0 = timed === 2 ? from : 0;
    const k1 = timed === 2 ? to : n2;
    const x = a.data;
    const y = out.data;
    clear(from, to);
    for (let i = i0; i < i1; i++) {
      for (let j = j0; j < j1; j++) {
        let p = i * p0 + j * p1 + k0 * p2;
        let o = i * o0 + j * o1 + k0 * o2;
        for (let k = k0; k < k1; k++, p += p2, o += o2) y[o] += x[p];
      }
    }
    if (divisor !== 1) divide(from, to);
  };
}
