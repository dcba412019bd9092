/*
 * Kinds of node that are no loop over one or two numbers: each appends its kernels, and returns
 * where the result will be.
 */

import { ROWWISE, sums, UNARY } from "./kernels.js";
import { products } from "./products.js";
import { along, constantView, denseStrides } from "./views.js";

/**
 * @typedef {import("./views.js").View} View
 * @typedef {import("./views.js").Axis} Axis
 * @typedef {import("./compile.js").Compiler} Compiler
 */

/**
 * Return the axes behind a contraction's labels, and the strides along them.
 * @param {string} labels
 * @param {View} part
 */
function labelled(labels, { axes, strides }) {
  return new Map([...labels].map((label, i) => [label, { axis: axes[i], stride: strides[i] }]));
}

/**
 * A product of two tensors, or a sum of one, by its labels ("...d,hd->...h").
 * @param {Compiler} compiler
 * @param {string} _kind
 * @param {string} option
 * @param {View[]} parts
 * @param {View} [target]
 */
function makeContraction(compiler, _kind, option, parts, target) {
  const first = option.split(/,|->/)[0].replace("...", "");
  const leading = "αβγ".slice(0, parts[0].axes.length - first.length);
  const [inputs, output] = option.replaceAll("...", leading).split("->");
  const tensors = inputs.split(",").map((labels, i) => labelled(labels, parts[i]));
  const all = new Map(tensors.flatMap((tensor) => [...tensor]));
  const axes = [...output].map((label) => /** @type {any} */ (all.get(label)).axis);
  const out = target ?? compiler.take(axes);
  const own = labelled(output, out);
  /** @type {(tensor: Map<string, {stride: number}>) => (label: string) => number} */
  const strides = (tensor) => (label) => tensor.get(label)?.stride ?? 0;
  if (parts.length === 1) {
    const along = [...inputs].map(strides(own));
    compiler.kernels.push(sums(out, parts[0], along, 1));
    return out;
  }
  if (parts.length !== 2) throw new Error(`${option} multiplies more than two tensors`);
  // what is kept, what is summed, and last the row whose numbers follow each other in memory
  const last = /** @type {string} */ (inputs.at(-1));
  const others = [...all.keys()].filter((label) => label !== last);
  const kept = others.filter((label) => output.includes(label));
  const order = [...kept, ...others.filter((label) => !kept.includes(label)), last];
  const [a, b] = tensors;
  compiler.kernels.push(
    products(
      order.map((label) => /** @type {any} */ (all.get(label)).axis),
      out,
      order.map(strides(own)),
      parts[0].data,
      order.map(strides(a)),
      parts[1].data,
      order.map(strides(b)),
    ),
  );
  return out;
}

/**
 * A sum or a mean along one axis or all of them.
 * @param {Compiler} compiler
 * @param {string} kind
 * @param {number | null} option
 * @param {View[]} parts
 * @param {View} [target]
 */
function makeReduction(compiler, kind, option, [part], target) {
  const depth = part.axes.length;
  const removed = option === null ? null : (option + depth) % depth;
  const kept = part.axes.filter((_, i) => removed !== null && i !== removed);
  const out = target ?? compiler.take(kept);
  const dense = denseStrides(kept);
  const strides = part.axes.map((axis) => dense[kept.indexOf(axis)] ?? 0);
  const divisor = kind === "mean" ? compiler.count(part.axes) / compiler.count(kept) : 1;
  compiler.kernels.push(sums(out, part, strides, divisor));
  return out;
}

/**
 * Softmax, or its logarithm, along the last axis.
 * @param {Compiler} compiler
 * @param {string} kind
 * @param {null} _option
 * @param {View[]} parts
 * @param {View} [target]
 */
function makeRowwise(compiler, kind, _option, [part], target) {
  const row = ROWWISE[/** @type {keyof typeof ROWWISE} */ (kind)];
  const out = target ?? compiler.take(part.axes);
  const [B, T, n] = threeSizes(part);
  compiler.kernels.push((from, to) => {
    for (let b = 0; b < B; b++) {
      for (let t = from; t < to; t++) {
        const first = (b * T + t) * n;
        row(part.data, first, first + n, out.data);
      }
    }
  });
  return out;
}

/**
 * Return B, T and the length of the last axis.
 * @param {View} view dense, with these axes
 */
