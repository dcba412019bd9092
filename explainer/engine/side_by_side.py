"""Several products made one, found from the equations' trees.

Each gate multiplies the same state with weights of its own: one product, with the weights one
below the other, makes them all, side by side in memory. On the way back, a sum of products is one
product of what stands side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import reduce

from explainer.engine.expression import Apply, Expression, Leaf, leaves

Trees = Mapping[str, Expression]
"""Expressions by the name of what they make, in the order they are computed."""

LINEAR = "...d,hd->...h"
"""The product of F.linear: weights one below the other make results side by side."""
MATMUL = "...k,kj->...j"
"""The product of @: factors side by side, and weights one below the other, make the sum."""


def join_products(trees: Trees) -> dict[str, Expression]:
    """Return the same equations with fewer products.

    Args:
        trees: the equations of one time step.

    Returns:
        Equations over the same names and over joined ones: "a_hr a_hz" stands for two tensors
        that are one in memory, side by side.
    """
    return join_sums(join_maps(trees))


def join_maps(trees: Trees) -> dict[str, Expression]:
    """Join linear maps of the same tensor, with a bias or without."""
    alike: dict[tuple[str, int], list[str]] = {}
    for name, x in trees.items():
        if map_ := linear_map(x, made=trees):
            alike.setdefault((map_[0], len(map_)), []).append(name)
    groups = {names[0]: names for names in alike.values()}
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


def join_sums(trees: Trees) -> dict[str, Expression]:
    """Join the products in each sum, of tensors that may still be put side by side."""
    free = {n for n in trees if " " not in n}
    result = {}
    for name, x in trees.items():
        products: dict[Expression, tuple[str, str]] = {}
        for term in parts_of_sum(x):
            match parts_of_product(term, MATMUL):
                case (Leaf(value), Leaf(weights)) if value in free and weights not in trees:
                    products[term] = value, weights
                    free.remove(value)
        result[name] = x
        if len(products) > 1:
            values, matrices = zip(*products.values(), strict=True)
            others = [term for term in parts_of_sum(x) if term not in products]
            product = Apply("contract", (join(values), join(matrices)), MATMUL)
            result[name] = add(*others, product)
    return result


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


def blocks_of(trees: Trees, names: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Return these names in blocks: those together that joined equations make or take so."""
    used = dict.fromkeys(n for name, x in trees.items() for n in (name, *leaves(x)))
    blocks = [block for n in used if {*(block := tuple(n.split()))} <= {*names} and len(block) > 1]
    alone = [(n,) for n in names if not any(n in block for block in blocks)]
    return (*blocks, *alone)
