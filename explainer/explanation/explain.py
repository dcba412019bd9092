"""Explain one number: its formula in symbols, with shapes, with its numbers.

The index is filled into the equation's index form (`index_form.py`). What comes out is a tree over
single numbers; its text, its LaTeX, its value and its terms are four walks over it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from explainer.engine.trace import Array, Trace
from explainer.errors import (
    in_range,
    must_be,
)
from explainer.explanation.edit_words import by_itself_equation, edit_of
from explainer.explanation.index_form import (
    FUNCTIONS,
    SOFT,
    Constant,
    Element,
    Filler,
    Look,
    Op,
    Places,
    Scalar,
    evaluate,
    index_form,
    own_letters,
)
from explainer.explanation.number_formula import (
    SHOWN,
    Style,
    element_text,
    index_text,
    plain,
    write_formula,
)
from explainer.explanation.number_index import check_index
from explainer.explanation.tensor_formula import shapes_line


@dataclass(frozen=True)
class Factor:
    """One factor of a term.

    Attributes:
        text: as it is written in symbols, such as "z[0,2,1]" or "(1 − z[0,2,1])".
        value: its number.
        elements: the tensors' numbers in it, as (name, index).
    """

    text: str
    value: float
    elements: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class Term:
    """A product of factors; the terms add up."""

    factors: tuple[Factor, ...]

    @property
    def value(self) -> float:
        """Product of the factors."""
        return math.prod(f.value for f in self.factors)


@dataclass(frozen=True)
class Explanation:
    """One number, opened.

    Attributes:
        name: the quantity.
        index: which of its numbers.
        symbols: the formula with names and places.
        shapes: the same formula for whole tensors, each with its shape.
        numbers: the formula with its numbers, a long sum shortened in the middle.
        latex: symbols and numbers in LaTeX.
        terms: every term, none left out.
        function: what is applied to the sum of the terms: "" nothing, "sigmoid", "tanh", "relu",
            "clip" (to 0 and 1), "sign", "exp", "log", "sqrt", "min" (with 1); "softmax" and
            "log_softmax" take the terms as a list and give the one at `position`.
        value: the number itself, as the trace has it.
        position: see `function`.
        description: what the quantity is for.
        before: what a given number was before it was changed; None where it was not.
        by_itself: what a held number would be by itself; None where it is not held.
        edit: the same in words, such as "held at 1.0000; by itself 0.3100"; else empty.
        source: where a given number stands in somebody's own module, such as
            "rnn.weight_hh_l0[33, 2]"; else empty.
    """

    name: str
    index: tuple[int, ...]
    symbols: str
    shapes: str
    numbers: str
    latex: str
    terms: tuple[Term, ...]
    function: str
    value: float
    position: int | None
    description: str
    before: float | None = None
    by_itself: float | None = None
    edit: str = ""
    source: str = ""

    def recompute(self) -> float:
        """Compute the value again from nothing but the terms."""
        values = [t.value for t in self.terms]
        if self.position is not None:
            return SOFT[self.function](values, self.position)
        return FUNCTIONS.get(self.function, float)(math.fsum(values))


def explain(
    trace: Trace,
    name: str,
    index: tuple[int, ...] = (),
    digits: int | None = 4,
    shown: int | None = SHOWN,
) -> Explanation:
    """Explain one number of a trace or an update.

    Args:
        trace: a run's `trace`, `second` or `update`.
        name: the quantity, such as "z", "d_W_hz", "ce_2" or "new_W_hz".
        index: which number: one whole number for each dim, such as (sequence, time step, unit).
        digits: digits after the point in texts, 0 to 17; None writes every digit.
        shown: most terms of a sum that the texts write out, 1 or more; None writes all.

    Raises:
        KeyError: the trace has no such quantity.
        TypeError: an argument has the wrong type.
        ValueError: there is no such number in it, or it can't be written so.
    """
    must_be("trace", trace, Trace, "a trace, such as run(settings).trace")
    if digits is not None:
        digits = in_range("digits", digits, int, 0, 17, "None writes every digit.")
    if shown is not None:
        shown = in_range("shown", shown, int, 1, 2**32 - 1, "None writes every term.")
    trace.check(name)
    q = trace.quantities[name]
    index = check_index(trace, name, index)
    look = reader(trace)
    result = Element(name, index)
    value = look(result)
    style = Style(look, trace.quantities, digits=digits, shown=shown)
    before, by_itself, edit = edit_of(trace, result, look, style)
    computed = by_itself_equation(trace, name)
    form = None if by_itself is not None else index_form(computed, trace.quantities)
    short: Scalar = result
    full: Scalar = result
    if form is not None:
        at: Places = dict(zip(own_letters(q), index, strict=True))
        short, full = (Filler(trace.sizes, look, e).fill(form, at) for e in (False, True))
    function, terms, position = flatten(full, look)
    left = f"{q.symbol}{index_text(index)}"
    names, numbers = style, replace(style, numbers=True)
    number = numbers.element(result)
    latex_number = replace(numbers, latex=True).element(result)
    if form is not None:
        symbols = f"{element_text(result)} = {write_formula(short, names)}"
        with_numbers = f"{element_text(result)} = {write_formula(full, numbers)} = {number}"
        latex = " = ".join(
            (
                left,
                write_formula(short, replace(names, latex=True)),
                write_formula(full, replace(numbers, latex=True)),
                latex_number,
            )
        )
    else:
        symbols = f"{element_text(result)} is {'given' if by_itself is None else 'held'}"
        with_numbers, latex = f"{element_text(result)} = {number}", f"{left} = {latex_number}"
        if by_itself is not None:
            with_numbers = f"{element_text(result)} {edit}"
        elif before is not None:
            with_numbers += f"; {edit}"
    return Explanation(
        name=name,
        index=index,
        symbols=symbols,
        shapes=shapes_line(trace, computed),
        numbers=with_numbers,
        latex=latex,
        terms=terms,
        function=function,
        value=value,
        position=position,
        description=q.description,
        before=before,
        by_itself=by_itself,
        edit=edit,
        source=trace.origin.sources[name].of(index) if name in trace.origin.sources else "",
    )


def reader(trace: Trace) -> Look:
    """Return what looks the numbers of a trace up; an on-demand quantity is computed once."""
    known: dict[str, Array] = {}

    def look(element: Element) -> float:
        if element.name not in known:
            known[element.name] = trace[element.name]
        return float(known[element.name][tuple(int(i) for i in element.index)])

    return look


def flatten(x: Scalar, look: Look) -> tuple[str, tuple[Term, ...], int | None]:
    """Return a number as function, terms and position, as `Explanation` has them."""
    if isinstance(x, Op) and x.kind in SOFT:
        position = x.parts[0]
        assert isinstance(position, Constant)
        summands = tuple(Term((factor(p, look),)) for p in x.parts[1:])
        return x.kind, summands, int(position.value)
    function = ""
    if isinstance(x, Op) and x.kind in FUNCTIONS:
        function, x = x.kind, x.parts[0]
    return function, tuple(Term(f or (Factor("1", 1.0),)) for f in terms(x, look)), None


def terms(x: Scalar, look: Look, minus: bool = False) -> list[tuple[Factor, ...]]:
    """Return a sum as products."""
    if isinstance(x, Op):
        if x.kind in ("add", "sum"):
            return [t for p in x.parts for t in terms(p, look, minus)]
        if x.kind == "sub":
            return terms(x.parts[0], look, minus) + terms(x.parts[1], look, not minus)
        if x.kind == "neg":
            return terms(x.parts[0], look, not minus)
        if x.kind == "div" and isinstance(x.parts[0], Op) and x.parts[0].kind in ("sum", "neg"):
            share = reciprocal(x.parts[1], look)
            return [(*t, share) for t in terms(x.parts[0], look, minus)]
    sign = (Factor("−1", -1.0),) if minus else ()
    return [(*sign, *factors(x, look))]


def factors(x: Scalar, look: Look) -> tuple[Factor, ...]:
    """Return a product as factors."""
    if isinstance(x, Op):
        if x.kind == "mul":
            return tuple(f for p in x.parts for f in factors(p, look))
        if x.kind == "div":
            return (*factors(x.parts[0], look), reciprocal(x.parts[1], look))
        if x.kind == "neg":
            return (Factor("−1", -1.0), *factors(x.parts[0], look))
        if x.kind == "lookup":
            return factors(x.parts[1], look)
    return (factor(x, look),)


def factor(x: Scalar, look: Look) -> Factor:
    """Return anything as one factor."""
    return Factor(plain(x), evaluate(x, look), tuple(elements(x)))


def reciprocal(x: Scalar, look: Look) -> Factor:
    """Return what one divides by, as a factor."""
    inner = factor(x, look)
    return Factor(f"1/{inner.text}", 1 / inner.value, inner.elements)


def elements(x: Scalar) -> list[tuple[str, tuple[int, ...]]]:
    """Return every tensor's number in a formula, as (name, index)."""
    if isinstance(x, Element):
        return [(x.name, tuple(int(i) for i in x.index))]
    if isinstance(x, Constant):
        return []
    return [e for p in x.parts for e in elements(p)]
