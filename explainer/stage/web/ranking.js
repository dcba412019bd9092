/*
 * The likeliest next tokens at the current time step, and where the target stands among them.
 */
import { make, titleElement } from "./dom.js";
import { tensorsOf } from "./layout.js";
import { formatNumber } from "./numbers.js";
import { isHidden } from "./state.js";
import { targetAt } from "./strip.js";

/** @import { View } from "./dom.js" */
/** @import { State } from "./state.js" */

/** How many of the likeliest tokens are listed. */
const LIKELIEST = 8;

/**
 * List the likeliest next tokens.
 * @param {View} view
 * @param {State} state
 */
export function drawRanking({ el: { ranking } }, state) {
  const tensors = tensorsOf(state);
  ranking.hidden = !tensors.meta.ranking || isHidden(state, "p");
  if (ranking.hidden) return;
  const { t, sequence } = state;
  const target = targetAt(tensors, sequence, t);
  const all = Array.from({ length: tensors.sizes.V }, (_, id) => ({
    id,
    p: tensors.value("p", [sequence, t, id]) ?? 0,
  }));
  all.sort((a, b) => b.p - a.p || a.id - b.id);
  const rows = all.flatMap(({ id, p }, rank) => {
    if (rank >= LIKELIEST && id !== target) return [];
    const row = make("div", id === target ? "rank wanted" : "rank");
    const bar = make("span", "bar-of");
    bar.style.width = `${100 * p}%`; // certainty fills it
    const holder = make("span", "bar-holder");
    holder.append(bar);
    row.append(
      make("span", "place", `${rank + 1}.`),
      make("span", "token", tensors.token(id)),
      holder,
      make("span", "probability", formatNumber(p, 4)),
      make("span", "place", id === target ? "← the target" : ""),
    );
    return [row];
  });
  const title = `The likeliest ${tensors.meta.features ? "classes" : "next tokens"}`;
  ranking.replaceChildren(titleElement(title), ...rows);
}
