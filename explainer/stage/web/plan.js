/*
 * What is computed from what, and in which order. Found from the equations' trees alone, as Python
 * does it: an equation's inputs are its leaves, and what goes round through time (h needs h_prev
 * needs h; d_h needs d_h_next needs d_h) is solved one time step after the other, no more than that.
 */

/**
 * A tensor's name, a constant, or a kind with its option and its parts (trees.py).
 * @typedef {string | number | [string, string | number | null, ...any[]]} EquationTree
 *
 * One named tensor: a letter for each axis, and how it is computed; null for what is given, which
 * may have limits.
 * @typedef {{name: string, dims: string[], tree: EquationTree | null, limits?: Limits}} Equation
 * @typedef {{low: number, high: number, whole: boolean}} Limits
 *
 * The equations of a run, as Python's Network and the update have them. `given` has also what
 * follows from given numbers alone, such as one-hot rows from ids.
 * @typedef {{given: Equation[], forward: Equation[], backward: Equation[], update: Equation[],
 *   on_demand: Equation[]}} Network
 *
 * Equations that are solved together. `direction` 0: each one whole; 1 or -1: all of them at the
 * first time step, then at the next one; or from the last one back.
 * @typedef {{equations: Equation[], direction: 0 | 1 | -1}} Step
 *
 * Equations by name, the inputs of each, and the order in which they are solved.
 * @typedef {{equations: Map<string, Equation>, inputs: Map<string, string[]>, steps: Step[]}} Plan
 */

/** What the second pass has before its names. A dot is in no quantity's own name. */
export const SECOND = "second.";

/** How much later than its input a time step is computed. */
const DIRECTIONS = new Map([
  ["before", /** @type {const} */ (1)],
  ["after", /** @type {const} */ (-1)],
]);

/**
 * Return the names of all tensors in a tree, each once.
 * @param {EquationTree | null} tree
 * @returns {string[]}
 */
export function treeLeaves(tree) {
  if (typeof tree === "string") return [tree];
  if (!Array.isArray(tree)) return [];
  return [...new Set(tree.slice(2).flatMap(treeLeaves))];
}

/**
 * Return a tree with other names in it.
 * @template {EquationTree | null} T
 * @param {T} tree
 * @param {(name: string) => string} rename
 * @returns {T}
 */
export function renameLeaves(tree, rename) {
  if (typeof tree === "string") return /** @type {T} */ (rename(tree));
  if (!Array.isArray(tree)) return tree;
  const [kind, option, ...parts] = tree;
  return /** @type {any} */ ([kind, option, ...parts.map((part) => renameLeaves(part, rename))]);
}

/**
 * Return which way through time an equation looks: 1 back to the time step before, -1 ahead to the
 * one after, 0 neither.
 * @param {Equation} equation
 */
export function timeShift({ tree }) {
  return (Array.isArray(tree) && DIRECTIONS.get(tree[0])) || 0;
}

/**
 * Return every equation of a run: both passes, the update, and the second pass.
 *
 * The second pass has the forward pass's equations under names that begin with `SECOND`, and in
 * them new_W_hz for W_hz. With `redrawn` it is given dropout masks of its own.
 * @param {Network} network
 * @param {boolean} redrawn
 * @returns {Equation[]}
 */
export function everyEquation({ given, forward, backward, update, on_demand }, redrawn) {
  const updated = new Set(update.map(({ name }) => name));
  const masks = redrawn ? given.filter(({ name }) => name.startsWith("mask_")) : [];
  const again = new Set([...forward, ...masks].map(({ name }) => name));
  /** @param {string} name */
  const rename = (name) => {
    if (again.has(name)) return SECOND + name;
    return updated.has(`new_${name}`) ? `new_${name}` : name;
  };
  const second = update.length ? [...masks, ...forward] : [];
  return [
    ...[...given, ...forward, ...backward, ...on_demand, ...update],
    ...second.map(({ name, dims, tree }) => {
      return { name: SECOND + name, dims, tree: renameLeaves(tree, rename) };
    }),
  ];
}

/**
 * Find the order: strongly connected equations (Tarjan 1972) are one step.
 * @param {Equation[]} all
 * @returns {Plan}
 * @throws {Error} an equation needs what is not there, or itself in other ways than through time
 */
export function plan(all) {
  const equations = new Map(all.map((equation) => [equation.name, equation]));
  const inputs = new Map(all.map(({ name, tree }) => [name, treeLeaves(tree)]));
  /** @type {Map<string, number>} */
  const found = new Map();
  /** @type {Set<string>} */
  const open = new Set();
  /** @type {Step[]} */
  const steps = [];

  /**
   * Visit an equation after its inputs; return the earliest one that it leads back to.
   * @param {string} name
   * @returns {number}
   */
  function visit(name) {
    const order = found.size;
    let earliest = order;
    found.set(name, order);
    open.add(name);
    for (const input of /** @type {string[]} */ (inputs.get(name))) {
      if (!equations.has(input)) throw new Error(`${name} needs ${input}, which nothing makes`);
      if (!found.has(input)) earliest = Math.min(earliest, visit(input));
      else if (open.has(input)) {
        earliest = Math.min(earliest, /** @type {number} */ (found.get(input)));
      }
    }
    if (earliest === order) {
      const names = [...open].slice([...open].indexOf(name));
      for (const each of names) open.delete(each);
      steps.push(makeStep(names, equations, inputs));
    }
    return earliest;
  }

  for (const { name } of all) if (!found.has(name)) visit(name);
  return { equations, inputs, steps };
}

/**
 * Put equations that lead to each other in the order in which a time step computes them.
 * @param {string[]} names
 * @param {Plan["equations"]} equations
 * @param {Plan["inputs"]} inputs
 * @returns {Step}
 */
function makeStep(names, equations, inputs) {
  const together = names.map((name) => /** @type {Equation} */ (equations.get(name)));
  const looking = together.filter(timeShift);
  if (names.length === 1 && !inputs.get(names[0])?.includes(names[0])) {
    return { equations: together, direction: 0 };
  }
  const [way] = looking.map(timeShift);
  if (way === undefined || looking.some((equation) => timeShift(equation) !== way)) {
    throw new Error(`${names.join(", ")} need each other at the same time step`);
  }
  const ordered = new Set(looking);
  const entered = new Set(names.slice(0, 0));
  /** @param {Equation} equation */
  const add = (equation) => {
    if (ordered.has(equation)) return;
    if (entered.has(equation.name)) {
      throw new Error(`${equation.name} needs itself at the same time step`);
    }
    entered.add(equation.name);
    for (const input of /** @type {string[]} */ (inputs.get(equation.name))) {
      if (names.includes(input)) add(/** @type {Equation} */ (equations.get(input)));
    }
    ordered.add(equation);
  };
  for (const equation of together) add(equation);
  return { equations: [...ordered], direction: way };
}
