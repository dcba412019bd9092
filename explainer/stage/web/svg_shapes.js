/*
 * The shapes and words of one element, as the browser laid it out: its box, its lines of text, its
 * image.
 */

/**
 * A shape of an SVG: its attributes, its text, and the place that it takes.
 * @typedef {{name: "rect" | "text" | "image", given: Record<string, string | number>, text?: string,
 *   rect?: DOMRect}} Shape
 */

/** How narrow a text may be drawn, as a part of its width, before it is cut instead. */
const NARROWEST = 0.7;
/** Pieces of a scale. */
const PIECES = 40;
/** @type {CanvasRenderingContext2D | null} measures text */
const RULER = document.createElement("canvas").getContext("2d");

/**
 * Return the shapes of an element without its text, and without those inside it.
 * @param {Element} element
 * @param {CSSStyleDeclaration} style
 * @param {DOMRect} place
 * @returns {Shape[]}
 */
export function shapesOf(element, style, place) {
  if (element instanceof SVGElement) return [];
  const found = place.width && place.height ? boxShapes(style, place) : [];
  if (element instanceof HTMLCanvasElement)
    found.push({
      name: "image",
      given: { ...placed(place, 0), href: enlarged(element, place), preserveAspectRatio: "none" },
      rect: place,
    });
  for (const which of ["::before", "::after"]) {
    const own = getComputedStyle(element, which);
    const text = /^"(.+)"$/.exec(own.content)?.[1];
    if (!text || own.position !== "absolute") continue;
    const at = { x: place.left + Number.parseFloat(own.left), y: place.top + place.height / 2 };
    found.push({
      name: "text",
      given: { ...at, ...fontOf(own), "dominant-baseline": "central" },
      text,
    });
  }
  return found;
}

/**
 * Return an image with a sharp square for each of its numbers, as programs smooth what is small.
 * @param {HTMLCanvasElement} canvas
 * @param {DOMRect} place
 */
function enlarged(canvas, place) {
  const times = Math.ceil((2 * place.width) / canvas.width);
  const large = document.createElement("canvas");
  [large.width, large.height] = [canvas.width * times, canvas.height * times];
  const context = large.getContext("2d");
  if (!context || times < 2) return canvas.toDataURL();
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, large.width, large.height);
  return large.toDataURL();
}

/**
 * Return background, borders and outline.
 * @param {CSSStyleDeclaration} style
 * @param {DOMRect} place
 * @returns {Shape[]}
 */
function boxShapes(style, place) {
  /** @type {Shape[]} */
  const found = [];
  const radius = Number.parseFloat(style.borderTopLeftRadius) || 0;
  /** @type {(given: Record<string, string | number>, inset?: number) => void} */
  const rect = (given, inset = 0) => {
    const round = Math.max(0, radius - inset);
    found.push({
      name: "rect",
      given: { ...placed(place, inset), rx: round, ...given },
      rect: place,
    });
  };
  if (isSeen(style.backgroundColor)) rect(colourGiven("fill", style.backgroundColor));
  found.push(...scaleShapes(style.backgroundImage, place));
  const sides = ["Top", "Right", "Bottom", "Left"].map((side) => {
    const looks = /** @type {Record<string, any>} */ (style);
    const width = Number.parseFloat(looks[`border${side}Width`]);
    return { width, colour: /** @type {string} */ (looks[`border${side}Color`]) };
  });
  const [{ width, colour }] = sides;
  if (sides.every((side) => side.width === width && side.colour === colour)) {
    if (width && isSeen(colour)) rect(strokeGiven(colour, width), width / 2);
  } else
    for (const [i, side] of sides.entries())
      if (side.width && isSeen(side.colour)) found.push(sideShape(i, side, place));
  const outline = Number.parseFloat(style.outlineWidth);
  if (style.outlineStyle !== "none" && outline) {
    const away = Number.parseFloat(style.outlineOffset) + outline / 2;
    rect(strokeGiven(style.outlineColor, outline), -away);
  }
  // marks of what was edited: a frame or a line at the bottom
  const shadow = /^(.*\)) 0px (-?\d+)px 0px (\d+)px inset$/.exec(style.boxShadow);
  if (shadow && Number(shadow[3]))
    rect(strokeGiven(shadow[1], Number(shadow[3])), Number(shadow[3]) / 2);
  else if (shadow)
    found.push(sideShape(2, { width: -Number(shadow[2]), colour: shadow[1] }, place));
  return found;
}

/**
 * Return a scale as narrow pieces, each of one colour.
 * @param {string} gradient a linear one to the right, of colours at equal distances; or none
 * @param {DOMRect} place
 * @returns {Shape[]}
 */
function scaleShapes(gradient, place) {
  const stops = (gradient.match(/rgba?\([^)]*\)/g) ?? []).map(channels);
  if (stops.length < 2) return [];
  const width = place.width / PIECES;
  return Array.from({ length: PIECES }, (_, i) => {
    const at = (i / (PIECES - 1)) * (stops.length - 1);
    const first = Math.min(Math.floor(at), stops.length - 2);
    const [from, to] = stops.slice(first);
    const mixed = from.map((value, c) => value + (to[c] - value) * (at - first));
    const colour = `rgb(${mixed.slice(0, 3).join(" ")})`;
    const given = { ...placed(place, 0), x: place.left + i * width, width: width + 0.3 };
    return { name: "rect", given: { ...given, ...colourGiven("fill", colour) }, rect: place };
  });
}

