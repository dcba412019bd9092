import { WHOLE_NUMBERS } from "./book.js";
import { NOTHING, palette, step } from "./colours.js";
import { place } from "./formula.js";
import { formatNumber } from "./numbers.js";
import { rebuild } from "./stage.js";

/**
 * One cell on the stage: the element, and its place in the quantity without sequence and time.
 * @typedef {object} Cell
 * @property {HTMLElement} element
 * @property {Text} text
 * @property {number} row
 * @property {number} column
 * @property {number[]} index
 * @property {string} key the index as text
 * @property {number | undefined} value
 */
/**
 * A quantity as it stands in a band.
 * @typedef {object} Drawing
 * @property {string} name
 * @property {boolean} result whether it is computed here
 * @property {boolean} timed whether its numbers change with time step or sequence
 * @property {(row: number, column: number) => number[]} at
 * @property {Map<string, Cell>} cells by row and column
 * @property {HTMLElement} head where its name stands
 * @property {number} lane
 * @property {HTMLCanvasElement} [canvas]
 * @property {boolean} turned
 */

/** Most columns and rows whose numbers are all shown; of larger ones a part, and an overview. */
const MOST = {
  columns: { B: 40, D: 40, V: 60, H: 12 },
  rows: { B: 40, D: 40, V: 40, H: 16 },
};
export const PART = { columns: 6, rows: 6 };

/**
 * Make an element.
 * @param {string} tag
 * @param {string} [name] its class
 * @param {string} [text]
 */
export function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

/**
 * Return how a quantity stands in a band: which dims are fixed, and which go across and down.
 * @param {Book} book
 * @param {string} name
 * @param {boolean} turned
 */
function layout(book, name, turned) {
  const { dims, shape } = book.quantities[name];
  const free = dims.map((d, i) => [d, i]).filter(([d]) => d !== "T");
  // one sequence is looked at, unless a number for each is all there is
  const axes = free.length > 1 ? free.filter(([d]) => d !== "B") : free;
  let [down, across] = axes.length > 1 ? axes.slice(-2) : [null, axes[0] ?? null];
  if (turned && down) [down, across] = [across, down];
  const size = (axis) => (axis ? shape[axis[1]] : 1);
  return {
    dims,
    down,
    across,
    rows: size(down),
    columns: size(across),
    timed: dims.includes("T") || axes.length < free.length,
    /** @type {(place: {t: number, sequence: number}, row: number, column: number) => number[]} */
    index: (place, row, column) =>
      dims.map((d, i) => {
        if (across && i === across[1]) return column;
        if (down && i === down[1]) return row;
        return d === "T" ? place.t : place.sequence;
      }),
  };
}

/**
 * Return which rows or columns are shown: all, or a part from where the reader looks.
 * @param {object} stage
 * @param {string | undefined} dim
 * @param {number} size
 * @param {"rows" | "columns"} way
 */
function span(stage, dim, size, way) {
  if (dim === undefined || size <= MOST[way][dim]) return [0, size];
  stage.parts.set(dim, size);
  const first = Math.max(0, Math.min(stage.focus[dim] ?? 0, size - PART[way]));
  return [first, first + PART[way]];
}

/** Width of a cell with its gap, in pixels, by digits; as in the style sheet. */
const WIDTHS = { 2: 44, 4: 59, full: 159 };
/** Room for a place's name beside a number that is multiplied, in pixels. */
const BESIDE = 48;
/** What a lane is wide besides heads and cells, in pixels. */
const RIM = 8;

/**
 * Return how wide a lane's heads are, in pixels: room for the longest, and for what multiplies.
 * @param {object} stage
 * @param {any} lane
 */
export function headOf(stage, lane) {
  const left = lane.bands.some((band) => band.left);
  let width = WIDTHS[left ? stage.digitsName : 2] + BESIDE;
  for (const { rows } of lane.bands)
    for (const row of rows) {
      const { rows: size, columns } = layout(stage.book, row.name, row.turned);
      // the style sheet's letters: a name's are all alike, most of a sign's are narrower
      const signs = 5.6 * (row.sign + row.after).length;
      const named = size > 1 ? 0 : 7.9 * nameText(row.name).length + 7 * String(columns).length;
      width = Math.max(width, Math.ceil(signs + named + 18));
    }
  return width;
}

