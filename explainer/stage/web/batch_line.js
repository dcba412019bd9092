/*
 * Of a run that is too large for a frame: what needs all sequences is asked for, and the line that
 * says how far it is.
 */
import { find, make } from "./dom.js";
import { tensorsOf } from "./layout.js";
import { descentProbes } from "./loss_curve.js";
import { sensitivityProbes } from "./sensitivity.js";

/** @import { Stage, View } from "./dom.js" */
/** @import { State } from "./state.js" */
/** @import { News } from "./sums_loop.js" */
/** @import { Tensors } from "./tensors.js" */

/**
 * Have computed what needs all sequences of what is shown, and of what it is compared with.
 * @param {Stage} stage
 */
export function followBatch(stage) {
  const { tensors, against } = stage.state;
  const probes = [...sensitivityProbes(stage.state), ...descentProbes(stage)];
  for (const run of [tensors, against?.tensors])
    for (const each of [run, run?.first]) {
      const wanted = each === tensorsOf(stage.state) ? probes : [];
      each?.follow((news) => hearBatch(stage, each, news), wanted);
    }
}

/**
 * @param {Stage} stage
 * @param {Tensors} tensors
 * @param {News} news
 */
function hearBatch(stage, tensors, { done, total, numbers, probed }) {
  const { state } = stage;
  const shown = tensors === tensorsOf(state);
  if (!numbers) {
    const progress = probed && done === total ? null : { done, total };
    if (shown) stage.change({ progress, probed: state.probed + (probed ? 1 : 0) });
    return;
  }
  const arrived = state.arrived + 1;
  const infinite = numbers.sums.find(([, values]) => !values.every(Number.isFinite));
  if (infinite && tensors === state.tensors && state.edits.length) {
    const edits = state.past.at(-1) ?? [];
    const message = `${infinite[0]} would not be finite.`;
    stage.change({ edits, past: state.past.slice(0, -1), arrived, message });
  } else stage.change({ arrived, progress: shown ? null : state.progress });
}

/**
 * Say what follows at once and what later, and how far that is.
 * @param {View} view
 * @param {State} state
 */
export function drawBatchLine(view, state) {
  const line = view.el.batch;
  const { batch, meta, sizes } = tensorsOf(state);
  line.hidden = batch === null;
  if (!batch) return;
  if (!line.firstChild) {
    line.append(make("span"), " ", make("progress"), " ", make("output"));
    find(line, "progress").setAttribute("aria-label", "sequences added up");
  }
  const many = sizes.B > 1;
  const first = many ? "The sequence shown follows at once; sums over the batch" : "Its gradients";
  find(line, "span").textContent =
    `This run is too large to follow in a frame: ${meta.large}. ${first} follow in a moment.`;
  const { done, total } = state.progress ?? { done: 0, total: 0 };
  const bar = find(line, "progress");
  bar.hidden = total === 0;
  bar.max = total || 1;
  bar.value = done;
  find(line, "output").textContent = total ? `${done} of ${total} sequences` : "";
}
