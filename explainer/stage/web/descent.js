/*
 * The loss along the gradient: what it would be after one update with any learning rate, what the
 * slope promises, and the rate that is chosen, to be dragged.
 */
import { find, make, shapeElement } from "./dom.js";
import { withEdit, withoutEdit } from "./editing.js";
import { tensorsOf } from "./layout.js";
import { addPoint, curveFor, curveOf, LEAST_RATE, rateAt } from "./loss_curve.js";
import { formatNumber } from "./numbers.js";
import { cellText } from "./paint.js";
import { SECOND } from "./plan.js";
import { RATE } from "./probe.js";

/** @import { Stage } from "./dom.js" */
/** @import { Curve } from "./loss_curve.js" */
/** @import { State } from "./state.js" */

/** Milliseconds of computing before the page may do something else. */
const SLICE = 8;
/** Size of the picture, and room at its left, right, top and bottom. */
const BOX = { width: 460, height: 210, left: 58, right: 14, top: 12, bottom: 34 };
/** Digits of the losses. */
const DECIMALS = 4;
/** Steps of the slider for a rate ten times as large. */
const PER_DECADE = 50;

/**
 * Draw the picture, on the chapter that is about the update.
 * @param {Stage} stage
 */
export function drawDescent(stage) {
  const { state, view } = stage;
  const box = view.el.descent;
  const tensors = tensorsOf(state);
  const about = tensors.meta.station?.descent ?? tensors.meta.slug === "update";
  box.hidden = !about;
  if (box.hidden) return;
  if (!box.firstChild) build(stage, box);
  const [rate, change, after] = [RATE, "predicted_change", `${SECOND}loss`].map((name) =>
    tensors.single(name),
  );
  const before = tensors.loss();
  const promised = before + change;
  find(box, ".loss-before").textContent = lossWhenHere(before);
  find(box, ".loss-after").textContent = lossWhenHere(after);
  find(box, ".loss-promised").textContent = lossWhenHere(promised);
  find(box, ".rate").textContent = cellText(rate, 3);
  const slider = find(box, "input");
  if (Math.abs(fromSlider(Number(slider.value)) - rate) > 0.02 * rate)
    slider.value = toSlider(rate);
  slider.setAttribute("aria-valuetext", cellText(rate, 3));
  const curve = curveFor(state, view, rate);
  if (tensors.batch) while (addPoint(curve));
  else if (curve.losses.length < curve.count) continueSoon(stage, curve);
  paintCurve(box, curve, { rate, before, after, promised, slope: change / rate });
}

/**
 * Write a loss, once it is here.
 * @param {number} loss
 */
function lossWhenHere(loss) {
  return Number.isNaN(loss) ? "…" : formatNumber(loss, DECIMALS);
}

/** @param {number} at */
function fromSlider(at) {
  return Number((10 ** (at / PER_DECADE)).toPrecision(3));
}

/** @param {number} rate */
function toSlider(rate) {
  return String(Math.round(PER_DECADE * Math.log10(Math.max(rate, LEAST_RATE))));
}

/**
 * Make the elements, and let the rate be chosen.
 * @param {Stage} stage
 * @param {HTMLElement} box
 */
function build(stage, box) {
  const words = make("div", "words");
  const answer = make("p", "answer-line", "loss ");
  answer.append(make("strong", "loss-before"), " → ", make("strong", "loss-after"));
  const promise = make("p", "", "The slope alone promises ");
  promise.append(make("strong", "loss-promised"), ".");
  const label = make("label", "", "learning rate ");
  const slider = /** @type {HTMLInputElement} */ (make("input"));
  slider.type = "range";
  slider.min = String(-4 * PER_DECADE);
  slider.max = String(3 * PER_DECADE);
  slider.dataset.rate = "";
  // the sidebar's has the name that one expects
  slider.setAttribute("aria-label", "rate tried on the stage");
  label.append(make("strong", "rate"), slider);
  const hint = make("p", "hint", "Drag it, here or in the picture: all numbers below follow.");
  words.append(answer, promise, label, hint);
  const picture = shapeElement("svg");
  picture.setAttribute("viewBox", `0 0 ${BOX.width} ${BOX.height}`);
  picture.setAttribute("role", "img");
  box.replaceChildren(words, picture);
  /** @type {State | null} */
  let from = null;
  /** @type {(rate: number) => void} */
  const choose = (rate) => {
    from ??= stage.state;
    const edit = { name: RATE, index: [], value: rate };
    const given = tensorsOf(stage.state).own(RATE, []);
    const same = Math.abs(rate - given) <= 0.005 * given;
    stage.edit(same ? withoutEdit(from.edits, edit) : withEdit(from.edits, edit), from);
  };
  const end = () => {
    from = null;
  };
  slider.oninput = () => choose(fromSlider(Number(slider.value)));
  slider.onchange = end;
  /** @type {(event: PointerEvent) => void} */
  const drag = (event) => {
    const { left, width } = picture.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * BOX.width;
    const share = (x - BOX.left) / (BOX.width - BOX.left - BOX.right);
    const rate = share * (curveOf(stage.view)?.end ?? 1);
    choose(Number(Math.max(rate, LEAST_RATE).toPrecision(3)));
  };
  picture.onpointerdown = (event) => {
    if (event.button !== 0) return;
    picture.setPointerCapture(event.pointerId);
    drag(event);
  };
  picture.onpointermove = (event) => {
    if (picture.hasPointerCapture(event.pointerId)) drag(event);
  };
  picture.onpointerup = picture.onpointercancel = end;
}

