/*
 * The worker in which sums over a batch are computed: it is told first what the run is computed
 * from, then job after job.
 */

import { SumsLoop } from "./sums_loop.js";

/** @type {SumsLoop | null} */
let sumsLoop = null;

globalThis.onmessage = ({ data }) => {
  if (sumsLoop) sumsLoop.take(data);
  else sumsLoop = new SumsLoop(data, (news) => globalThis.postMessage(news));
};