/**
 * Return how many columns each lane has room for; a wider band goes on below.
 * @param {object} stage
 * @returns {number[]}
 */
export function piecesOf(stage) {
  const room = (stage.el.lanes.parentElement.clientWidth || 900) - RIM;
  return stage.heads.map((head) =>
    Math.max(3, Math.min(24, Math.floor((room - head) / WIDTHS[stage.digitsName]))),
  );
}

/**
 * Return what a place along a dim is called: a token, or its number.
 * @param {Book} book
 * @param {string | undefined} dim
 * @param {number} i
 */
function label(book, dim, i) {
  if (dim === "V" || (dim === "D" && !book.has("E"))) return book.token(i);
  return dim === undefined ? "" : String(i);
}

/**
 * Draw one lane, and return its element.
 * @param {object} stage
 * @param {any} lane
 * @param {number} number
 */
export function drawLane(stage, lane, number) {
  const box = make("section", "lane");
  box.dataset.hue = stage.book.quantities[lane.name]?.hue ?? "";
  box.dataset.lane = String(number);
  if (lane.title) {
    const title = make("div", "title", lane.title);
    title.setAttribute("role", "heading");
    title.setAttribute("aria-level", "3");
    box.append(title);
  }
  const sheet = make("div", "sheet");
  sheet.style.setProperty("--head", `${stage.heads[number]}px`);
  sheet.setAttribute("role", "grid");
  sheet.setAttribute("aria-label", lane.title || lane.name);
  let above = "";
  for (const band of lane.bands) above = drawBand(stage, sheet, band, number, above);
  box.append(sheet);
  return box;
}

/**
 * Draw one band below the others; return which columns its heads name.
 * @param {object} stage
 * @param {HTMLElement} sheet
 * @param {any} band
 * @param {number} lane
 * @param {string} above which columns the band above names
 */
function drawBand(stage, sheet, band, lane, above) {
  const { book } = stage;
  const rows = band.rows.map((row) => ({ ...row, ...layout(book, row.name, row.turned) }));
  const widest = rows.reduce((a, b) => (b.columns > a.columns ? b : a));
  const dim = widest.across?.[0];
  const [first, end] = span(stage, dim, widest.columns, "columns");
  const drawings = rows.map((row) => drawing(stage, row, lane));
  const left = band.left ? layout(book, band.left, false) : null;
  const multiplied = left
    ? drawing(stage, { ...left, name: band.left, result: false, turned: false }, lane)
    : null;
  let heads = above;
  // pieces of like width
  const pieces = Math.ceil((end - first) / stage.pieces[lane]);
  const width = Math.ceil((end - first) / pieces);
  for (let from = first; from < end; from += width) {
    const to = Math.min(from + width, end);
    const own = `${dim} ${from} ${to}`;
    if (dim !== undefined && own !== heads) sheet.append(heading(book, dim, from, to));
    heads = own;
    rows.forEach((row, i) => {
      const product = i === 0 && left !== null;
      drawRows(stage, sheet, row, drawings[i], from, to, product ? multiplied : null, band.left);
    });
  }
  return heads;
}

/** Begin a drawing of a quantity, and remember it. */
function drawing(stage, row, lane) {
  /** @type {Drawing} */
  const begun = {
    name: row.name,
    result: row.result,
    timed: row.timed,
    turned: row.turned,
    index: row.index,
    cells: new Map(),
    all: [],
    head: null,
    lane,
  };
  stage.drawings.push(begun);
  return begun;
}

/** Return a row of heads: the number of each unit, or each token. */
function heading(book, dim, from, to) {
  const row = make("div", "row heads");
  row.setAttribute("role", "row");
  row.append(make("span", "head"));
  row.firstChild.setAttribute("role", "columnheader");
  row.firstChild.textContent = DIM_WORDS[dim];
  for (let c = from; c < to; c++) {
    const head = make("span", "place", label(book, dim, c));
    head.setAttribute("role", "columnheader");
    row.append(head);
  }
  return row;
}

const DIM_WORDS = { B: "sequence", D: "feature", H: "unit", V: "token", T: "t" };

