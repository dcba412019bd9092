import { PHONE } from "./stage.js";

/** How long the stage must be at rest before the address follows, in milliseconds. */
const REST = 250;
/** Where the reader was on the last chapter, for the next one. */
export const MEMORY = { slug: null, t: 0, sequence: 0, range: "matrix", digits: "2", mean: "z" };
/** The page that the browser's Back or Forward leads to, until a stage begins there. */
let returned = null;
addEventListener("popstate", () => {
  returned = location.pathname;
});

/** Begin where the link says, or where the reader was on the chapter before. */
export function start(own) {
  own.started = true;
  const { book } = own;
  const query = new URLSearchParams(location.search);
  // on the way from another chapter its equation and its number stay behind
  const back = returned === location.pathname;
  const arrived = MEMORY.slug !== null && MEMORY.slug !== book.slug && !back;
  returned = null;
  const problems = [];
  const whole = (name, size) => {
    const given = query.get(name);
    if (given === null) return Math.min(MEMORY[name], size - 1);
    const value = Number(given);
    if (/^\d+$/.test(given) && value < size) return value;
    problems.push(
      `${name} is ${given.slice(0, 20)}; possible: 0 to ${size - 1}. Shown: ${name} 0.`,
    );
    return 0;
  };
  own.place = { t: whole("t", book.sizes.T), sequence: whole("sequence", book.sizes.B) };
  const one = (name, possible) => {
    const given = query.get(name);
    return possible.includes(given) ? given : MEMORY[name];
  };
  own.range = one("range", ["matrix", "time", "run"]);
  own.digitsName = one("digits", ["2", "4", "full"]);
  own.convention = query.get("convention") === "true";
  own.wanted = arrived
    ? { equation: null, cell: null }
    : { equation: query.get("equation"), cell: query.get("cell") };
  own.message = problems.join(" ");
  MEMORY.slug = book.slug;
}

/** Open what a link asks for. */
export function applyWanted(own) {
  const { equation, cell } = own.wanted;
  own.wanted = null;
  own.equation = own.order.indexOf(equation);
  // a phone has room for one equation at a time: that of the number which is asked for
  if (own.equation < 0 && own.root.clientWidth < PHONE) {
    own.equation = equationWith(own, (cell ?? "").split(":")[0]);
    own.unasked = own.equation;
  }
  if (cell === null) return;
  const [name, places = ""] = cell.split(":");
  const index = places === "" ? [] : places.split(",").map(Number);
  const q = own.book.has(name) ? own.book.quantities[name] : null;
  const fits =
    q !== null &&
    q.shape.length === index.length &&
    index.every((v, i) => Number.isInteger(v) && v >= 0 && v < q.shape[i]);
  if (!fits) {
    own.message = `The link asks for the number ${cell.slice(0, 40)}, which is not here.`;
    return;
  }
  own.pinned = { name, index };
  own.trail = [own.pinned];
  const time = q.dims.indexOf("T");
  if (time >= 0) own.place.t = index[time];
  if (q.dims[0] === "B" && q.dims.length > 2) own.place.sequence = index[0];
}

/** Return the equation that makes a quantity, or the first one it stands in, or the first of all. */
function equationWith(own, name) {
  if (own.order.includes(name)) return own.order.indexOf(name);
  const at = own.drawings.findIndex((d) => d.name === name);
  return own.order.indexOf(own.drawings.slice(Math.max(at, 0)).find((d) => d.result)?.name);
}

/** Once at rest, write the place into the address. */
export function settle(own) {
  clearTimeout(own.resting);
  Object.assign(MEMORY, {
    t: own.place.t,
    sequence: own.place.sequence,
    range: own.range,
    digits: own.digitsName,
    mean: own.mean,
  });
  if (own.timer) return;
  own.resting = setTimeout(() => writeAddress(own), REST);
}

/** Write the place into the address, without a word to the server. */
function writeAddress(own) {
  const url = new URL(location.href);
  const { pinned } = own;
  const wanted = {
    t: own.place.t ? String(own.place.t) : null,
    sequence: own.place.sequence ? String(own.place.sequence) : null,
    range: own.range === "matrix" ? null : own.range,
    digits: own.digitsName === "2" ? null : own.digitsName,
    convention: own.convention ? "true" : null,
    equation: own.equation === own.unasked ? null : (own.order[own.equation] ?? null),
    cell: pinned ? `${pinned.name}:${pinned.index.join(",")}` : null,
  };
  for (const [name, value] of Object.entries(wanted))
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}
