/*
 * The stage as an SVG of plain shapes and text, read off what the browser laid out, so that any
 * program opens it: nothing in it needs a browser.
 */
import { shapeElement } from "./dom.js";
import { lineShapes, shapesOf } from "./svg_shapes.js";

/** @import { Shape } from "./svg_shapes.js" */

/** What belongs to the page and not to the picture. */
const LEFT_OUT =
  ".bar:not(.edits), form, .class, .tour, .agreement, .status, button:not(.piece), select, input, " +
  ".foot:not(:has([data-explanation]))";
/** Room around the picture and between its parts, in pixels. */
const ROOM = 16;
const EMPTY_PLACE = new DOMRect();

/**
 * @typedef {{left: number, right: number, top: number, bottom: number}} Bounds
 */

/**
 * Return a stage as an SVG: its place, the tokens, lanes, numbers and what is opened.
 * @param {HTMLElement} root
 * @param {string} title
 * @returns {{text: string, width: number, height: number}}
 */
export function svgOfStage(root, title) {
  const svg = shapeElement("svg");
  const heading = shapeElement("title");
  heading.textContent = title;
  const paper = shapeElement("rect");
  svg.append(heading, paper);
  const blocks = root.querySelectorAll(":scope > .body > *");
  const where = root.classList.contains("untimed") ? [] : root.querySelectorAll(".where");
  let [width, height] = [0, ROOM];
  for (const block of [...where, ...blocks]) {
    if (block.matches(LEFT_OUT)) continue;
    const group = shapeElement("g");
    const bounds = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
    drawInto(group, block, bounds);
    if (bounds.left > bounds.right) continue;
    const left = block.getBoundingClientRect().left;
    const x = ROOM - Math.min(bounds.left, left);
    group.setAttribute("transform", `translate(${x} ${height - bounds.top})`);
    width = Math.max(width, bounds.right + x + ROOM);
    height += bounds.bottom - bounds.top + ROOM;
    svg.append(group);
  }
  [width, height] = [Math.ceil(width), Math.ceil(height)];
  for (const element of [svg, paper]) {
    element.setAttribute("width", String(width));
    element.setAttribute("height", String(height));
  }
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  paper.setAttribute("fill", getComputedStyle(root).backgroundColor);
  return { text: new XMLSerializer().serializeToString(svg), width, height };
}

/**
 * Draw an element and what stands in it.
 * @param {Element} into
 * @param {Element} element
 * @param {Bounds} bounds how far the drawing reaches; grows
 */
function drawInto(into, element, bounds) {
  const style = getComputedStyle(element);
  if (style.display === "none" || style.visibility === "hidden" || style.opacity === "0") return;
  if (style.clipPath !== "none") return; // for screen readers alone
  let group = into;
  if (style.opacity !== "1" && !(element instanceof SVGElement)) {
    group = shapeElement("g");
    group.setAttribute("opacity", style.opacity);
    into.append(group);
  }
  const place = element.getBoundingClientRect();
  append(group, shapesOf(element, style, place), bounds);
  if (element instanceof SVGSVGElement) {
    group.append(cloneWithLooks(element, place));
    reach(bounds, element.matches(".wires") ? EMPTY_PLACE : place);
    return;
  }
  for (const child of element.childNodes)
    if (child instanceof Text) append(group, lineShapes(child, style, place), bounds);
    else if (child instanceof Element && !child.matches(LEFT_OUT)) drawInto(group, child, bounds);
}

/**
 * @param {Element} into
 * @param {Shape[]} shapes
 * @param {Bounds} bounds
 */
function append(into, shapes, bounds) {
  for (const { name, given, text, rect } of shapes) {
    const shape = shapeElement(name);
    for (const [key, value] of Object.entries(given))
      shape.setAttribute(key, typeof value === "number" ? String(+value.toFixed(2)) : value);
    if (text) shape.textContent = text;
    into.append(shape);
    reach(bounds, rect ?? EMPTY_PLACE);
  }
}

/**
 * @param {Bounds} bounds
 * @param {DOMRect} rect
 */
function reach(bounds, rect) {
  if (!rect.width && !rect.height) return;
  bounds.left = Math.min(bounds.left, rect.left);
  bounds.right = Math.max(bounds.right, rect.right);
  bounds.top = Math.min(bounds.top, rect.top);
  bounds.bottom = Math.max(bounds.bottom, rect.bottom);
}

/** What a style sheet says of a drawing inside the stage. */
const LOOKS = [
  ...["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "fill-opacity"],
  ...["stroke-linejoin", "opacity", "font-size", "font-family", "font-weight", "text-anchor"],
  ...["dominant-baseline"],
];

/**
 * Return a copy of a drawing that needs no style sheet.
 * @param {SVGSVGElement} drawing
 * @param {DOMRect} place
 */
function cloneWithLooks(drawing, place) {
  const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true));
  const copies = copy.querySelectorAll("*");
  for (const [i, original] of [...drawing.querySelectorAll("*")].entries()) {
    const style = getComputedStyle(original);
    for (const name of ["class", "style", "tabindex"]) copies[i].removeAttribute(name);
    if (style.display === "none") copies[i].setAttribute("display", "none");
    for (const name of LOOKS) copies[i].setAttribute(name, style.getPropertyValue(name));
  }
  for (const name of ["class", "style"]) copy.removeAttribute(name);
  const size = { x: place.left, y: place.top, width: place.width, height: place.height };
  for (const [name, value] of Object.entries(size)) copy.setAttribute(name, String(value));
  copy.setAttribute("overflow", "visible");
  return copy;
}
