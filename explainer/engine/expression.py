"""An equation's body, read once into a small tree.

`read_expression` records what a function does to its arguments (torch.fx) and keeps it as a tree of
three kinds of node. LaTeX, the index form of one scalar, its numbers and its operands
(`explanation.py`) are walks over that tree, so nobody writes a formula a second time.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Leaf:
    """A tensor, by name."""

    name: str


@dataclass(frozen=True)
class Number:
    """A constant that stands in the equation."""

    value: float


@dataclass(frozen=True)
class Apply:
    """`kind` applied to parts.

    "before" and "after" stand for a tensor one time step earlier or later, the second part for
    what is there at the edge. `option` completes the kind: the labels of a contraction
    ("...d,hd->...h"), the axis that a sum or mean removes (None: all of them), or of a size.
    """

    kind: str
    parts: tuple[Expression, ...]
    option: str | int | None = None


Expression = Leaf | Number | Apply
Axis = tuple[str, int]
"""One axis of a tensor: its dim's letter and its length."""


@cache
def operations() -> dict[Any, str]:
    """Return the kind of node that each readable operation becomes; methods are known by name."""
    import torch
    from torch.nn import functional as F

    return {
        operator.add: "add",
        operator.sub: "sub",
        operator.mul: "mul",
        operator.truediv: "div",
        operator.neg: "neg",
        torch.sigmoid: "sigmoid",
        torch.tanh: "tanh",
        torch.exp: "exp",
        torch.log: "log",
        torch.sqrt: "sqrt",
        torch.relu: "relu",
        torch.sign: "sign",
        torch.clamp: "min",
        "clip": "clip",
        torch.softmax: "softmax",
        torch.log_softmax: "log_softmax",
        torch.einsum: "contract",
        operator.matmul: "contract",
        F.linear: "contract",
        F.embedding: "lookup",
        "sum": "sum",
        "mean": "mean",
        "unsqueeze": "unsqueeze",
        "expand_as": "expand_as",
        "size": "size",
        "numel": "size",
    }


def read_expression(function: Callable[..., Any], names: tuple[str, ...]) -> Expression:
    """Return the body of `function` as a tree over the tensors called `names`.

    Raises:
        TypeError: the body uses an operation that has no formula here.
    """
    import torch.fx
    from torch.nn import functional as F

    kinds = operations()
    usual = {
        "min": {"max": 1.0},
        "lookup": {  # what F.embedding fills in
            "padding_idx": None,
            "max_norm": None,
            "norm_type": 2.0,
            "scale_grad_by_freq": False,
            "sparse": False,
        },
    }

    def refuse(what: object) -> TypeError:
        possible = sorted({k if isinstance(k, str) else k.__name__ for k in kinds})
        return TypeError(
            f"equation {function.__name__!r} uses {what}, which has no formula; "
            f"possible: {', '.join(possible)}"
        )

    def convert(x: Any) -> Expression:
        if isinstance(x, int | float):
            return Number(float(x))
        if not isinstance(x, torch.fx.Node):
            raise refuse(repr(x))
        if x.op == "placeholder":
            return Leaf(given[x.name])
        kind = kinds.get(x.target)
        if kind is None:
            raise refuse(repr(x.target))
        if x.kwargs and x.kwargs != usual.get(kind):
            raise refuse(f"{kind} with {dict(x.kwargs)}")
        if x.target is torch.einsum:
            return Apply(kind, tuple(map(convert, x.args[1:])), str(x.args[0]))
        if x.target is operator.matmul:
            return Apply(kind, tuple(map(convert, x.args)), "...k,kj->...j")
        if x.target is F.linear:
            product = Apply(kind, tuple(map(convert, x.args[:2])), "...d,hd->...h")
            bias = tuple(map(convert, x.args[2:]))
            return Apply("add", (product, *bias)) if bias else product
        if kind == "min":
            if len(x.args) != 1 or not x.kwargs:
                raise refuse("clamp with other bounds than max=1.0")
            return Apply(kind, (convert(x.args[0]), Number(1.0)))
        if kind == "clip":
            if x.args[1:] != (0.0, 1.0):
                raise refuse(f"clip to other bounds than 0.0 and 1.0: {x.args[1:]}")
            return Apply(kind, (convert(x.args[0]),))
        if kind in ("sum", "mean", "size", "softmax", "log_softmax", "unsqueeze"):
            axis = x.args[1] if len(x.args) == 2 else None
            if len(x.args) > 2 or not isinstance(axis, int | None):
                raise refuse(f"{kind} along {x.args[1:]}")
            if kind in ("sum", "mean", "size"):
                return Apply(kind, (convert(x.args[0]),), axis)
            if axis != -1:
                raise refuse(f"{kind} along another axis than -1")
            return Apply(kind, (convert(x.args[0]),))
        return Apply(kind, tuple(map(convert, x.args)))

    graph = torch.fx.Graph()
    tracer = torch.fx.proxy.GraphAppendingTracer(graph)
    nodes = [graph.placeholder(f"argument_{i}") for i in range(len(names))]
    given = {node.name: name for node, name in zip(nodes, names, strict=True)}
    try:
        result = function(*(torch.fx.Proxy(node, tracer) for node in nodes))
    except (torch.fx.proxy.TraceError, TypeError) as error:
        raise refuse(f"something that depends on the numbers ({error})") from None
    if not isinstance(result, torch.fx.Proxy):
        raise refuse(f"nothing but the constant {result!r}")
    return convert(result.node)


