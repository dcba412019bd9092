"""Where infinity or not-a-number began."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from explainer.engine.expression import spreading
from explainer.engine.quantity import Quantity
from explainer.errors import NotFiniteError


def refuse_not_finite(
    quantities: Mapping[str, Quantity], values: Mapping[str, NDArray[np.float64]]
) -> None:
    """Raise where infinity or not-a-number began: the first quantity, time step and unit.

    Raises:
        NotFiniteError: a value is not finite.
    """
    shown = frozenset().union(*(shown_by(quantities[name]) for name in values))
    if all(finite(value) for name, value in values.items() if name not in shown):
        return
    found = []
    for order, (name, value) in enumerate(values.items()):
        if finite(value):
            continue
        when, place = earliest(quantities[name], ~np.isfinite(value))
        found.append((when, order, name, place))
    if not found:
        return
    *_, name, place = min(found)
    q, at = quantities[name], f"[{', '.join(map(str, place))}]" if place else ""
    first = "the first to become " if q.function else ""
    raise NotFiniteError(
        name,
        "only finite numbers can be shown",
        f"{name}{at} is {first}{values[name][place]:g}{axes_text(q, place)}",
        "Begin with smaller parameters." if q.function else "Pass finite numbers.",
    )


@lru_cache(maxsize=1024)  # whoever holds quantities makes more of them
def shown_by(q: Quantity) -> frozenset[str]:
    """Return what cannot be other than finite where a quantity is."""
    return spreading(q.expression) if q.function and q.expression else frozenset()


def finite(value: NDArray[np.float64]) -> bool:
    """Tell whether all numbers are finite."""
    # one pass over them: a sum of finite ones is finite unless they are huge
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(value.sum()) or np.isfinite(value).all())


def earliest(q: Quantity, marked: NDArray[np.bool_]) -> tuple[tuple[bool, float], tuple[int, ...]]:
    """Return which of some numbers of a quantity is computed first.

    Args:
        q: the quantity.
        marked: which of its numbers; at least one.

    Returns:
        When it is computed, to be compared with that of other quantities, and its place. Of two
        at the same time the one computed first is that of the quantity declared first.
    """
    places = np.argwhere(marked)
    backwards = q.role == "gradient"
    if "T" in q.dims:
        time = places[:, q.dims.index("T")] * (-1 if backwards else 1)
        when, place = float(time.min()), places[int(time.argmin())]
    else:  # given before the first time step, or computed after the last
        when, place = np.inf if q.function else -np.inf, places[0]
    return (backwards, when), tuple(int(i) for i in place)


def axes_text(q: Quantity, place: tuple[int, ...]) -> str:
    """Return what each axis of a place means, such as " (time step 3, hidden unit 1)"."""
    one = {"B": "sequence", "T": "time step", "D": "feature", "H": "hidden unit", "V": "token id"}
    axes = [f"{one[d]} {i}" for d, i in zip(q.dims, place, strict=True)]
    if len(axes) == 2 and not {"B", "T"} & set(q.dims):  # a matrix of parameters
        past = " of the previous state" if q.dims == ("H", "H") else ""
        axes = [f"row: {axes[0]}", f"column: {axes[1]}{past}"]
    return f" ({', '.join(axes)})" if axes else ""
