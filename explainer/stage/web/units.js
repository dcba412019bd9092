/*
 * The hidden units of a layer over time: their order by what they do, and blocks of a large matrix.
 */

/**
 * Numbers of one sequence: (time steps, units), a time step after the other.
 * @typedef {{data: Float64Array, T: number, H: number}} Matrix
 */

/** Most rows and columns that are drawn of a matrix; of a larger one means of blocks. */
export const MOST_ROWS = 175;
export const MOST_COLUMNS = 400;
/** A gate below or above is nearly shut or open. */
const NEARLY_SHUT = 0.1;
const NEARLY_OPEN = 0.9;

/** What the units can be ordered by: how much of it each unit has, from its numbers. */
/** @type {Record<string, {words: string, of: string[]}>} */
export const MEASURES = {
  number: { words: "number", of: [] },
  movement: { words: "movement of h", of: ["h"] },
  gradient: { words: "gradient", of: ["d_h"] },
  saturation: { words: "gates near 0 or 1", of: ["r", "z"] },
  keeping: { words: "mean of z", of: ["z"] },
};

/**
 * Return how much each unit has of a measure.
 * @param {string} by
 * @param {Matrix[]} matrices of the quantities that the measure is of
 * @returns {number[]}
 */
export function measured(by, matrices) {
  const [first] = matrices;
  const units = Array.from({ length: first.H }, (_, unit) => unit);
  /** @type {(matrix: Matrix, unit: number, one: (value: number) => number) => number} */
  const mean = ({ data, T, H }, unit, one) => {
    let sum = 0;
    for (let t = 0; t < T; t++) sum += one(data[t * H + unit]);
    return sum / T;
  };
  if (by === "movement")
    return units.map((unit) => {
      const middle = mean(first, unit, (value) => value);
      return Math.sqrt(mean(first, unit, (value) => (value - middle) ** 2));
    });
  if (by === "gradient") return units.map((unit) => mean(first, unit, Math.abs));
  if (by === "keeping") return units.map((unit) => mean(first, unit, (value) => value));
  /** @type {(value: number) => number} */
  const near = (value) => Number(value < NEARLY_SHUT || value > NEARLY_OPEN);
  return units.map(
    (unit) => matrices.reduce((sum, m) => sum + mean(m, unit, near), 0) / matrices.length,
  );
}

/**
 * Return units, those with most of something first; of two that are equal the smaller number.
 * @param {number[]} sizes
 */
export function largestFirst(sizes) {
  return sizes.map((_, unit) => unit).sort((a, b) => sizes[b] - sizes[a] || a - b);
}

/**
 * Return how many time steps and units one block of a drawing has.
 * @param {number} T
 * @param {number} H
 */
export function blocksOf(T, H) {
  return { across: Math.ceil(T / MOST_COLUMNS), down: Math.ceil(H / MOST_ROWS) };
}

/**
 * Return the means of blocks, a row for units after the other.
 * @param {Matrix} matrix
 * @param {number[]} order the units from top to bottom
 * @returns {{means: Float64Array, rows: number, columns: number}}
 */
export function blockMeans({ data, T, H }, order) {
  const { across, down } = blocksOf(T, H);
  const [rows, columns] = [Math.ceil(H / down), Math.ceil(T / across)];
  const [means, counts] = [new Float64Array(rows * columns), new Float64Array(rows * columns)];
  order.forEach((unit, place) => {
    for (let t = 0; t < T; t++) {
      const at = Math.floor(place / down) * columns + Math.floor(t / across);
      means[at] += data[t * H + unit];
      counts[at] += 1;
    }
  });
  for (let at = 0; at < means.length; at++) means[at] /= counts[at];
  return { means, rows, columns };
}
