/** A time step at normal speed, in milliseconds. */
const BEAT = 900;
/** Width of a narrow screen, in pixels; as in the style sheet. */
const PHONE = 560;
/** How long the stage must be at rest before the address follows, in milliseconds. */
const REST = 250;
/** @type {WeakMap<Element, object>} one stage for each place on a page */
const STAGES = new WeakMap();
/** Where the reader was on the last chapter, for the next one. */
const MEMORY = { slug: null, t: 0, sequence: 0, range: "matrix", digits: "2", mean: "z" };

/**
 * Draw the stage, or what has changed of it.
 * @param {{data: any, parentElement: Element, setTriggerValue: (name: string, value: any) => void}}
 *   component
 */
export default function stage(component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".stage");
  try {
    let own = STAGES.get(parentElement);
    if (!own) {
      own = begin(root);
      STAGES.set(parentElement, own);
    }
    own.send = component.setTriggerValue;
    receive(own, data);
    return () => {
      stopPlaying(own);
      clearTimeout(own.resting);
      own.observer.disconnect();
      STAGES.delete(parentElement);
    };
  } catch (error) {
    root.querySelector(".body").hidden = true;
    const fallback = root.querySelector(".fallback");
    fallback.hidden = false;
    fallback.textContent = "The stage could not be drawn here; its numbers are in the tables below.";
    console.error(error);
    component.setTriggerValue("failed", String(error).slice(0, 200));
    return undefined;
  }
}

/** Make a stage without numbers. */
function begin(root) {
  const find = (name) => root.querySelector(`.${name}`);
  const names = ["strip", "where", "panel", "lanes", "check", "question", "answer", "verdict"];
  const el = Object.fromEntries(names.map((name) => [name, find(name)]));
  el.wires = find("wires");
  const own = {
    root,
    el: { ...el, equation: find("equation"), parts: find("parts"), legend: find("legend"), ranking: find("ranking") },
    status: find("status"),
    place: { t: 0, sequence: 0 },
    focus: {},
    range: MEMORY.range,
    digits: null,
    digitsName: MEMORY.digits,
    mean: MEMORY.mean,
    speed: 1,
    equation: -1,
    convention: false,
    checking: false,
    solved: false,
    everyTerm: false,
    pinned: null,
    trail: [],
    lit: [],
    pointed: [],
    operands: [],
    chips: [],
    answers: new Map(),
    timer: 0,
  };
  own.observer = new ResizeObserver(() => {
    if (own.book && pieceOf(own) !== own.piece) rebuild(own);
    else if (own.book) wireSoon(own);
  });
  own.observer.observe(own.el.lanes);
  listen(own);
  return own;
}

/** Take what the server sent. */
function receive(own, data) {
  for (const answer of JSON.parse(data.answers))
    own.answers.set(`${answer.name}:${answer.index.join(",")}:${answer.digits}`, answer);
  const theme = themeOf(own.root);
  const news = data.meta !== own.meta || data.numbers !== own.numbers;
  if (news) {
    own.meta = data.meta;
    own.numbers = data.numbers;
    own.waiting = null;
    own.book = new Book(data);
    if (!own.started) start(own);
    own.theme = theme;
    clampPlace(own);
    const linked = Boolean(own.wanted?.cell);
    rebuild(own);
    if (followsToken(own)) rebuild(own);
    if (linked && own.pinned) bringIntoView(own, own.pinned.name, own.pinned.index);
    // a place from a link or another chapter goes on, into the address and to the pictures below
    settle(own);
    if (own.place.sequence !== own.book.sent.sequence) ask(own, {});
  } else if (theme !== own.theme) {
    own.theme = theme;
    rebuild(own);
  } else drawPanel(own);
}

