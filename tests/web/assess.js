/* Writes what the browser says of answers to the tour's stations: node assess.js < cases.json */
import { readFileSync } from "node:fs";
import { assess } from "../../explainer/stage/web/assess.js";
import { parseEdits } from "../../explainer/stage/web/editing.js";
import { Tensors } from "../../explainer/stage/web/tensors.js";

const found = JSON.parse(readFileSync(0, "utf-8")).map(({ data, attempts }) => {
  const tensors = new Tensors(data);
  const { station } = tensors.meta;
  return attempts.map(({ place, edit, number }) => {
    const fault = tensors.edit(parseEdits(edit ?? station.edit).edits);
    if (fault) throw new Error(fault);
    return assess(station, tensors, { place, edit, number });
  });
});
console.log(JSON.stringify(found));
