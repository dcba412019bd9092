/*
 * The lanes: bands of aligned rows of cells, still without numbers.
 */
import { find, make, titleElement } from "./dom.js";
import { addFold, isLong, moreElement } from "./fold.js";
import { columnFoldElement } from "./fold_columns.js";
import { isLarge, isWide, layoutOf, nameText, placeName, shownSpan, tensorsOf } from "./layout.js";
import { thumbnailRow } from "./thumbnail.js";

/** @import { Along, Layout } from "./layout.js" */
/** @import { Stage, View } from "./dom.js" */
/** @import { Band, Lane, Row } from "./sent.js" */
/** @import { Tensors } from "./tensors.js" */

/**
 * One cell: its element, and its place in the quantity now.
 * @typedef {object} Cell
 * @property {HTMLElement} element
 * @property {Text} text
 * @property {number} row
 * @property {number} column
 * @property {number[]} index
 * @property {string} key the index as text
 * @property {number | undefined} value
 * @property {import("./paint.js").Look} look
 *
 * A quantity as it stands in a band.
 * @typedef {Layout & {name: string, result: boolean, turned: boolean, lane: number, cells: Cell[],
 *   overTime: boolean, touched: boolean, look?: string, lines: HTMLElement[], head: HTMLElement | null,
 *   canvas: HTMLCanvasElement | null}} Drawing
 *
 * @typedef {Row & Layout & {drawing: Drawing, keeps: number}} Laid
 */

/** @type {Record<string, string>} */
const DIM_WORDS = { B: "sequence", D: "feature", H: "unit", V: "token", T: "t" };

/**
 * Draw one lane, and return its element.
 * @param {Stage} stage
 * @param {Lane} lane
 * @param {number} number
 * @param {number} head width of its heads, in pixels
 * @param {number} columns how many it has room for
 */
export function drawLane(stage, lane, number, head, columns) {
  const box = make("section", "lane");
  box.dataset.hue = tensorsOf(stage.state).quantities[lane.name]?.hue ?? "";
  box.dataset.lane = String(number);
  if (lane.title) box.append(titleElement(lane.title));
  const sheet = make("div", "sheet");
  sheet.style.setProperty("--head", `${head}px`);
  sheet.setAttribute("role", "grid");
  sheet.setAttribute("aria-label", lane.title || lane.name);
  let above = "";
  for (const band of lane.bands) above = drawBand(stage, sheet, band, lane, number, columns, above);
  box.append(sheet);
  return box;
}

/**
 * Draw one band below the others; return which columns its heads name.
 * @param {Stage} stage
 * @param {HTMLElement} sheet
 * @param {Band} band
 * @param {Lane} lane
 * @param {number} number
 * @param {number} columns
 * @param {string} above which columns the band above names
 */
function drawBand(stage, sheet, band, { keeps }, number, columns, above) {
  const tensors = tensorsOf(stage.state);
  /** @type {(row: Row) => Laid} */
  const laid = (row) => ({ ...laidOut(stage, row, number), keeps });
  const rows = band.rows.map(laid);
  const left = band.left
    ? laid({ name: band.left, sign: "", turned: false, after: "", result: false })
    : null;
  const widest = rows.reduce((a, b) => (b.columns > a.columns ? b : a));
  const [first, end] = shownSpan(stage.state, widest.across, widest.columns, "columns");
  const wide = isWide(rows, end - first, columns) && !left;
  let heads = wide ? "" : above;
  // pieces of like width
  const width = wide ? end - first : Math.ceil((end - first) / Math.ceil((end - first) / columns));
  for (let from = first; from < end; from += width) {
    const to = Math.min(from + width, end);
    const own = `${widest.across?.dim} ${from} ${to}`;
    const named = widest.across && own !== heads ? heading(tensors, widest.across, from, to) : null;
    if (named) sheet.append(named);
    const others = named && heads && rows.length === 1 ? [named] : [];
    heads = own;
    rows.forEach((row, i) => drawRows(stage, sheet, row, from, to, i === 0 ? left : null, others));
    if (wide && named) sheet.append(columnFoldElement(stage, rows, named, first, end, columns));
  }
  return heads;
}

/**
 * Begin the drawing of a quantity, and remember it.
 * @param {Stage} stage
 * @param {Pick<Row, "name" | "result" | "turned">} row
 * @param {number} [lane]
 * @returns {Drawing}
 */
export function beginDrawing({ state, view }, { name, result, turned }, lane = 0) {
  /** @type {Drawing} */
  const drawing = {
    ...layoutOf(tensorsOf(state), name, turned),
    ...{ name, result, turned, lane },
    ...{ cells: [], overTime: false, touched: false, lines: [], head: null, canvas: null },
  };
  view.drawings.push(drawing);
  return drawing;
}

/**
 * Begin the drawing of a row of a band.
 * @param {Stage} stage
 * @param {Row} row
 * @param {number} lane
 */
function laidOut(stage, row, lane) {
  const drawing = beginDrawing(stage, row, lane);
  return { ...row, ...layoutOf(tensorsOf(stage.state), row.name, row.turned), drawing };
}

/**
 * Return a row of heads: the number of each unit, or each token.
 * @param {Tensors} tensors
 * @param {Along} along
 * @param {number} from
 * @param {number} to
 */
