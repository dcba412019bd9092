/*
 * Products of tensors: matrices, and sums over sequences and time steps. Like the other kernels,
 * they compute the time steps from `from` up to `to`, in memory that is bound once.
 */

import { rows, UNARY, ZERO } from "./kernels.js";
import { padded } from "./views.js";

/**
 * @typedef {import("./views.js").View} View
 * @typedef {import("./views.js").Memory} Memory
 * @typedef {import("./views.js").Axis} Axis
 * @typedef {import("./kernels.js").Kernel} Kernel
 */

/**
 * Multiply two tensors and add up, over four axes; the last one is a row of the second operand.
 *
 * Where the result lacks the last axis, numbers of the result are dot products of rows; else rows
 * of the second operand, times a number each, are added to a row of the result. Either way the
 * third axis goes four by four, so that what is read serves four times.
 * @param {Axis[]} axes time, where the result has it, is one of the first two
 * @param {View} out dense
 * @param {number[]} so strides along the axes; 0 where a tensor lacks one
 * @param {Memory} a
 * @param {number[]} sa
 * @param {Memory} b
 * @param {number[]} sb
 * @returns {Kernel}
 */
export function products(axes, out, so, a, sa, b, sb) {
  const lengths = axes.map(({ size }) => size);
  const [n0, n1, n2, n3] = padded(lengths, 4, 1);
  const timed = out.axes.some(({ dim }) => dim === "T");
  const time = timed ? axes.findIndex(({ dim }) => dim === "T") + 4 - axes.length : 4;
  const [o0, o1, o2, o3] = padded(so, 4, 0);
  const [p0, p1, p2, p3] = padded(sa, 4, 0);
  const [q0, q1, q2, q3] = padded(sb, 4, 0);
  const dots = o3 === 0 && p2 === 0 && p3 === 1 && q3 === 1;
  const multiples = o3 === 1 && o2 === 0 && p3 === 0 && q3 === 1;
  if (!dots && !multiples && n3 > 1) throw new Error("no loop multiplies axes in this order");
  const add = dots ? addDots : addMultiples;
  const [d, e] = dots ? [o2, q2] : [p2, q2];
  const y = out.data;
  const clear = rows(UNARY.copy, out, ZERO, [], ZERO, []);
  return (from, to) => {
    const i0 = time === 0 ? from : 0;
    const i1 = time === 0 ? to : n0;
    const j0 = time === 1 ? from : 0;
    const j1 = time === 1 ? to : n1;
    clear(from, to);
    for (let i = i0; i < i1; i++) {
      for (let j = j0; j < j1; j++) {
        add(y, i * o0 + j * o1, a, i * p0 + j * p1, b, i * q0 + j * q1, d, e, n2, n3);
      }
    }
  };
}

/**
 * y[k] += Σ a[l] b[k, l]
 * @param {Memory} y
 * @param {number} o
 * @param {Memory} a
 * @param {number} p
 * @param {Memory} b
 * @param {number} q
 * @param {number} dy stride of y along k
 * @param {number} db stride of b along k
 * @param {number} n how many k
 * @param {number} m how many l
 */
function addDots(y, o, a, p, b, q, dy, db, n, m) {
  let k = 0;
  for (; k + 3 < n; k += 4, o += 4 * dy, q += 4 * db) {
    const [q1, q2, q3] = [q + db, q + 2 * db, q + 3 * db];
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let l = 0; l < m; l++) {
      const x = a[p + l];
      s0 += x * b[q + l];
      s1 += x * b[q1 + l];
      s2 += x * b[q2 + l];
      s3 += x * b[q3 + l];
    }
    y[o] += s0;
    y[o + dy] += s1;
    y[o + 2 * dy] += s2;
    y[o + 3 * dy] += s3;
  }
  for (; k < n; k++, o += dy, q += db) {
    let sum = 0;
    for (let l = 0; l < m; l++) sum += a[p + l] * b[q + l];
    y[o] += sum;
  }
}

/**
 * y[l] += Σ a[k] b[k, l]
 * @param {Memory} y
 * @param {number} o
 * @param {Memory} a
 * @param {number} p
 * @param {Memory} b
 * @param {number} q
 * @param {number} da stride of a along k
 * @param {number} db stride of b along k
 * @param {number} n how many k
 * @param {number} m how many l
 */
function addMultiples(y, o, a, p, b, q, da, db, n, m) {
  let k = 0;
  for (; k + 3 < n; k += 4, p += 4 * da, q += 4 * db) {
    const [q1, q2, q3] = [q + db, q + 2 * db, q + 3 * db];
    const [x0, x1, x2, x3] = [a[p], a[p + da], a[p + 2 * da], a[p + 3 * da]];
    for (let l = 0; l < m; l++) {
      y[o + l] += x0 * b[q + l] + x1 * b[q1 + l] + x2 * b[q2 + l] + x3 * b[q3 + l];
    }
  }
  for (; k < n; k++, p += da, q += db) {
    const x = a[p];
    for (let l = 0; l < m; l++) y[o + l] += x * b[q + l];
  }
}
