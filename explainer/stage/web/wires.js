import { PHONE } from "./stage.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const GATES = new Set(["r", "z", "z_other"]);

/**
 * Draw a wire from where each quantity is computed to every lane that takes it in.
 * @param {object} stage
 */
export function drawWires(stage) {
  const { wires, lanes } = stage.el;
  const frame = lanes.getBoundingClientRect();
  const zoom = frame.width / lanes.offsetWidth || 1;
  wires.setAttribute("width", String(lanes.offsetWidth));
  wires.setAttribute("height", String(lanes.offsetHeight));
  wires.replaceChildren();
  if (!stage.book.wired || frame.width < PHONE) return;
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
  const laneBoxes = stage.laneElements.map(box);
  /** @type {Map<string, number>} wires that leave by one gap lie side by side */
  const used = new Map();
  const next = (key) => {
    const count = used.get(key) ?? 0;
    used.set(key, count + 1);
    return count;
  };
  const seen = new Set();
  for (const drawing of stage.drawings) {
    const home = homeOf(stage, drawing.name);
    if (!home || home.lane === drawing.lane || !home.head || !drawing.head) continue;
    const key = `${drawing.name} ${drawing.lane}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const from = laneBoxes[home.lane];
    const to = laneBoxes[drawing.lane];
    const row = home.head.closest(".row");
    const start = { ...box(row), name: box(row.querySelector(".name")).left };
    const end = box(drawing.head);
    const slot = next(`row ${Math.round(from.top)}`);
    const x = to.left - 7 - 5 * (next(`gap ${drawing.lane}`) % 3);
    const level = Math.abs(from.top - to.top) < 4;
    const points =
      level && home.lane + 1 === drawing.lane
        ? [
            [start.right + 2, start.middle],
            [x, start.middle],
          ]
        : under(from, start, level ? laneBoxes.slice(0, drawing.lane) : laneBoxes, level, slot);
    // between its lanes and those it goes to there may be others: it goes around them, at the left
    const low = points.at(-1)[1];
    if (laneBoxes.some((b) => b.top > low && b.bottom < to.top && b.left < x && x < b.right)) {
      const high = to.top - 4 - 4 * (slot % 4);
      points.push([4, low], [4, high], [x, high]);
    } else points.push([x, low]);
    points.push([x, end.middle], [end.left, end.middle]);
    wire(wires, points, stage.book.quantities[drawing.name].hue, GATES.has(drawing.name));
  }
}

/**
 * Return the corners of a wire that leaves its lane, until it is below all lanes beside it.
 * @param {any} from its lane
 * @param {any} start the row it leaves
 * @param {any[]} lanes those it may have to pass
 * @param {boolean} level whether it goes to a lane beside its own, not below
 * @param {number} slot how many wires run there before it
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

/** Return the drawing where a quantity comes from: where it is computed, else its first one. */
function homeOf(stage, name) {
  const all = stage.byName.get(name) ?? [];
  return all.find((d) => d.result) ?? all[0];
}

/** Draw one wire with round corners; a gate's is dashed. */
function wire(wires, points, hue, gate) {
  const path = document.createElementNS(NAMESPACE, "path");
  let d = `M${points[0].join(" ")}`;
  for (let i = 1; i < points.length - 1; i++) {
    const [x, y] = points[i];
    const before = points[i - 1];
    const after = points[i + 1];
    const radius = 5;
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
  const end = document.createElementNS(NAMESPACE, "path");
  const [x, y] = points[points.length - 1];
  end.setAttribute("d", `M${x - 5} ${y - 3} L${x + 1} ${y} L${x - 5} ${y + 3} Z`);
  end.setAttribute("class", "arrow");
  end.dataset.hue = hue;
  wires.append(path, end);
}
