/** Width of a sheet between its margins, in pixels: that of A4, which is narrower than Letter. */
const SHEET = 700;
/** What is drawn as wide as the screen, and does not follow the paper. */
const DRAWN = '[data-testid="stPlotlyChart"], [data-testid="stDataFrame"]';

/** Say of each drawing how much smaller it must be, for the style sheet. */
function fit() {
  for (const drawing of document.querySelectorAll(DRAWN)) {
    const { width } = drawing.getBoundingClientRect();
    drawing.style.setProperty("--fit", String(Math.min(1, SHEET / Math.max(width, 1))));
  }
}

/** Fit a page's charts and tables to the paper while it is printed. */
export default function paper() {
  addEventListener("beforeprint", fit);
  return () => removeEventListener("beforeprint", fit);
}