/**
 * Compute more points once there is nothing more urgent to do.
 * @param {Stage} stage
 * @param {Curve} curve
 */
function continueSoon(stage, curve) {
  clearTimeout(stage.view.descending);
  stage.view.descending = setTimeout(() => {
    const until = performance.now() + SLICE;
    while (performance.now() < until && addPoint(curve));
    drawDescent(stage);
  });
}

/**
 * @param {HTMLElement} box
 * @param {Curve} curve
 * @param {{rate: number, before: number, after: number, promised: number, slope: number}} now
 */
function paintCurve(box, curve, { rate, before, after, promised, slope }) {
  const svg = find(box, "svg");
  if (Number.isNaN(promised)) return svg.replaceChildren(); // before the batch is added up
  const finite = [...curve.losses, before, after].filter(Number.isFinite);
  const low = Math.min(...finite);
  const fall = Math.max(before - low, 0.05 * Math.abs(before), 1e-6);
  const top = Math.min(Math.max(...finite), before + 1.5 * fall) + 0.08 * fall;
  const bottom = low - 0.25 * fall;
  /** @type {(x: number) => number} */
  const across = (x) => BOX.left + (x / curve.end) * (BOX.width - BOX.left - BOX.right);
  const height = BOX.height - BOX.top - BOX.bottom;
  /** @type {(y: number) => number} */
  const down = (y) =>
    Math.max(
      -BOX.height,
      Math.min(2 * BOX.height, BOX.top + ((top - y) / (top - bottom)) * height),
    );
  const points = curve.losses.map((loss, i) => [across(rateAt(curve, i)), down(loss)]);
  const floor = BOX.height - BOX.bottom;
  const steep = slope < 0 ? (bottom - before) / slope : curve.end;
  const shown = Math.min(curve.end, steep);
  const parts = [
    shape("line", "axis", { x1: BOX.left, x2: BOX.width - BOX.right, y1: floor, y2: floor }),
    shape("line", "axis", { x1: BOX.left, x2: BOX.left, y1: BOX.top, y2: floor }),
    shape("line", "start", {
      ...{ x1: BOX.left, x2: BOX.width - BOX.right, y1: down(before), y2: down(before) },
    }),
    shape("line", "tangent", {
      ...{ x1: across(0), y1: down(before) },
      ...{ x2: across(shown), y2: down(before + slope * shown) },
    }),
    shape("polyline", "curve", { points: points.map((p) => p.join(",")).join(" ") }),
    ...(curve.tensors.batch ? points.filter(([, y]) => Number.isFinite(y)) : []).map(([cx, cy]) =>
      shape("circle", "point", { cx, cy, r: 3 }),
    ),
    shape("line", "chosen", { x1: across(rate), x2: across(rate), y1: BOX.top, y2: floor }),
    ...(promised < bottom
      ? []
      : [shape("circle", "promise", { cx: across(rate), cy: down(promised), r: 5 })]),
    ...(Number.isNaN(after)
      ? []
      : [shape("circle", "result", { cx: across(rate), cy: down(after), r: 6 })]),
    text(cellText(before, 4), BOX.left - 6, down(before) + 4, "end"),
    text(cellText(low, 4), BOX.left - 6, down(low) + 4, "end"),
    ...[0, 0.5, 1].map((share) =>
      text(cellText(share * curve.end, 2), across(share * curve.end), floor + 16, "middle"),
    ),
    text("learning rate", across(curve.end / 2), BOX.height - 3, "middle"),
  ];
  svg.replaceChildren(...parts);
  svg.setAttribute(
    "aria-label",
    `the loss after one update as a curve over the learning rate, and its tangent; at ${cellText(rate, 3)} the loss is ${lossWhenHere(after)}`,
  );
}

/**
 * @param {keyof SVGElementTagNameMap} tag
 * @param {string} name its class
 * @param {Record<string, string | number>} attributes
 */
function shape(tag, name, attributes) {
  const element = shapeElement(tag);
  element.setAttribute("class", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/**
 * @param {string} words
 * @param {number} x
 * @param {number} y
 * @param {string} anchor
 */
function text(words, x, y, anchor) {
  const element = shape("text", "tick", { x, y, "text-anchor": anchor });
  element.textContent = words;
  return element;
}
