"""The index form of an equation: how any one of its numbers is made.

An equation's tree (`expression.py`) is read once, with letters for the index of its own numbers:
"B T H" for a gate, "H H'" for a square matrix. To `fill` in an index gives the formula of one
number; sums are then written out term by term for numbers, or with a letter that runs for symbols.
The browser fills in the same forms (`scalar.js`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

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
from explainer.engine.quantity import Quantity

LETTERS = {"B": "b", "T": "t", "D": "dc", "H": "kj", "V": "vu"}
"""What runs in a sum over each dim, and over the same dim a second time."""
DIM_OF = {letter: dim for dim, letters in LETTERS.items() for letter in letters}
ROW = "row"
"""Stands in an index for the number of the row that a lookup finds."""
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


@dataclass(frozen=True)
class Count:
    """How many numbers there are along some dims, in an index form."""

    dims: tuple[str, ...]


@dataclass(frozen=True)
class Position:
    """Which number of its row a softmax gives, in an index form."""

    place: Place


@dataclass(frozen=True)
class FormOp:
    """As `Op`, in an index form."""

    kind: str
    parts: tuple[Form, ...]
    letter: str = ""


Scalar = Element | Constant | Op
"""The formula of one number."""
Form = Element | Constant | Count | Position | FormOp
"""The formula of any number of a tensor."""
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
    "relu": lambda x: max(x, 0.0),
    "clip": lambda x: min(max(x, 0.0), 1.0),
    "sign": lambda x: float((x > 0) - (x < 0)),
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


def own_letters(q: Quantity) -> tuple[str, ...]:
    """Return the letters that stand for a number's own index in the quantity's index form."""
    return tuple(d + "'" * q.dims[:i].count(d) for i, d in enumerate(q.dims))


def index_form(q: Quantity, quantities: Mapping[str, Quantity]) -> Form | None:
    """Return how any number of a quantity is made; None for what is given.

    Args:
        q: the quantity.
        quantities: all quantities by name; they give the dims.
    """
    if q.expression is None:
        return None
    known = {n: tuple((d, 2) for d in quantities[n].dims) for n in q.inputs}
    return lower(q.expression, own_letters(q), known)


def lower(x: Expression, at: tuple[Place, ...], known: Mapping[str, tuple[Axis, ...]]) -> Form:
    """Return how the number at `at` of a tensor expression is made."""
    if isinstance(x, Leaf):
        return Element(x.name, at)
    if isinstance(x, Number):
        return Constant(x.value)
    part = x.parts[0]
    own = axes(part, known)
    if x.kind in ("before", "after"):
        b, _, unit = at
        return FormOp(x.kind, (lower(part, at, known), lower(x.parts[1], (b, unit), known)))
    if x.kind == "size":
        return Count(tuple(d for d, _ in (own if x.option is None else (own[int(x.option)],))))
    if x.kind == "contract":
        return lower_contraction(x, at, known)
    if x.kind in ("sum", "mean"):
        over = range(len(own)) if x.option is None else [int(x.option) % len(own)]
        dims = tuple(own[i][0] for i in over)
        letters = running(dims, at)
        whole = list(at)
        for axis, letter in zip(over, letters, strict=True):
            whole.insert(axis, letter)
        total = total_over(letters, lower(part, tuple(whole), known))
        return total if x.kind == "sum" else FormOp("div", (total, Count(dims)))
    if x.kind in SOFT:
        (letter,) = running((own[-1][0],), at)
        term = lower(part, (*at[:-1], letter), known)
        return FormOp(x.kind, (Position(at[-1]), term), letter)
    if x.kind == "lookup":
        row = lower(part, at[:-1], known)
        return FormOp("lookup", (row, lower(x.parts[1], (ROW, at[-1]), known)))
    if x.kind == "unsqueeze":
        return lower(part, at[:-1], known)
    if x.kind == "expand_as":
        return lower(part, at[len(at) - len(own) :], known)
    parts = (lower(p, at[len(at) - len(axes(p, known)) :], known) for p in x.parts)
    return FormOp(x.kind, tuple(parts))


def lower_contraction(
    x: Apply, at: tuple[Place, ...], known: Mapping[str, tuple[Axis, ...]]
) -> Form:
    """Return one number of a product of matrices: a sum over the labels that vanish."""
    inputs, output, summed = contraction_labels(x)
    length = label_axes(x, known)
    leading, own = at[: len(at) - len(output)], at[len(at) - len(output) :]
    letters = running(tuple(length[c][0] for c in summed), at)
    where = dict(zip(output, own, strict=True)) | dict(zip(summed, letters, strict=True))
    parts = tuple(
        lower(p, (*(leading if i == 0 else ()), *(where[c] for c in names)), known)
        for i, (p, names) in enumerate(zip(x.parts, inputs, strict=True))
    )
    return total_over(letters, parts[0] if len(parts) == 1 else FormOp("mul", parts))


def running(dims: tuple[str, ...], at: tuple[Place, ...]) -> tuple[str, ...]:
    """Return a letter for each dim that a sum runs over; none of them stands in `at`."""
    letters: list[str] = []
    for dim in dims:
        letters.append(next(c for c in LETTERS[dim] if c not in letters and c not in at))
    return tuple(letters)


def total_over(letters: tuple[str, ...], term: Form) -> Form:
    """Return a sum over letters; over none it is the term itself."""
    return FormOp("sum", (term,), ",".join(letters)) if letters else term


Places = Mapping[Place, Place]
"""Which place stands for each letter."""


@dataclass(frozen=True)
class Filler:
    """Fills an index into index forms.

    Attributes:
        sizes: a run's sizes by dim, such as {"B": 2, "T": 8, ...}.
        look: gives the number of an element.
        expand: write every term of a sum, not one that stands for all.
    """

    sizes: Mapping[str, int]
    look: Look
    expand: bool

    def fill(self, x: Form, at: Places) -> Scalar:
        """Return the formula of one number.

        Args:
            x: an index form.
            at: the number's index, by the form's letters.
        """
        if isinstance(x, Element):
            return Element(x.name, tuple(at.get(i, i) for i in x.index))
        if isinstance(x, Constant):
            return x
        if isinstance(x, Count):
            return Constant(math.prod(self.sizes[d] for d in x.dims), "·".join(x.dims))
        if isinstance(x, Position):
            return Constant(float(at[x.place]))
        if x.kind in ("before", "after"):
            value = self.fill(x.parts[0], at)
            assert isinstance(value, Element)
            b, t, unit = value.index
            other = int(t) + (-1 if x.kind == "before" else 1)
            inside = 0 <= other < self.sizes["T"]
            return Element(value.name, (b, other, unit)) if inside else self.fill(x.parts[1], at)
        if x.kind == "lookup":
            row = self.fill(x.parts[0], at)
            assert isinstance(row, Element)
            return Op("lookup", (row, self.fill(x.parts[1], {**at, ROW: int(self.look(row))})))
        if x.kind in SOFT:
            position, term = x.parts
            assert isinstance(position, Position)
            if self.expand:
                return Op(x.kind, (self.fill(position, at), *self.each(x.letter, term, at)))
            chosen = self.fill(term, {**at, x.letter: at.get(position.place, position.place)})
            return Op(x.kind, (chosen, self.fill(term, at)), x.letter)
        if x.letter and self.expand:
            return Op(x.kind, self.each(x.letter, x.parts[0], at))
        return Op(x.kind, tuple(self.fill(p, at) for p in x.parts), x.letter)

    def each(self, letters: str, term: Form, at: Places) -> tuple[Scalar, ...]:
        """Return every term that the letters run through."""
        names = letters.split(",")
        runs = product(*(range(self.sizes[DIM_OF[c]]) for c in names))
        return tuple(
            self.fill(term, {**at, **dict(zip(names, places, strict=True))}) for places in runs
        )
