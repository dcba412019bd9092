/*
 * Draw a state: only what differs from the state before.
 */
import { checkSoon } from "./agreement.js";
import { drawBatchLine } from "./batch_line.js";
import { drawCompare } from "./compare_bar.js";
import { awaitsContributions, drawContributions, paintContributions } from "./contributions.js";
import { drawLegend, drawParts, fillChoices, showChosen } from "./controls.js";
import { drawDescent } from "./descent.js";
import { findCells, focused } from "./dom.js";
import { drawEditor } from "./editor.js";
import { drawEdits } from "./edits_bar.js";
import { drawEquation, stepThrough, stopAnimation } from "./equation.js";
import { keepReachable, moveFocus } from "./focus.js";
import { foldRows } from "./fold.js";
import { foldColumns } from "./fold_columns.js";
import { drawHighlight } from "./highlight.js";
import { drawInfluence, markInfluence } from "./influence.js";
import { drawLane } from "./lanes.js";
import { columnsOf, fittedLane, headWidth, lanesOf, tensorsOf } from "./layout.js";
import { drawMemory, paintMemory } from "./memory.js";
import { drawOverTime, paintOverTime, stepWidth } from "./over_time.js";
import { paintCells } from "./paint.js";
import { drawPanel } from "./panel.js";
import { drawPicture, paintPicture, shownSteps } from "./picture.js";
import { drawPresenting, fitBlock, markBlock } from "./present.js";
import { drawQuiz } from "./quiz.js";
import { drawRanking } from "./ranking.js";
import { paintSensitivity } from "./sensitivity.js";
import { colourStrip, drawStrip, markStrip } from "./strip.js";
import { paintThumbnail } from "./thumbnail.js";
import { drawTour } from "./tour.js";
import { drawUnitMap } from "./unit_map.js";
import { drawWires } from "./wires.js";

/** @import { Stage } from "./dom.js" */
/** @import { Drawing } from "./lanes.js" */
/** @import { State } from "./state.js" */

/**
 * Draw a stage's state.
 * @param {Stage} stage
 * @param {State | null} before what is drawn now; null for nothing
 */
export function render(stage, before) {
  const { state, view } = stage;
  /** @type {(...names: (keyof State)[]) => boolean} */
  const changed = (...names) => before === null || names.some((n) => state[n] !== before[n]);
  const focus = rememberFocus(stage);
  if (changed("pointed", "t", "sequence", "tensors")) stopAnimation(view);
  const columns = tensorsOf(state).meta.picture
    ? String(shownSteps(state).count)
    : `${columnsOf(state, lanesOf(tensorsOf(state), state.convention))} ${stepWidth(state)}`;
  const built =
    changed(
      "tensors",
      "theme",
      "convention",
      "focus",
      "digits",
      "against",
      "compared",
      "influence",
    ) ||
    (changed("arrived") && awaitsContributions(stage)) ||
    columns !== view.columns;
  if (built) {
    view.columns = columns;
    buildLanes(stage);
    fillChoices(view, state);
    drawParts(stage);
  }
  showChosen(view, state);
  const moved = changed("t", "sequence");
  const asked = changed("equation", "quizzing", "solved");
  if (changed("tensors", "edits", "checked", "arrived"))
    checkSoon(view, state, !changed("tensors"));
  if (built || changed("sequence")) drawStrip(view, state);
  else if (changed("edits")) drawStrip(view, state);
  else if (changed("t")) markStrip(view, state);
  if (!built && changed("strip")) colourStrip(view, state);
  if (built || changed("range")) drawLegend(view, state);
  const numbered = changed("edits", "arrived");
  if (built || numbered || changed("past", "future")) drawEdits(stage);
  if (changed("tensors", "edits", "theme", "compared", "arrived", "probed")) drawDescent(stage);
  if (changed("tensors", "against", "compared") || (state.against && numbered)) drawCompare(stage);
  if (built || numbered || changed("progress")) drawBatchLine(view, state);
  if (built || moved || asked || numbered || changed("range")) {
    const all = built || asked || numbered || changed("range", "sequence");
    paint(stage, all);
    drawRanking(view, state);
  }
  const drawn = built || changed("sequence", "edits", "range", "map", "order");
  if (drawn || changed("t", "opened")) drawUnitMap(stage, !drawn);
  if (built || moved || asked || changed("range", "edits", "unfolded", "opened", "presenting")) {
    foldRows(stage);
    foldColumns(stage);
    keepReachable(stage);
  }
  if (built || changed("verdict", "hinted", "answered")) drawTour(stage);
  if (built || asked) drawEquation(view, state);
  if (built || moved || asked || changed("opened")) drawQuiz(view, state);
  const panel = built || moved || asked || numbered || changed("opened", "trail", "everyTerm");
  // what arrives takes nothing from one who types
  const typing = state.editing?.at === "panel" && !changed("editing", "edits");
  if (panel && !typing) drawPanel(stage);
  else if (changed("probed")) paintSensitivity(view, state);
  if (panel || changed("pointed")) drawHighlight(view, state);
  if (panel || changed("editing")) drawEditor(stage);
  if (!built && changed("equation") && state.equation >= 0 && !state.playing && !state.quizzing)
    stepThrough(stage);
  if (changed("presenting") && (state.presenting || before !== null))
    drawPresenting(view, state.presenting);
  if (built || moved || asked || changed("presenting")) markBlock(view, state);
  if (built || changed("presenting", "room", "equation", "opened")) wireSoon(stage);
  if (changed("message") && state.message) view.el.status.textContent = state.message;
  focus();
}

