/*
 * What a stage that solves one sequence at a time knows of all of them: it asks a worker for what
 * is not known yet, and forgets it where an edit makes it another.
 */

import { writeEdits } from "./editing.js";
import { SECOND } from "./plan.js";
import { strideOf } from "./sent.js";
import { SumsLoop } from "./sums_loop.js";

/** @import { Edit } from "./edits.js" */
/** @import { Probe } from "./probe.js" */
/** @import { SequenceEngine } from "./sequence_engine.js" */
/** @import { Spot } from "./state.js" */
/** @import { Base, Job, JobNumbers, News } from "./sums_loop.js" */
/** @import { Meta } from "./sent.js" */

/** All sequences of a run that is solved one at a time. */
export class WholeBatch {
  /**
   * @param {SequenceEngine} engine solves the sequence that is shown
   * @param {Meta} meta
   */
  constructor(engine, meta) {
    const { network, sizes, given, precision } = engine;
    this.base = { network, sizes, given: Object.fromEntries(given), precision };
    this.engine = engine;
    this.code = meta.worker ?? "";
    const shown = Object.keys(meta.quantities);
    const ends = ["loss", ...(shown.includes("norm") || meta.picture ? [`${SECOND}loss`] : [])];
    this.wanted = [...shown, ...ends].filter((name) => engine.makes(name));
    const single = shown.filter((name) => meta.quantities[name].dims.join("") === "BT");
    this.single = single.filter((name) => engine.makes(name) && !engine.given.has(name));
    /** @type {[string, number][]} what is compared with Python's: every so-manieth number */
    this.strides = Object.keys(meta.checks)
      .filter((name) => engine.hasSequences(name))
      .map((name) => [name, strideOf(meta.quantities[name].shape)]);
    /** @type {Map<string, Float64Array>} quantities of all sequences */
    this.whole = new Map();
    /** @type {Map<string, Float64Array>} numbers to compare with Python's */
    this.samples = new Map();
    /** @type {Map<string, number>} single numbers of other sequences */
    this.found = new Map();
    /** @type {Map<string, Spot>} those that are not here yet */
    this.wishes = new Map();
    /** @type {{take: (job: Job) => void, end: () => void} | null} */
    this.loop = null;
    /** @type {Probe[]} numbers of the run with other edits that are asked for */
    this.probes = [];
    /** @type {Map<string, number>} those that are here */
    this.probed = new Map();
    /** @type {{job: Job, key: string, probe: Probe | undefined} | null} the job that is being done */
    this.asked = null;
    this.jobs = 0;
    /** @type {(news: News) => void} */
    this.hear = () => {};
  }

  /** Forget what an edit may have changed. */
  forget() {
    this.asked = null;
    this.whole.clear();
    this.samples.clear();
    this.found.clear();
    this.wishes.clear();
  }

  /**
   * Return a single number of another sequence; undefined where it is not here.
   * @param {string} name
   * @param {number[]} index
   */
  number(name, index) {
    return this.found.get(spotKey(name, index));
  }

  /**
   * Ask for a single number of another sequence with the next job.
   * @param {string} name
   * @param {number[]} index
   */
  wish(name, index) {
    const key = spotKey(name, index);
    if (this.engine.isKnown(name) && !this.found.has(key)) this.wishes.set(key, { name, index });
  }

  /**
   * Return numbers of which those that are not here are asked for with the next job; 0 meanwhile.
   * @param {import("./tensors.js").Tensors} tensors
   * @returns {import("./index_form.js").Source}
   */
  wishing(tensors) {
    return {
      quantities: tensors.quantities,
      sizes: tensors.sizes,
      edited: (name, index) => tensors.edited(name, index),
      value: (name, index) => {
        const value = tensors.value(name, index);
        if (value === undefined) this.wish(name, index);
        return value ?? 0;
      },
    };
  }

  /**
   * Have a worker compute what is not known yet, then probes.
   * @param {Edit[]} edits
   * @param {Probe[]} probes
   * @param {(news: News) => void} hear is told how far that is, and when it is here
   */
  follow(edits, probes, hear) {
    this.hear = hear;
    this.probes = probes;
    const missing = this.missing(edits);
    const probe = missing ? undefined : this.openProbes()[0];
    const job = missing ?? (probe && jobOf(probe));
    if (!job) return;
    const key = JSON.stringify(job);
    if (this.asked?.key === key) return;
    this.jobs += 1;
    const numbered = { ...job, id: this.jobs };
    this.asked = { job: numbered, key, probe };
    this.loop ??= startLoop(this.base, this.code, (news) => this.take(news));
    this.loop.take(numbered);
  }