/** Draw a quantity's rows in one piece of a band; a product has what multiplies it on the left. */
function drawRows(stage, sheet, row, own, from, to, multiplied, leftName) {
  const { book } = stage;
  const down = row.down?.[0];
  const [first, end] = row.rows > 1 ? span(stage, down, row.rows, "rows") : [0, 1];
  const matrix = row.rows > 1 || multiplied !== null;
  own.lines ??= [];
  if (matrix) {
    own.lines.push(matrixHead(stage, row, own, multiplied, leftName));
    sheet.append(own.lines.at(-1));
  }
  const large = row.rows > end - first || row.columns > MOST.columns[row.across?.[0] ?? "B"];
  if (matrix && large && !own.canvas) sheet.append(overview(stage, row, own));
  for (let r = first; r < end; r++) {
    const line = make("div", matrix ? "row product" : "row");
    line.setAttribute("role", "row");
    const head = matrix ? make("span", "head") : nameHead(book, row);
    // a header can't hold the number beside a matrix: that is a cell of its own
    head.setAttribute("role", multiplied ? "presentation" : "rowheader");
    line.append(head);
    if (!matrix) own.head = own.head ?? head;
    if (matrix) {
      head.append(make("span", "place", label(book, down, r)));
      if (multiplied) head.append(cell(stage, multiplied, 0, r));
    }
    const last = row.columns === 1 ? from + 1 : Math.min(to, row.columns);
    for (let c = from; c < last; c++) line.append(cell(stage, own, r, row.columns === 1 ? 0 : c));
    own.lines.push(line);
    sheet.append(line);
  }
}

/** Return the line above a matrix: what multiplies it, its own name, their shapes. */
function matrixHead(stage, row, own, multiplied, leftName) {
  const { book } = stage;
  const line = make("div", "row caption");
  line.setAttribute("role", "row");
  const head = make("span", "head");
  head.setAttribute("role", "rowheader");
  if (row.sign) head.append(make("span", "sign", row.sign));
  if (multiplied) {
    head.append(nameOf(book, leftName, false), make("span", "sign", "·"));
    multiplied.head = multiplied.head ?? head;
  }
  const title = make("span", "wide");
  title.setAttribute("role", "gridcell");
  title.append(nameOf(book, row.name, row.turned), make("span", "shape", shapeOf(row)));
  own.head = own.head ?? title;
  line.append(head, title);
  return line;
}

/** Return the name at the left of a single row, with its sign and its shape. */
function nameHead(book, row) {
  const head = make("span", "head");
  if (row.sign) head.append(make("span", "sign", row.sign));
  const name = make("span");
  name.append(nameOf(book, row.name, row.turned), make("span", "sign", row.after));
  head.append(name, make("span", "shape", shapeOf(row)));
  return head;
}

/** Quantities that are not called by their own name: the page's words have another. */
const NAMES = { z_other: "z′", h_other: "h" };

/**
 * Return what a quantity is called on the stage.
 * @param {string} name
 */
export function nameText(name) {
  return NAMES[name] ?? name;
}

/** Return a quantity's name in its hue. */
function nameOf(book, name, turned) {
  const element = make("span", "name", nameText(name) + (turned ? "ᵀ" : ""));
  element.dataset.hue = book.quantities[name].hue;
  element.title = book.quantities[name].why;
  return element;
}

/** Return a shape as it is drawn, such as "4 × 8". */
function shapeOf(row) {
  if (!row.across) return "";
  return row.down ? `${row.rows} × ${row.columns}` : `${row.columns}`;
}

/** Draw one cell. */
function cell(stage, own, row, column) {
  const element = make("span", "cell");
  const text = document.createTextNode("");
  element.append(text);
  element.setAttribute("role", "gridcell");
  element.tabIndex = -1;
  element.dataset.quantity = own.name;
  /** @type {Cell} */
  const made = { element, text, row, column, index: [], key: "", value: undefined };
  const key = `${row},${column}`;
  if (!own.cells.has(key)) own.cells.set(key, made);
  own.all.push(made);
  stage.cellOf.set(element, { drawing: own, cell: made });
  return element;
}

