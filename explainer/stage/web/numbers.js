/*
 * Numbers as Python computes and writes them: to the last digit, or a text in the browser would
 * differ from the same text made by `explain`.
 */

/**
 * Write a number with a true minus, as `format_number` does in Python.
 * @param {number} value
 * @param {number | null} digits digits after the point; null writes every digit
 * @param {boolean} [latex] write it for LaTeX
 * @returns {string}
 */
export function formatNumber(value, digits, latex = false) {
  const size = Math.abs(value);
  const text = digits === null ? everyDigit(size) : withDigits(size, digits);
  // only a number that is shown with every digit keeps the minus of a zero
  const minus = isNegative(value) && (digits === null || Number(text) !== 0);
  const [mantissa, power] = text.split("e");
  if (latex) {
    const written = power === undefined ? mantissa : `${mantissa} \\cdot 10^{${Number(power)}}`;
    return (minus ? "-" : "") + written;
  }
  return (minus ? "−" : "") + text.replace("-", "−");
}

/**
 * Write a number in its shortest form with six digits, as Python's format "g" does.
 * @param {number} value
 * @returns {string}
 */
export function general(value) {
  const [mantissa, power] = scientific(Math.abs(value), 5).split("e");
  const short = Number(power) < -4 || Number(power) > 5;
  const digits = short ? mantissa : fixed(Math.abs(value), 5 - Number(power));
  const trimmed = digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
  return (isNegative(value) ? "-" : "") + trimmed + (short ? `e${power}` : "");
}

/**
 * Tell whether a number has a minus; a zero can have one.
 * @param {number} value
 * @returns {boolean}
 */
function isNegative(value) {
  return value < 0 || Object.is(value, -0);
}

/**
 * Write a number without a sign with every digit that it needs, as Python's `repr` does.
 * @param {number} size
 * @returns {string}
 */
function everyDigit(size) {
  const [mantissa, power] = size.toExponential().split("e");
  if (Number(power) < -4 || Number(power) >= 16) {
    return `${mantissa}e${twoDigits(power)}`;
  }
  const text = String(size);
  return text.includes(".") ? text : `${text}.0`;
}

/**
 * Write a number without a sign; one that is too small for the digits gets a power of ten.
 * @param {number} size
 * @param {number} digits
 * @returns {string}
 */
function withDigits(size, digits) {
  const text = fixed(size, digits);
  return size !== 0 && Number(text) === 0 ? scientific(size, Math.max(digits - 1, 0)) : text;
}

/**
 * Write a number without a sign with so many digits after the point.
 * @param {number} size
 * @param {number} digits
 * @returns {string}
 */
function fixed(size, digits) {
  if (size >= 1e21) {
    // from here on toFixed has a power of ten; such a number is whole
    return BigInt(size) + (digits ? `.${"0".repeat(digits)}` : "");
  }
  const text = size.toFixed(digits);
  return isTie(size, digits) ? toEven(text) : text;
}

/**
 * Write a number without a sign as a mantissa with so many digits and a power of ten.
 * @param {number} size
 * @param {number} digits
 * @returns {string}
 */
function scientific(size, digits) {
  const [mantissa, power] = size.toExponential(digits).split("e");
  const even = isTie(size, digits - Number(power)) ? toEven(mantissa) : mantissa;
  return `${even}e${twoDigits(power)}`;
}

/**
 * Write a power of ten with at least two digits.
 * @param {string} power such as "+5"
 * @returns {string}
 */
function twoDigits(power) {
  return power[0] + power.slice(1).padStart(2, "0");
}

/**
 * Tell whether a number lies exactly between two numbers with so many digits.
 * @param {number} size
 * @param {number} digits digits after the point; negative for tens, hundreds, …
 * @returns {boolean}
 */
function isTie(size, digits) {
  if (digits < 0) {
    const unit = 10n ** BigInt(-digits);
    return Number.isInteger(size) && BigInt(size) % unit === unit / 2n;
  }
  // size = n / (2 · 10^digits) with an odd n; a double has no factor of 5 below the line
  return (size * 2 ** (digits + 1)) % 2 === 1;
}

/**
 * Turn a tie that was rounded up into one that was rounded to the even neighbour, as Python does.
 * @param {string} text
 * @returns {string}
 */
function toEven(text) {
  const last = Number(text.at(-1));
  return text.slice(0, -1) + (last - (last % 2));
}

/**
 * Add numbers up without rounding until the end (Shewchuk 1997), as Python's `math.fsum` does.
 * @param {number[]} values
 * @returns {number}
 */
export function fsum(values) {
  /** @type {number[]} */
  const partials = [];
  for (const value of values) {
    let x = value;
    let kept = 0;
    for (let y of partials) {
      if (Math.abs(x) < Math.abs(y)) {
        [x, y] = [y, x];
      }
      const high = x + y;
      const low = y - (high - x);
      if (low !== 0) {
        partials[kept] = low;
        kept += 1;
      }
      x = high;
    }
    partials.length = kept;
    if (x !== 0) {
      partials.push(x);
    }
  }
  return roundOnce(partials);
}

/**
 * Return the double next to a sum of parts that do not overlap, the largest last.
 * @param {number[]} partials
 * @returns {number}
 */
function roundOnce(partials) {
  let i = partials.length - 1;
  let high = i >= 0 ? partials[i] : 0;
  let low = 0;
  while (i > 0 && low === 0) {
    i -= 1;
    const x = high;
    high = x + partials[i];
    low = partials[i] - (high - x);
  }
  // halfway between two doubles, the parts that are left decide
  if (i > 0 && low !== 0 && low < 0 === partials[i - 1] < 0) {
    const doubled = 2 * low;
    const other = high + doubled;
    return other - high === doubled ? other : high;
  }
  return high;
}

/**
 * Logistic function; the larger exponential is never taken, so nothing overflows.
 * @param {number} x
 * @returns {number}
 */
export function sigmoid(x) {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/**
 * Logarithm of the softmax at one position; the largest value is taken out first.
 * @param {number[]} values
 * @param {number} position
 * @returns {number}
 */
export function logSoftmax(values, position) {
  const top = values.reduce((a, b) => Math.max(a, b));
  return values[position] - top - Math.log(fsum(values.map((v) => Math.exp(v - top))));
}

/** Quantities whose numbers are written as whole ones. */
export const WHOLE_NUMBERS = new Set(["ids", "targets"]);

/**
 * Write a number of a quantity.
 * @param {string} name
 * @param {number} value
 * @param {number | null} digits
 * @param {boolean} [latex]
 */
export function quantityText(name, value, digits, latex) {
  return WHOLE_NUMBERS.has(name) ? String(value) : formatNumber(value, digits, latex);
}
