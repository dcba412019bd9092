/*
 * The line that says how far the browser's numbers are from Python's.
 */
import { Arrays } from "./buffer.js";
import { parseEdits, writeEdits } from "./editing.js";
import { tensorsOf } from "./layout.js";
import { formatNumber } from "./numbers.js";
import { strideOf } from "./sent.js";

/** @import { Meta } from "./sent.js" */
/** @import { Tensors } from "./tensors.js" */
/** @import { View } from "./dom.js" */
/** @import { State } from "./state.js" */

/**
 * Numbers that Python computed with these edits.
 * @typedef {{edit: string, checks: Meta["checks"], sent: Arrays}} Checked
 */

/** How long edits must be at rest before they are checked, in milliseconds. */
const CALM = 300;
/**
 * Return what Python computed with the edits that the server knows of; null where there are none.
 * @param {string | undefined} text
 * @returns {{checked: Checked | null}}
 */
export function readChecked(text) {
  if (!text) return { checked: null };
  const { edit, checks, numbers } = JSON.parse(text);
  const same = inOrder(parseEdits(edit).edits);
  return { checked: { edit: same, checks, sent: new Arrays(numbers) } };
}

/**
 * Write edits in one order; that of different quantities doesn't matter.
 * @param {import("./edits.js").Edit[]} edits
 */
function inOrder(edits) {
  return writeEdits([...edits].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name))));
}

/**
 * Return how far the numbers computed here are from Python's at most, how many were compared, and
 * whether with the edits; null where they are not all here yet. Until Python has made the edits too,
 * the run without them is compared.
 * @param {Tensors} tensors
 * @param {Checked | null} checked
 * @returns {{difference: number, count: number, edited: boolean} | null}
 */
export function compareWithPython(tensors, checked = null) {
  const edited = tensors.edits.length > 0 && inOrder(tensors.edits) === checked?.edit;
  const run = edited ? tensors : tensors.unedited();
  const python = edited && checked ? checked : { checks: run.meta.checks, sent: run.sent };
  let difference = 0;
  let count = 0;
  for (const [name, check] of Object.entries(python.checks)) {
    const found = samplesOf(run, name);
    if (found === null) return null;
    const expected = python.sent.decode(check, found.length);
    // relative where numbers are above 1: a float64 holds no more than that
    const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    for (const [i, value] of expected.entries())
      difference = Math.max(difference, Math.abs(found[i] - value) / size);
    count += found.length;
  }
  return { difference, count, edited };
}

/**
 * Return the numbers of a quantity that it is checked by; null where they are not here.
 * @param {Tensors} tensors
 * @param {string} name
 * @returns {ArrayLike<number> | null}
 */
function samplesOf({ batch, engine, meta, quantities }, name) {
  if (batch?.engine.hasSequences(name)) return batch.samples.get(name) ?? null;
  if (batch && !batch.engine.isKnown(name)) return null;
  const stride = strideOf((quantities[name] ?? meta.quantities[name]).shape);
  return engine.value(name).data.filter((_, i) => i % stride === 0);
}

/**
 * Compare with the numbers that Python sent, once there is nothing more urgent to do: much of
 * what is compared is shown nowhere yet.
 * @param {View} view
 * @param {State} state
 * @param {boolean} [edited] the user may be about to go on editing
 */
export function checkSoon(view, state, edited = false) {
  const { agreement } = view.el;
  clearTimeout(view.checking);
  agreement.textContent = "";
  delete agreement.dataset.difference;
  view.checking = setTimeout(
    () => {
      const found = compareWithPython(tensorsOf(state), state.checked);
      if (found === null) return;
      agreement.dataset.difference = String(found.difference);
      const count = found.count.toLocaleString("en");
      const difference = formatNumber(found.difference, 2);
      const run = !state.edits.length
        ? ""
        : found.edited
          ? " with the edits"
          : " without the edits";
      const rounded =
        tensorsOf(state).meta.precision === "float32"
          ? " in float32, in which Python adds up in another order"
          : "";
      agreement.textContent = `Check: these numbers are computed in the browser${rounded}. ${count} of this page${run} were compared with Python’s; largest difference ${difference}.`;
    },
    edited ? CALM : 0,
  );
}