/** Begin where the link says, or where the reader was on the chapter before. */
function start(own) {
  own.started = true;
  const { book } = own;
  const query = new URLSearchParams(location.search);
  // on the way from another chapter its equation and its number stay behind
  const arrived = MEMORY.slug !== null && MEMORY.slug !== book.slug;
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

/** Stay within what the new numbers have. */
function clampPlace(own) {
  const { sizes } = own.book;
  own.place.t = Math.min(own.place.t, sizes.T - 1);
  own.place.sequence = Math.min(own.place.sequence, sizes.B - 1);
  const keep = ({ name, index }) => {
    const q = own.book.quantities[name];
    return q && q.shape.length === index.length && index.every((v, i) => v < q.shape[i]);
  };
  own.trail = own.trail.filter(keep);
  if (own.pinned && !keep(own.pinned)) own.pinned = own.trail.at(-1) ?? null;
}

/** Draw everything anew: other numbers, another size, other colours. */
function rebuild(own) {
  const { book, el } = own;
  own.root.querySelector(".fallback").hidden = true;
  own.root.querySelector(".body").hidden = false;
  own.root.dataset.stage = book.slug;
  own.root.dataset.theme = own.theme;
  own.root.dataset.digits = own.digitsName;
  own.root.classList.toggle("untimed", !book.timed);
  own.digits = own.digitsName === "full" ? null : Number(own.digitsName);
  for (const theme of ["light", "dark"])
    for (const [letter, hue] of Object.entries(COLOURS.hues[theme]))
      if (theme === own.theme) own.root.style.setProperty(`--hue-${letter}`, hue);
  own.piece = pieceOf(own);
  own.drawings = [];
  own.parts = new Map();
  own.cellOf = new WeakMap();
  own.lit = [];
  own.pointed = [];
  own.current = null;
  const scene = otherConvention(own, book.scene);
  own.laneElements = scene.map((lane, i) => drawLane(own, lane, i));
  el.lanes.replaceChildren(el.wires, ...own.laneElements);
  el.lanes.classList.toggle("wired", Boolean(book.wired));
  own.byName = Map.groupBy
    ? Map.groupBy(own.drawings, (d) => d.name)
    : grouped(own.drawings);
  own.order = [...new Set(own.drawings.filter((d) => d.result).map((d) => d.name))];
  for (const lane of own.laneElements) lane.querySelector(".cell")?.setAttribute("tabindex", "0");
  if (own.wanted) applyWanted(own);
  own.equation = Math.min(own.equation, own.order.length - 1);
  fillChoices(own);
  drawParts(own);
  drawLegend(own);
  drawStrip(own);
  repaint(own, true);
  drawEquation(own);
  drawPanel(own);
  wireSoon(own);
  if (own.message) {
    own.status.textContent = own.message;
    own.message = "";
  }
}

/** Draw the wires with the next frame: they ask where everything stands, which is laid out then. */
function wireSoon(own) {
  cancelAnimationFrame(own.wiring);
  own.wiring = requestAnimationFrame(() => drawWires(own));
}

/** @param {Drawing[]} drawings */
function grouped(drawings) {
  const map = new Map();
  for (const d of drawings) map.set(d.name, [...(map.get(d.name) ?? []), d]);
  return map;
}

/** Write the new state with z' = 1 - z, if the reader wants it so. */
function otherConvention(own, scene) {
  if (!own.convention || !own.book.has("h_other")) return scene;
  const names = { z: "z_other", h: "h_other" };
  const change = (row) => (names[row.name] ? { ...row, name: names[row.name] } : row);
  return scene.map((lane) =>
    lane.name !== "h" && lane.name !== "z"
      ? lane
      : {
          ...lane,
          bands: lane.bands.map((band) => ({
            ...band,
            rows: band.rows.flatMap((row) =>
              row.name === "z" && row.result
                ? [row, { ...row, name: "z_other", sign: "1−" }]
                : lane.name === "h"
                  ? [change(row)]
                  : [row],
            ),
          })),
        },
  );
}

/** Open what a link asks for. */
function applyWanted(own) {
  const { equation, cell } = own.wanted;
  own.wanted = null;
  own.equation = own.order.indexOf(equation);
  // a phone has room for one equation at a time
  if (own.equation < 0 && own.root.clientWidth < PHONE) own.equation = 0;
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

/** Fill the choices with what there is, and show what is chosen. */
function fillChoices(own) {
  const { book, root } = own;
  const choose = (name) => root.querySelector(`[data-choose="${name}"]`);
  const fill = (select, options, value) => {
    select.replaceChildren(...options.map(([v, text]) => new Option(text, v)));
    select.value = String(value);
  };
  fill(
    choose("sequence"),
    Array.from({ length: book.sizes.B }, (_, i) => [i, String(i)]),
    own.place.sequence,
  );
  root.querySelector(".sequences").hidden = book.sizes.B === 1;
  fill(
    choose("equation"),
    [[-1, "all at once"], ...own.order.map((name, i) => [i, `${i + 1} · ${name}`])],
    own.equation,
  );
  root.querySelector(".walk").hidden = own.order.length === 0;
  choose("range").value = own.range;
  choose("digits").value = own.digitsName;
  choose("mean").value = own.mean;
  choose("speed").value = String(own.speed);
  const convention = root.querySelector(".convention");
  convention.hidden = !book.has("h_other") || book.slug !== "cell";
  convention.firstElementChild.checked = own.convention;
  root.querySelector('[data-switch="checking"]').checked = own.checking;
}

/** Let the reader choose which part of large matrices has numbers. */
function drawParts(own) {
  const { parts } = own.el;
  parts.hidden = own.parts.size === 0;
  parts.replaceChildren(
    ...[...own.parts].map(([dim, size]) => {
      const box = make("label", "", `${own.book.dims[dim]}: ${size}; numbers from `);
      const field = /** @type {HTMLInputElement} */ (make("input"));
      field.type = "number";
      field.min = "0";
      field.max = String(size - PART.columns);
      field.value = String(Math.min(own.focus[dim] ?? 0, size - PART.columns));
      field.onchange = () => {
        own.focus[dim] = Math.max(0, Math.min(Number(field.value) || 0, size - PART.columns));
        rebuild(own);
      };
      box.append(field);
      return box;
    }),
  );
}

/** Draw the three scales with words. */
function drawLegend(own) {
  const kinds = new Map([
    ["signed", "values: orange below 0, blue above"],
    ["weight", "parameters: brown below 0, teal above"],
    ["unit", "0 to 1: gates, probabilities, masks"],
  ]);
  const far = { matrix: "as far as this matrix reaches", time: "as far as over time", run: "as far as in the whole run" };
  const used = new Set(own.drawings.map((d) => own.book.quantities[d.name].kind));
  const items = [...kinds].filter(([kind]) => used.has(kind)).map(([kind, words]) => {
    const item = make("span", "scale");
    const bar = make("span", "ramp");
    const { fill } = palette(own.theme, kind);
    const stops = [0, 0.25, 0.5, 0.75, 1].map((at) => fill[Math.round(at * STEPS)]);
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    item.append(bar, words);
    return item;
  });
  own.el.legend.replaceChildren(...items, make("span", "", `colours reach ${far[own.range]}`));
  own.el.legend.setAttribute("aria-label", [...kinds.values()].join("; "));
}

/** Show the numbers of the current time step: those that change with it, or all. */
function repaint(own, all = false) {
  let missing = false;
  for (const drawing of own.drawings)
    if (all || drawing.timed) missing = paint(own, drawing) || missing;
  own.root.dataset.t = String(own.place.t);
  own.root.dataset.sequence = String(own.place.sequence);
  if (missing) ask(own, {});
  hideUnsolved(own);
  drawRanking(own);
}

/** Ask the server for what was not sent; once for each wish. */
function ask(own, wish) {
  const { t, sequence } = own.place;
  const whole = { t, sequence, focus: own.focus, ...wish };
  const key = JSON.stringify(whole);
  if (own.waiting === key) return;
  own.waiting = key;
  own.send("ask", whole);
}

/** Go to a time step. */
function goTo(own, t) {
  const to = Math.max(0, Math.min(t, own.book.sizes.T - 1));
  if (to === own.place.t) return;
  // the opened number goes along
  if (own.pinned) {
    const time = own.book.quantities[own.pinned.name].dims.indexOf("T");
    if (time >= 0) {
      const index = own.pinned.index.with ? own.pinned.index.with(time, to) : own.pinned.index.map((v, i) => (i === time ? to : v));
      own.pinned = { name: own.pinned.name, index };
      own.trail[own.trail.length - 1] = own.pinned;
    }
  }
  moveTo(own, to, own.place.sequence);
}

/** Show another time step or sequence. */
function moveTo(own, t, sequence) {
  cancelAnimation(own);
  const other = sequence !== own.place.sequence;
  own.place = { t, sequence };
  if (other) {
    own.root.querySelector('[data-choose="sequence"]').value = String(sequence);
    drawStrip(own);
  } else markStrip(own);
  if (followsToken(own)) {
    rebuild(own);
  } else {
    repaint(own);
    if (own.pinned) drawPanel(own);
  }
  if (own.checking) drawCheck(own);
  settle(own);
}

/** Move the shown part of a large table of tokens to the current token; tell whether it moved. */
function followsToken(own) {
  const size = own.parts.get("V") ?? (own.book.has("E") ? undefined : own.parts.get("D"));
  if (!size) return false;
  const dim = own.parts.has("V") ? "V" : "D";
  const id = own.book.ids[own.place.sequence][own.place.t];
  const first = own.focus[dim] ?? 0;
  if (id >= first && id < first + PART.rows) return false;
  own.focus[dim] = Math.max(0, Math.min(id - 2, size - PART.rows));
  return true;
}

/** Once at rest, write the place into the address. */
function settle(own) {
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
    equation: own.order[own.equation] ?? null,
    cell: pinned ? `${pinned.name}:${pinned.index.join(",")}` : null,
  };
  for (const [name, value] of Object.entries(wanted))
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

/** Start or stop playing. */
function play(own) {
  if (own.timer) {
    stopPlaying(own);
    settle(own);
    return;
  }
  const last = own.book.sizes.T - 1;
  const [from, to, way] = own.book.backwards ? [last, 0, -1] : [0, last, 1];
  if (own.place.t === to) goTo(own, from);
  const beat = () => {
    if (own.place.t === (own.book.backwards ? 0 : own.book.sizes.T - 1)) {
      stopPlaying(own);
      settle(own);
      return;
    }
    goTo(own, own.place.t + way);
    own.timer = setTimeout(beat, BEAT / own.speed);
  };
  own.timer = setTimeout(beat, BEAT / own.speed);
  const button = own.root.querySelector('[data-do="play"]');
  button.textContent = "⏸ pause";
  button.setAttribute("aria-label", "pause");
}

function stopPlaying(own) {
  clearTimeout(own.timer);
  own.timer = 0;
  const button = own.root.querySelector('[data-do="play"]');
  button.textContent = own.book?.backwards ? "◀ play" : "▶ play";
  button.setAttribute("aria-label", "play");
}

/** Show one equation of the time step, what comes later faint. */
function walkTo(own, equation) {
  own.equation = Math.max(-1, Math.min(equation, own.order.length - 1));
  own.solved = false;
  own.root.querySelector('[data-choose="equation"]').value = String(own.equation);
  drawEquation(own);
  repaint(own, true);
  if (own.pinned) drawPanel(own);
  settle(own);
  if (own.equation >= 0 && !own.checking) animate(own);
}

/** Say what the current equation does; fade what comes later. */
function drawEquation(own) {
  const { equation } = own.el;
  const name = own.order[own.equation];
  equation.hidden = name === undefined;
  own.root.classList.toggle("walking", name !== undefined);
  for (const drawing of own.drawings) {
    const at = own.order.indexOf(drawing.name);
    const later = name !== undefined && at > own.equation;
    const now = drawing.name === name && drawing.result;
    for (const line of drawing.lines ?? []) {
      line.classList.toggle("later", later);
      line.classList.toggle("now", now);
    }
  }
  own.laneElements.forEach((lane) =>
    lane.classList.toggle("here", lane.querySelector(".now") !== null),
  );
  if (name !== undefined) {
    const q = own.book.quantities[name];
    const formula = make("span", "formula", q.text);
    const count = `${own.equation + 1} of ${own.order.length}`;
    equation.replaceChildren(make("span", "count", count), formula, make("span", "why", q.why));
    equation.dataset.hue = q.hue;
  }
  drawCheck(own);
}

/** Show how the cells of the current equation come about: the first slowly, the others fast. */
function animate(own) {
  cancelAnimation(own);
  const name = own.order[own.equation];
  const drawing = own.byName.get(name)?.find((d) => d.result);
  if (!drawing || own.timer || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const cells = drawing.all.slice(0, 12);
  const frames = [];
  cells.forEach((cell, i) => {
    const own_ = explainHere(own, name, cell.index);
    if (!own_) return;
    if (i === 0)
      own_.operands
        .slice(0, 12)
        .forEach((_, k, all) => frames.push([cell, all.slice(0, k + 1), 220]));
    frames.push([cell, own_.operands, i === 0 ? 700 : 160]);
  });
  const next = () => {
    const frame = frames.shift();
    if (!frame) {
      own.animation = 0;
      if (own.pinned) drawPanel(own);
      else unlight(own);
      return;
    }
    light(own, name, frame[0].index, frame[1]);
    own.animation = setTimeout(next, frame[2]);
  };
  next();
}

function cancelAnimation(own) {
  if (!own.animation) return;
  clearTimeout(own.animation);
  own.animation = 0;
  unlight(own);
}

/** Put a question mark where the reader is to find the numbers alone. */
function hideUnsolved(own) {
  for (const drawing of own.drawings) {
    if (!isHidden(own, drawing.name)) continue;
    for (const { text, element } of drawing.all) {
      text.data = "?";
      element.style.background = "none";
      element.style.color = "inherit";
    }
  }
}

/** Leave only the stage, in large type. */
function present(own, on) {
  const { root } = own;
  root.classList.toggle("presenting", on);
  root.querySelector('[data-do="present"]').setAttribute("aria-pressed", String(on));
  // the top layer lies above the menu and the sidebar
  if (on) {
    root.popover = "manual";
    root.showPopover();
    root.focus();
  } else if (root.popover) {
    root.hidePopover();
    root.removeAttribute("popover");
  }
  wireSoon(own);
}
