/*
 * Taking hold of a number: dragged up and down, stepped with keys, opened to be typed, flipped.
 */
import { editOf, redone, stepped, undone, withEdit } from "./editing.js";
import { editCell } from "./editor.js";
import { tensorsOf } from "./layout.js";
import { isHidden } from "./state.js";

/** @import { Stage } from "./dom.js" */
/** @import { Spot, State } from "./state.js" */

/** How far the pointer goes before it drags, in pixels. */
const SLOP = 5;
/** How long a finger rests on a number before it drags, in milliseconds. */
const LONG_PRESS = 450;
/** What a pixel adds to a number; with Shift a tenth of it. */
const PER_PIXEL = 0.01;
/** What a pixel adds to a whole number. */
const WHOLE_PER_PIXEL = 0.05;
/** What an arrow key adds to a number; with Shift a tenth of it. */
const PER_KEY = 0.1;

/**
 * A number under the pointer that may be dragged; `from` is the state before.
 * @typedef {{spot: Spot, from: State, value: number, x: number, y: number, dragging: boolean,
 *   pointer: number, touch: boolean, timer: number}} Grip
 */

/**
 * Let numbers be dragged, and opened or flipped by a double click.
 * @param {Stage} stage
 * @param {(event: Event) => Spot | null} spotAt
 */
export function bindTouch(stage, spotAt) {
  const { lanes } = stage.view.el;
  /** @type {Grip | null} */
  let grip = null;
  let dragged = false;
  const release = () => {
    clearTimeout(grip?.timer);
    dragged = grip?.dragging ?? false;
    grip = null;
    lanes.classList.remove("dragging");
  };
  /** @type {(held: Grip) => void} */
  const drag = (held) => {
    held.dragging = true;
    lanes.setPointerCapture(held.pointer);
    lanes.classList.add("dragging");
  };
  lanes.addEventListener("pointerdown", (event) => {
    release();
    dragged = false;
    const spot = event.button === 0 ? spotAt(event) : null;
    if (!spot || !movable(stage, spot)) return;
    const held = {
      ...{
        spot,
        from: stage.state,
        value: tensorsOf(stage.state).value(spot.name, spot.index) ?? 0,
      },
      ...{ x: event.clientX, y: event.clientY, pointer: event.pointerId, dragging: false },
      ...{ touch: event.pointerType === "touch", timer: 0 },
    };
    if (held.touch) held.timer = setTimeout(drag, LONG_PRESS, held);
    grip = held;
  });
  lanes.addEventListener("pointermove", (event) => {
    if (grip?.pointer !== event.pointerId) return;
    const up = grip.y - event.clientY;
    if (!grip.dragging) {
      const far = Math.max(Math.abs(up), Math.abs(event.clientX - grip.x)) > SLOP;
      // a finger that moves at once scrolls
      if (far && grip.touch) release();
      else if (Math.abs(up) > SLOP) drag(grip);
      if (!grip?.dragging) return;
    }
    // who else listens, as tables below do, asks where everything is, which lays the page out
    event.stopPropagation();
    grip.y = event.clientY;
    const { limits, name } = {
      ...grip.spot,
      limits: tensorsOf(stage.state).limits(grip.spot.name),
    };
    const pixel = limits?.whole ? WHOLE_PER_PIXEL : PER_PIXEL;
    const { low = -Infinity, high = Infinity } = limits ?? {};
    const moved = grip.value + up * pixel * (event.shiftKey ? 0.1 : 1);
    grip.value = Math.max(low, Math.min(high, moved));
    const value = stepped(grip.value, 0, limits);
    const { from } = grip;
    stage.edit(withEdit(from.edits, { name, index: grip.spot.index, value }), from);
  });
  for (const end of ["pointerup", "pointercancel"]) lanes.addEventListener(end, release);
  lanes.addEventListener(
    "touchmove",
    (event) => {
      if (grip?.dragging) event.preventDefault();
    },
    { passive: false },
  );
  lanes.addEventListener("contextmenu", (event) => {
    if (grip?.touch) event.preventDefault();
  });
  // what ends a drag opens nothing
  lanes.addEventListener(
    "click",
    (event) => {
      if (dragged) event.stopImmediatePropagation();
      dragged = false;
    },
    { capture: true },
  );
  lanes.addEventListener("dblclick", (event) => {
    const spot = spotAt(event);
    if (!spot) return;
    if (isSwitch(stage, spot)) flip(stage, spot);
    else editCell(stage, spot);
  });
}

/**
 * Do what a key does to edits; tell whether it does anything.
 * @param {Stage} stage
 * @param {KeyboardEvent} event
 * @param {Spot | null} spot the number that has the focus
 * @param {boolean} typing the focus is in a field
 * @returns {boolean}
 */
export function pressEditKey(stage, event, spot, typing) {
  const { state } = stage;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "z") {
    const change = event.shiftKey ? redone(state) : undone(state);
    if (typing || Object.keys(change).length === 0) return false;
    stage.change(change);
    return true;
  }
  if (!spot || event.ctrlKey || event.metaKey) return false;
  if (event.key === "F2") editCell(stage, spot);
  else if (event.altKey && event.key === "ArrowUp") nudge(stage, spot, 1, event.shiftKey);
  else if (event.altKey && event.key === "ArrowDown") nudge(stage, spot, -1, event.shiftKey);
  else return false;
  return true;
}

/**
 * Move a number by a step, if it is given or held.
 * @param {Stage} stage
 * @param {Spot} spot
 * @param {number} way
 * @param {boolean} fine
 */
function nudge(stage, spot, way, fine) {
  const { state } = stage;
  const tensors = tensorsOf(state);
  if (!movable(stage, spot)) {
    const { name } = spot;
    const fault = tensors.faultOf({ ...spot, value: 0 }, true);
    stage.change({ message: fault || `${name} is computed; press F2 to hold it at a number.` });
    return;
  }
  const limits = tensors.limits(spot.name);
  const step = limits?.whole ? way : way * PER_KEY * (fine ? 0.1 : 1);
  const value = stepped(tensors.value(spot.name, spot.index) ?? 0, step, limits);
  stage.edit(withEdit(state.edits, { ...spot, value }));
}

/**
 * Tell whether a number moves at once: one that is given, or held already.
 * @param {Stage} stage
 * @param {Spot} spot
 */
function movable({ state }, { name, index }) {
  const tensors = tensorsOf(state);
  if (tensors.faultOf({ name, index, value: 0 }, true) || isHidden(state, name)) return false;
  return tensors.isGiven(name) || editOf(state.edits, name, index) !== undefined;
}

/**
 * Tell whether a number is either 0 or 1, as in a mask.
 * @param {Stage} stage
 * @param {Spot} spot
 */
function isSwitch({ state }, { name }) {
  const limits = tensorsOf(state).limits(name);
  return limits?.whole === true && limits.low === 0 && limits.high === 1;
}

/**
 * Make 0 of 1, or 1 of 0.
 * @param {Stage} stage
 * @param {Spot} spot
 */
function flip(stage, spot) {
  const value = tensorsOf(stage.state).value(spot.name, spot.index) === 1 ? 0 : 1;
  stage.edit(withEdit(stage.state.edits, { ...spot, value }));
}
