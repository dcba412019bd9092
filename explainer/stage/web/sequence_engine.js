/*
 * A run that is too large to be solved whole in a frame: one sequence of the batch is solved at a
 * time, and what all of them add up to is given once it is known (`sums_loop.js`).
 */

import { SUM_PART, takeApart } from "./batch_sums.js";
import { withEdits } from "./edits.js";
import { Engine } from "./engine.js";
import { plan, SECOND, treeLeaves } from "./plan.js";
import { Solver } from "./solver.js";

/** @import { Edit } from "./edits.js" */

/** One sequence of a run, with the reader's edits. Its B axes have length 1. */
export class SequenceEngine extends Engine {
  /**
   * @param {import("./plan.js").Network} network
   * @param {Record<string, number>} sizes length of each dim, by its letter; B of the whole batch
   * @param {Record<string, ArrayLike<number>>} given numbers of the whole batch
   * @param {import("./views.js").Precision} precision of what is written down
   */
  constructor(network, sizes, given, precision = "float64") {
    super(network, sizes, given, precision);
    this.sequence = 0;
    this.apart = takeApart(this.equations());
    /** @type {Map<string, Float64Array>} sums over all sequences, as far as they are known */
    this.known = new Map();
    /** @type {Map<string, Set<string>>} what each sum is computed from, itself and others included */
    this.origins = new Map();
    this.addEarly();
  }

  /**
   * Take another sequence.
   * @param {number} sequence
   */
  show(sequence) {
    if (sequence === this.sequence) return;
    this.sequence = sequence;
    for (const name of [...this.given.keys(), ...this.held])
      if (this.made && !this.isShared(name)) this.give(name, this.made);
  }

  /**
   * Change given numbers and hold computed ones; sums that depend on them are known no more.
   * @param {Edit[]} edits
   */
  edit(edits) {
    const touched = new Set([...this.edits, ...edits].map(({ name }) => name));
    const before = this.held.join();
    super.edit(edits);
    if (this.held.join() !== before) {
      this.apart = takeApart(this.equations());
      this.known.clear();
      this.origins.clear();
    }
    for (const sum of this.known.keys())
      if ([...this.originsOf(sum)].some((name) => touched.has(name))) this.known.delete(sum);
    this.addEarly();
  }

  /**
   * Return the sums that some quantities need and that are not known, those first that others need;
   * each with how many have to be known one after the other before it.
   * @param {string[]} names
   * @returns {{sum: string, after: number}[]}
   */
  missing(names) {
    /** @type {Map<string, number>} */
    const found = new Map();
    /** @type {(leading: string[]) => number} */
    const visit = (leading) =>
      [...this.solver.leadingTo(leading)]
        .filter((name) => this.apart.sums.has(name) && !this.known.has(name))
        .reduce((most, sum) => {
          if (!found.has(sum)) found.set(sum, visit([SUM_PART + sum]));
          return Math.max(most, 1 + /** @type {number} */ (found.get(sum)));
        }, 0);
    visit(names);
    return [...found].map(([sum, after]) => ({ sum, after })).sort((a, b) => a.after - b.after);
  }

  /**
   * Tell whether a quantity can be solved by now.
   * @param {string} name
   */
  isKnown(name) {
    const { sums } = this.apart;
    for (const input of this.solver.leadingTo([name]))
      if (sums.has(input) && !this.known.has(input)) return false;
    return true;
  }

  /**
   * Take what all sequences add up to.
   * @param {string} sum
   * @param {Float64Array} values
   */
  giveSum(sum, values) {
    this.known.set(sum, values);
    this.made?.give(sum, values);
  }

  /**
   * Tell whether a quantity has a number for each sequence.
   * @param {string} name
   */
  hasSequences(name) {
    return this.solver.plan.equations.get(name)?.dims[0] === "B";
  }

  /**
   * Return where a number of the sequence stopped being finite, of those that the loss comes from.
   */
  notFinite() {
    const parts = this.makes("loss") ? [...this.solver.leadingTo(["loss"])] : [];
    const ends = parts.filter((name) => this.apart.sums.has(name)).map((sum) => SUM_PART + sum);
    if (ends.length && ends.every((name) => this.value(name).data.every(Number.isFinite)))
      return undefined;
    return this.solver.notFinite();
  }

  /** @returns {Solver} */
  makeSolver() {
    const one = { ...this.sizes, B: 1 };
    const solver = new Solver(plan(this.apart.equations), one, this.sizes, this.precision);
    this.giveAll(solver);
    for (const [sum, values] of this.known) solver.give(sum, values);
    return solver;
  }

  /**
   * Return what a quantity is given for a sequence.
   * @param {string} name
   */
  givenOf(name, sequence = this.sequence) {
    const values = this.given.get(name);
    if (!values || this.isShared(name)) return values;
    const length = values.length / this.sizes.B;
    return values.subarray(sequence * length, (sequence + 1) * length);
  }

  /**
   * Return what a given quantity is in any sequence, with the edits.
   * @param {string} name
   * @param {number} sequence
   */
  givenIn(name, sequence) {
    const values = /** @type {Float64Array} */ (this.givenOf(name, sequence));
    return withEdits(values, this.editsOf(name, sequence), this.solver.shape(name));
  }

  /**
   * Return the edits of a quantity in a sequence.
   * @param {string} name
   * @returns {Edit[]}
   */
  editsOf(name, sequence = this.sequence) {
    const edits = super.editsOf(name);
    if (this.isShared(name)) return edits;
    return edits
      .filter(({ index: [b = null] }) => b === null || b === sequence)
      .map((edit) => ({ ...edit, index: edit.index.map((place, axis) => (axis ? place : null)) }));
  }

  /**
   * Tell whether all sequences are given the same numbers.
   * @param {string} name
   */
  isShared(name) {
    const given = this.network.given.find((each) => each.name === name.replace(SECOND, ""));
    return given !== undefined && given.dims[0] !== "B";
  }

  /** Add the sums that come from given numbers alone. */
  addEarly() {
    for (const equation of this.apart.early) {
      if (this.known.has(equation.name)) continue;
      const inputs = this.apart.equations.filter(({ name }) =>
        treeLeaves(equation.tree).includes(name),
      );
      const solver = new Solver(
        plan([...inputs, equation]),
        this.sizes,
        this.sizes,
        this.precision,
      );
      for (const { name } of inputs) {
        const values = /** @type {Float64Array} */ (this.given.get(name));
        solver.give(name, withEdits(values, super.editsOf(name), solver.shape(name)));
      }
      this.giveSum(equation.name, Float64Array.from(solver.value(equation.name).data));
    }
  }

  /**
   * Return the names that a sum is computed from, through other sums, too.
   * @param {string} sum
   * @returns {Set<string>}
   */
  originsOf(sum) {
    let found = this.origins.get(sum);
    if (!found) {
      found = new Set([SUM_PART + sum]);
      for (const name of found) {
        for (const input of this.solver.leadingTo([name])) {
          found.add(input);
          if (this.apart.sums.has(input)) found.add(SUM_PART + input);
        }
      }
      this.origins.set(sum, found);
    }
    return found;
  }
}
