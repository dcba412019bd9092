/*
 * The stage in a Streamlit component, which brings the numbers that are given: one state, one way to
 * change it, one way to draw it.
 */
import { readChecked } from "./agreement.js";
import { followBatch } from "./batch_line.js";
import { keepBeat } from "./beat.js";
import { themeOf } from "./colours.js";
import { readAgainst } from "./compare.js";
import { find, nothingDrawn } from "./dom.js";
import { edited, parseEdits, writeEdits } from "./editing.js";
import { stopAnimation } from "./equation.js";
import { bindEvents } from "./events.js";
import { FirstValues, tellDrawn } from "./first_values.js";
import { bringEquation, bringOpened } from "./focus.js";
import { readInfluence } from "./influence.js";
import { cameBack, follow, showOpened } from "./jump.js";
import { PHONE, tensorsOf } from "./layout.js";
import { bindPaper } from "./paper.js";
import { leastZoom } from "./present.js";
import { render } from "./render.js";
import { ServerEdits } from "./server_edits.js";
import { EMPTY, forgotten, update, withNumbers } from "./state.js";
import { Tensors } from "./tensors.js";
import { assessed, isAnother, stationQuery } from "./tour.js";
import { firstQuery, openChapter, readQuery, watchAddress, writeAddress } from "./url.js";

/** @import { Edit } from "./edits.js" */
/** @import { Data } from "./sent.js" */
/** @import { State } from "./state.js" */

/**
 * @typedef {{data: Data | null, parentElement: Element, setTriggerValue: (name: string, value: any) => void,
 *   atRest?: (state: State) => void}} Component `atRest` is told what is shown, once it is at rest
 */

/** How long the stage must be at rest before the address follows, in milliseconds. */
const REST = 250;

/** What decides which numbers there are. @type {(keyof State)[]} */
const NUMBERED = ["tensors", "edits", "sequence", "against"];

/** @type {WeakMap<Element, Mounted>} one stage for each place on a page */
const STAGES = new WeakMap();
/** @type {Mounted | null} where the user was last, for the next chapter */
let visited = null;
/** whether the server does not know of the last edit yet */
let untold = false;

/**
 * Draw the stage, or what has changed of it.
 * @param {Component} component
 */
export default function stage(component) {
  const { data, parentElement } = component;
  if (!data) return undefined; // only this code is wanted so far
  const root = find(parentElement, ".stage");
  try {
    const mounted = STAGES.get(parentElement) ?? new Mounted(root);
    STAGES.set(parentElement, mounted);
    mounted.send = data.ahead ? () => {} : component.setTriggerValue;
    mounted.atRest = component.atRest;
    mounted.receive(mounted.firstValues.join(data));
    if (data.ahead) tellDrawn();
    return () => {
      mounted.end();
      STAGES.delete(parentElement);
    };
  } catch (error) {
    find(root, ".body").hidden = true;
    const fallback = find(root, ".fallback");
    fallback.hidden = false;
    fallback.textContent =
      "The stage could not be drawn here; its numbers are in the tables below.";
    console.error(error);
    component.setTriggerValue("failed", String(error).slice(0, 200));
    return undefined;
  }
}

/**
 * Return the stage in an element; undefined where there is none.
 * @param {Element} place
 */
export function stageIn(place) {
  return STAGES.get(place);
}

/** A stage on a page. */
class Mounted {
  /** @param {HTMLElement} root */
  constructor(root) {
    /** @type {State} */
    this.state = EMPTY;
    this.view = nothingDrawn(root);
    /** @type {(name: string, value: any) => void} */
    this.send = () => {};
    /** @type {Component["atRest"]} */
    this.atRest = undefined;
    /** @type {Data | null} what was received last */
    this.data = null;
    this.waiting = "";
    this.resting = 0;
    /** @type {Partial<State>[]} what has to wait until the stage is drawn */
    this.queue = [];
    this.serverEdits = new ServerEdits();
    this.rendering = false;
    this.unbind = bindEvents(this);
    this.unwatch = watchAddress(() => root.isConnected && this.state.tensors && this.syncUrl());
    const shown = () => this.state.tensors;
    this.firstValues = new FirstValues(shown, (data) => this.receive(data));
    this.unprint = bindPaper(this);
    this.observer = new ResizeObserver(() => this.change({ room: this.room() }));
    this.observer.observe(this.view.el.lanes);
    this.observer.observe(/** @type {Element} */ (this.view.el.lanes.parentElement));
  }

  /** Return the width for a lane, in pixels. */
  room() {
    const width = this.view.el.lanes.parentElement?.clientWidth || EMPTY.room;
    return this.state.presenting ? width / leastZoom() : width;
  }

  /**
   * Change the state, and draw it.
   * @param {Partial<State>} change
   */
  change(change) {
    this.queue.push(change);
    if (this.rendering || this.state.tensors === null) return;
    this.rendering = true;
    try {
      for (let next = this.queue.shift(); next; next = this.queue.shift()) {
        const before = this.state;
        this.show(update(before, next), before);
      }
    } finally {
      this.rendering = false;
    }
  }

  /**
   * Make these edits the user's, if they can be made; return why not.
   * @param {Edit[]} edits
   * @param {State} [from] the state before them, which an undo leads to
   */
  edit(edits, from = this.state) {
    if (this.state.compared === "a") {
      this.change({ message: "A stays as it was kept. Choose B, and change numbers there." });
      return this.state.message;
    }
    const message = tensorsOf(this.state).edit(edits);
    this.change(message ? { message } : edited(from, edits));
    return message;
  }

