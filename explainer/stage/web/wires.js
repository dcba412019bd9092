/*
 * Wires from where each quantity is computed to every lane that takes it in.
 */
import { find, shapeElement } from "./dom.js";
import { PHONE, tensorsOf } from "./layout.js";

/** @import { View } from "./dom.js" */
/** @import { State } from "./state.js" */

/**
 * @typedef {[number, number]} Point
 * @typedef {{left: number, right: number, top: number, bottom: number, middle: number}} Box
 */

const GATES = new Set(["r", "z", "z_other"]);

/**
 * Draw all wires.
 * @param {View} view
 * @param {State} state
 */
export function drawWires(view, state) {
  const { wires, lanes } = view.el;
  const { meta, quantities } = tensorsOf(state);
  const frame = lanes.getBoundingClientRect();
  const zoom = frame.width / lanes.offsetWidth || 1;
  const { offsetWidth, offsetHeight } = lanes;
  if (!meta.wired || frame.width < PHONE) {
    wires.replaceChildren();
    return;
  }
  /** @type {(element: Element) => Box} */
  const box = (element) => {
    const r = element.getBoundingClientRect();
    return {
      left: (r.left - frame.left) / zoom,
      right: (r.right - frame.left) / zoom,
      top: (r.top - frame.top) / zoom,
      bottom: (r.bottom - frame.top) / zoom,
      middle: (r.top + r.height / 2 - frame.top) / zoom,
    };
  };
  const laneBoxes = view.lanes.map(box);
  /** @type {Map<string, number>} wires that leave by one gap lie side by side */
  const used = new Map();
  /** @type {(key: string) => number} */
  const next = (key) => {
    const count = used.get(key) ?? 0;
    used.set(key, count + 1);
    return count;
  };
  const seen = new Set();
  /** @type {SVGPathElement[]} put in at the end: what is asked between two changes is laid out twice */
  const paths = [];
  for (const drawing of view.drawings) {
    const home = homeOf(view, drawing.name);
    if (!home || home.lane === drawing.lane || !home.head || !drawing.head) continue;
    const key = `${drawing.name} ${drawing.lane}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const from = laneBoxes[home.lane];
    const to = laneBoxes[drawing.lane];
    const row = /** @type {HTMLElement} */ (home.head.closest(".row"));
    const start = { ...box(row), name: box(find(row, ".name")).left };
    const end = box(drawing.head);
    const slot = next(`row ${Math.round(from.top)}`);
    const x = to.left - 7 - 5 * (next(`gap ${drawing.lane}`) % 3);
    const level = Math.abs(from.top - to.top) < 4;
    /** @type {Point[]} */
    const points =
      level && home.lane + 1 === drawing.lane
        ? [
            [start.right + 2, start.middle],
            [x, start.middle],
          ]
        : under(from, start, level ? laneBoxes.slice(0, drawing.lane) : laneBoxes, level, slot);
    // between its lanes and those it goes to there may be others: it goes around them, at the left
    const low = points[points.length - 1][1];
    if (laneBoxes.some((b) => b.top > low && b.bottom < to.top && b.left < x && x < b.right)) {
      const high = to.top - 4 - 4 * (slot % 4);
      points.push([4, low], [4, high], [x, high]);
    } else points.push([x, low]);
    points.push([x, end.middle], [end.left, end.middle]);
    paths.push(...wire(points, quantities[drawing.name].hue, GATES.has(drawing.name)));
  }
  wires.setAttribute("width", String(offsetWidth));
  wires.setAttribute("height", String(offsetHeight));
  wires.replaceChildren(...paths);
}

/**
 * Return the corners of a wire that leaves its lane, until it is below all lanes beside it.
 * @param {Box} from its lane
 * @param {Box & {name: number}} start the row it leaves, and where its name begins
 * @param {Box[]} lanes those it may have to pass
 * @param {boolean} level whether it goes to a lane beside its own, not below
 * @param {number} slot how many wires run there before it
 * @returns {Point[]}
 */
function under(from, start, lanes, level, slot) {
  const beside = lanes.filter((b) => Math.abs(b.top - from.top) < 4 && b.left >= from.left);
  const low = Math.max(...beside.map((b) => b.bottom)) + 4 + 4 * (slot % 7);
  if (level) {
    const side = from.right + 5 + 4 * (slot % 3);
    return [
      [start.right + 2, start.middle],
      [side, start.middle],
      [side, low],
    ];
  }
  // below the last row nothing is in the way; others go down beside the names of the rows below
  const last = start.bottom >= from.bottom - 4;
  const down = start.left + (last ? 70 + 14 * (slot % 4) : 5);
  if (last)
    return [
      [down, start.bottom],
      [down, low],
    ];
  return [
    [start.name - 3, start.middle],
    [down, start.middle],
    [down, low],
  ];
}

/**
 * Return the drawing where a quantity comes from: where it is computed, else its first one.
 * @param {View} view
 * @param {string} name
 */
function homeOf(view, name) {
  const all = view.byName.get(name) ?? [];
  return all.find((d) => d.result) ?? all[0];
}

/**
 * Return one wire with round corners, and its arrow; a gate's is dashed.
 * @param {Point[]} points
 * @param {string} hue
 * @param {boolean} gate
 * @returns {SVGPathElement[]}
 */
function wire(points, hue, gate) {
  const path = /** @type {SVGPathElement} */ (shapeElement("path"));
  let d = `M${points[0].join(" ")}`;
  for (let i = 1; i < points.length - 1; i++) {
    const [x, y] = points[i];
    const before = points[i - 1];
    const after = points[i + 1];
    const radius = 5;
    /** @type {(to: Point) => string} */
    const toward = ([a, b]) => {
      const length = Math.hypot(a - x, b - y) || 1;
      const share = Math.min(radius, length / 2) / length;
      return `${x + (a - x) * share} ${y + (b - y) * share}`;
    };
    d += ` L${toward(before)} Q${x} ${y} ${toward(after)}`;
  }
  d += ` L${points[points.length - 1].join(" ")}`;
  path.setAttribute("d", d);
  path.dataset.hue = hue;
  path.setAttribute("class", gate ? "wire gate" : "wire");
  const end = /** @type {SVGPathElement} */ (shapeElement("path"));
  const [x, y] = points[points.length - 1];
  end.setAttribute("d", `M${x - 5} ${y - 3} L${x + 1} ${y} L${x - 5} ${y + 3} Z`);
  end.setAttribute("class", "arrow");
  end.dataset.hue = hue;
  return [path, end];
}
