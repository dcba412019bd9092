/*
 * What the sequences of a batch add up to, one after the other: in a worker, or, where there is
 * none, between other things that the page does.
 */

import { SUM_PART } from "./batch_sums.js";
import { SequenceEngine } from "./sequence_engine.js";
import { numberAt } from "./views.js";

/** @import { Edit } from "./edits.js" */
/** @import { Spot } from "./state.js" */

/**
 * What a run is computed from.
 * @typedef {{network: import("./plan.js").Network, sizes: Record<string, number>,
 *   given: Record<string, ArrayLike<number>>, precision?: import("./views.js").Precision}} Base
 *
 * What is asked for, with these edits: sums; quantities of all sequences; every so-manieth number of
 * some; single numbers.
 * @typedef {{id: number, edits: Edit[], sums: string[], whole: string[],
 *   samples: [string, number][], spots: Spot[]}} Job
 *
 * What is told of it: sequences done and to do, and in the end the numbers; or that the number
 * of a probe is here.
 * @typedef {{id: number, done: number, total: number, numbers?: JobNumbers, probed?: boolean}} News
 * @typedef {{sums: [string, Float64Array][], whole: [string, Float64Array][],
 *   samples: [string, Float64Array][], spots: number[]}} JobNumbers
 */

/** Milliseconds of computing before the next job is looked for. */
const JOB_SLICE = 12;

/** Does one job at a time; a newer one takes the place of an older one. */
export class SumsLoop {
  /**
   * @param {Base} base
   * @param {(news: News) => void} tell
   */
  constructor({ network, sizes, given, precision }, tell) {
    this.engine = new SequenceEngine(network, sizes, given, precision);
    this.tell = tell;
    /** @type {Job | null} */
    this.next = null;
    this.running = false;
    this.ended = false;
  }

  /** Do no more. */
  end() {
    this.ended = true;
  }

  /**
   * Take a job.
   * @param {Job} job
   */
  async take(job) {
    this.next = job;
    if (this.running) return;
    this.running = true;
    while (this.next) {
      const now = this.next;
      this.next = null;
      await this.solve(now);
    }
    this.running = false;
  }

  /**
   * Do a job, unless another one comes.
   * @param {Job} job
   */
  async solve(job) {
    const { engine, tell } = this;
    const { id } = job;
    engine.edit(job.edits);
    const gathered = new Gathered(engine, job);
    const sums = engine.missing([...job.sums, ...gathered.ends.map(({ name }) => name)]);
    const rounds = 1 + Math.max(0, ...sums.map(({ after }) => after));
    const total = rounds * engine.sizes.B;
    let begun = performance.now();
    for (let step = 0; step < total; step++) {
      const [round, sequence] = [Math.floor(step / engine.sizes.B), step % engine.sizes.B];
      const now = sums.filter(({ after }) => after === round).map(({ sum }) => sum);
      if (round || now.length || gathered.needs(sequence)) {
        engine.show(sequence);
        if (!round) gathered.take();
        gathered.add(now);
      }
      if (sequence === engine.sizes.B - 1)
        for (const sum of now) engine.giveSum(sum, /** @type {any} */ (gathered.sums.get(sum)));
      if (performance.now() - begun < JOB_SLICE) continue;
      tell({ id, done: step + 1, total });
      await new Promise((resolve) => setTimeout(resolve));
      if (this.next || this.ended) return;
      begun = performance.now();
    }
    tell({ id, done: total, total, numbers: gathered.numbers(job.sums) });
  }
}

/** What a job has found so far. */
class Gathered {
  /**
   * @param {SequenceEngine} engine
   * @param {Job} job
   */
  constructor(engine, { whole, samples, spots }) {
    this.engine = engine;
    this.spots = spots;
    /** @type {Spot[]} those that no sequence has a number of its own for */
    this.ends = spots.filter(({ name }) => !engine.hasSequences(name));
    /** @type {Map<string, Float64Array>} */
    this.sums = new Map();
    this.found = new Float64Array(spots.length);
    const { B } = engine.sizes;
    /** @type {(name: string) => number} */
    const size = (name) => B * engine.solver.compiler.view(name).data.length;
    this.whole = new Map(whole.map((name) => [name, new Float64Array(size(name))]));
    this.samples = samples.map(([name, stride]) => ({
      name,
      stride,
      values: new Float64Array(Math.ceil(size(name) / stride)),
    }));
  }

  /**
   * Tell whether a number of a sequence is asked for.
   * @param {number} sequence
   */
  needs(sequence) {
    const some = this.whole.size + this.samples.length > 0;
    return some || this.spots.some((spot) => this.isIn(spot, sequence));
  }

  /**
   * Tell whether a single number is one of a sequence's.
   * @param {Spot} spot
   * @param {number} sequence
   */
  isIn({ name, index }, sequence) {
    return this.engine.hasSequences(name) && index[0] === sequence;
  }

  /** Take what is asked for of the sequence that is shown. */
  take() {
    const { engine } = this;
    const { sequence } = engine;
    for (const [name, values] of this.whole) {
      const { data } = engine.value(name);
      values.set(data, sequence * data.length);
    }
    for (const { name, stride, values } of this.samples) {
      const { data } = engine.value(name);
      const first = sequence * data.length;
      for (let i = Math.ceil(first / stride); i * stride < first + data.length; i++)
        values[i] = data[i * stride - first];
    }
    for (const [i, spot] of this.spots.entries()) {
      if (!this.isIn(spot, sequence)) continue;
      this.found[i] = numberAt(engine.value(spot.name), [0, ...spot.index.slice(1)]);
    }
  }

  /**
   * Add what the sequence that is shown adds to sums.
   * @param {string[]} sums
   */
  add(sums) {
    for (const sum of sums) {
      const { data } = this.engine.value(SUM_PART + sum);
      const all = this.sums.get(sum) ?? new Float64Array(data.length);
      for (let i = 0; i < data.length; i++) all[i] += data[i];
      this.sums.set(sum, all);
    }
  }

  /**
   * Return all of it.
   * @param {string[]} sums
   * @returns {JobNumbers}
   */
  numbers(sums) {
    for (const [i, spot] of this.spots.entries())
      if (this.ends.includes(spot))
        this.found[i] = numberAt(this.engine.value(spot.name), spot.index);
    return {
      sums: sums.map((sum) => [sum, /** @type {Float64Array} */ (this.engine.known.get(sum))]),
      whole: [...this.whole],
      samples: this.samples.map(({ name, values }) => [name, values]),
      spots: [...this.found],
    };
  }
}
