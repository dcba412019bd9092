/*
 * What stands where on the stage: lanes of aligned matrices, as far as it needs no browser.
 */
/** @import { Band, Lane, Row } from "./sent.js" */
/** @import { Tensors } from "./tensors.js" */
/** @import { State } from "./state.js" */

/**
 * A dim of a quantity, and which of its axes it is.
 * @typedef {{dim: string, at: number}} Along
 *
 * How a quantity stands in a band: which dims go down and across, the others are fixed.
 * @typedef {object} Layout
 * @property {Along | null} down
 * @property {Along | null} across
 * @property {number} rows
 * @property {number} columns
 * @property {boolean} timed whether its numbers change with time step or sequence
 * @property {(place: {t: number, sequence: number}, row: number, column: number) => number[]} index
 */

/** Most columns and rows whose numbers are all shown; of larger ones a part, and a thumbnail. */
/** @type {Record<"columns" | "rows", Record<string, number>>} */
const MOST = {
  columns: { B: 40, D: 40, V: 60, H: 12 },
  rows: { B: 40, D: 40, V: 40, H: 16 },
};
/** Rows and columns that are shown of a larger matrix. */
export const PART = 6;
/** Width of a cell with its gap, in pixels, by digits; as in the style sheet. */
/** @type {Record<string, number>} */
export const WIDTHS = { 2: 44, 4: 59, full: 159 };
/** Most pieces into which bands are cut that could stand upright or fold. */
const MOST_PIECES = 2;
/** Room for a place's name beside a number that is multiplied, in pixels. */
const BESIDE = 48;
/** What a lane is wide besides heads and cells, in pixels. */
const RIM = 8;
/** Width of a narrow screen, in pixels; as in the style sheet. */
export const PHONE = 560;
/** Room for wires beside all lanes of a wider one, in pixels; as in the style sheet. */
const WIRES = 20;
/** Quantities that are not called by their own name: the page's words have another. */
/** @type {Record<string, string>} */
const NAMES = { z_other: "z′", h_other: "h" };

/**
 * Return what a quantity is called on the stage.
 * @param {string} name
 */
export function nameText(name) {
  return NAMES[name] ?? name;
}

/**
 * Return how a quantity stands in a band.
 * @param {Tensors} tensors
 * @param {string} name
 * @param {boolean} turned
 * @returns {Layout}
 */
export function layoutOf(tensors, name, turned) {
  const { dims, shape } = tensors.quantities[name];
  const free = dims.map((dim, at) => ({ dim, at })).filter(({ dim }) => dim !== "T");
  // one sequence is looked at, unless a number for each is all there is
  const axes = free.length > 1 ? free.filter(({ dim }) => dim !== "B") : free;
  const [first, second] = axes.slice(-2);
  let [down, across] = second ? [first, second] : [null, first ?? null];
  if (turned && down) [down, across] = [across, down];
  return {
    down,
    across,
    rows: down ? shape[down.at] : 1,
    columns: across ? shape[across.at] : 1,
    timed: dims.includes("T") || axes.length < free.length,
    index: (place, row, column) =>
      dims.map((dim, i) => {
        if (across && i === across.at) return column;
        if (down && i === down.at) return row;
        return dim === "T" ? place.t : place.sequence;
      }),
  };
}

/**
 * Tell whether a dim is too long for all its numbers to be shown.
 * @param {Along | null} along
 * @param {number} size
 * @param {"rows" | "columns"} way
 */
export function isLarge(along, size, way) {
  return along !== null && size > MOST[way][along.dim];
}

/**
 * Tell whether a band of single rows would be cut into many pieces, a column for each token.
 * @param {Layout[]} rows
 * @param {number} shown how many columns there are
 * @param {number} columns how many have room
 */
export function isWide(rows, shown, columns) {
  const tokens = rows.every((row) => row.rows === 1 && (!row.across || row.across.dim === "V"));
  return tokens && shown > MOST_PIECES * columns;
}

/**
 * Return which rows or columns are shown: all, or a part from where the user looks.
 * @param {State} state
 * @param {Along | null} along
 * @param {number} size
 * @param {"rows" | "columns"} way
 */
export function shownSpan(state, along, size, way) {
  if (along === null || !isLarge(along, size, way)) return [0, size];
  const first = Math.max(0, Math.min(state.focus[along.dim] ?? 0, size - PART));
  return [first, first + PART];
}

/**
 * Return the dims of which only a part is shown, with their sizes.
 * @param {Tensors} tensors
 * @param {Lane[]} lanes
 * @returns {Map<string, number>}
 */
export function largeDims(tensors, lanes) {
  const found = new Map();
  for (const row of lanes.flatMap((lane) => lane.bands.flatMap((band) => band.rows))) {
    const { down, across, rows, columns } = layoutOf(tensors, row.name, row.turned);
    if (isLarge(down, rows, "rows")) found.set(down?.dim, rows);
    if (isLarge(across, columns, "columns")) found.set(across?.dim, columns);
  }
  return found;
}