  /**
   * Draw a state, and do what follows from it outside the stage.
   * @param {State} state
   * @param {State | null} before
   */
  show(state, before) {
    if (!before || NUMBERED.some((name) => state[name] !== before[name]))
      state = withNumbers(state);
    state = assessed(state, before);
    if (before && state.edits !== before.edits) untold = !state.tensors?.meta.station;
    this.state = state;
    render(this, before);
    if (state.playing !== before?.playing) keepBeat(this);
    this.ask(before);
    followBatch(this);
    this.syncUrl();
    if (before && state.opened && state.trail.length > 1 && state.opened !== before.opened)
      bringOpened(this);
    const stepped = before ? state.equation !== before.equation : !state.opened;
    if (stepped && !state.playing) bringEquation(this);
  }

  /**
   * Take what the server sent.
   * @param {Data} data
   */
  receive(data) {
    const elsewhere = this.serverEdits.heard(data.edit);
    const other = elsewhere ? edited(this.state, parseEdits(data.edit).edits) : {};
    const asked = this.data && data.query !== this.data.query ? (data.query ?? "") : "";
    const another = data.meta !== this.data?.meta || data.numbers !== this.data?.numbers;
    const news = {
      theme: themeOf(this.view.root),
      ...(data.against === this.data?.against ? {} : readAgainst(data.against)),
      ...(data.influence === this.data?.influence ? {} : readInfluence(data.influence)),
      ...(data.checked === this.data?.checked ? {} : readChecked(data.checked)),
    };
    this.data = data;
    if (!another) {
      this.change({ ...news, ...other });
      return follow(this, asked);
    }
    this.waiting = "";
    this.state.tensors?.end();
    const tensors = new Tensors(data);
    find(this.view.root, ".fallback").hidden = true;
    find(this.view.root, ".body").hidden = false;
    const { sequence } = JSON.parse(data.place);
    if (isAnother(this.state, tensors))
      return this.begin(update(EMPTY, { tensors, sequence, room: this.room(), ...news }));
    this.change({ tensors, ...forgotten(this.state, tensors), ...news, ...other });
    follow(this, asked);
  }

  /**
   * Begin where the link says, or where the user was on the chapter before, or ahead of this one.
   * @param {State} state
   */
  begin(state) {
    const { slug, linked, inside } = tensorsOf(state).meta;
    const before = linked && visited ? visited.state : null;
    if (visited?.data?.ahead && before?.tensors?.meta.slug === slug) {
      const { tensors, theme, room, checked, influence, editing } = state;
      return this.show(update(before, { tensors, theme, room, checked, influence, editing }), null);
    }
    const arrived = !cameBack() && before !== null && before.tensors?.meta.slug !== slug;
    const query = firstQuery(tensorsOf(state), this.data?.query);
    const edit = before !== null && untold ? writeEdits(before.edits) : this.data?.edit;
    if (!inside) query.set("edit", edit ?? "");
    stationQuery(tensorsOf(state), query);
    const narrow = this.view.root.clientWidth < PHONE;
    this.queue.length = 0;
    this.show(readQuery(state, query, before, arrived, narrow), null);
    showOpened(this);
  }

  /**
   * Open a chapter by the page's own link to it, which takes all settings along.
   * @param {string} slug
   */
  go(slug) {
    openChapter(slug);
  }

  /**
   * Keep the present numbers as state A, with these edits; null compares no longer.
   * @param {string | null} edits as in a link
   */
  keep(edits) {
    if (edits === null) this.change({ against: null, compared: "b" });
    this.send("keep", edits);
  }

  /**
   * Tell the server of another sequence: the pictures below show one, too.
   * @param {State | null} before
   */
  ask(before) {
    const { t, sequence, tensors } = this.state;
    const drawn = JSON.parse(/** @type {Data} */ (this.data).place);
    const moved = sequence !== before?.sequence || tensors !== before.tensors;
    // on the way here the address has lost its place
    if (!(moved && sequence !== drawn.sequence) && !(before === null && t !== drawn.t)) return;
    const key = JSON.stringify({ t, sequence });
    if (this.waiting === key) return;
    this.waiting = key;
    this.send("ask", { t, sequence });
  }

  /** Once at rest, write the state into the address; the server is told of edits alone. */
  syncUrl() {
    const { edits } = this.state;
    const { linked, inside } = tensorsOf(this.state).meta;
    clearTimeout(this.resting);
    if (linked) visited = this;
    else this.resting = setTimeout(() => this.atRest?.(this.state), REST);
    if (this.state.playing || !(linked || inside)) return;
    this.resting = setTimeout(() => {
      const edit = writeEdits(edits);
      const { meta } = tensorsOf(this.state);
      const fits = linked && untold && edit.length <= (meta.address.edit.high ?? 0);
      if (fits && this.serverEdits.mustTell(edit)) this.send("edit", edit);
      untold &&= this.data?.ahead !== undefined;
      writeAddress(this.state);
    }, REST);
  }

  /** Leave the page. */
  end() {
    this.state.tensors?.end();
    this.state.against?.tensors.end();
    clearTimeout(this.view.beating);
    clearTimeout(this.resting);
    clearTimeout(this.view.checking);
    clearTimeout(this.view.descending);
    stopAnimation(this.view);
    cancelAnimationFrame(this.view.wiring);
    this.observer.disconnect();
    this.unbind();
    this.unwatch();
    this.firstValues.end();
    this.unprint();
  }
}
