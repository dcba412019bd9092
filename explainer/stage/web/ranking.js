import { isHidden } from "./check.js";
import { formatNumber } from "./numbers.js";
import { make } from "./sheet.js";

/** How many of the likeliest tokens are listed. */
const LIKELIEST = 8;

/**
 * List the likeliest next tokens at the current time step, and where the target stands.
 * @param {object} stage
 */
export function drawRanking(stage) {
  const { book, place } = stage;
  const { ranking } = stage.el;
  ranking.hidden = !book.ranking || isHidden(stage, "p");
  if (ranking.hidden) return;
  const { t, sequence } = place;
  const target = book.targets[sequence][t];
  const all = Array.from({ length: book.sizes.V }, (_, id) => [
    id,
    book.value("p", [sequence, t, id]) ?? 0,
  ]);
  all.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const rank = all.findIndex(([id]) => id === target);
  const shown = all.slice(0, LIKELIEST);
  if (rank >= LIKELIEST) shown.push(all[rank]);
  const most = all[0][1] || 1;
  const title = make("div", "title", "The likeliest next tokens");
  title.setAttribute("role", "heading");
  title.setAttribute("aria-level", "3");
  const rows = shown.map(([id, p]) => {
    const row = make("div", id === target ? "rank wanted" : "rank");
    const bar = make("span", "bar-of");
    bar.style.width = `${(100 * p) / most}%`;
    const holder = make("span", "bar-holder");
    holder.append(bar);
    const place = `${all.findIndex(([other]) => other === id) + 1}.`;
    row.append(make("span", "place", place), make("span", "token", book.token(id)), holder);
    row.append(make("span", "probability", formatNumber(p, 4)));
    row.append(make("span", "place", id === target ? "← the target" : ""));
    return row;
  });
  ranking.replaceChildren(title, ...rows);
}
