/*
 * On paper: the light theme's colours, and lanes no wider than a sheet.
 */
/** @import { Stage } from "./dom.js" */

/** Width of a sheet between its margins, in pixels: that of A4, which is narrower than Letter. */
const SHEET = 700;

/**
 * Draw a stage for paper while the page is printed.
 * @param {Stage} stage
 * @returns {() => void} what ends that
 */
export function bindPaper(stage) {
  /** @type {{theme: string, room: number, presenting: boolean} | null} */
  let before = null;
  const begin = () => {
    const { theme, room, presenting } = stage.state;
    before ??= { theme, room, presenting };
    stage.change({ theme: "light", room: Math.min(room, SHEET), presenting: false, pointed: null });
  };
  const end = () => {
    if (before) stage.change(before);
    before = null;
  };
  addEventListener("beforeprint", begin);
  addEventListener("afterprint", end);
  return () => {
    removeEventListener("beforeprint", begin);
    removeEventListener("afterprint", end);
  };
}
