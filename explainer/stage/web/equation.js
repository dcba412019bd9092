/*
 * Step through the equations: what the shown one does, what comes later faint, how it comes about.
 */
import { make } from "./dom.js";
import { clear, drawHighlight, explainHere, highlight } from "./highlight.js";
import { equationsOf, lanesOf, tensorsOf } from "./layout.js";
import { equationName } from "./state.js";

/** @import { Stage, View } from "./dom.js" */
/** @import { Spot, State } from "./state.js" */

/**
 * Say what the shown equation does; fade what comes later.
 * @param {View} view
 * @param {State} state
 */
export function drawEquation(view, state) {
  const { equation } = view.el;
  const tensors = tensorsOf(state);
  const order = equationsOf(lanesOf(tensors, state.convention));
  const name = equationName(state);
  equation.hidden = name === undefined;
  view.root.classList.toggle("walking", name !== undefined);
  for (const drawing of view.drawings) {
    const later = name !== undefined && order.indexOf(drawing.name) > state.equation;
    for (const line of drawing.lines) {
      line.classList.toggle("later", later);
      line.classList.toggle("now", drawing.name === name && drawing.result);
    }
  }
  for (const lane of view.lanes) lane.classList.toggle("here", lane.querySelector(".now") !== null);
  if (name === undefined) return;
  const q = tensors.quantities[name];
  equation.replaceChildren(
    make("span", "count", `${state.equation + 1} of ${order.length}`),
    make("span", "formula", q.text),
    make("span", "why", q.why),
  );
  equation.dataset.hue = q.hue;
}

/**
 * Show how the cells of the shown equation come about: the first slowly, the others fast.
 * @param {Stage} stage
 */
export function stepThrough({ view, state }) {
  stopAnimation(view);
  const name = equationName(state) ?? "";
  const drawing = view.byName.get(name)?.find((d) => d.result);
  if (!drawing || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  /** @type {[Spot, Spot[], number][]} */
  const frames = [];
  drawing.cells.slice(0, 12).forEach(({ index }, i) => {
    const spot = { name, index };
    const operands = explainHere(state, spot)?.operands;
    if (!operands) return;
    if (i === 0)
      for (const k of operands.slice(0, 12).keys())
        frames.push([spot, operands.slice(0, k + 1), 220]);
    frames.push([spot, operands, i === 0 ? 700 : 160]);
  });
  const next = () => {
    const frame = frames.shift();
    if (!frame) {
      view.animation = 0;
      drawHighlight(view, state);
      return;
    }
    const [spot, operands, milliseconds] = frame;
    highlight(view, spot, operands, true);
    view.animation = setTimeout(next, milliseconds);
  };
  next();
}

/**
 * End what shows an equation at work.
 * @param {View} view
 */
export function stopAnimation(view) {
  if (!view.animation) return;
  clearTimeout(view.animation);
  view.animation = 0;
  clear(view);
}
