/*
 * All numbers of a page by name and place, computed here from what is given; of a run that is too
 * large for a frame, those of one sequence at once, and what needs all of them a moment later.
 */
import { Arrays } from "./buffer.js";
import { editOf } from "./editing.js";
import { faultOf } from "./edits.js";
import { Extents } from "./extents.js";
import { whileHeld } from "./held.js";
import { elementText } from "./index_form.js";
import { runEngine } from "./run_engine.js";
import { readMeta } from "./sent.js";
import { SequenceEngine } from "./sequence_engine.js";
import { flatPlace } from "./views.js";
import { WholeBatch } from "./whole_batch.js";

/** @import { Meta } from "./sent.js" */
/** @import { Edit } from "./edits.js" */
/** @import { Equation } from "./plan.js" */

/** All numbers of a page. */
export class Tensors {
  /** @param {{meta: string, numbers: string}} data */
  constructor(data) {
    this.data = data;
    this.meta = readMeta(data.meta);
    this.quantities = this.meta.quantities;
    this.sizes = this.meta.sizes;
    this.sent = new Arrays(data.numbers);
    this.engine = runEngine(this.meta, this.sent);
    /** What is known of all sequences of a run that is solved one at a time; null of others. */
    this.batch =
      this.engine instanceof SequenceEngine ? new WholeBatch(this.engine, this.meta) : null;
    /** @type {ReturnType<WholeBatch["known"]> | null} that of the run without edits */
    this.knownBefore = null;
    /** @type {Map<string, {data: import("./views.js").Memory, part: number[][]} | null>} */
    this.arrays = new Map();
    this.extents = new Extents(this);
    /** @type {Map<string, Equation>} */
    this.editable = new Map(this.engine.editable.map((each) => [each.name, each]));
    /** @type {Edit[]} */
    this.edits = [];
    /** @type {Tensors | null} the same run without edits */
    this.first = null;
  }

  /**
   * Change given numbers and hold computed ones: these edits and no others.
   * @param {Edit[]} edits
   * @returns {string} why that can't be; empty where it is done
   */
  edit(edits) {
    if (edits === this.edits) return "";
    const fault = edits.map((edit) => this.faultOf(edit)).find(Boolean);
    if (fault) return fault;
    this.engine.edit(edits);
    const infinite = this.engine.notFinite();
    if (infinite) this.engine.edit(this.edits);
    else {
      this.edits = edits;
      this.quantities = whileHeld(this.meta.quantities, this.engine.held);
    }
    this.batch?.forget();
    this.arrays.clear();
    this.extents.clear();
    if (!infinite) return "";
    return `${elementText(infinite.name, infinite.index)} would not be finite.`;
  }

  /**
   * Have the numbers of a sequence here.
   * @param {number} sequence
   */
  show(sequence) {
    if (!this.batch || this.batch.engine.sequence === sequence) return;
    this.batch.engine.show(sequence);
    this.arrays.clear();
    this.extents.clear();
    this.first?.show(sequence);
  }

  /**
   * Have computed what needs all sequences and is not here yet.
   * @param {(news: import("./sums_loop.js").News) => void} hear is told how far that is
   * @param {import("./probe.js").Probe[]} [probes] wanted after that
   */
  follow(hear, probes = []) {
    this.batch?.follow(this.edits, probes, (news) => {
      if (news.numbers) {
        this.arrays.clear();
        this.extents.clear();
        if (this.edits.length === 0) this.knownBefore = this.batch?.known() ?? null;
      }
      hear(news);
    });
  }

  /**
   * Return why an edit can't be made; empty where it can.
   * @param {Edit} edit
   * @param {boolean} [anyValue] its number is not known yet
   * @returns {string}
   */
  faultOf(edit, anyValue = false) {
    const known = this.editable.get(edit.name);
    if (anyValue && known) return "";
    if (anyValue)
      return `${edit.name} can’t be changed or held: it follows from other numbers. Edit those.`;
    return faultOf(edit, this.engine.editable, this.sizes) ?? "";
  }

  /**
   * Tell whether a quantity is given, not computed.
   * @param {string} name
   */
  isGiven(name) {
    return this.engine.given.has(name);
  }

  /**
   * Return which numbers a quantity may have; undefined for any.
   * @param {string} name
   */
  limits(name) {
    return this.editable.get(name)?.limits;
  }

  /**
   * Return what a number that was edited is by itself, and whether it is held; null for others.
   * @param {string} name
   * @param {number[]} index
   * @returns {{own: number, held: boolean} | null}
   */
  edited(name, index) {
    if (!editOf(this.edits, name, index)) return null;
    return { own: this.own(name, index), held: !this.isGiven(name) };
  }

