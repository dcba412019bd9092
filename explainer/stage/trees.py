"""An equation as JSON: its tree, and its index form."""

from __future__ import annotations

from typing import Any

from explainer.engine.expression import Expression, Leaf, Number
from explainer.explanation.index_form import Constant, Count, Element, Form, Position


def as_json(x: Expression | None) -> Any:
    """Return a tree as JSON.

    A string is a tensor's name and a number is a constant; a list is the kind of what is
    applied, its option, and then its parts. None, for a given quantity, stays None.
    """
    if x is None:
        return None
    if isinstance(x, Leaf):
        return x.name
    if isinstance(x, Number):
        return x.value
    return [x.kind, x.option, *map(as_json, x.parts)]


def form_as_json(x: Form | None) -> Any:
    """Return an index form as JSON, which the browser fills in (`index_form.js`).

    A number is a constant. A list is ["at", name, *index], ["count", *dims], ["position", place],
    or the kind of an op, the letters that run in it ("" for none), and then its parts.
    """
    if x is None:
        return None
    if isinstance(x, Constant):
        return x.value
    if isinstance(x, Element):
        return ["at", x.name, *x.index]
    if isinstance(x, Count):
        return ["count", *x.dims]
    if isinstance(x, Position):
        return ["position", x.place]
    return [x.kind, x.letter, *map(form_as_json, x.parts)]
