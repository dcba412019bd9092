import { settle } from "./address.js";
import { drawCheck, isHidden } from "./check.js";
import { drawPanel, explainHere, light, unlight } from "./panel.js";
import { make } from "./sheet.js";
import { repaint } from "./stage.js";

/** Show one equation of the time step, what comes later faint. */
export function walkTo(own, equation) {
  own.equation = Math.max(-1, Math.min(equation, own.order.length - 1));
  own.solved = false;
  own.root.querySelector('[data-choose="equation"]').value = String(own.equation);
  drawEquation(own);
  repaint(own, true);
  if (own.pinned) drawPanel(own);
  settle(own);
  if (own.equation >= 0 && !own.checking) animate(own);
}

/** Say what the current equation does; fade what comes later. */
export function drawEquation(own) {
  const { equation } = own.el;
  const name = own.order[own.equation];
  equation.hidden = name === undefined;
  own.root.classList.toggle("walking", name !== undefined);
  for (const drawing of own.drawings) {
    const at = own.order.indexOf(drawing.name);
    const later = name !== undefined && at > own.equation;
    const now = drawing.name === name && drawing.result;
    for (const line of drawing.lines ?? []) {
      line.classList.toggle("later", later);
      line.classList.toggle("now", now);
    }
  }
  own.laneElements.forEach((lane) =>
    lane.classList.toggle("here", lane.querySelector(".now") !== null),
  );
  if (name !== undefined) {
    const q = own.book.quantities[name];
    const formula = make("span", "formula", q.text);
    const count = `${own.equation + 1} of ${own.order.length}`;
    equation.replaceChildren(make("span", "count", count), formula, make("span", "why", q.why));
    equation.dataset.hue = q.hue;
  }
  drawCheck(own);
}

/** Show how the cells of the current equation come about: the first slowly, the others fast. */
function animate(own) {
  cancelAnimation(own);
  const name = own.order[own.equation];
  const drawing = own.byName.get(name)?.find((d) => d.result);
  if (!drawing || own.timer || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const cells = drawing.all.slice(0, 12);
  const frames = [];
  cells.forEach((cell, i) => {
    const own_ = explainHere(own, name, cell.index);
    if (!own_) return;
    if (i === 0)
      own_.operands
        .slice(0, 12)
        .forEach((_, k, all) => frames.push([cell, all.slice(0, k + 1), 220]));
    frames.push([cell, own_.operands, i === 0 ? 700 : 160]);
  });
  const next = () => {
    const frame = frames.shift();
    if (!frame) {
      own.animation = 0;
      if (own.pinned) drawPanel(own);
      else unlight(own);
      return;
    }
    light(own, name, frame[0].index, frame[1]);
    own.animation = setTimeout(next, frame[2]);
  };
  next();
}

/** End what shows an equation at work. */
export function cancelAnimation(own) {
  if (!own.animation) return;
  clearTimeout(own.animation);
  own.animation = 0;
  unlight(own);
}

/** Put a question mark where the reader is to find the numbers alone. */
export function hideUnsolved(own) {
  for (const drawing of own.drawings) {
    if (!isHidden(own, drawing.name)) continue;
    for (const { text, element } of drawing.all) {
      text.data = "?";
      element.style.backgroundColor = "transparent";
      element.style.color = "inherit";
    }
  }
}
