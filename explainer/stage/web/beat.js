/*
 * Time that plays by itself.
 */
import { tensorsOf } from "./layout.js";

/** @import { Stage } from "./dom.js" */

/** A time step at normal speed, in milliseconds. */
const BEAT = 900;

/**
 * Start or stop the beat of time, as the state has it.
 * @param {Stage} stage
 */
export function keepBeat(stage) {
  const { view } = stage;
  clearTimeout(view.beating);
  if (!stage.state.playing) return;
  // asked anew each time, since the settings may have changed meanwhile
  const end = () => {
    const { meta, sizes } = tensorsOf(stage.state);
    return meta.backwards ? 0 : sizes.T - 1;
  };
  const start = () => tensorsOf(stage.state).sizes.T - 1 - end();
  if (stage.state.t === end()) stage.change({ t: start() });
  const beat = () => {
    if (stage.state.t === end()) {
      stage.change({ playing: false });
      return;
    }
    stage.change({ t: stage.state.t + (tensorsOf(stage.state).meta.backwards ? -1 : 1) });
    view.beating = setTimeout(beat, BEAT / stage.state.speed);
  };
  view.beating = setTimeout(beat, BEAT / stage.state.speed);
}
