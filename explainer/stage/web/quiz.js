/*
 * Check yourself: the field for an answer, and the verdict on it.
 */
import { placeWords } from "./highlight.js";
import { tensorsOf } from "./layout.js";
import { grade } from "./mistakes.js";
import { formatNumber } from "./numbers.js";
import { equationName } from "./state.js";

/** @import { View } from "./dom.js" */
/** @import { State } from "./state.js" */

/**
 * Ask for a number of the shown equation: the opened one, or the first.
 * @param {View} view
 * @param {State} state
 */
export function drawQuiz(view, state) {
  const { check, question, verdict } = view.el;
  check.hidden = !state.quizzing;
  if (!state.quizzing) return;
  const name = equationName(state) ?? "";
  const drawn = view.byName.get(name);
  const first = (drawn?.find((d) => d.result) ?? drawn?.[0])?.cells[0]?.index ?? null;
  const index = state.opened?.name === name ? state.opened.index : first;
  view.asked = index && { name, index };
  const tensors = tensorsOf(state);
  const place = index?.length ? `[${index.join(",")}]` : "";
  const words = index?.length ? ` (${placeWords(tensors, name, index).join(", ")})` : "";
  question.textContent = `What is ${name}${place}${words}?`;
  answerField(view).setAttribute("aria-label", `your value of ${name}${place}`);
  answerField(view).value = "";
  const value = state.solved && index ? tensors.value(name, index) : undefined;
  verdict.textContent = value === undefined ? "" : `It is ${formatNumber(value, null)}.`;
}

/**
 * Grade what the user typed.
 * @param {View} view
 * @param {State} state
 */
export function gradeAnswer(view, state) {
  const { asked } = view;
  if (!asked) return;
  const typed = answerField(view).value.trim().replace("−", "-").replace(",", ".");
  view.el.verdict.textContent =
    typed === "" || !Number.isFinite(Number(typed))
      ? "That is not a number; type one such as 0.25 or -1.5."
      : grade(tensorsOf(state), asked.name, asked.index, typed);
}

/** @param {View} view */
function answerField(view) {
  return /** @type {HTMLInputElement} */ (view.el.answer);
}