  /**
   * Return a job for what is not known yet; null where nothing is missing.
   * @param {Edit[]} edits
   * @returns {Omit<Job, "id"> | null}
   */
  missing(edits) {
    const job = {
      edits,
      sums: this.engine.missing(this.wanted).map(({ sum }) => sum),
      whole: this.single.filter((name) => !this.whole.has(name)),
      samples: this.strides.filter(([name]) => !this.samples.has(name)),
      spots: [...this.wishes.values()],
    };
    return job.sums.length + job.whole.length + job.samples.length + job.spots.length ? job : null;
  }

  /**
   * Take what the worker says.
   * @param {News} news
   */
  take(news) {
    if (news.id !== this.asked?.job.id) return;
    const { job, probe } = this.asked;
    const { numbers } = news;
    if (numbers) {
      if (probe) this.probed.set(probeKey(probe), numbers.spots[0]);
      else this.keep(numbers, job.spots);
      this.asked = null;
    }
    this.hear(probe ? this.newsOfProbes(news) : news);
  }

  /** Return the probes that are not here yet. */
  openProbes() {
    return this.probes.filter((probe) => !this.probed.has(probeKey(probe)));
  }

  /**
   * Return how far all probes are, as far as one is.
   * @param {News} news
   * @returns {News}
   */
  newsOfProbes({ id, done, total, numbers }) {
    const all = this.probes.length;
    const before = (all - this.openProbes().length) * total;
    const probed = numbers !== undefined;
    return { id, done: before + (probed ? 0 : done), total: all * total, probed };
  }

  /**
   * @param {JobNumbers} numbers
   * @param {Spot[]} spots
   */
  keep({ sums, whole, samples, spots: values }, spots) {
    for (const [sum, all] of sums) this.engine.giveSum(sum, all);
    for (const [name, all] of whole) this.whole.set(name, all);
    for (const [name, some] of samples) this.samples.set(name, some);
    for (const [i, { name, index }] of spots.entries()) {
      this.found.set(spotKey(name, index), values[i]);
      this.wishes.delete(spotKey(name, index));
    }
  }

  /**
   * Take over what another one knows of the same run.
   * @param {{sums: Map<string, Float64Array>, whole: Map<string, Float64Array>}} known
   */
  adopt({ sums, whole }) {
    for (const [sum, all] of sums) this.engine.giveSum(sum, all);
    this.whole = new Map(whole);
  }

  /** Return what is known, for `adopt`. */
  known() {
    return { sums: new Map(this.engine.known), whole: new Map(this.whole) };
  }

  /** Leave the worker. */
  end() {
    this.loop?.end();
    this.loop = null;
    this.asked = null;
  }
}

/**
 * Return what says which number of which run a probe is.
 * @param {Probe} probe
 */
export function probeKey({ name, index, edits }) {
  return `${spotKey(name, index)} ${writeEdits(edits)}`;
}

/**
 * Return the job that computes a probe.
 * @param {Probe} probe
 * @returns {Omit<Job, "id">}
 */
function jobOf({ name, index, edits }) {
  return { edits, sums: [], whole: [], samples: [], spots: [{ name, index }] };
}

/**
 * @param {string} name
 * @param {number[]} index
 */
function spotKey(name, index) {
  return `${name}:${index.join(",")}`;
}

/**
 * Start the loop over sequences in a worker, or here where a page may have none.
 * @param {Base} base
 * @param {string} code the worker's
 * @param {(news: News) => void} hear
 */
function startLoop(base, code, hear) {
  /** @type {Job | null} */
  let last = null;
  /** @type {SumsLoop | null} */
  let loop = null;
  const here = () => {
    loop = new SumsLoop(base, hear);
    if (last) loop.take(last);
  };
  const worker = workerOf(code);
  if (worker) {
    worker.onmessage = ({ data }) => hear(data);
    worker.onerror = () => {
      worker.terminate();
      here();
    };
    worker.postMessage(base);
  } else here();
  return {
    /** @param {Job} job */
    take(job) {
      last = job;
      if (loop) loop.take(job);
      else worker?.postMessage(job);
    },
    end() {
      worker?.terminate();
      loop?.end();
    },
  };
}

/**
 * Return a worker; null where a page may have none.
 * @param {string} code
 */
function workerOf(code) {
  try {
    const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const worker = new Worker(address);
    worker.addEventListener("message", () => URL.revokeObjectURL(address), { once: true });
    return worker;
  } catch {
    return null;
  }
}
