/*
 * Equations solved again and again in the same memory. A change marks what it reaches, and which
 * time steps of it; asking for a quantity solves what is marked and leads to it.
 */

import { Compiler } from "./compile.js";
import { timeShift } from "./plan.js";

/**
 * @typedef {import("./plan.js").Plan} Plan
 * @typedef {import("./plan.js").Equation} Equation
 *
 * Numbers in row-major order. They are the solver's own memory: read them before the next edit,
 * and don't write.
 * @typedef {{data: import("./views.js").Memory, shape: number[]}} Numbers
 *
 * Equations that are solved together, the time steps that have to be solved again, `from` up to
 * `to`, and what does it, in order: from the first time on, since much is never asked for.
 * @typedef {import("./plan.js").Step & {kernels: import("./kernels.js").Kernel[] | null,
 *   from: number, to: number}} Task
 */

/** Solves the equations of one plan with its sizes, again and again in the same memory. */
export class Solver {
  /**
   * @param {Plan} plan
   * @param {Record<string, number>} sizes length of each dim, by its letter
   * @param {Record<string, number>} counts what means and counts go by
   * @param {import("./views.js").Precision} precision of what is written down
   */
  constructor(plan, sizes, counts = sizes, precision = "float64") {
    this.plan = plan;
    this.steps = sizes.T;
    this.compiler = new Compiler(plan.equations, sizes, counts, precision);
    /** @type {Task[]} */
    this.tasks = plan.steps.map((step) => ({ ...step, kernels: null, from: 0, to: this.steps }));
    /** Given tensors that changed since the last time, and at which time steps. */
    /** @type {Map<string, [number, number]>} */
    this.changed = new Map();
    /** Names that lead to what was asked for, by what was asked for. */
    /** @type {Map<string, Set<string>>} */
    this.wanted = new Map();
  }

  /**
   * Give a tensor its numbers; what depends on those that differ will be solved again.
   * @param {string} name
   * @param {ArrayLike<number>} values in row-major order
   * @throws {Error} nothing is given under this name, or there are too many numbers or too few
   */
  give(name, values) {
    const equation = this.plan.equations.get(name);
    if (equation?.tree !== null) throw new Error(`${name} is not given`);
    const view = this.compiler.view(name);
    const { data } = view;
    if (values.length !== data.length) {
      throw new Error(`${name} must have ${data.length} numbers; got ${values.length}`);
    }
    const axis = equation.dims.indexOf("T");
    const inner = axis < 0 ? 1 : view.strides[axis];
    let [from, to] = this.changed.get(name) ?? [this.steps, 0];
    for (let i = 0; i < data.length; i++) {
      const value = this.compiler.round(values[i]);
      if (Object.is(data[i], value)) continue;
      data[i] = value;
      const t = axis < 0 ? 0 : Math.floor(i / inner) % this.steps;
      from = Math.min(from, t);
      to = Math.max(to, axis < 0 ? this.steps : t + 1);
    }
    if (from < to) this.changed.set(name, [from, to]);
  }

  /**
   * Return a quantity's numbers, solved as far as needed.
   * @param {string} name
   * @returns {Numbers}
   */
  value(name) {
    this.solve([name]);
    return { data: this.compiler.view(name).data, shape: this.shape(name) };
  }

  /**
   * @param {string} name
   * @returns {number[]}
   * @throws {Error} there is no such quantity
   */
  shape(name) {
    const equation = this.plan.equations.get(name);
    if (!equation) throw new Error(`there is no ${name}`);
    return equation.dims.map((dim) => this.compiler.sizes[dim]);
  }

  /**
   * Solve what these names need.
   * @param {string[]} names
   */
  solve(names) {
    if (this.changed.size) this.mark();
    const wanted = this.leadingTo(names);
    for (const task of this.tasks) {
      const { equations, direction, from, to } = task;
      if (from >= to || !wanted.has(equations[0].name)) continue;
      task.kernels ??= equations.flatMap(({ name }) => this.compiler.compile(name));
      if (direction === 0) runKernels(task.kernels, from, to);
      if (direction === 1) for (let t = from; t < to; t++) runKernels(task.kernels, t, t + 1);
      if (direction === -1) for (let t = to - 1; t >= from; t--) runKernels(task.kernels, t, t + 1);
      task.from = this.steps;
      task.to = 0;
    }
  }

  /**
   * Mark everything that depends on what changed.
   *
   * An equation with a time axis has at each time step what it needs of the same one, or of the
   * one before or after; so a change goes on in time only where equations go round.
   */
  mark() {
    const { steps } = this;
    for (const task of this.tasks) {
      let from = steps;
      let to = 0;
      for (const equation of task.equations) {
        const shift = timeShift(equation);
        for (const input of /** @type {string[]} */ (this.plan.inputs.get(equation.name))) {
          const range = this.changed.get(input);
          if (!range) continue;
          const timed = this.timed(input) && equation.dims.includes("T");
          from = Math.min(from, timed ? Math.max(range[0] + shift, 0) : 0);
          to = Math.max(to, timed ? Math.min(range[1] + shift, steps) : steps);
        }
      }
      if (from >= to) continue;
      if (task.direction === 1) to = steps;
      if (task.direction === -1) from = 0;
      task.from = Math.min(task.from, from);
      task.to = Math.max(task.to, to);
      for (const { name } of task.equations) this.changed.set(name, [from, to]);
    }
    this.changed.clear();
  }

  /**
   * Return these names and all that they depend on.
   * @param {string[]} names
   * @returns {Set<string>}
   * @throws {Error} there is no such quantity
   */
  leadingTo(names) {
    const key = names.join();
    let found = this.wanted.get(key);
    if (!found) {
      found = new Set(names);
      for (const name of found) {
        const inputs = this.plan.inputs.get(name);
        if (!inputs) throw new Error(`there is no ${name}`);
        for (const input of inputs) found.add(input);
      }
      this.wanted.set(key, found);
    }
    return found;
  }

  /**
   * Return where a number first stopped being finite, of what is solved; undefined where none did.
   *
   * First is what is computed first; of what goes round through time, the first time step.
   * @returns {{name: string, index: number[]} | undefined}
   */
  notFinite() {
    for (const { equations, direction } of this.tasks.filter(({ kernels }) => kernels)) {
      const found = equations.flatMap(({ name, dims }) => {
        const { data } = this.compiler.view(name);
        const time = dims.indexOf("T");
        return [...data.keys()]
          .filter((i) => !Number.isFinite(data[i]))
          .map((i) => placeOf(i, this.shape(name)))
          .map((index) => ({ name, index, order: time < 0 ? 0 : direction * index[time] }));
      });
      if (found.length) {
        const { name, index } = found.reduce((a, b) => (b.order < a.order ? b : a));
        return { name, index };
      }
    }
    return undefined;
  }

  /** @param {string} name */
  timed(name) {
    return /** @type {Equation} */ (this.plan.equations.get(name)).dims.includes("T");
  }
}

/**
 * @param {import("./kernels.js").Kernel[]} kernels
 * @param {number} from
 * @param {number} to
 */
function runKernels(kernels, from, to) {
  for (const kernel of kernels) kernel(from, to);
}

/**
 * Return the index of a number that stands at a place in row-major order.
 * @param {number} at
 * @param {number[]} shape
 * @returns {number[]}
 */
function placeOf(at, shape) {
  return shape.map((size, axis) => {
    const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    return Math.floor(at / inner) % size;
  });
}
