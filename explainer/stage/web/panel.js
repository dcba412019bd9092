import { settle } from "./address.js";
import { isHidden } from "./check.js";
import { explanation, terms } from "./explanation.js";
import { Missing } from "./index_form.js";
import { formatNumber } from "./numbers.js";
import { make } from "./sheet.js";
import { ask, moveTo } from "./time.js";

/** Digits of the three lines: never fewer than 4, so that they can be checked. */
function lineDigits(stage) {
  return stage.digits === null ? null : 4;
}

/**
 * Explain a number from what the browser has; null where it must ask.
 * @param {object} stage
 * @param {string} name
 * @param {number[]} index
 * @param {number | null} [shown]
 */
export function explainHere(stage, name, index, shown = 8) {
  try {
    return explanation(stage.book, name, index, { digits: lineDigits(stage), shown });
  } catch (error) {
    if (error instanceof Missing) return null;
    throw error;
  }
}

/**
 * Light up a number and everything it is made of; dim the rest.
 * @param {object} stage
 * @param {string} name
 * @param {number[]} index
 * @param {{name: string, index: number[]}[]} operands
 */
export function light(stage, name, index, operands) {
  unlight(stage);
  for (const { cell } of findCells(stage, name, index)) mark(stage, cell.element, "result");
  for (const operand of operands)
    for (const { cell } of findCells(stage, operand.name, operand.index))
      mark(stage, cell.element, "operand");
  stage.el.veil.classList.add("drawn");
}

/** Take all outlines away. */
export function unlight(stage) {
  for (const element of stage.lit) element.classList.remove("operand", "result", "pointed");
  stage.lit.length = 0;
  stage.el.veil.classList.remove("drawn");
}

function mark(stage, element, name) {
  element.classList.add(name);
  stage.lit.push(element);
}

/**
 * Return the drawn cells that show a number now.
 * @param {object} stage
 * @param {string} name
 * @param {number[]} index
 */
function findCells(stage, name, index) {
  const key = index.join(",");
  const found = [];
  for (const drawing of stage.byName.get(name) ?? [])
    for (const cell of drawing.all) if (cell.key === key) found.push({ drawing, cell });
  return found;
}

/** Say what the pointer is on: the number in full, and what its place means. */
export function say(stage, name, index, value) {
  const places = placeWords(stage, name, index);
  const hidden = isHidden(stage, name);
  const full = value === undefined ? "…" : hidden ? "?" : formatNumber(value, null);
  const place = index.length ? `[${index.join(",")}]` : "";
  stage.status.textContent = [`${name}${place} = ${full}`, ...places].join(" · ");
}

/** Return what each part of a place means, such as "time step 2". */
export function placeWords(stage, name, index) {
  return stage.book.quantities[name].dims.map((d, i) => {
    const token = d === "V" ? ` ${stage.book.token(index[i])}` : "";
    return `${PLACE_WORDS[d]} ${index[i]}${token}`;
  });
}

const PLACE_WORDS = {
  B: "sequence",
  T: "time step",
  D: "feature",
  H: "unit",
  V: "token",
};

/**
 * Open a number: pin it, and show its three lines.
 * @param {object} stage
 * @param {string} name
 * @param {number[]} index
 * @param {{back?: boolean, fresh?: boolean}} [how] going back shortens the trail, a fresh one
 *   begins it
 */
export function open(stage, name, index, how = {}) {
  const q = stage.book.quantities[name];
  if (!q || index.length !== q.shape.length || index.some((v, i) => !(v >= 0 && v < q.shape[i])))
    return;
  if (how.fresh) stage.trail = [];
  if (!how.back) stage.trail.push({ name, index });
  if (stage.trail.length > 12) stage.trail.shift();
  // a number of another time step takes the stage there
  const time = q.dims.indexOf("T");
  const row = q.dims.indexOf("B");
  if (q.dims.length > 1 || time >= 0) {
    const t = time >= 0 ? index[time] : stage.place.t;
    const sequence = row >= 0 && q.dims.length > 2 ? index[row] : stage.place.sequence;
    stage.pinned = { name, index };
    if (t !== stage.place.t || sequence !== stage.place.sequence) moveTo(stage, t, sequence);
  }
  stage.pinned = { name, index };
  drawPanel(stage);
  if (!how.fresh) bringIntoView(stage, name, index);
  settle(stage);
}