/**
 * Return what gives the focus to what replaced the element that has it now.
 * @param {Stage} stage
 */
function rememberFocus({ view }) {
  const had = focused(view.root);
  const cell = had && view.cellOf.get(had);
  const spot = cell && { name: cell.drawing.name, index: cell.cell.index };
  const lane = had?.closest(".lane")?.getAttribute("data-lane");
  return () => {
    if (!had || had.isConnected) return;
    const heirs = spot ? findCells(view, spot.name, spot.index) : [];
    const heir = heirs.find((c) => c.element.closest(`[data-lane="${lane}"]`)) ?? heirs[0];
    if (heir) moveFocus(heir.element);
    else if (!focused(view.root)) view.root.focus({ preventScroll: true });
  };
}

/**
 * Draw all lanes anew: other numbers, another size, other colours.
 * @param {Stage} stage
 */
function buildLanes(stage) {
  const { state, view } = stage;
  const { root, el } = view;
  const tensors = tensorsOf(state);
  root.dataset.stage = tensors.meta.slug;
  root.dataset.theme = state.theme;
  root.dataset.digits = state.digits;
  root.classList.toggle("untimed", !tensors.meta.timed);
  for (const [letter, hue] of Object.entries(tensors.meta.colours.hues[state.theme]))
    root.style.setProperty(`--hue-${letter}`, hue);
  view.drawings = [];
  view.folds = [];
  view.columnFolds = [];
  view.cellOf = new WeakMap();
  view.marked = [];
  const lanes = lanesOf(tensors, state.convention).map((lane) => fittedLane(state, lane));
  const columns = columnsOf(state, lanes);
  view.lanes = lanes.map((lane, i) => drawLane(stage, lane, i, headWidth(state, lane), columns[i]));
  if (tensors.meta.picture) view.lanes = [drawPicture(stage)];
  const answers = [...drawMemory(stage), ...drawInfluence(stage), ...drawContributions(stage)];
  el.lanes.replaceChildren(
    ...[el.wires, ...answers, ...view.lanes, ...drawOverTime(stage), el.veil],
  );
  el.lanes.classList.toggle("wired", tensors.meta.wired);
  view.byName = grouped(view.drawings);
}

/**
 * Return drawings by the quantity they show.
 * @param {Drawing[]} drawings
 */
function grouped(drawings) {
  /** @type {Map<string, Drawing[]>} */
  const found = new Map();
  for (const d of drawings) found.set(d.name, [...(found.get(d.name) ?? []), d]);
  return found;
}

/**
 * Show the numbers of the current place: those that change with it, or all.
 * @param {Stage} stage
 * @param {boolean} all
 */
function paint(stage, all) {
  const { state, view } = stage;
  for (const drawing of view.drawings) {
    if (!all && !drawing.timed) continue;
    paintCells(state, drawing);
    paintThumbnail(state, drawing);
  }
  if (tensorsOf(state).meta.picture) paintPicture(stage);
  paintOverTime(stage);
  paintMemory(stage);
  paintContributions(stage);
  markInfluence(stage);
  view.root.dataset.t = String(state.t);
  view.root.dataset.sequence = String(state.sequence);
}

/**
 * Draw the wires with the next frame: they ask where everything stands, which is laid out then.
 * @param {Stage} stage
 */
function wireSoon(stage) {
  const { view } = stage;
  cancelAnimationFrame(view.wiring);
  view.wiring = requestAnimationFrame(() => {
    fitBlock(view, stage.state);
    drawWires(view, stage.state);
  });
}
