/*
 * Sums over the sequences of a batch: the only way in which one sequence depends on another. Taken
 * out of the equations, they leave a run that can be solved one sequence at a time. Found from the
 * trees alone: a quantity without a B axis that is computed from numbers with one is such a sum.
 */

import { renameLeaves, treeLeaves } from "./plan.js";

/** @import { Equation, EquationTree } from "./plan.js" */

/**
 * What a sequence adds to a sum has this before the sum's name. A dot is in no quantity's own name.
 */
export const SUM_PART = "part.";

/** Kinds whose last part only says how large a tensor is. */
const SHAPED = new Set(["expand_as", "size"]);

/**
 * Equations of which no sequence needs another one: sums are given, and each has beside it the
 * equation of what a sequence adds to it. `early` are the sums that are computed from given numbers
 * alone, such as how many answers count.
 * @typedef {{equations: Equation[], sums: Set<string>, early: Equation[]}} Apart
 */

/**
 * Take the sums over sequences out of equations.
 * @param {Equation[]} equations
 * @returns {Apart}
 */
export function takeApart(equations) {
  const known = new Map(equations.map((equation) => [equation.name, equation]));
  /** @type {(name: string) => boolean} */
  const hasSequences = (name) => known.get(name)?.dims.includes("B") ?? false;
  const found = equations.filter(
    ({ dims, tree }) => !dims.includes("B") && numberLeaves(tree).some(hasSequences),
  );
  const sums = new Set(found.map(({ name }) => name));
  const early = found.filter(({ tree }) =>
    treeLeaves(tree).every((name) => known.get(name)?.tree === null),
  );
  return {
    equations: equations.flatMap((equation) => {
      const { name, dims, tree } = equation;
      const own = { name, dims, tree: withoutShapes(tree, sums) };
      if (!sums.has(name)) return tree === null ? equation : own;
      return [
        { name, dims, tree: null },
        { ...own, name: SUM_PART + name },
      ];
    }),
    sums,
    early,
  };
}

/**
 * Return the names of the tensors in a tree whose numbers it is computed from.
 * @param {EquationTree | null} tree
 * @returns {string[]}
 */
function numberLeaves(tree) {
  if (!Array.isArray(tree)) return treeLeaves(tree);
  const [kind, , ...parts] = tree;
  return (SHAPED.has(kind) ? parts.slice(0, -1) : parts).flatMap(numberLeaves);
}

/**
 * Return a tree that takes shapes of parts of sums in the place of the sums' own, which come later.
 * @param {EquationTree | null} tree
 * @param {Set<string>} sums
 * @returns {any}
 */
function withoutShapes(tree, sums) {
  if (!Array.isArray(tree)) return tree;
  const [kind, option, ...parts] = tree;
  const inside = parts.map((part) => withoutShapes(part, sums));
  if (SHAPED.has(kind)) {
    /** @type {(name: string) => string} */
    const rename = (name) => (sums.has(name) ? SUM_PART + name : name);
    inside.push(renameLeaves(inside.pop(), rename));
  }
  return [kind, option, ...inside];
}
