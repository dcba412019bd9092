/*
 * The line that says how far the browser's numbers are from Python's.
 */
import { tensorsOf } from "./layout.js";
import { formatNumber } from "./numbers.js";

/** @import { View } from "./dom.js" */
/** @import { State } from "./state.js" */

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
    const found = tensorsOf(state).check();
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
