import { settle } from "./address.js";
import { drawCheck } from "./check.js";
import { drawPanel } from "./panel.js";
import { PART } from "./sheet.js";
import { rebuild, repaint } from "./stage.js";
import { drawStrip, markStrip } from "./strip.js";
import { cancelAnimation } from "./walk.js";

/** A time step at normal speed, in milliseconds. */
const BEAT = 900;

/** Ask the server for what was not sent; once for each wish. */
export function ask(own, wish) {
  const { t, sequence } = own.place;
  const whole = { t, sequence, focus: own.focus, ...wish };
  const key = JSON.stringify(whole);
  if (own.waiting === key) return;
  own.waiting = key;
  own.send("ask", whole);
}

/** Go to a time step. */
export function goTo(own, t) {
  const to = Math.max(0, Math.min(t, own.book.sizes.T - 1));
  if (to === own.place.t) return;
  // the opened number goes along
  if (own.pinned) {
    const time = own.book.quantities[own.pinned.name].dims.indexOf("T");
    if (time >= 0) {
      const index = own.pinned.index.map((v, i) => (i === time ? to : v));
      own.pinned = { name: own.pinned.name, index };
      own.trail[own.trail.length - 1] = own.pinned;
    }
  }
  moveTo(own, to, own.place.sequence);
}

/** Show another time step or sequence. */
export function moveTo(own, t, sequence) {
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
export function followsToken(own) {
  const size = own.parts.get("V") ?? (own.book.has("E") ? undefined : own.parts.get("D"));
  if (!size) return false;
  const dim = own.parts.has("V") ? "V" : "D";
  const id = own.book.ids[own.place.sequence][own.place.t];
  const first = own.focus[dim] ?? 0;
  if (id >= first && id < first + PART.rows) return false;
  own.focus[dim] = Math.max(0, Math.min(id - 2, size - PART.rows));
  return true;
}

/** Start or stop playing. */
export function play(own) {
  if (own.timer) {
    stopPlaying(own);
    settle(own);
    return;
  }
  const last = own.book.sizes.T - 1;
  const [from, to, way] = own.book.backwards ? [last, 0, -1] : [0, last, 1];
  if (own.place.t === to) goTo(own, from);
  const beat = () => {
    // asked anew, since the settings may have changed meanwhile
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

/** Stop playing. */
export function stopPlaying(own) {
  clearTimeout(own.timer);
  own.timer = 0;
  const button = own.root.querySelector('[data-do="play"]');
  button.textContent = own.book?.backwards ? "◀ play" : "▶ play";
  button.setAttribute("aria-label", "play");
}
