/*
 * The scales of colours.py, so that charts and stage draw alike.
 */

/** @typedef {[number, string][]} Stops */
/**
 * By theme: the stops of each scale, and the hue of each letter.
 * @typedef {{scales: Record<string, Record<string, Stops>>,
 *   hues: Record<string, Record<string, string>>}} Colours
 * @typedef {{fill: string[], ink: string[], rgb: number[][]}} Palette
 */

/** Steps of a palette; the eye tells no more apart. */
export const STEPS = 256;
/** @type {Map<string, Palette>} */
const PALETTES = new Map();

/**
 * Return the fills of a scale, and black or white for each, whichever stands out.
 * @param {Colours} colours
 * @param {string} theme
 * @param {string} kind
 * @returns {Palette}
 */
export function palette(colours, theme, kind) {
  const key = `${theme} ${kind}`;
  let found = PALETTES.get(key);
  if (!found) {
    found = { fill: [], ink: [], rgb: [] };
    for (let i = 0; i <= STEPS; i++) {
      const rgb = between(colours.scales[theme][kind], i / STEPS);
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
 * @param {Stops} stops
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
    const [x, y] = [a, b].map((hex) => Number.parseInt(hex.slice(place, place + 2), 16));
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
export function colourStep(value, low, high) {
  const at = Math.round(((value - low) / (high - low)) * STEPS);
  return Math.min(Math.max(at, 0), STEPS);
}

/** @type {Map<string, "dark" | "light">} the theme by the colour of the page */
const THEMES = new Map();

/**
 * Return "dark" or "light": which of them the page around the stage is.
 * @param {Element} root
 */
export function themeOf(root) {
  const colour = getComputedStyle(root).getPropertyValue("--st-background-color").trim();
  const known = THEMES.get(colour);
  if (known) return known;
  const probe = document.createElement("span");
  probe.style.color = colour;
  root.append(probe);
  const rgb = getComputedStyle(probe).color.match(/[\d.]+/g) ?? ["255", "255", "255"];
  probe.remove();
  const theme = luminance(rgb.slice(0, 3).map(Number)) > 0.179 ? "light" : "dark";
  THEMES.set(colour, theme);
  return theme;
}
