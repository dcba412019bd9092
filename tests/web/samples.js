/* A small run, made by hand, for the tests of the stage's pure modules. */

/**
 * A quantity with its numbers.
 * @param {string[]} dims
 * @param {number[]} shape
 * @param {any} form
 * @param {string[]} letters
 */
const quantity = (dims, shape, form = null, letters = dims) => ({
  ...{ dims, shape, form, letters },
  ...{ symbol: "s", why: "", text: "", shapes: "", kind: "signed", hue: "" },
});

const SIZES = { B: 2, T: 3, H: 2, V: 30 };
const QUANTITIES = {
  logits: quantity(["B", "T", "V"], [2, 3, 30]),
  p: quantity(
    ["B", "T", "V"],
    [2, 3, 30],
    ["softmax", "v", ["position", "V"], ["at", "logits", "B", "T", "v"]],
  ),
  h: quantity(["B", "T", "H"], [2, 3, 2], ["tanh", "", ["at", "a", "B", "T", "H"]]),
  a: quantity(
    ["B", "T", "H"],
    [2, 3, 2],
    ["sum", "k", ["mul", "", ["at", "W", "H", "k"], ["at", "x", "B", "T", "k"]]],
  ),
  h_prev: quantity(["B", "T", "H"], [2, 3, 2], ["before", "", ["at", "h", "B", "T", "H"], 0]),
  x: quantity(["B", "T", "H"], [2, 3, 2]),
  W: quantity(["H", "H"], [2, 2]),
};
const row = (name, result = false) => ({ name, sign: "", turned: false, after: "", result });
const SCENE = [
  { title: "", name: "h", bands: [{ left: "", rows: [row("a", true), row("h", true)] }] },
  { title: "", name: "p", bands: [{ left: "", rows: [row("logits"), row("p", true)] }] },
];
const ADDRESS = {
  t: { default: 0, kind: "int" },
  sequence: { default: 0, kind: "int" },
  range: { default: "time", kind: "str", options: ["matrix", "time", "run"] },
  against: { default: "", kind: "str" },
  compared: { default: "b", kind: "str", options: ["a", "b", "difference"] },
  digits: { default: "2", kind: "str", options: ["2", "4", "full"] },
  strip: { default: "z", kind: "str", options: ["z", "r", "n", "h"] },
  convention: { default: false, kind: "bool" },
  check: { default: false, kind: "bool" },
  present: { default: false, kind: "bool" },
  equation: { default: "", kind: "str" },
  cell: { default: "", kind: "str" },
  edit: { default: "", kind: "str" },
  station: { default: 1, kind: "int" },
  answered: { default: 0, kind: "int" },
  trial: { default: "", kind: "str" },
};

/**
 * The numbers of a run as `Tensors` has them.
 * @param {(name: string, index: number[]) => number | undefined} value
 * @returns {any}
 */
export function sample(value = () => 0.5) {
  return {
    quantities: QUANTITIES,
    sizes: SIZES,
    meta: { slug: "cell", timed: true, scene: SCENE, address: ADDRESS },
    value,
    tokenIds: () => [0, 1, 2],
    faultOf: ({ name }) => (name in QUANTITIES ? "" : `There is no ${name}.`),
    has: (name) => name in QUANTITIES,
    hasNumber: (name, index) =>
      name in QUANTITIES &&
      index.length === QUANTITIES[name].shape.length &&
      index.every((v, i) => v >= 0 && v < QUANTITIES[name].shape[i]),
  };
}
