import { settle } from "./address.js";
import { drawCheck, judge } from "./check.js";
import { drawLegend, present } from "./controls.js";
import { close, drawPanel, explainHere, light, open, say, unlight } from "./panel.js";
import { rebuild, repaint } from "./stage.js";
import { heat, scrub } from "./strip.js";
import { ask, goTo, moveTo, play } from "./time.js";
import { cancelAnimation, drawEquation, walkTo } from "./walk.js";

/**
 * Hear the reader: buttons, choices, keys, and the pointer on cells.
 * @param {object} own
 */
export function listen(own) {
  const { root } = own;
  const deeds = {
    first: () => goTo(own, 0),
    previous: () => goTo(own, own.place.t - 1),
    next: () => goTo(own, own.place.t + 1),
    last: () => goTo(own, own.book.sizes.T - 1),
    play: () => play(own),
    present: () => present(own, !root.classList.contains("presenting")),
    "equation-back": () => walkTo(own, own.equation - 1),
    "equation-next": () => walkTo(own, own.equation + 1),
    solve: () => {
      own.solved = true;
      drawCheck(own);
      repaint(own, true);
      drawPanel(own);
    },
  };
  for (const button of root.querySelectorAll("[data-do]"))
    button.onclick = () => deeds[button.dataset.do]();
  const choices = {
    speed: (v) => (own.speed = Number(v)),
    sequence: (v) => chooseSequence(own, Number(v)),
    mean: (v) => {
      own.mean = v;
      heat(own);
    },
    equation: (v) => walkTo(own, Number(v)),
    range: (v) => {
      own.range = v;
      repaint(own, true);
      drawLegend(own);
    },
    digits: (v) => {
      own.digitsName = v;
      rebuild(own);
    },
  };
  for (const select of root.querySelectorAll("[data-choose]"))
    select.onchange = () => {
      choices[select.dataset.choose](select.value);
      settle(own);
    };
  root.querySelector('[data-switch="convention"]').onchange = (event) => {
    own.convention = event.target.checked;
    rebuild(own);
    settle(own);
  };
  root.querySelector('[data-switch="checking"]').onchange = (event) => {
    own.checking = event.target.checked;
    own.solved = false;
    // there must be an equation to find
    if (own.checking && own.equation < 0) walkTo(own, 0);
    drawEquation(own);
    repaint(own, true);
    drawPanel(own);
  };
  own.el.check.onsubmit = (event) => {
    event.preventDefault();
    judge(own);
  };
  scrub(own);
  listenToCells(own);
  root.onkeydown = (event) => key(own, event);
}

/** Look at another sequence; the opened number goes along. */
function chooseSequence(own, sequence) {
  if (own.pinned) {
    const { dims } = own.book.quantities[own.pinned.name];
    if (dims[0] === "B") {
      const [, ...rest] = own.pinned.index;
      own.pinned = { name: own.pinned.name, index: [sequence, ...rest] };
      own.trail[own.trail.length - 1] = own.pinned;
    }
  }
  moveTo(own, own.place.t, sequence);
  // the pictures below show one sequence, too
  ask(own, {});
}

/** Show what a cell is made of while the pointer is on it; open it on a click. */
function listenToCells(own) {
  const { lanes } = own.el;
  const found = (event) => own.cellOf?.get(event.target.closest?.(".cell"));
  const show = (event) => {
    const at = found(event);
    if (!at || own.pointedAt === at.cell) return;
    own.pointedAt = at.cell;
    const { name } = at.drawing;
    say(own, name, at.cell.index, at.cell.value);
    lightPieces(own, name, at.cell.index);
    if (own.animation) cancelAnimation(own);
    const opened = explainHere(own, name, at.cell.index);
    light(own, name, at.cell.index, opened?.operands ?? []);
  };
  lanes.addEventListener("pointerover", show);
  lanes.addEventListener("focusin", show);
  lanes.addEventListener("pointerleave", () => {
    own.pointedAt = null;
    lightPieces(own, null, []);
    if (own.pinned) light(own, own.pinned.name, own.pinned.index, own.operands);
    else unlight(own);
  });
  lanes.addEventListener("click", (event) => {
    const at = found(event);
    if (!at) return;
    moveFocus(own, event.target.closest(".cell"));
    open(own, at.drawing.name, at.cell.index, { fresh: true });
    if (own.checking) drawCheck(own);
  });
}

/** Light the terms of the open formula that stand for the cell under the pointer. */
function lightPieces(own, name, index) {
  const key = name === null ? null : `${name}:${index.join(",")}`;
  for (const piece of own.el.panel.querySelectorAll(".piece"))
    piece.classList.toggle("pointed", piece.dataset.of === key && key !== null);
}

/** Make a cell the one that the tab key reaches. */
function moveFocus(_own, element) {
  const sheet = element.closest(".sheet");
  sheet.querySelector('.cell[tabindex="0"]')?.setAttribute("tabindex", "-1");
  element.setAttribute("tabindex", "0");
  element.focus({ preventScroll: true });
}

const STEP_KEYS = { ArrowRight: 1, ArrowLeft: -1 };

/** Steps through time, and through the cells of a sheet. */
function key(own, event) {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (own.pinned) close(own);
    else if (own.root.classList.contains("presenting")) present(own, false);
    else return;
  } else if (event.key === "PageDown") goTo(own, own.place.t + 1);
  else if (event.key === "PageUp") goTo(own, own.place.t - 1);
  else if (["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName)) return;
  else if (target.classList.contains("cell")) {
    if (!cellKey(own, event)) return;
  } else if (event.key in STEP_KEYS) goTo(own, own.place.t + STEP_KEYS[event.key]);
  else if (event.key === "Home") goTo(own, 0);
  else if (event.key === "End") goTo(own, own.book.sizes.T - 1);
  else if (event.key === " " && target.tagName !== "BUTTON") play(own);
  else return;
  event.preventDefault();
}

/** Move among cells with the arrows; open one with Enter or space. */
function cellKey(own, event) {
  const here = event.target;
  if (event.key === "Enter" || event.key === " ") {
    here.click();
    return true;
  }
  const line = here.parentElement;
  const beside = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" };
  const below = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" };
  let to = null;
  if (beside[event.key]) {
    const cells = [...here.closest(".row").querySelectorAll(".cell")];
    to = cells[cells.indexOf(here) + STEP_KEYS[event.key]];
  } else if (below[event.key]) {
    const row = here.closest(".row");
    const at = [...row.querySelectorAll(".cell")].indexOf(here);
    let next = row[below[event.key]];
    while (next && !next.querySelector(".cell")) next = next[below[event.key]];
    const cells = next ? [...next.querySelectorAll(".cell")] : [];
    to = cells[Math.min(at, cells.length - 1)];
  } else return false;
  if (to) moveFocus(own, to);
  return line !== null;
}