/**
 * Return the lanes as the user wants to see them. With z′ = 1 − z, old and new change places in
 * the new state.
 * @param {Tensors} tensors
 * @param {boolean} convention
 * @returns {Lane[]}
 */
export function lanesOf(tensors, convention) {
  const { scene } = tensors.meta;
  if (!convention || !tensors.has("h_other")) return scene;
  /** @type {Record<string, string>} */
  const names = { z: "z_other", h: "h_other", h_prev: "n", n: "h_prev" };
  /** @type {(lane: Lane, row: Row) => Row[]} */
  const change = (lane, row) => {
    if (row.name === "z" && row.result && ["z", "h"].includes(lane.name))
      return [row, { ...row, name: "z_other", sign: "1 − z =", after: "" }];
    if (lane.name !== "h") return [row];
    return [{ ...row, name: names[row.name] ?? row.name, sign: row.sign.replace("z", "z′") }];
  };
  return scene.map((lane) => ({
    ...lane,
    bands: lane.bands.map((band) => ({ ...band, rows: band.rows.flatMap((r) => change(lane, r)) })),
  }));
}

/**
 * Return the names of what is computed on the stage, in reading order.
 * @param {Lane[]} lanes
 */
export function equationsOf(lanes) {
  const rows = lanes.flatMap((lane) => lane.bands.flatMap((band) => band.rows));
  return [...new Set(rows.filter((row) => row.result).map((row) => row.name))];
}

/**
 * Return the equation that makes a quantity, or the first one it stands in, or the first of all.
 * @param {Lane[]} lanes
 * @param {string} name
 */
export function equationWith(lanes, name) {
  const order = equationsOf(lanes);
  if (order.includes(name)) return order.indexOf(name);
  const rows = lanes.flatMap((lane) =>
    lane.bands.flatMap(({ left, rows }) => [
      ...rows,
      ...(left ? [{ name: left, result: false }] : []),
    ]),
  );
  const at = rows.findIndex((row) => row.name === name);
  const next = rows.slice(Math.max(at, 0)).find((row) => row.result);
  return next ? order.indexOf(next.name) : -1;
}

/**
 * Return how wide a lane's heads are, in pixels: room for the longest, and for what multiplies.
 * @param {State} state
 * @param {Lane} lane
 */
export function headWidth(state, lane) {
  const left = lane.bands.some((band) => band.left);
  let width = WIDTHS[left ? state.digits : "2"] + BESIDE;
  for (const row of lane.bands.flatMap((band) => band.rows)) {
    const { rows, columns } = layoutOf(tensorsOf(state), row.name, row.turned);
    // the style sheet's letters: a name's are all alike, most of a sign's are narrower
    const signs = 5.6 * (row.sign + row.after).length;
    const named = rows > 1 ? 0 : 7.9 * nameText(row.name).length + 7 * String(columns).length;
    width = Math.max(width, Math.ceil(signs + named + 18));
  }
  return width;
}

/**
 * Return how many columns each lane has room for; a wider band goes on below.
 * @param {State} state
 * @param {Lane[]} lanes
 * @returns {number[]}
 */
export function columnsOf(state, lanes) {
  return lanes.map((lane) => {
    const beside = RIM + (tensorsOf(state).meta.wired && state.room >= PHONE ? WIRES : 0);
    const room = state.room - beside - headWidth(state, lane);
    return Math.max(2, Math.min(24, Math.floor(room / WIDTHS[state.digits])));
  });
}

/**
 * Return a lane as there is room for it: matrices that would be cut into many pieces stand with
 * rows and columns exchanged, where nothing multiplies them.
 * @param {State} state
 * @param {Lane} lane
 * @returns {Lane}
 */
export function fittedLane(state, lane) {
  const tensors = tensorsOf(state);
  const all = lane.bands.flatMap((band) => band.rows);
  if (!tensors.engine || lane.bands.some((band) => band.left) || !all.every((row) => row.turned))
    return lane;
  const { rows, columns } = layoutOf(tensors, lane.name, true);
  if (columns <= rows || columns <= MOST_PIECES * columnsOf(state, [lane])[0]) return lane;
  /** @type {(row: Row) => Row} */
  const upright = (row) => ({ ...row, turned: false, sign: row.sign.replaceAll("ᵀ", "") });
  const bands = lane.bands.map((band) => ({ ...band, rows: band.rows.map(upright) }));
  return { ...lane, bands };
}

/**
 * Return what a place along a dim is called: a token, a feature, or its number.
 * @param {Tensors} tensors
 * @param {Along | null} along
 * @param {number} i
 */
export function placeName(tensors, along, i) {
  if (along === null) return "";
  const { features } = tensors.meta;
  if (along.dim === "D" && features) return features[i] ?? String(i);
  const token = along.dim === "V" || (along.dim === "D" && !tensors.has("E"));
  return token ? tensors.token(i) : String(i);
}

/**
 * Return the numbers on the stage, those of A while it is shown; they have arrived whenever
 * something is drawn.
 * @param {State} state
 * @returns {Tensors}
 */
export function tensorsOf({ tensors, against, compared }) {
  return /** @type {Tensors} */ (compared === "a" && against ? against.tensors : tensors);
}