function threeSizes({ axes }) {
  const dims = axes.map(({ dim }) => dim);
  if (dims.length !== 3 || dims[0] !== "B" || dims[1] !== "T") {
    throw new Error(`the axes must be B, T and one more; got ${dims.join(", ")}`);
  }
  return axes.map(({ size }) => size);
}

/**
 * @param {Compiler} _compiler
 * @param {string} _kind
 * @param {null} _option
 * @param {View[]} parts
 * @returns {View}
 */
function makeUnsqueezed(_compiler, _kind, _option, [{ data, axes, strides }]) {
  return { data, axes: [...axes, { dim: "1", size: 1 }], strides: [...strides, 0] };
}

/**
 * @param {Compiler} _compiler
 * @param {string} _kind
 * @param {null} _option
 * @param {View[]} parts
 * @returns {View}
 */
function makeExpanded(_compiler, _kind, _option, [part, { data, axes }]) {
  const strides = along({ data, axes, strides: [] }, part);
  return { data: part.data, axes, strides };
}

/**
 * How many numbers there are along one axis or all of them.
 * @param {Compiler} compiler
 * @param {string} _kind
 * @param {number | null} option
 * @param {View[]} parts
 */
function makeSize(compiler, _kind, option, [{ axes }]) {
  const counted = option === null ? axes : [/** @type {Axis} */ (axes.at(option))];
  return constantView(compiler.count(counted));
}

/**
 * Rows of a table.
 * @param {Compiler} compiler
 * @param {string} _kind
 * @param {null} _option
 * @param {View[]} parts ids, and the table
 * @param {View} [target]
 */
function makeLookup(compiler, _kind, _option, [ids, table], target) {
  const out = target ?? compiler.take([...ids.axes, table.axes[1]]);
  const [B, T, n] = threeSizes(out);
  compiler.kernels.push((from, to) => {
    for (let b = 0; b < B; b++) {
      for (let t = from; t < to; t++) {
        const row = ids.data[b * T + t] * n;
        for (let i = 0; i < n; i++) out.data[(b * T + t) * n + i] = table.data[row + i];
      }
    }
  });
  return out;
}

/**
 * Rows of zeros with one 1, as long as the equation's last axis.
 * @param {Compiler} compiler
 * @param {string} _kind
 * @param {null} _option
 * @param {View[]} parts ids
 * @param {View} [target]
 */
function makeOneHot(compiler, _kind, _option, [ids], target) {
  if (!target) throw new Error("one_hot makes a whole equation");
  const [B, T, n] = threeSizes(target);
  compiler.kernels.push((from, to) => {
    for (let b = 0; b < B; b++) {
      target.data.fill(0, (b * T + from) * n, (b * T + to) * n);
      for (let t = from; t < to; t++) {
        const id = ids.data[b * T + t];
        if (id >= 0) target.data[(b * T + t) * n + id] = 1; // below 0 there is none
      }
    }
  });
  return target;
}

/**
 * A tensor one time step earlier or later; `edge` where there is none.
 * @param {Compiler} compiler
 * @param {"before" | "after"} kind
 * @param {null} _option
 * @param {View[]} parts
 * @param {View} [target]
 */
function makeNeighbour(compiler, kind, _option, [part, edge], target) {
  const out = target ?? compiler.take(part.axes);
  const [B, T, n] = threeSizes(out);
  const none = out.data;
  const step = kind === "before" ? -1 : 1;
  const [edgeB, edgeI] = edge.axes.length === 2 ? edge.strides : [0, 0];
  compiler.kernels.push((from, to) => {
    for (let b = 0; b < B; b++) {
      for (let t = from; t < to; t++) {
        const o = (b * T + t) * n;
        const inside = t + step >= 0 && t + step < T;
        const source = inside ? part : edge;
        const p = inside ? o + step * n : b * edgeB;
        UNARY.copy(out.data, o, source.data, p, inside ? 1 : edgeI, none, 0, 0, n);
      }
    }
  });
  return out;
}

/**
 * Kinds that are no loop of one or two numbers: what appends their kernels, and returns where the
 * result will be.
 * @type {Record<string, (compiler: Compiler, kind: any, option: any, parts: View[],
 *   target?: View) => View>}
 */
export const MAKERS = {
  contract: makeContraction,
  sum: makeReduction,
  mean: makeReduction,
  softmax: makeRowwise,
  log_softmax: makeRowwise,
  unsqueeze: makeUnsqueezed,
  expand_as: makeExpanded,
  size: makeSize,
  lookup: makeLookup,
  one_hot: makeOneHot,
  before: makeNeighbour,
  after: makeNeighbour,
};
