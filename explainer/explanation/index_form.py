"""The formula of one number: an equation's tree, walked for one index.

Sums are written out term by term for numbers, or with a letter that runs for symbols.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from explainer.engine.expression import (
    Apply,
    Axis,
    Expression,
    Leaf,
    Number,
    axes,
    contraction_labels,
    label_axes,
)
from explainer.engine.trace import Array, Trace

LETTERS = {"B": "b", "T": "t", "D": "dc", "H": "kj", "V": "vu"}
"""What runs in a sum over each dim, and over the same dim a second time."""
Place = int | str


@dataclass(frozen=True)
class Element:
    """One number of a named tensor; a letter in the index runs over an axis."""

    name: str
    index: tuple[Place, ...]


@dataclass(frozen=True)
class Constant:
    """A number that stands in the equation, or a count such as B·T with its letters."""

    value: float
    letters: str = ""


@dataclass(frozen=True)
class Op:
    """`kind` applied to parts; a sum over `letter` has one part that stands for all."""

    kind: str
    parts: tuple[Scalar, ...]
    letter: str = ""


Scalar = Element | Constant | Op


Look = Callable[[Element], float]
"""Gives the number of an element."""


def sigmoid(x: float) -> float:
    """Logistic function; the larger exponential is never taken, so nothing overflows."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def log_softmax(values: list[float], position: int) -> float:
    """Logarithm of the softmax at one position; the largest value is taken out first."""
    top = max(values)
    return values[position] - top - math.log(math.fsum(math.exp(v - top) for v in values))


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sigmoid": sigmoid,
    "tanh": math.tanh,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "min": lambda x: min(x, 1.0),
}
SOFT: dict[str, Callable[[list[float], int], float]] = {
    "softmax": lambda values, position: math.exp(log_softmax(values, position)),
    "log_softmax": log_softmax,
}
ARITHMETIC: dict[str, Callable[[list[float]], float]] = {
    "add": math.fsum,
    "sum": math.fsum,
    "sub": lambda v: v[0] - v[1],
    "mul": math.prod,
    "div": lambda v: v[0] / v[1],
    "neg": lambda v: -v[0],
    "lookup": lambda v: v[1],
}


def evaluate(x: Scalar, look: Look) -> float:
    """Compute a number from the elements it names."""
    if isinstance(x, Element):
        return look(x)
    if isinstance(x, Constant):
        return x.value
    values = [evaluate(p, look) for p in x.parts]
    if x.kind in FUNCTIONS:
        return FUNCTIONS[x.kind](values[0])
    if x.kind in SOFT:
        return SOFT[x.kind](values[1:], int(values[0]))
    return ARITHMETIC[x.kind](values)