def contraction_labels(x: Apply) -> tuple[list[str], str, str]:
    """Split a contraction's labels into those of each part, of the result, and summed ones."""
    inputs, output = str(x.option).replace("...", "").split("->")
    parts = inputs.split(",")
    summed = "".join(dict.fromkeys(c for p in parts for c in p if c not in output))
    return parts, output, summed


def axes(x: Expression, known: Mapping[str, tuple[Axis, ...]]) -> tuple[Axis, ...]:
    """Return the axes of an expression from the axes of its tensors."""
    if isinstance(x, Leaf):
        return known[x.name]
    if isinstance(x, Number) or x.kind == "size":
        return ()
    own = [axes(p, known) for p in x.parts]
    if x.kind == "contract":
        length = label_axes(x, known)
        (first, *_), output, _ = contraction_labels(x)
        leading = own[0][: len(own[0]) - len(first)] if "..." in str(x.option) else ()
        return (*leading, *(length[c] for c in output))
    if x.kind in ("sum", "mean"):
        if x.option is None:
            return ()
        axis = int(x.option) % len(own[0])
        return (*own[0][:axis], *own[0][axis + 1 :])
    if x.kind == "unsqueeze":
        return (*own[0], ("1", 1))
    if x.kind == "expand_as":
        return own[1]
    if x.kind == "lookup":
        return (*own[0], own[1][-1])
    return broadcast(own)


def label_axes(x: Apply, known: Mapping[str, tuple[Axis, ...]]) -> dict[str, Axis]:
    """Return the axis behind each label of a contraction."""
    found: dict[str, Axis] = {}
    for part, names in zip(x.parts, contraction_labels(x)[0], strict=True):
        own = axes(part, known)
        found |= dict(zip(names, own[len(own) - len(names) :], strict=True))
    return found


def broadcast(shapes: list[tuple[Axis, ...]]) -> tuple[Axis, ...]:
    """Return the axes of an element-by-element result: aligned right, length 1 gives way."""
    result: list[Axis] = []
    for i in range(1, max(map(len, shapes), default=0) + 1):
        column = [s[-i] for s in shapes if len(s) >= i]
        result.insert(0, max(column, key=lambda axis: axis[1]))
    return tuple(result)


def leaves(x: Expression) -> tuple[str, ...]:
    """Return the names of all tensors in an expression, each once, in reading order."""
    if isinstance(x, Leaf):
        return (x.name,)
    if isinstance(x, Number):
        return ()
    return tuple(dict.fromkeys(n for p in x.parts for n in leaves(p)))


def spreading(x: Expression) -> frozenset[str]:
    """Return the names of tensors whose infinities and not-a-numbers always reach the result.

    Sums and products let each of them through, since infinity times 0 and infinity minus infinity
    are not numbers; a sigmoid does not, and of a quotient only the numerator.
    """
    if isinstance(x, Leaf):
        return frozenset({x.name})
    if isinstance(x, Number):
        return frozenset()
    through = {"add", "sub", "mul", "neg", "contract", "sum", "mean", "unsqueeze"}
    parts = x.parts if x.kind in through else x.parts[: x.kind in ("div", "expand_as")]
    return frozenset().union(*map(spreading, parts))


def rename_leaves(x: Expression, names: Mapping[str, str]) -> Expression:
    """Return the same expression over tensors of other names; those not in `names` keep theirs."""
    if isinstance(x, Leaf):
        return Leaf(names.get(x.name, x.name))
    if isinstance(x, Number):
        return x
    return replace(x, parts=tuple(rename_leaves(p, names) for p in x.parts))