  /**
   * Return what a number was as given, or would be were it not held; not a number where it is not
   * here.
   * @param {string} name
   * @param {number[]} index
   */
  own(name, index) {
    return this.engine.own(name).data[flatPlace(this.partOf(name), index)] ?? Number.NaN;
  }

  /** Return the run without edits. */
  unedited() {
    if (this.edits.length === 0) return this;
    if (!this.first) {
      this.first = new Tensors(this.data);
      if (this.batch) this.first.show(this.batch.engine.sequence);
      if (this.knownBefore) this.first.batch?.adopt(this.knownBefore);
    }
    return this.first;
  }

  /** Return the loss; not a number where it is not computed, or not yet. */
  loss() {
    return this.single("loss");
  }

  /**
   * Return a quantity that is one number; not a number where it is not computed, or not yet.
   * @param {string} name one of the engine's
   */
  single(name) {
    if (!this.engine.makes(name) || !(this.batch?.engine.isKnown(name) ?? true)) return Number.NaN;
    return this.engine.value(name).data[0];
  }

  /**
   * Tell whether there is such a quantity.
   * @param {string} name
   */
  has(name) {
    return Object.hasOwn(this.quantities, name);
  }

  /**
   * Tell whether there is such a number.
   * @param {string} name
   * @param {number[]} index
   */
  hasNumber(name, index) {
    if (!this.has(name)) return false;
    const { shape } = this.quantities[name];
    const inside = index.every((v, i) => Number.isInteger(v) && v >= 0 && v < shape[i]);
    return shape.length === index.length && inside;
  }

  /**
   * Return one number; undefined where it is not here.
   * @param {string} name
   * @param {number[]} index
   * @returns {number | undefined}
   */
  value(name, index) {
    const found = this.numbers(name);
    if (found === null) return undefined;
    return found.data[flatPlace(found.part, index)] ?? this.batch?.number(name, index);
  }

  /**
   * Return the numbers of a quantity, with first and end for each dim; null where none are here.
   * @param {string} name
   */
  numbers(name) {
    let found = this.arrays.get(name);
    if (found === undefined) {
      found = this.has(name) ? this.computed(name) : null;
      this.arrays.set(name, found);
    }
    return found;
  }

  /**
   * @param {string} name
   * @returns {{data: import("./views.js").Memory, part: number[][]} | null}
   */
  computed(name) {
    const all = this.batch?.whole.get(name);
    if (all) return { data: all, part: this.quantities[name].shape.map((size) => [0, size]) };
    if (this.batch && !this.batch.engine.isKnown(name)) return null;
    return { data: this.engine.value(name).data, part: this.partOf(name) };
  }

  /**
   * Return what the engine has of a quantity: first and end for each dim.
   * @param {string} name
   */
  partOf(name) {
    const part = this.quantities[name].shape.map((size) => [0, size]);
    if (this.batch?.engine.hasSequences(name)) {
      const { sequence } = this.batch.engine;
      part[0] = [sequence, sequence + 1];
    }
    return part;
  }

  /**
   * Return a token's text by its id.
   * @param {number} id
   */
  token(id) {
    return this.meta.tokens[id] ?? "";
  }

  /**
   * Return the ids, or targets, of a sequence.
   * @param {"ids" | "targets"} name
   * @param {number} sequence
   * @returns {number[]}
   */
  tokenIds(name, sequence) {
    const labels = this.meta[name];
    if (labels) return labels[sequence];
    return [...this.ofSequence(name, sequence)];
  }

  /**
   * Return the numbers of one sequence: any of a given quantity, that which is shown of others.
   * @param {string} name a quantity with a number or more for each sequence, or one of the engine's
   * @param {number} sequence
   * @returns {import("./views.js").Memory}
   */
  ofSequence(name, sequence) {
    const alone = this.batch?.engine;
    if (alone?.given.has(name)) return alone.givenIn(name, sequence);
    const { data } = this.engine.value(name);
    const length = alone ? data.length : data.length / this.sizes.B;
    return alone ? data : data.subarray(sequence * length, (sequence + 1) * length);
  }

  /**
   * Return the mean over all units of a quantity at each time step.
   * @param {string} name
   * @param {number} sequence
   * @returns {number[]}
   */
  means(name, sequence) {
    const { T, H } = this.sizes;
    const data = this.ofSequence(name, sequence);
    return Array.from({ length: T }, (_, t) => {
      return [...data.subarray(t * H, (t + 1) * H)].reduce((a, b) => a + b, 0) / H;
    });
  }

  /** Leave the workers. */
  end() {
    this.batch?.end();
    this.first?.end();
  }
}
