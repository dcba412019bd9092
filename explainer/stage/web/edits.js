/*
 * What the reader changed or holds. Given numbers are changed; computed ones are held, as Python's
 * hold.py does it: own_z is what z would be by itself, and z = free_z ⊙ own_z + set_z. Every
 * equation of the backward pass that took d_z took it as the gradient of what z is computed from,
 * so it takes d_own_z = free_z ⊙ d_z: where z is held, nothing flows back.
 */

import { renameLeaves, timeShift, treeLeaves } from "./plan.js";

/**
 * @typedef {import("./plan.js").Network} Network
 * @typedef {import("./plan.js").Equation} Equation
 *
 * One edit: a quantity, a place on each of its axes (null: all of them; no index at all: every
 * number), and the number that stands there now.
 * @typedef {{name: string, index: (number | null)[], value: number}} Edit
 */

/**
 * Return which computed quantities can be held: whatever the logits are computed from, and they;
 * but h_prev, which is h one time step later.
 *
 * What comes after the logits can't be held: the gradient of softmax and cross-entropy is one
 * equation.
 * @param {Network} network
 * @returns {string[]}
 */
export function holdable({ forward }) {
  const inputs = new Map(forward.map(({ name, tree }) => [name, treeLeaves(tree)]));
  const found = new Set(["logits"]);
  for (const name of found) for (const input of inputs.get(name) ?? []) found.add(input);
  const held = forward.filter((equation) => found.has(equation.name) && !timeShift(equation));
  return held.map(({ name }) => name);
}

/**
 * Return a network in which some quantities can be held.
 * @param {Network} network
 * @param {string[]} names
 * @returns {Network} it is also given free_ (1 where the quantity is itself, 0 where it is held)
 *   and set_ (0 and the held number) of each of them
 */
export function hold(network, names) {
  const held = new Set(names);
  const gradients = new Set(names.map((name) => `d_${name}`));
  /** @param {string} name */
  const rename = (name) => (gradients.has(name) ? `d_own_${name.slice(2)}` : name);
  /** @param {Equation} equation */
  const cut = (equation) => ({ ...equation, tree: renameLeaves(equation.tree, rename) });
  /** @param {string} name @param {string} of @returns {Equation["tree"]} */
  const masked = (name, of) => ["mul", null, `free_${name}`, of];
  return {
    ...network,
    given: [
      ...network.given,
      ...network.forward.flatMap(({ name, dims }) =>
        held.has(name)
          ? ["free_", "set_"].map((of) => ({ name: of + name, dims, tree: null }))
          : [],
      ),
    ],
    forward: network.forward.flatMap((equation) => {
      const { name, dims } = equation;
      if (!held.has(name)) return equation;
      const tree = /** @type {Equation["tree"]} */ ([
        "add",
        null,
        masked(name, `own_${name}`),
        `set_${name}`,
      ]);
      return [
        { ...equation, name: `own_${name}` },
        { name, dims, tree },
      ];
    }),
    backward: network.backward.flatMap((equation) => {
      const { name, dims } = equation;
      if (!gradients.has(name)) return cut(equation);
      return [cut(equation), { name: rename(name), dims, tree: masked(name.slice(2), name) }];
    }),
    on_demand: network.on_demand.map(cut),
  };
}

/**
 * Return numbers with edits in them.
 * @param {ArrayLike<number>} base
 * @param {Edit[]} edits
 * @param {number[]} shape
 * @returns {Float64Array}
 */
export function withEdits(base, edits, shape) {
  const values = Float64Array.from(base);
  for (const { index, value } of edits) fillPlaces(values, value, index, shape, 0, 0);
  return values;
}

/**
 * Write a number at every place that an index means.
 * @param {Float64Array} values
 * @param {number} value
 * @param {(number | null)[]} index
 * @param {number[]} shape
 * @param {number} axis
 * @param {number} at
 */
function fillPlaces(values, value, index, shape, axis, at) {
  if (axis === shape.length) {
    values[at] = value;
    return;
  }
  const place = index[axis] ?? null;
  const [first, end] = place === null ? [0, shape[axis]] : [place, place + 1];
  for (let i = first; i < end; i++)
    fillPlaces(values, value, index, shape, axis + 1, at * shape[axis] + i);
}

/**
 * Return what can be edited: given numbers, and computed ones that can be held.
 * @param {Network} network
 * @returns {Equation[]}
 */
export function editable(network) {
  const free = new Set(holdable(network));
  return [
    ...network.given.filter(({ tree }) => tree === null),
    ...network.forward.filter(({ name }) => free.has(name)),
  ];
}

/**
 * Return an edit's fault as a sentence; nothing where it has none.
 * @param {Edit} edit
 * @param {Equation[]} among what can be edited
 * @param {Record<string, number>} sizes
 * @returns {string | undefined}
 */
export function faultOf({ name, index, value }, among, sizes) {
  const found = among.find((equation) => equation.name === name);
  if (!found) {
    const names = among.map((equation) => equation.name).join(", ");
    return `edits must be quantities among ${names}; got ${name}.`;
  }
  const shape = found.dims.map((dim) => sizes[dim]);
  if (index.length !== shape.length && index.length !== 0) {
    const expected = `${shape.length} numbers, one for each of ${found.dims.join(" ")}`;
    return `index of ${name} must be ${expected}; got ${index.length}.`;
  }
  for (const [axis, place] of index.entries()) {
    if (place === null || (Number.isInteger(place) && place >= 0 && place < shape[axis])) continue;
    const field = `index ${found.dims[axis]} of ${name}`;
    return `${field} must be an integer from 0 to ${shape[axis] - 1}; got ${place}.`;
  }
  const { low, high, whole } = found.limits ?? { low: -Infinity, high: Infinity, whole: false };
  const fits = whole ? Number.isInteger(value) : Number.isFinite(value);
  if (!fits || value < low || value > high) {
    const kind = whole ? "an integer" : "a finite number";
    return `${name} must be ${kind}${found.limits ? ` from ${low} to ${high}` : ""}; got ${value}.`;
  }
  return undefined;
}
