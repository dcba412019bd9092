/* The scales and hues come from colours.py, as COLOURS, so that both draw alike. */

/** Steps of a palette; the eye tells no more apart. */
export const STEPS = 256;
/** A matrix whose numbers are all smaller is as good as zero, and gets no colour. */
export const NOTHING = 1e-12;
/** @type {Map<string, {fill: string[], ink: string[], rgb: number[][]}>} */
const PALETTES = new Map();

/**
 * Return the fills of a scale, and black or white for each, whichever stands out.
 * @param {string} theme
 * @param {string} kind
 */
export function palette(theme, kind) {
  const key = `${theme} ${kind}`;
  let found = PALETTES.get(key);
  if (!found) {
    found = { fill: [], ink: [], rgb: [] };
    const stops = COLOURS.scales[theme][kind];
    for (let i = 0; i <= STEPS; i++) {
      const rgb = between(stops, i / STEPS);
      found.rgb.push(rgb);
      found.fill.push(`rgb(${rgb.map(Math.round).join(" ")})`);
      // where black and white stand out alike (W3C's relative luminance)
      found.ink.push(luminance(rgb) > 0.179 ? "#000000" : "#FFFFFF");
    }
    PALETTES.set(key, found);
  }
  return found;
}

/**
 * Return the colour at a place of a scale, as [red, green, blue].
 * @param {[number, string][]} stops
 * @param {number} at
 */
function between(stops, at) {
  const i = Math.max(
    1,
    stops.findIndex(([end]) => end >= at),
  );
  const [from, a] = stops[i - 1];
  const [to, b] = stops[i];
  const share = (at - from) / (to - from);
  return [1, 3, 5].map((place) => {
    const [x, y] = [a, b].map((hex) => parseInt(hex.slice(place, place + 2), 16));
    return x + (y - x) * share;
  });
}

/** @param {number[]} rgb */
function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => {
    const v = c / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * Return a number's step in a palette.
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function step(value, low, high) {
  const at = Math.round(((value - low) / (high - low)) * STEPS);
  return at < 0 ? 0 : Math.min(at, STEPS);
}

/**
 * Return "dark" or "light": which of them the page around the stage is.
 * @param {Element} root
 */
export function themeOf(root) {
  const colour = getComputedStyle(root).getPropertyValue("--st-background-color").trim();
  if (/^#[0-9a-f]{6}$/i.test(colour))
    return luminance(
      between(
        [
          [0, colour],
          [1, colour],
        ],
        1,
      ),
    ) > 0.179
      ? "light"
      : "dark";
  const probe = document.createElement("span");
  probe.style.color = colour;
  root.append(probe);
  const rgb = getComputedStyle(probe).color.match(/[\d.]+/g) ?? ["255", "255", "255"];
  probe.remove();
  return luminance(rgb.slice(0, 3).map(Number)) > 0.179 ? "light" : "dark";
}