function heading(tensors, along, from, to) {
  const row = line("row heads");
  const output = along.dim === "V" && tensors.meta.features; // of numbers, not of tokens
  row.append(roleElement("columnheader", "head", output ? "output" : DIM_WORDS[along.dim]));
  for (let c = from; c < to; c++)
    row.append(roleElement("columnheader", "place", placeName(tensors, along, c)));
  return row;
}

/**
 * Return an empty row.
 * @param {string} name its class
 */
function line(name) {
  const row = make("div", name);
  row.setAttribute("role", "row");
  return row;
}

/**
 * Return a part of a row.
 * @param {string} role
 * @param {string} name its class
 * @param {string} [text]
 */
function roleElement(role, name, text = "") {
  const element = make("span", name, text);
  element.setAttribute("role", role);
  return element;
}

/**
 * Draw a quantity's rows in one piece of a band.
 * @param {Stage} stage
 * @param {HTMLElement} sheet
 * @param {Laid} row
 * @param {number} from
 * @param {number} to
 * @param {Laid | null} left what multiplies it
 * @param {HTMLElement[]} others what goes where all of its rows do
 */
function drawRows(stage, sheet, row, from, to, left, others) {
  const tensors = tensorsOf(stage.state);
  const { drawing, keeps } = row;
  const [first, end] = shownSpan(stage.state, row.down, row.rows, "rows");
  const matrix = row.rows > 1 || left !== null;
  if (matrix) {
    drawing.lines.push(matrixHead(tensors, row, left));
    sheet.append(drawing.lines[drawing.lines.length - 1]);
    const large =
      isLarge(row.down, row.rows, "rows") || isLarge(row.across, row.columns, "columns");
    if (large && !drawing.canvas) {
      others.push(thumbnailRow(stage, drawing));
      sheet.append(others[others.length - 1]);
    }
  }
  /** @type {HTMLElement[]} */
  const lines = [];
  for (let r = first; r < end; r++) {
    const own = line(matrix ? "row product" : "row");
    lines.push(own);
    const head = matrix ? make("span", "head") : nameHead(tensors, row);
    // a header can't hold the number beside a matrix: that is a cell of its own
    head.setAttribute("role", left ? "presentation" : "rowheader");
    own.append(head);
    if (!matrix) drawing.head ??= head;
    if (matrix) head.append(make("span", "place", placeName(tensors, row.down, r)));
    if (left) head.append(drawCell(stage.view, left.drawing, 0, r));
    const last = row.columns === 1 ? from + 1 : Math.min(to, row.columns);
    for (let c = from; c < last; c++)
      own.append(drawCell(stage.view, drawing, r, row.columns === 1 ? 0 : c));
    drawing.lines.push(own);
    sheet.append(own);
  }
  if (!isLong(lines.length, keeps)) return;
  const caption = drawing.lines[drawing.lines.length - lines.length - 1];
  if (keeps === 0 && from > 0) others.push(caption);
  const fold = addFold(stage, drawing, { first, lines, keeps, others });
  if (keeps) sheet.append(moreElement(fold));
  else find(caption, ".wide").append(fold.button);
}

/**
 * Return the line above a matrix: what multiplies it, its own name, their shapes.
 * @param {Tensors} tensors
 * @param {Laid} row
 * @param {Laid | null} left
 */
function matrixHead(tensors, row, left) {
  const own = line("row caption");
  const head = roleElement("rowheader", "head");
  if (row.sign) head.append(make("span", "sign", row.sign));
  if (left) {
    head.append(nameElement(tensors, left.name, false), make("span", "sign", "·"));
    left.drawing.head ??= head;
  }
  const title = roleElement("gridcell", "wide");
  title.append(nameElement(tensors, row.name, row.turned), make("span", "shape", shapeText(row)));
  row.drawing.head ??= title;
  own.append(head, title);
  return own;
}

/**
 * Return the name at the left of a single row, with its sign and its shape.
 * @param {Tensors} tensors
 * @param {Laid} row
 */
function nameHead(tensors, row) {
  const head = make("span", "head");
  if (row.sign) head.append(make("span", "sign", row.sign));
  const name = make("span");
  name.append(nameElement(tensors, row.name, row.turned), make("span", "sign", row.after));
  head.append(name, make("span", "shape", shapeText(row)));
  return head;
}

/**
 * Return a quantity's name in its hue.
 * @param {Tensors} tensors
 * @param {string} name
 * @param {boolean} turned
 */
function nameElement(tensors, name, turned) {
  const element = make("span", "name", nameText(name) + (turned ? "ᵀ" : ""));
  element.dataset.hue = tensors.quantities[name].hue;
  element.title = tensors.quantities[name].why;
  return element;
}

/**
 * Return a shape as it is drawn, such as "4 × 8".
 * @param {Layout} row
 */
function shapeText(row) {
  if (!row.across) return "";
  return row.down ? `${row.rows} × ${row.columns}` : `${row.columns}`;
}

/**
 * Draw one cell.
 * @param {View} view
 * @param {Drawing} drawing
 * @param {number} row
 * @param {number} column
 */
export function drawCell(view, drawing, row, column) {
  const element = roleElement("gridcell", "cell");
  const text = document.createTextNode("");
  element.append(text);
  element.tabIndex = -1;
  element.dataset.quantity = drawing.name;
  element.dataset.index = ""; // as its key says, until its place is known
  const cell = { element, text, row, column, index: [], key: "", value: undefined, look: {} };
  drawing.cells.push(cell);
  view.cellOf.set(element, { drawing, cell });
  return element;
}
