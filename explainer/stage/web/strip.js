import { palette, step } from "./colours.js";
import { formatNumber } from "./numbers.js";
import { make } from "./sheet.js";
import { goTo } from "./time.js";

/** Most tokens drawn at once; of a longer sequence those around the current one. */
const MOST_TOKENS = 120;
/** Hues that stay apart for readers who confuse red and green (Okabe and Ito). */
const TOKEN_HUES = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A800"];

/**
 * Draw the strip of time: tokens, ids, targets, and a mean of each time step as a colour.
 * @param {object} stage
 */
export function drawStrip(stage) {
  const { book, place } = stage;
  const ids = book.ids[place.sequence];
  const T = ids.length;
  const first = Math.max(0, Math.min(place.t - MOST_TOKENS / 2, T - MOST_TOKENS));
  stage.stripFirst = first;
  const chips = [];
  for (let t = first; t < Math.min(T, first + MOST_TOKENS); t++) {
    const chip = make("span", "chip");
    chip.dataset.at = String(t);
    chip.style.setProperty("--token", TOKEN_HUES[ids[t] % TOKEN_HUES.length]);
    chip.append(make("span", "token", book.token(ids[t])), make("span", "id", String(ids[t])));
    if (book.learning)
      chip.append(make("span", "target", `→ ${book.token(book.targets[place.sequence][t])}`));
    chip.append(make("span", "heat"));
    chips.push(chip);
  }
  stage.el.strip.replaceChildren(...chips);
  stage.chips = chips;
  stage.el.strip.setAttribute("aria-valuemin", "0");
  stage.el.strip.setAttribute("aria-valuemax", String(T - 1));
  heat(stage);
  markStrip(stage);
}

/** Colour each time step by the mean over the units of the chosen gate. */
export function heat(stage) {
  const means = stage.book.means[stage.mean];
  const signed = stage.mean === "n" || stage.mean === "h";
  const { fill } = palette(stage.theme, signed ? "signed" : "unit");
  for (const chip of stage.chips) {
    const mean = means[Number(chip.dataset.at)];
    chip.lastChild.style.background = fill[step(mean, signed ? -1 : 0, 1)];
    chip.lastChild.title = `mean of ${stage.mean}: ${formatNumber(mean, 2)}`;
  }
}

/** Frame the current time step, and say it. */
export function markStrip(stage) {
  const { book, place } = stage;
  const { strip } = stage.el;
  const T = book.sizes.T;
  if (place.t < stage.stripFirst || place.t >= stage.stripFirst + stage.chips.length) {
    drawStrip(stage);
    return;
  }
  const chip = stage.chips[place.t - stage.stripFirst];
  stage.current?.classList.remove("current");
  chip.classList.add("current");
  stage.current = chip;
  const id = book.ids[place.sequence][place.t];
  strip.setAttribute("aria-valuenow", String(place.t));
  strip.setAttribute("aria-valuetext", `time step ${place.t}, token ${book.token(id)}, id ${id}`);
  stage.el.where.textContent = `t = ${place.t} of 0 … ${T - 1}`;
  // once the numbers are drawn: asking for widths earlier would lay them out twice
  cancelAnimationFrame(stage.scrolling);
  stage.scrolling = requestAnimationFrame(() => {
    if (strip.scrollWidth > strip.clientWidth)
      strip.scrollLeft = chip.offsetLeft - strip.offsetLeft - strip.clientWidth / 2;
  });
}

/** Let the strip be dragged along. */
export function scrub(stage) {
  const { strip } = stage.el;
  const at = (event) => {
    const found = stage.root.getRootNode().elementFromPoint(event.clientX, event.clientY);
    const chip = found?.closest?.(".chip");
    if (chip && strip.contains(chip)) goTo(stage, Number(chip.dataset.at));
  };
  strip.onpointerdown = (event) => {
    if (event.button !== 0) return;
    strip.setPointerCapture(event.pointerId);
    strip.focus({ preventScroll: true });
    at(event);
  };
  strip.onpointermove = (event) => {
    if (strip.hasPointerCapture(event.pointerId)) at(event);
  };
}