class Walk:
    """From a tensor formula to the formula of one number in it."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.known: dict[str, tuple[Axis, ...]] = {
            n: tuple(zip(q.dims, trace.shape(n), strict=True)) for n, q in trace.quantities.items()
        }
        self.cache: dict[str, Array] = {}

    def value(self, element: Element) -> float:
        """Look an element up; on-demand quantities are computed once."""
        if element.name not in self.cache:
            self.cache[element.name] = self.trace[element.name]
        index = tuple(int(i) for i in element.index)
        return float(self.cache[element.name][index])

    def scalar(self, x: Expression, at: tuple[Place, ...], expand: bool) -> Scalar:
        """Return how the number at `at` is made; `expand` writes every term of a sum."""
        if isinstance(x, Leaf):
            return Element(x.name, at)
        if isinstance(x, Number):
            return Constant(x.value)
        part = x.parts[0]
        own = axes(part, self.known)
        if x.kind in ("before", "after"):
            return self.neighbour(x, at)
        if x.kind == "size":
            chosen = own if x.option is None else (own[int(x.option)],)
            return Constant(math.prod(n for _, n in chosen), "·".join(d for d, _ in chosen))
        if x.kind == "contract":
            return self.contract(x, at, expand)
        if x.kind in ("sum", "mean"):
            over = range(len(own)) if x.option is None else [int(x.option) % len(own)]
            total = self.total(
                [own[i] for i in over],
                lambda places: self.scalar(part, insert(at, list(over), places), expand),
                expand,
            )
            if x.kind == "sum":
                return total
            count = math.prod(own[i][1] for i in over)
            return Op("div", (total, Constant(count, "·".join(own[i][0] for i in over))))
        if x.kind in SOFT:
            size = own[-1][1]
            if expand:
                everything = tuple(self.scalar(part, (*at[:-1], v), expand) for v in range(size))
                return Op(x.kind, (Constant(float(at[-1])), *everything))
            letter = LETTERS[own[-1][0]][0]
            return Op(
                x.kind,
                (self.scalar(part, at, expand), self.scalar(part, (*at[:-1], letter), expand)),
                letter,
            )
        if x.kind == "lookup":
            row = self.scalar(part, at[:-1], expand)
            assert isinstance(row, Element)
            found = int(self.value(row))
            return Op("lookup", (row, self.scalar(x.parts[1], (found, at[-1]), expand)))
        if x.kind == "unsqueeze":
            return self.scalar(part, at[:-1], expand)
        if x.kind == "expand_as":
            return self.scalar(part, spread(own, at), expand)
        return Op(
            x.kind,
            tuple(self.scalar(p, spread(axes(p, self.known), at), expand) for p in x.parts),
        )

    def neighbour(self, x: Apply, at: tuple[Place, ...]) -> Scalar:
        """Return a number of the time step before (or after), or what stands at the edge."""
        value, edge = x.parts
        assert isinstance(value, Leaf)
        b, t, unit = at
        other = int(t) + (-1 if x.kind == "before" else 1)
        if 0 <= other < self.trace.sizes["T"]:
            return Element(value.name, (b, other, unit))
        return (
            Constant(edge.value) if isinstance(edge, Number) else self.scalar(edge, (b, unit), True)
        )

    def contract(self, x: Apply, at: tuple[Place, ...], expand: bool) -> Scalar:
        """Return one number of a product of matrices: a sum over the labels that vanish."""
        inputs, output, summed = contraction_labels(x)
        length = label_axes(x, self.known)
        leading = at[: len(at) - len(output)]
        fixed = dict(zip(output, at[len(at) - len(output) :], strict=True))

        def term(places: list[Place]) -> Scalar:
            where = fixed | dict(zip(summed, places, strict=True))
            parts = tuple(
                self.scalar(p, (*(leading if i == 0 else ()), *(where[c] for c in names)), expand)
                for i, (p, names) in enumerate(zip(x.parts, inputs, strict=True))
            )
            return parts[0] if len(parts) == 1 else Op("mul", parts)

        return self.total([length[c] for c in summed], term, expand)

    def total(
        self, over: list[Axis], term: Callable[[list[Place]], Scalar], expand: bool
    ) -> Scalar:
        """Return a sum over some axes: every term, or one that stands for all."""
        if not over:
            return term([])
        if not expand:
            letters: list[str] = []
            for dim, _ in over:
                letters.append(next(c for c in LETTERS[dim] if c not in letters))
            return Op("sum", (term(list(letters)),), ",".join(letters))
        places: list[list[Place]] = [[]]
        for _, size in over:
            places = [[*p, i] for p in places for i in range(size)]
        return Op("sum", tuple(term(p) for p in places))


def spread(own: tuple[Axis, ...], at: tuple[Place, ...]) -> tuple[Place, ...]:
    """Return the place in a part of an element-by-element result: aligned right."""
    return tuple(
        0 if dim == "1" else i for (dim, _), i in zip(own, at[len(at) - len(own) :], strict=True)
    )


def insert(at: tuple[Place, ...], over: list[int], places: list[Place]) -> tuple[Place, ...]:
    """Return an index with the places of summed axes put back."""
    result = list(at)
    for axis, i in zip(over, places, strict=True):
        result.insert(axis, i)
    return tuple(result)
