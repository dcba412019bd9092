/*
 * An equation's tree as kernels: memory is taken and loops are bound once for each network and its
 * sizes, and run as often as a number changes.
 */

import { BINARY, rows, UNARY, ZERO } from "./kernels.js";
import { MAKERS } from "./makers.js";
import {
  along,
  broadcastAxes,
  constantView,
  dense,
  denseStrides,
  memoryOf,
  numbersIn,
} from "./views.js";

/**
 * @typedef {import("./views.js").View} View
 * @typedef {import("./kernels.js").Kernel} Kernel
 * @typedef {import("./views.js").Axis} Axis
 * @typedef {import("./plan.js").Equation} Equation
 * @typedef {import("./plan.js").EquationTree} EquationTree
 */

/** Every kind of node that can be computed. */
export const KINDS = [...Object.keys(BINARY), ...Object.keys(UNARY), ...Object.keys(MAKERS)];

/** Compiles the equations of one network with its sizes. */
export class Compiler {
  /**
   * @param {Map<string, Equation>} equations
   * @param {Record<string, number>} sizes length of each dim, by its letter
   * @param {Record<string, number>} counts what means and counts go by
   * @param {import("./views.js").Precision} precision of what is written down
   */
  constructor(equations, sizes, counts, precision) {
    this.equations = equations;
    this.sizes = sizes;
    this.counts = counts;
    this.precision = precision;
    /** @type {Map<string, View>} */
    this.views = new Map();
    /** Memory for what stands inside an equation; the next equation uses it again. */
    /** @type {{data: import("./views.js").Memory, free: boolean}[]} */
    this.scratch = [];
    /** @type {Kernel[]} */
    this.kernels = [];
  }

  /**
   * Return where an equation's numbers are. What only passes a tensor on shares its memory.
   * @param {string} name
   * @returns {View}
   */
  view(name) {
    let view = this.views.get(name);
    if (!view) {
      const { dims, tree } = /** @type {Equation} */ (this.equations.get(name));
      const axes = dims.map((dim) => ({ dim, size: this.sizes[dim] }));
      view = typeof tree === "string" ? this.view(tree) : dense(axes, this.precision);
      this.views.set(name, view);
    }
    return view;
  }

  /**
   * Return what computes an equation, in order.
   * @param {string} name
   * @returns {Kernel[]}
   * @throws {Error} its tree has a kind that cannot be computed
   */
  compile(name) {
    const { tree } = /** @type {Equation} */ (this.equations.get(name));
    this.kernels = [];
    for (const memory of this.scratch) memory.free = true;
    if (tree !== null && typeof tree !== "string") {
      const view = this.view(name);
      const made = this.make(tree, view);
      if (made !== view) {
        this.kernels.push(rows(UNARY.copy, view, made.data, along(view, made), ZERO, []));
      }
    }
    return this.kernels;
  }

  /**
   * Append the kernels that compute a tree; return where its numbers will be.
   * @param {EquationTree} tree
   * @param {View} [target] the memory to use if the tree needs some
   * @returns {View}
   */
  make(tree, target) {
    if (typeof tree === "string") return this.view(tree);
    if (typeof tree === "number") return constantView(this.round(tree));
    const [kind, option, ...trees] = tree;
    const parts = trees.map((part) => this.make(part));
    if (kind in BINARY || kind in UNARY) return this.elementwise(kind, parts, target);
    const maker = MAKERS[kind];
    if (!maker) throw new Error(`${kind} cannot be computed; possible: ${KINDS.join(", ")}`);
    return maker(this, kind, option, parts, target);
  }

  /**
   * Return a number as memory holds it.
   * @param {number} value
   */
  round(value) {
    return this.precision === "float32" ? Math.fround(value) : value;
  }

  /**
   * @param {string} kind
   * @param {View[]} parts
   * @param {View} [target]
   */
  elementwise(kind, parts, target) {
    const out = target ?? this.take(broadcastAxes(parts));
    const [a, b = constantView(0)] = parts;
    const row = BINARY[kind] ?? UNARY[kind];
    this.kernels.push(rows(row, out, a.data, along(out, a), b.data, along(out, b)));
    return out;
  }

  /**
   * Return how many numbers there are along some axes.
   * @param {Axis[]} axes
   */
  count(axes) {
    return axes.reduce((product, { dim, size }) => product * (this.counts[dim] ?? size), 1);
  }

  /**
   * Return memory for what stands inside an equation.
   * @param {Axis[]} axes
   * @returns {View}
   */
  take(axes) {
    const length = numbersIn(axes);
    let memory = this.scratch.find(({ data, free }) => free && data.length === length);
    if (!memory) {
      memory = { data: memoryOf(length, this.precision), free: true };
      this.scratch.push(memory);
    }
    memory.free = false;
    return { data: memory.data, axes, strides: denseStrides(axes) };
  }
}