/** Scroll to a number that was opened from elsewhere, if it is drawn. */
export function bringIntoView(stage, name, index) {
  findCells(stage, name, index)[0]?.cell.element.scrollIntoView({ block: "nearest" });
}

/** Let go of the opened number. */
export function close(stage) {
  stage.pinned = null;
  stage.trail = [];
  drawPanel(stage);
  settle(stage);
}

/** Show the opened number, or how to open one. */
export function drawPanel(stage) {
  const { panel } = stage.el;
  const { pinned } = stage;
  panel.dataset.open = String(pinned !== null);
  if (!pinned) {
    panel.removeAttribute("data-explanation");
    panel.replaceChildren(make("p", "hint", HINT));
    unlight(stage);
    return;
  }
  const { name, index } = pinned;
  const own = explainHere(stage, name, index, stage.everyTerm ? null : 8);
  const asked = stage.answers.get(answerKey(stage, name, index));
  if (!own && !asked) ask(stage, { open: [name, index], digits: lineDigits(stage) });
  const q = stage.book.quantities[name];
  const lines = own
    ? { symbols: own.symbols, shapes: [{ text: q.shapes }], numbers: own.numbers }
    : asked
      ? {
          symbols: [{ text: asked.symbols }],
          shapes: [{ text: asked.shapes }],
          numbers: [{ text: tellsAsked(stage, asked) ? "hidden" : asked.numbers }],
        }
      : { symbols: [{ text: "…" }], shapes: [{ text: q.shapes }], numbers: [{ text: "…" }] };
  const operands = own
    ? own.operands
    : (asked?.operands ?? []).map(([n, i]) => ({ name: n, index: i }));
  panel.setAttribute("data-explanation", `${name}:${index.join(",")}`);
  const rows = Object.entries(lines).map(([line, pieces]) => drawLine(stage, line, pieces));
  panel.replaceChildren(
    trailOf(stage),
    make("p", "why", q.why),
    ...rows,
    ...(own ? [] : [operandsOf(stage, operands)]),
    actions(stage, name, index, own?.latex ?? asked?.latex ?? "", own, operands),
  );
  light(stage, name, index, operands);
  stage.operands = operands;
  say(stage, name, index, stage.book.value(name, index));
}

const HINT =
  "Point at a number to see what it is made of. Click it, or press Enter, to open its formula.";

/** Whether an answer of the server would tell what the reader is to find alone. */
function tellsAsked(stage, asked) {
  return asked.operands.some(([name]) => isHidden(stage, name));
}

/** Name an answer of the server. */
function answerKey(stage, name, index) {
  return `${name}:${index.join(",")}:${lineDigits(stage)}`;
}

/** Draw one of the three lines; each number in it opens in turn. */
function drawLine(stage, line, pieces) {
  const row = make("div", "line");
  row.append(make("span", "which", line));
  const text = make("span", "formula");
  text.dataset.line = line;
  const hidden = isHidden(stage, stage.pinned.name);
  if (hidden && line === "numbers") {
    text.textContent = "hidden, since you are checking yourself";
    row.append(text);
    return row;
  }
  for (const piece of pieces) {
    if (piece.name === undefined) {
      text.append(piece.text);
      continue;
    }
    const asked = line === "numbers" && isHidden(stage, piece.name);
    const button = make("button", "piece", asked ? "?" : piece.text);
    button.type = "button";
    button.dataset.hue = stage.book.quantities[piece.name]?.hue ?? "";
    button.dataset.of = `${piece.name}:${piece.index.join(",")}`;
    const letters = piece.index.some((i) => typeof i !== "number");
    const self = piece.name === stage.pinned.name && same(piece.index, stage.pinned.index);
    if (letters || self) {
      const span = make("span", "piece", piece.text);
      span.dataset.hue = button.dataset.hue;
      text.append(span);
      continue;
    }
    button.onclick = () => open(stage, piece.name, piece.index);
    const point = () => pointAt(stage, piece.name, piece.index);
    button.onpointerenter = button.onfocus = point;
    button.onpointerleave = button.onblur = () => unpoint(stage);
    text.append(button);
  }
  row.append(text);
  return row;
}

function same(a, b) {
  return a.length === b.length && a.every((v, i) => v === b[i]);
}

