/*
 * Signs and functions around the parts of a formula: what stands before, between and after them.
 */

/**
 * What stands around the parts, in plain text.
 * @type {Record<string, string[]>}
 */
export const TEXT = {
  mul: ["·"],
  minus: ["−"],
  brackets: ["(", ")"],
  div: ["", " / ", ""],
  sigmoid: ["σ(", ")"],
  tanh: ["tanh(", ")"],
  relu: ["ReLU(", ")"],
  clip: ["clip(", ", 0, 1)"],
  sign: ["sign(", ")"],
  exp: ["exp(", ")"],
  log: ["ln(", ")"],
  sqrt: ["√(", ")"],
  min: ["min(", ", 1)"],
  sum: ["Σ_", " "],
  more: ["… ", " more …"],
  more_zeros: ["… ", " more, each 0 …"],
  softmax: ["exp(", ") / (", ")"],
  log_softmax: ["", " − ln(", ")"],
};
/** @type {Record<string, string[]>} */
export const LATEX = {
  mul: [" \\cdot "],
  minus: ["-"],
  brackets: ["\\left(", "\\right)"],
  div: ["\\frac{", "}{", "}"],
  sigmoid: ["\\sigma\\left(", "\\right)"],
  tanh: ["\\tanh\\left(", "\\right)"],
  relu: ["\\mathrm{ReLU}\\left(", "\\right)"],
  clip: ["\\mathrm{clip}\\left(", ", 0, 1\\right)"],
  sign: ["\\mathrm{sign}\\left(", "\\right)"],
  exp: ["\\exp\\left(", "\\right)"],
  log: ["\\ln\\left(", "\\right)"],
  sqrt: ["\\sqrt{", "}"],
  min: ["\\min\\left(", ", 1\\right)"],
  sum: ["\\sum_{", "} "],
  more: ["\\ldots\\;", "\\text{ more}\\;\\ldots"],
  more_zeros: ["\\ldots\\;", "\\text{ more, each }0\\;\\ldots"],
  softmax: ["\\frac{\\exp\\left(", "\\right)}{", "}"],
  log_softmax: ["", " - \\ln\\left(", "\\right)"],
};