/**
 * Return one side of a border: top, right, bottom, left.
 * @param {number} side
 * @param {{width: number, colour: string}} looks
 * @param {DOMRect} place
 * @returns {Shape}
 */
function sideShape(side, { width, colour }, place) {
  const upright = side % 2 === 1;
  const given = {
    x: side === 1 ? place.right - width : place.left,
    y: side === 2 ? place.bottom - width : place.top,
    width: upright ? width : place.width,
    height: upright ? place.height : width,
    ...colourGiven("fill", colour),
  };
  return { name: "rect", given, rect: place };
}

/**
 * Return a text's lines, each where it stands.
 * @param {Text} node
 * @param {CSSStyleDeclaration} style of its element
 * @param {DOMRect} place of its element
 * @returns {Shape[]}
 */
export function lineShapes(node, style, place) {
  const clips = style.overflowX !== "visible" || style.textOverflow === "ellipsis";
  const range = document.createRange();
  const kept = style.whiteSpace.startsWith("pre");
  /** @type {{text: string, rect: DOMRect}[]} */
  const lines = [];
  for (const match of node.data.matchAll(kept ? /.+/gs : /\S+/g)) {
    range.setStart(node, match.index);
    range.setEnd(node, match.index + match[0].length);
    const rect = range.getBoundingClientRect();
    const last = lines.at(-1);
    if (last && Math.abs(last.rect.top - rect.top) < 2) {
      last.text += ` ${match[0]}`;
      const { left, top } = last.rect;
      last.rect = new DOMRect(left, top, rect.right - left, last.rect.height);
    } else if (rect.width) lines.push({ text: match[0], rect });
  }
  const font = fontOf(style);
  if (RULER) RULER.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  return lines.map((line) => {
    const { text, rect } = clips ? fitted(line, place) : line;
    const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } =
      /** @type {CanvasRenderingContext2D} */ (RULER).measureText(text);
    const y = rect.top + (rect.height - up - down) / 2 + up;
    const given = { x: rect.left, y, ...font, textLength: rect.width };
    const squeezed = {
      lengthAdjust: "spacingAndGlyphs",
      ...(kept ? { "xml:space": "preserve" } : {}),
    };
    return { name: "text", given: { ...given, ...squeezed }, text, rect };
  });
}

/**
 * Return a line that is no wider than its box: a little narrower, or cut.
 * @param {{text: string, rect: DOMRect}} line
 * @param {DOMRect} box
 */
function fitted({ text, rect }, box) {
  const share = box.width / rect.width;
  if (share >= 1) return { text, rect };
  const narrower = new DOMRect(box.left, rect.top, box.width, rect.height);
  if (share > NARROWEST) return { text, rect: narrower };
  return {
    text: `${text.slice(0, Math.max(1, Math.floor(text.length * share) - 1))}…`,
    rect: narrower,
  };
}

/**
 * @param {CSSStyleDeclaration} style
 * @returns {Record<string, string>}
 */
function fontOf(style) {
  const { fontFamily, fontSize, fontWeight, fontStyle, textDecorationLine } = style;
  return {
    "font-family": fontFamily,
    "font-size": fontSize,
    "font-weight": fontWeight,
    ...(fontStyle === "normal" ? {} : { "font-style": fontStyle }),
    ...(textDecorationLine === "none" ? {} : { "text-decoration": textDecorationLine }),
    ...colourGiven("fill", style.color),
  };
}

/**
 * Return a place, smaller by a margin on all sides.
 * @param {DOMRect} place
 * @param {number} inset
 */
function placed(place, inset) {
  const [x, y] = [place.left + inset, place.top + inset];
  return { x, y, width: place.width - 2 * inset, height: place.height - 2 * inset };
}

/**
 * @param {string} colour
 * @param {number} width
 * @returns {Record<string, string | number>}
 */
function strokeGiven(colour, width) {
  return { fill: "none", ...colourGiven("stroke", colour), "stroke-width": width };
}

/**
 * Return a computed colour as any program reads it: six digits, and how opaque it is.
 * @param {"fill" | "stroke"} name
 * @param {string} colour "rgb(0, 0, 0)", "rgba(…, 0.5)" or "color(srgb 0 0 0 / 0.5)"
 */
function colourGiven(name, colour) {
  const [r, g, b, alpha] = channels(colour);
  const digits = [r, g, b].map((v) => Math.round(v).toString(16).padStart(2, "0"));
  return { [name]: `#${digits.join("")}`, ...(alpha < 1 ? { [`${name}-opacity`]: alpha } : {}) };
}

/** @param {string} colour */
function isSeen(colour) {
  return channels(colour)[3] > 0;
}

/**
 * @param {string} colour
 * @returns {number[]} red, green, blue from 0 to 255, and from 0 to 1 how opaque
 */
function channels(colour) {
  const found = (colour.replace(/^color\(srgb/, "").match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number);
  const [r = 0, g = 0, b = 0, alpha = 1] = found;
  const scale = colour.startsWith("color(") ? 255 : 1;
  return [r * scale, g * scale, b * scale, alpha];
}
