"""What is said of a number that was changed or is held."""

from __future__ import annotations

from dataclasses import replace

from explainer.engine.quantity import Quantity
from explainer.engine.trace import Trace
from explainer.explanation.index_form import Element, Look
from explainer.explanation.number_formula import Style

HELD = "held at {value}; by itself {by_itself}"
"""What is said of a computed number that is held."""
CHANGED = "changed from {before}"
"""What is said of a given number that was changed."""


def by_itself_equation(trace: Trace, name: str) -> Quantity:
    """Return a quantity with the equation that makes it where it is not held."""
    own = trace.quantities.get(f"own_{name}")
    q = trace.quantities[name]
    return q if own is None else replace(q, inputs=own.inputs, expression=own.expression)


def edit_of(
    trace: Trace, number: Element, look: Look, style: Style
) -> tuple[float | None, float | None, str]:
    """Return what a number was, what it would be by itself, and its edit in words.

    Args:
        trace: where it stands.
        number: which one.
        look: gives the numbers of the trace.
        style: how to write them.
    """
    name = number.name
    edit = trace.edits.get(name)
    index = tuple(int(i) for i in number.index)
    if edit is None or not edit.where[index]:
        return None, None, ""
    if edit.before is not None:
        before = float(edit.before[index])
        return before, None, CHANGED.format(before=style.number(name, before))
    by_itself = look(Element(f"own_{name}", number.index))
    value = style.number(name, look(number))
    return None, by_itself, HELD.format(value=value, by_itself=style.number(name, by_itself))
