"""Which number of a quantity is meant."""

from __future__ import annotations

from typing import Any

import numpy as np

from explainer.engine.trace import Trace
from explainer.errors import ConstraintError, InvalidValueError, WrongTypeError, shorten, to_builtin


def check_index(trace: Trace, name: str, index: object) -> tuple[int, ...]:
    """Return the index of one number of a quantity.

    Raises:
        TypeError: it is no tuple or list of integers.
        ValueError: the quantity has no such number, or it stands after a sequence's end.
    """
    q, shape = trace.quantities[name], trace.shape(name)
    dims = ", ".join(f"{d} 0 to {n - 1:,}" for d, n in zip(q.dims, shape, strict=True))
    expected = f"a tuple of integers: {dims}" if dims else "(), as a single number needs no index"
    numbers: Any = index.tolist() if isinstance(index, np.ndarray) else index
    found = tuple(map(to_builtin, numbers)) if isinstance(numbers, tuple | list) else (None,)
    if not all(type(i) is int for i in found):
        raise WrongTypeError("index", expected, shorten(index))
    if len(found) != len(shape) or any(not 0 <= i < n for i, n in zip(found, shape, strict=True)):
        raise InvalidValueError("index", expected, shorten(index))
    if q.dims[:2] == ("B", "T") and found[1] >= trace.lengths[found[0]]:
        count = trace.lengths[found[0]]
        given = f"sequence {found[0]} has {count:,} time steps"
        raise ConstraintError("index", f"t is {found[1]}", given, "What comes after is padding.")
    return found
