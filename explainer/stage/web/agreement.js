/*
 * The line that says how far the browser's numbers are from Python's.
 */
import { tensorsOf } from "./layout.js";
import { formatNumber } from "./numbers.js";

/** @import { Tensors } from "./tensors.js" */
/** @import { View } from "./dom.js" */
/** @import { State } from "./state.js" */

/** Most numbers of a quantity that were sent to check it by; as in payload.py. */
const SAMPLES = 32;

/**
 * Return how far the numbers computed here are from Python's at most, and how many were compared;
 * null where none are computed here. Python's are those without edits.
 * @param {Tensors} tensors
 * @returns {{difference: number, count: number} | null}
 */
export function compareWithPython(tensors) {
  const { engine, meta, sent } = tensors.unedited();
  if (!engine) return null;
  let difference = 0;
  let count = 0;
  for (const [name, check] of Object.entries(meta.checks)) {
    const { data } = engine.value(name);
    const stride = Math.max(1, Math.ceil(data.length / SAMPLES));
    const expected = sent.decode(check, Math.ceil(data.length / stride));
    for (const [i, value] of expected.entries())
      difference = Math.max(difference, Math.abs(data[i * stride] - value));
    count += expected.length;
  }
  return { difference, count };
}

/**
 * Compare with the numbers that Python sent, once there is nothing more urgent to do: much of
 * what is compared is shown nowhere yet.
 * @param {View} view
 * @param {State} state
 */
export function checkSoon(view, state) {
  const { agreement } = view.el;
  clearTimeout(view.checking);
  agreement.textContent = "";
  delete agreement.dataset.difference;
  view.checking = setTimeout(() => {
    const found = compareWithPython(tensorsOf(state));
    if (found === null) {
      agreement.textContent =
        "This run is too large to be computed in the browser; its numbers come from the server.";
      return;
    }
    agreement.dataset.difference = String(found.difference);
    const count = found.count.toLocaleString("en");
    const difference = formatNumber(found.difference, 2);
    agreement.textContent = `Check: these numbers are computed in the browser. ${count} of this page were compared with Python’s; largest difference ${difference}.`;
  });
}
