/*
 * Parts of memory as tensors.
 */

/**
 * Numbers in memory. What is written into a Float32Array is rounded to what it can hold.
 * @typedef {Float64Array | Float32Array} Memory
 * @typedef {"float64" | "float32"} Precision
 *
 * Numbers in memory, letter and length of each axis, and how far apart neighbours along it are.
 * Stride 0 repeats one number.
 * @typedef {{data: Memory, axes: Axis[], strides: number[]}} View
 * @typedef {{dim: string, size: number}} Axis
 */

/** @param {Axis[]} axes */
export function numbersIn(axes) {
  return axes.reduce((product, { size }) => product * size, 1);
}

/**
 * @param {number} length
 * @param {Precision} precision
 * @returns {Memory}
 */
export function memoryOf(length, precision) {
  return precision === "float32" ? new Float32Array(length) : new Float64Array(length);
}

/**
 * @param {Axis[]} axes
 * @param {Precision} precision
 * @returns {View}
 */
export function dense(axes, precision) {
  return { data: memoryOf(numbersIn(axes), precision), axes, strides: denseStrides(axes) };
}

/**
 * @param {number} value
 * @returns {View}
 */
export function constantView(value) {
  return { data: Float64Array.of(value), axes: [], strides: [] };
}

/**
 * Return the axes of an element-by-element result: aligned right, length 1 gives way.
 * @param {View[]} parts
 */
export function broadcastAxes(parts) {
  const depth = Math.max(...parts.map(({ axes }) => axes.length));
  return Array.from({ length: depth }, (_, i) =>
    parts
      .flatMap(({ axes }) => axes[axes.length - depth + i] ?? [])
      .reduce((best, axis) => (axis.size > best.size ? axis : best)),
  );
}

/**
 * Return the strides of an operand along a result's axes, aligned right.
 * @param {View} out
 * @param {View} operand
 */
export function along(out, { axes, strides }) {
  const missing = out.axes.length - axes.length;
  return out.axes.map((_, i) =>
    i < missing || axes[i - missing].dim === "1" ? 0 : strides[i - missing],
  );
}

/**
 * Return the strides of a tensor whose numbers follow each other.
 * @param {Axis[]} axes
 */
export function denseStrides(axes) {
  let stride = 1;
  return axes
    .toReversed()
    .map(({ size }) => {
      const own = stride;
      stride *= size;
      return own;
    })
    .reverse();
}

/**
 * Return lengths or strides as if there were so many axes.
 * @param {number[]} numbers
 * @param {number} axes
 * @param {number} rest
 */
export function padded(numbers, axes, rest) {
  if (numbers.length > axes) throw new Error(`a loop is ${axes} axes deep, not ${numbers.length}`);
  return [...Array(axes - numbers.length).fill(rest), ...numbers];
}

/**
 * Return where a number is among those of a part, in row-major order; -1 where it is not.
 * @param {number[][]} part first and end for each dim
 * @param {number[]} index
 */
export function flatPlace(part, index) {
  let flat = 0;
  for (let i = 0; i < index.length; i++) {
    const [start, end] = part[i];
    if (index[i] < start || index[i] >= end) return -1;
    flat = flat * (end - start) + index[i] - start;
  }
  return flat;
}

/**
 * Return the number of a tensor at an index.
 * @param {import("./solver.js").Numbers} tensor
 * @param {number[]} index
 */
export function numberAt({ data, shape }, index) {
  return data[index.reduce((flat, place, axis) => flat * shape[axis] + place, 0)];
}
