"""Expressions and equations at all time steps at once, their products joined.

What belongs to one time step stands together in memory. So all time steps are the rows of one
matrix, and a product with weights is one product for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import torch
from torch import Tensor

from explainer.engine.expression import Apply, Expression, Leaf, Number
from explainer.engine.memory import LARGE, lend
from explainer.engine.quantity import Quantity, solve
from explainer.engine.side_by_side import BIAS, LINEAR, MATMUL, WEIGHTS, Trees, parts_of_sum

OPERATIONS: Mapping[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "neg": torch.neg,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": partial(torch.clamp, min=0.0),
    "clip": partial(torch.clamp, min=0.0, max=1.0),
    "sign": torch.sign,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
}
"""What computes a node, by its kind; products besides."""


Stage = Mapping[str, Expression | Quantity]
"""What is computed at all time steps, in order: products by their trees, what else as it is."""


def stage_of(equations: Iterable[Quantity], joined: Trees) -> Stage:
    """Return what computes equations at all time steps.

    Args:
        equations: the equations.
        joined: their trees by name, with few products; what is joined has one width.
    """
    own = {q.name: q for q in equations}
    return {n: x if any(map(is_sum, parts_of_sum(x))) else own[n] for n, x in joined.items()}


def solve_at_once(stage: Stage, known: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Compute what is new at all time steps, also what is joined.

    Args:
        stage: the equations.
        known: values by name; those with a time axis have it second, (B, T, ...).
    """
    values = dict(known)
    for name, x in stage.items():
        if isinstance(x, Quantity):
            values |= solve((x,), values)
        else:
            found = values[name] = evaluate_at_once(x, values)
            names, axis = name.split(), -1 if found.dim() == 3 else 0
            values |= zip(names, found.chunk(len(names), axis), strict=True)
    return {name: value for name, value in values.items() if name not in known}


def evaluate_at_once(x: Expression, known: Mapping[str, Tensor]) -> Tensor:
    """Return an expression's value, (B, T, ...) where it changes over time.

    Raises:
        KeyError: it has an operation that is none of `OPERATIONS`.
    """
    if isinstance(x, Number):
        return torch.tensor(x.value, dtype=torch.float64, device="cpu")
    if isinstance(x, Leaf):
        return put_side_by_side(x, known, -1)
    if is_sum(x):
        return contract(x, known)
    match x.parts:
        case (other, last) if x.kind == "add" and is_product(last):
            return contract(last, known, evaluate_at_once(other, known))
    values = [evaluate_at_once(part, known) for part in x.parts]
    largest = max(values, key=lambda value: value.nbytes)
    if largest.nbytes < LARGE:
        return OPERATIONS[x.kind](*values)
    shape = torch.broadcast_shapes(*(value.shape for value in values))
    # what was computed only for this makes room for the result
    own = (v for v, part in zip(values, x.parts, strict=True) if isinstance(part, Apply))
    out = next((v for v in own if v.shape == shape), None)
    if out is None and len(shape) == 3:
        B, T, width = shape
        out = lend((T, B, width), largest.dtype).transpose(0, 1)
    return OPERATIONS[x.kind](*values, out=out)


def contract(x: Expression, known: Mapping[str, Tensor], other: Tensor | None = None) -> Tensor:
    """Return a product, and for those with weights what is added to it."""
    assert isinstance(x, Apply)
    left, *right = x.parts
    values = evaluate_at_once(left, known)
    if is_product(x):
        a, b = as_rows(values), matrix_of(x, known)
        found = lend((len(a), b.shape[1]), a.dtype)
        if other is None:
            torch.mm(a, b, out=found)
        else:
            torch.addmm(as_rows(other), a, b, out=found)
        return from_rows(found, values)
    if x.option == WEIGHTS:
        a, b = as_rows(values), as_rows(evaluate_at_once(right[0], known))
        # BLAS is faster where a product has more columns than rows
        return (b.T @ a).T.contiguous() if a.shape[1] > b.shape[1] else a.T @ b
    if x.option == BIAS:
        return as_rows(values).sum(0)
    return torch.einsum(str(x.option), values, *(evaluate_at_once(part, known) for part in right))


def matrix_of(x: Apply, known: Mapping[str, Tensor]) -> Tensor:
    """Return the weights of a product by columns in memory, since so BLAS is fastest."""
    _, weights = x.parts
    assert isinstance(weights, Leaf)
    found = put_side_by_side(weights, known, 0)
    return found.T if x.option == LINEAR else found.T.contiguous().T


def is_sum(x: Expression) -> bool:
    """Tell whether an expression is a sum of products."""
    return isinstance(x, Apply) and x.kind == "contract"


def is_product(x: Expression) -> bool:
    """Tell whether an expression is a product with a matrix of weights."""
    return isinstance(x, Apply) and x.option in (LINEAR, MATMUL)


def put_side_by_side(x: Leaf, known: Mapping[str, Tensor], dim: int) -> Tensor:
    """Return a tensor, or what its joined name stands for, along an axis."""
    if x.name in known or " " not in x.name:
        return known[x.name]
    return torch.cat([known[name] for name in x.name.split()], dim)


def as_rows(value: Tensor) -> Tensor:
    """Return (T·B, ...) of (B, T, ...), without a copy if that is how it stands in memory."""
    return value.transpose(0, 1).flatten(0, 1) if value.dim() == 3 else value


def from_rows(found: Tensor, like: Tensor) -> Tensor:
    """Return (B, T, ...) of its rows (T·B, ...)."""
    if like.dim() != 3:
        return found
    B, T, _ = like.shape
    return found.view(T, B, -1).transpose(0, 1)