/** Light the drawn cell of a term. */
function pointAt(stage, name, index) {
  unpoint(stage);
  for (const { cell } of findCells(stage, name, index)) {
    cell.element.classList.add("pointed");
    stage.pointed.push(cell.element);
  }
  say(stage, name, index, stage.book.value(name, index));
}

function unpoint(stage) {
  for (const element of stage.pointed) element.classList.remove("pointed");
  stage.pointed.length = 0;
}

/** Offer the operands that the text of a long answer has no room for. */
function operandsOf(stage, operands) {
  const box = make("div", "operands");
  box.append(make("span", "which", "made of"));
  for (const { name, index } of operands.slice(0, 24)) {
    const button = make("button", "piece", `${name}[${index.join(",")}]`);
    button.type = "button";
    button.dataset.hue = stage.book.quantities[name]?.hue ?? "";
    button.onclick = () => open(stage, name, index);
    box.append(button);
  }
  return box;
}

/** Draw the way here: every number opened so far, to go back to. */
function trailOf(stage) {
  const trail = make("nav", "trail");
  trail.setAttribute("aria-label", "the way here");
  stage.trail.forEach(({ name, index }, i) => {
    const last = i === stage.trail.length - 1;
    const text = index.length ? `${name}[${index.join(",")}]` : name;
    const button = make("button", last ? "stop here" : "stop", text);
    button.type = "button";
    button.dataset.hue = stage.book.quantities[name].hue;
    if (last) button.setAttribute("aria-current", "true");
    button.onclick = () => {
      stage.trail.length = i + 1;
      open(stage, name, index, { back: true });
    };
    if (i) trail.append(make("span", "sign", "›"));
    trail.append(button);
  });
  const shut = make("button", "shut", "✕");
  shut.type = "button";
  shut.setAttribute("aria-label", "close the formula");
  shut.onclick = () => close(stage);
  trail.append(shut);
  return trail;
}

/** Offer what can be taken away, and every term of a long sum. */
function actions(stage, name, index, latex, own, operands) {
  const box = make("div", "actions");
  const offer = (text, what) => {
    const button = make("button", "action", text);
    button.type = "button";
    button.onclick = async () => {
      const copied = what();
      try {
        await navigator.clipboard.writeText(copied);
        button.textContent = "copied";
      } catch {
        button.textContent = "the browser refused";
      }
      setTimeout(() => (button.textContent = text), 1500);
    };
    box.append(button);
  };
  const value = stage.book.value(name, index);
  const hidden = isHidden(stage, name);
  if (!hidden && value !== undefined) offer("copy value", () => plainNumber(value));
  const tells = hidden || operands.some((operand) => isHidden(stage, operand.name));
  if (!tells && latex) offer("copy LaTeX", () => latex);
  if (!hidden) {
    const drawn = stage.byName.get(name)?.[0];
    if (drawn?.all.every((c) => c.value !== undefined)) {
      offer("copy as NumPy", () => literal(drawn, "np.array"));
      offer("copy as PyTorch", () => literal(drawn, "torch.tensor"));
    }
  }
  const count = own?.tree ? terms(own.tree, stage.book).length : 0;
  if (count > 8) {
    const button = make("button", "action", stage.everyTerm ? "shorten" : `all ${count} terms`);
    button.type = "button";
    button.onclick = () => {
      stage.everyTerm = !stage.everyTerm;
      drawPanel(stage);
    };
    box.append(button);
  }
  return box;
}

/** Write a number as Python reads it, every digit. */
function plainNumber(value) {
  return formatNumber(value, null).replaceAll("−", "-");
}

/** Write the shown numbers of a drawing as an array, as it stands on the stage. */
function literal(drawing, call) {
  const rows = new Map();
  for (const { row, column, value } of drawing.cells.values()) {
    if (!rows.has(row)) rows.set(row, new Map());
    rows.get(row).set(column, plainNumber(value));
  }
  const sorted = (map) => [...map].sort(([a], [b]) => a - b).map(([, v]) => v);
  const lists = sorted(rows).map((columns) => `[${sorted(columns).join(", ")}]`);
  const body = lists.length > 1 ? `[${lists.join(", ")}]` : lists[0];
  const type = call === "torch.tensor" ? ", dtype=torch.float64" : "";
  return `${call}(${body}${type})`;
}
