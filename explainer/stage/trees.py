"""An equation's tree as JSON, which the browser walks for one number (`scalar.js`)."""

from __future__ import annotations

from typing import Any

from explainer.engine.expression import Expression, Leaf, Number


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
