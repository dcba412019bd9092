/*
 * Choices, legend, the part of large matrices that is shown.
 */
import { STEPS } from "./colours.js";
import { find, make } from "./dom.js";
import { equationsOf, lanesOf, largeDims, nameText, PART, tensorsOf } from "./layout.js";
import { paletteOf } from "./paint.js";

/** @import { Stage, View } from "./dom.js" */
/** @import { State } from "./state.js" */

/** Most tokens that one can choose from. */
const MOST_TOKENS_LISTED = 500;
/** @type {[string, string][]} */
const SCALES = [
  ["signed", "values: orange below 0, blue above"],
  ["weight", "parameters: brown below 0, teal above"],
  ["unit", "0 to 1: gates, probabilities, masks"],
];
/** @type {Record<string, string>} */
const REACH = {
  matrix: "in its matrix, here",
  time: "in its matrix, over time",
  run: "of its kind in the whole run",
};

/**
 * Fill the choices with what there is.
 * @param {View} view
 * @param {State} state
 */
export function fillChoices({ root }, state) {
  const tensors = tensorsOf(state);
  const order = equationsOf(lanesOf(tensors, state.convention));
  find(root, '[data-choose="sequence"]').replaceChildren(
    ...Array.from({ length: tensors.sizes.B }, (_, i) => new Option(String(i), String(i))),
  );
  find(root, '[data-choose="equation"]').replaceChildren(
    new Option("all at once", "-1"),
    ...order.map((name, i) => new Option(`${i + 1} · ${nameText(name)}`, String(i))),
  );
  const tokens = Object.entries(tensors.meta.tokens);
  const choosable = tensors.isGiven("ids") && tokens.length <= MOST_TOKENS_LISTED;
  find(root, ".token-choice").hidden = !choosable;
  if (choosable)
    find(root, '[data-choose="token"]').replaceChildren(
      ...tokens.map(([id, token]) => new Option(`${token} · ${id}`, id)),
    );
  find(root, ".sequences").hidden = tensors.sizes.B === 1;
  find(root, ".walk").hidden = order.length === 0;
  find(root, ".convention").hidden = !tensors.has("h_other") || tensors.meta.slug !== "cell";
}

/**
 * Show what is chosen.
 * @param {View} view
 * @param {State} state
 */
export function showChosen({ root }, state) {
  const names = ["sequence", "equation", "range", "digits", "speed"];
  const chosen = /** @type {Record<string, any>} */ (state);
  for (const name of names) find(root, `[data-choose="${name}"]`).value = String(chosen[name]);
  find(root, '[data-choose="mean"]').value = state.strip;
  const ids = tensorsOf(state).tokenIds("ids", state.sequence);
  find(root, '[data-choose="token"]').value = String(ids[state.t]);
  find(root, '[data-switch="convention"]').checked = state.convention;
  find(root, '[data-switch="checking"]').checked = state.quizzing;
  const play = find(root, '[data-do="play"]');
  const way = tensorsOf(state).meta.backwards ? "◀ play" : "▶ play";
  play.textContent = state.playing ? "⏸ pause" : way;
  play.setAttribute("aria-label", state.playing ? "pause" : "play");
}

/**
 * Let the user choose which part of large matrices has numbers.
 * @param {Stage} stage
 */
export function drawParts(stage) {
  const { state, view } = stage;
  const tensors = tensorsOf(state);
  const large = largeDims(tensors, lanesOf(tensors, state.convention));
  view.el.parts.hidden = large.size === 0;
  view.el.parts.replaceChildren(
    ...[...large].map(([dim, size]) => {
      const box = make("label", "", `${tensors.meta.dims[dim]}: ${size}; numbers from `);
      const field = /** @type {HTMLInputElement} */ (make("input"));
      field.type = "number";
      field.min = "0";
      field.max = String(size - PART);
      field.value = String(Math.min(state.focus[dim] ?? 0, size - PART));
      field.onchange = () => {
        const first = Math.max(0, Math.min(Number(field.value) || 0, size - PART));
        stage.change({ focus: { ...stage.state.focus, [dim]: first } });
      };
      box.append(field);
      return box;
    }),
  );
}

/**
 * Draw the scales that are used, with words.
 * @param {View} view
 * @param {State} state
 */
export function drawLegend(view, state) {
  const { quantities } = tensorsOf(state);
  const used = new Set(view.drawings.map((d) => quantities[d.name].kind));
  const items = SCALES.filter(([kind]) => used.has(/** @type {any} */ (kind))).map(
    ([kind, words]) => {
      const item = make("span", "scale");
      const bar = make("span", "ramp");
      const { fill } = paletteOf(state, kind);
      const stops = [0, 0.25, 0.5, 0.75, 1].map((at) => fill[Math.round(at * STEPS)]);
      bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
      item.append(bar, words);
      return item;
    },
  );
  const reach = `strongest: largest ${REACH[state.range]}`;
  view.el.legend.replaceChildren(...items, make("span", "", reach));
  view.el.legend.setAttribute("aria-label", SCALES.map(([, words]) => words).join("; "));
}
