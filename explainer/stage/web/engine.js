/*
 * Every quantity of a run, computed in the browser from what is given, with the reader's edits.
 */

import { editable, faultOf, hold, holdable, withEdits } from "./edits.js";
import { everyEquation, plan, SECOND } from "./plan.js";
import { Solver } from "./solver.js";

/**
 * @typedef {import("./plan.js").Network} Network
 * @typedef {import("./solver.js").Numbers} Numbers
 * @typedef {import("./edits.js").Edit} Edit
 */

/**
 * A run with the reader's edits: both passes, the update, and the second pass.
 *
 * Names are those of Python's trace and update; the second pass has "second." before them.
 */
export class Engine {
  /**
   * @param {Network} network
   * @param {Record<string, number>} sizes length of each dim, by its letter
   * @param {Record<string, ArrayLike<number>>} given numbers in row-major order: ids, targets,
   *   masks, parameters, rates, h_0; and second.mask_x, second.mask_h where masks are drawn anew
   * @param {import("./views.js").Precision} precision of what is written down: with "float32" every
   *   number is rounded to one, and sums of products are rounded when they are complete
   */
  constructor(network, sizes, given, precision = "float64") {
    this.network = network;
    this.sizes = sizes;
    this.precision = precision;
    this.given = new Map(
      Object.entries(given).map(([name, values]) => [name, Float64Array.from(values)]),
    );
    this.redrawn = this.given.has(`${SECOND}mask_x`);
    this.editable = editable(network);
    this.holdable = holdable(network);
    /** @type {Edit[]} */
    this.edits = [];
    /** @type {string[]} */
    this.held = [];
    /** @type {Solver | null} */
    this.made = null;
  }

  /** What solves the equations that what is held asks for; made when it is first needed. */
  get solver() {
    this.made ??= this.makeSolver();
    return this.made;
  }

  /**
   * Change given numbers and hold computed ones: these edits and no others. Where two are
   * about the same number, the later one counts.
   * @param {Edit[]} edits
   * @throws {RangeError} an edit is about what is not there or can't be edited
   */
  edit(edits) {
    for (const edit of edits) {
      const fault = faultOf(edit, this.editable, this.sizes);
      if (fault) throw new RangeError(fault);
    }
    const touched = new Set([...this.edits, ...edits].map(({ name }) => name));
    const held = this.holdable.filter((name) => edits.some((edit) => edit.name === name));
    const same = held.join() === this.held.join();
    this.edits = [...edits];
    this.held = held;
    if (!same) this.made = null;
    else if (this.made) for (const name of touched) this.give(name, this.made);
  }

  /**
   * Tell whether a quantity is given or computed here.
   * @param {string} name
   */
  makes(name) {
    return this.solver.plan.equations.has(name);
  }

  /**
   * Return a quantity's numbers, as the edits make them.
   * @param {string} name
   * @returns {Numbers}
   */
  value(name) {
    return this.solver.value(name);
  }

  /**
   * Return what an edited quantity would be by itself: what was given, or what its equation makes
   * of its inputs where it is held.
   * @param {string} name
   * @returns {Numbers}
   */
  own(name) {
    if (this.held.includes(name)) return this.solver.value(`own_${name}`);
    const data = this.givenOf(name);
    return data ? { data, shape: this.solver.shape(name) } : this.solver.value(name);
  }

  /**
   * Return where a number first stopped being finite; undefined where all are finite. Infinity
   * and not-a-number go on to the loss, the gradients' norm or the second loss, so that no other
   * number has to be looked at where these are finite.
   * @returns {{name: string, index: number[]} | undefined}
   */
  notFinite() {
    const ends = ["loss", "norm", `${SECOND}loss`].filter((name) => this.makes(name));
    if (ends.length && ends.every((name) => Number.isFinite(this.value(name).data[0])))
      return undefined;
    return this.solver.notFinite();
  }

  /** Solve everything but what is computed on demand. */
  solve() {
    const later = new Set(this.network.on_demand.map(({ name }) => name));
    const names = [...this.solver.plan.equations.keys()].filter((name) => !later.has(name));
    this.solver.solve(names);
  }

  /**
   * Return every equation that what is held asks for.
   * @returns {import("./plan.js").Equation[]}
   */
  equations() {
    return everyEquation(hold(this.network, this.held), this.redrawn);
  }

  /**
   * Return a solver of the equations, with all numbers given.
   * @returns {Solver}
   */
  makeSolver() {
    const solver = new Solver(plan(this.equations()), this.sizes, this.sizes, this.precision);
    this.giveAll(solver);
    return solver;
  }

  /**
   * Give a solver all numbers, with the edits in them.
   * @param {Solver} solver
   */
  giveAll(solver) {
    for (const name of new Set([...this.given.keys(), ...this.held])) this.give(name, solver);
  }

  /**
   * Give a solver a quantity's numbers with the edits in them.
   * @param {string} name
   * @param {Solver} solver
   */
  give(name, solver) {
    const edits = this.editsOf(name);
    const shape = solver.shape(name);
    const base = this.givenOf(name);
    if (base) {
      solver.give(name, edits.length ? withEdits(base, edits, shape) : base);
      return;
    }
    const zeros = new Float64Array(shape.reduce((a, b) => a * b, 1));
    const marks = edits.map((edit) => ({ ...edit, value: 1 }));
    solver.give(`set_${name}`, withEdits(zeros, edits, shape));
    solver.give(
      `free_${name}`,
      withEdits(zeros, marks, shape).map((mark) => 1 - mark),
    );
  }

  /**
   * Return what a quantity is given, before any edits; undefined where it is computed.
   * @param {string} name
   * @returns {Float64Array | undefined}
   */
  givenOf(name) {
    return this.given.get(name);
  }

  /**
   * Return the edits of a quantity.
   * @param {string} name
   * @returns {Edit[]}
   */
  editsOf(name) {
    return this.edits.filter((edit) => edit.name === name);
  }
}