/** Draw a large matrix small, in colours only; pointing chooses the part whose numbers are shown. */
function overview(stage, row, own) {
  const canvas = /** @type {HTMLCanvasElement} */ (make("canvas", "overview"));
  canvas.width = row.columns;
  canvas.height = row.rows;
  const scale = Math.min(200 / row.columns, 110 / row.rows, 8);
  canvas.style.width = `${Math.max(row.columns * scale, 24)}px`;
  canvas.style.height = `${Math.max(row.rows * scale, 24)}px`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${own.name}, all ${row.rows} × ${row.columns} in colours`);
  own.canvas = canvas;
  own.size = row;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const at = (share, size) => Math.max(0, Math.min(size - 1, Math.floor(share * size)));
    return [
      at((event.clientY - box.top) / box.height, row.rows),
      at((event.clientX - box.left) / box.width, row.columns),
    ];
  };
  canvas.onpointermove = (event) => {
    const [r, c] = place(event);
    const index = own.index(stage.place, r, c);
    const value = stage.book.value(own.name, index);
    const about =
      value === undefined ? `≈ ${cellText(rough(stage, own, r, c), 2)}` : formatNumber(value, null);
    stage.status.textContent = `${own.name}[${index.join(",")}] = ${about}; click: numbers from here`;
  };
  canvas.onclick = (event) => {
    const [r, c] = place(event);
    if (row.down) stage.focus[row.down[0]] = Math.max(0, r - 2);
    if (row.across) stage.focus[row.across[0]] = Math.max(0, c - 2);
    rebuild(stage);
  };
  const line = make("div", "row");
  line.setAttribute("role", "row");
  const holder = make("span", "overview-holder");
  holder.setAttribute("role", "gridcell");
  holder.append(canvas);
  line.append(holder);
  return line;
}

/** Return about the number of a cell of a large matrix. */
function rough(stage, own, row, column) {
  const index = own.index(stage.place, row, column);
  const value = stage.book.value(own.name, index);
  if (value !== undefined) return value;
  const q = stage.book.quantities[own.name];
  if (q.coarse === undefined) return 0;
  return own.turned
    ? stage.book.rough(own.name, column, row)
    : stage.book.rough(own.name, row, column);
}

/** Colour an overview. */
function paintOverview(stage, own) {
  const { rows, columns } = own.size;
  const context = own.canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const [low, high] = limits(stage, own);
  const { rgb } = palette(stage.theme, stage.book.quantities[own.name].kind);
  let i = 0;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const [red, green, blue] = rgb[step(rough(stage, own, r, c), low, high)];
      image.data[i++] = red;
      image.data[i++] = green;
      image.data[i++] = blue;
      image.data[i++] = 255;
    }
  context.putImageData(image, 0, 0);
}

/** Return the two ends of a drawing's colours, as far as the reader lets them reach. */
function limits(stage, own) {
  const { book } = stage;
  const { kind } = book.quantities[own.name];
  if (kind === "unit") return [0, 1];
  let end = 0;
  if (stage.range === "matrix" && !own.canvas)
    for (const { value } of own.all) end = Math.max(end, Math.abs(value ?? 0));
  else if (stage.range === "run") end = book.largestOf(kind, own.name.startsWith("d_"));
  else end = book.largest(own.name);
  if (end <= NOTHING) end = 1;
  return [-end, end];
}

/**
 * Write a number for a cell: a true minus, and only 0 looks like 0.
 * @param {number} value
 * @param {number | null} digits
 */
function cellText(value, digits) {
  if (digits === null || value === 0 || Math.abs(value) >= 0.5 * 10 ** -digits)
    return formatNumber(value, digits);
  return value
    .toExponential(0)
    .replace("-", value < 0 ? "−" : "-")
    .replace("e-", "e−");
}

/**
 * Show the numbers of a drawing at the current time step.
 * @param {object} stage
 * @param {Drawing} own
 */
export function paint(stage, own) {
  const { book } = stage;
  let missing = false;
  for (const cell of own.all) {
    cell.index = own.index(stage.place, cell.row, cell.column);
    cell.key = cell.index.join(",");
    cell.element.dataset.index = cell.key;
    cell.value = book.value(own.name, cell.index);
    if (cell.value === undefined) missing = true;
  }
  const [low, high] = limits(stage, own);
  const { fill, ink } = palette(stage.theme, book.quantities[own.name].kind);
  const whole = WHOLE_NUMBERS.has(own.name);
  for (const cell of own.all) {
    const { value, element } = cell;
    if (value === undefined) {
      cell.text.data = "…";
      element.style.backgroundColor = "transparent";
      continue;
    }
    cell.text.data = whole ? String(value) : cellText(value, stage.digits);
    const at = step(value, low, high);
    element.style.backgroundColor = fill[at];
    element.style.color = ink[at];
  }
  if (own.canvas) paintOverview(stage, own);
  return missing;
}
