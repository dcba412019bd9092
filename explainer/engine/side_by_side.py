"""Several products made one, found from the equations' trees.

Each gate multiplies the same state with weights of its own: one product, with the weights one
below the other, makes them all, side by side in memory. On the way back, a sum of products is one
product of what stands side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import reduce

from explainer.engine.expression import Apply, Expression, Leaf, leaves

Trees = Mapping[str, Expression]
"""Expressions by the name of what they make, in the order they are computed."""

Block = tuple[str, ...]
"""Names of tensors that stand side by side."""
Place = Callable[[str, int], int]
"""Where a tensor stands among others, and a number for those that stand nowhere yet."""

LINEAR = "...d,hd->...h"
"""The product of F.linear: weights one below the other make results side by side."""
MATMUL = "...k,kj->...j"
"""The product of @: factors side by side, and weights one below the other, make the sum."""
WEIGHTS = "bti,btj->ij"
"""A gradient of weights: arriving gradients side by side make results one below the other."""
BIAS = "bti->i"
"""A gradient of a bias."""


def join_products(
    trees: Trees, free: Collection[str], order: Sequence[str] = ()
) -> dict[str, Expression]:
    """Return the same equations with fewer products.

    Args:
        trees: the equations.
        free: tensors that can be put side by side.
        order: those that stand side by side already.

    Returns:
        Equations over the same names and over joined ones: "a_hr a_hz" stands for two tensors
        that are one in memory, side by side.
    """
    place = {name: i for i, name in enumerate(order)}.get
    return join_gradients(join_sums(join_maps(trees, place), free, place), free, place)


def join_maps(trees: Trees, place: Place) -> dict[str, Expression]:
    """Join linear maps of the same tensor, with a bias or without."""
    alike: dict[tuple[str, int], list[str]] = {}
    for name, x in trees.items():
        if map_ := linear_map(x, made=trees):
            alike.setdefault((map_[0], len(map_)), []).append(name)
    groups = {names[0]: sorted(names, key=lambda name: place(name, 0)) for names in alike.values()}
    alone = trees.keys() - {n for names in groups.values() for n in names}
    result: dict[str, Expression] = {}
    for name, x in trees.items():
        if name in groups:
            maps = [linear_map(trees[n], made=trees) for n in groups[name]]
            (value, *_), weights, *bias = zip(*maps, strict=True)
            product = Apply("contract", (Leaf(value), join(weights)), LINEAR)
            result[join(groups[name]).name] = add(product, *map(join, bias))
        elif name in alone:
            result[name] = x
    return result


def linear_map(x: Expression, made: Collection[str]) -> tuple[str, ...]:
    """Return the names of tensor, weights and bias, if there is one, of a linear map; else ()."""
    product, *bias = parts_of_sum(x)
    parts = (*parts_of_product(product, LINEAR), *bias)
    names = tuple(p.name for p in parts if isinstance(p, Leaf))
    fits = len(bias) <= 1 and len(names) == len(parts) == 2 + len(bias)
    return names if fits and not {*names[1:]} & {*made} else ()


def join_sums(trees: Trees, free: Collection[str], place: Place) -> dict[str, Expression]:
    """Join the products in each sum, of tensors that may still be put side by side."""
    left = {*free} - {n for names in trees if " " in names for n in names.split()}
    result = {}
    for name, x in trees.items():
        products: dict[Expression, tuple[str, str]] = {}
        for term in parts_of_sum(x):
            match parts_of_product(term, MATMUL):
                case (Leaf(value), Leaf(weights)) if value in left and weights not in trees:
                    products[term] = value, weights
                    left.remove(value)
        result[name] = x
        if len(products) > 1:
            pairs = sorted(products.values(), key=lambda pair: place(pair[0], 0))
            values, matrices = zip(*pairs, strict=True)
            others = [term for term in parts_of_sum(x) if term not in products]
            product = Apply("contract", (join(values), join(matrices)), MATMUL)
            result[name] = add(*others, product)
    return result


def join_gradients(trees: Trees, free: Collection[str], place: Place) -> dict[str, Expression]:
    """Join gradients of weights that were multiplied with the same; they come last."""
    needed = {n for x in trees.values() for n in leaves(x)}
    alike: dict[Expression, list[tuple[str, str]]] = {}
    for name, x in trees.items():
        match parts_of_product(x, WEIGHTS):
            case (Leaf(arriving), other) if arriving in free and name not in needed:
                alike.setdefault(other, []).append((arriving, name))
    joined = {}
    for other, pairs in alike.items():
        values, names = zip(*sorted(pairs, key=lambda pair: place(pair[0], 0)), strict=True)
        joined[join(names).name] = Apply("contract", (join(values), other), WEIGHTS)
    done = {n for names in joined for n in names.split()}
    return {n: x for n, x in trees.items() if n not in done} | joined


def parts_of_sum(x: Expression) -> tuple[Expression, ...]:
    """Return the parts of a sum; of anything else itself."""
    if isinstance(x, Apply) and x.kind == "add":
        return tuple(term for part in x.parts for term in parts_of_sum(part))
    return (x,)


def add(*parts: Expression) -> Expression:
    """Return the sum of some parts."""
    return reduce(lambda a, b: Apply("add", (a, b)), parts)


def parts_of_product(x: Expression, labels: str) -> tuple[Expression, ...]:
    """Return the parts of a product of this kind; of anything else none."""
    return x.parts if isinstance(x, Apply) and x.option == labels else ()


def join(names: Iterable[str]) -> Leaf:
    """Return the tensor made of some side by side."""
    return Leaf(" ".join(names))


def blocks_of(groups: Iterable[Sequence[str]], names: Iterable[str]) -> tuple[Block, ...]:
    """Return names in blocks, so that those of a group stand side by side.

    Of groups that overlap, the first two do; a further one may not.
    """
    names = tuple(names)
    blocks: list[Block] = []
    merged: set[Block] = set()
    for group in groups:
        overlap = [block for block in blocks if not {*block}.isdisjoint(group)]
        if not {*group} <= {*names} or any({*group} <= {*block} for block in overlap):
            continue
        if not overlap:
            blocks.append(tuple(group))
        elif len(overlap) == 1 and merged.isdisjoint(overlap):
            (block,) = overlap
            blocks.remove(block)
            first, last = (
                [n for n in a if n not in b] for a, b in ((group, block), (block, group))
            )
            blocks.append((*first, *(n for n in block if n in group), *last))
            merged.add(blocks[-1])
    return (*blocks, *((n,) for n in names if not any(n in block for block in blocks)))


def groups_of(trees: Trees) -> tuple[Block, ...]:
    """Return which tensors the equations make or take side by side."""
    used = dict.fromkeys(n for name, x in trees.items() for n in (name, *leaves(x)))
    return tuple(tuple(n.split()) for n in used if " " in n)
