/*
 * Writes what the stage tells of a run with other edits: node probes.js cases.json
 *
 * A case is what the server sent, edits, and numbers that grow; for each case come what their growth
 * promises and does, and the losses along the curve over the learning rate.
 */
import { readFileSync } from "node:fs";
import { addPoint, curveFor, descentProbes } from "../../explainer/stage/web/loss_curve.js";
import { sensitivity, sensitivityProbes } from "../../explainer/stage/web/sensitivity.js";
import { EMPTY } from "../../explainer/stage/web/state.js";
import { Tensors } from "../../explainer/stage/web/tensors.js";

/**
 * Wait for what needs all sequences, and for probes.
 * @param {Tensors} tensors
 * @param {any[]} probes
 */
async function everything(tensors, probes) {
  const { batch } = tensors;
  const waits = () => batch && (batch.missing(tensors.edits) || batch.openProbes().length);
  if (batch) batch.probes = probes;
  while (waits())
    await new Promise((resolve) =>
      tensors.follow(({ numbers, probed }) => (numbers || probed) && resolve(null), probes),
    );
}

const found = [];
for (const { data, edits, spots } of JSON.parse(readFileSync(process.argv[2], "utf-8"))) {
  const tensors = new Tensors(data);
  const fault = tensors.edit(edits);
  if (fault) throw new Error(fault);
  const state = { ...EMPTY, tensors };
  const grown = [];
  for (const opened of spots) {
    await everything(tensors, sensitivityProbes({ ...state, opened }));
    grown.push(sensitivity({ ...state, opened }, opened));
  }
  /** @type {any} */
  const view = {};
  const curve = curveFor(state, view, tensors.single("learning_rate"));
  await everything(tensors, descentProbes(/** @type {any} */ ({ state, view })));
  while (addPoint(curve));
  found.push({ grown, end: curve.end, losses: curve.losses });
}
console.log(JSON.stringify(found));
