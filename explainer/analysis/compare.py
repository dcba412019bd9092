"""Where two runs part: first in the order of computing, and how far for each quantity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from explainer.analysis.port import explained, port_states
from explainer.engine.batch_run import Run
from explainer.engine.not_finite import earliest
from explainer.engine.quantity import Quantity
from explainer.engine.trace import Array, Trace
from explainer.errors import in_range, must_be, names_of

FLOAT32 = 1e-5
"""The largest difference from states in float32 that does not count."""


@dataclass(frozen=True)
class Difference:
    """One number in which two traces differ.

    Attributes:
        name: the quantity; "second.z" is z of a run's second pass.
        index: which of its numbers.
        a: the number in the first trace.
        b: the number in the second.
    """

    name: str
    index: tuple[int, ...]
    a: float
    b: float

    def __str__(self) -> str:
        """Return it in words, such as "z[0, 2, 1]: 0.3112 and 1"."""
        at = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        a, b = next(pair for pair in self._written() if pair[0] != pair[1] or self.a == self.b)
        return f"{self.name}{at}: {a} and {b}"

    def _written(self) -> Iterator[tuple[str, str]]:
        """Write both numbers with more and more digits, so that they can be told apart."""
        for digits in (4, 8, 17):
            yield f"{self.a:.{digits}g}", f"{self.b:.{digits}g}"


@dataclass(frozen=True, repr=False)
class Comparison:
    """How two traces or runs differ.

    Attributes:
        first: the number that is computed first of those that differ; None where none does.
        largest: for each quantity that differs, the number that differs most, in the order of
            the traces.
        shapes: the two shapes of each quantity that both have in different ones.
        only_a: names that only the first has.
        only_b: names that only the second has.
        compared: how many quantities were compared, number by number.
        port: of states alone what explains that they differ, a sentence; else empty.
    """

    first: Difference | None
    largest: Mapping[str, Difference]
    shapes: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    compared: int
    port: str = ""

    def __repr__(self) -> str:
        """Return what a notebook shows: where they part, and what could not be compared."""
        said = ["equal in " + ("h" if self.compared == 1 else f"{self.compared} quantities")]
        if self.first and self.port:
            said = [f"part first at {self.first}", self.port.rstrip(".")]
        elif self.first:
            differ = f"{len(self.largest)} of {self.compared} quantities differ"
            said = [f"part first at {self.first}", differ]
        if self.shapes:
            name, (a, b) = next(iter(self.shapes.items()))
            said.append(f"{len(self.shapes)} have other shapes, such as {name}: {a} and {b}")
        for side, names in (("a", self.only_a), ("b", self.only_b)):
            if names:
                said.append(f"only in {side}: {names_of(names)}")
        return f"Comparison({'; '.join(said)})"


def compare(a: Run | Trace, b: Any, within: float | None = None) -> Comparison:
    """Say where two traces or two runs part, and by how much; or a trace and another library.

    A quantity that they have in different shapes is named, not compared. What is computed on
    demand is left out. Where states are all that is known of a port, it is also tried what
    explains them: the order of the gates, the place of the reset gate, the meaning of z, which
    biases, functions of the gates, something transposed or left out; or the time steps at which
    something else happens.

    Args:
        a: a run, or one of its traces.
        b: the same of another run; or (B, T, H) states of another library, sequence first, for
            the trace's weights and input, in the order of the input.
        within: the largest difference that does not count, from 0; None for 0, and for 1e-5
            beside states of another library, which computes in float32.

    Raises:
        TypeError: they are not two runs or two traces, or `within` is no number.
        ValueError: `within` is out of range, or states have another shape than the trace's.
    """
    must_be("a", a, Run | Trace, "a run or a trace, such as run(settings)")
    states = is_array(b)
    if within is None:
        within = FLOAT32 if states else 0.0
    within = in_range("within", within, float, 0.0, 1e300)
    if states:
        return compare_states(a.trace if isinstance(a, Run) else a, b, within)
    kind, what = (Run, "a run") if isinstance(a, Run) else (Trace, "a trace")
    more = "" if isinstance(b, Run | Trace) else ", or an array of states"
    must_be("b", b, kind, f"{what}, as a is{more}")
    left, right = dict(arrays(a)), dict(arrays(b))
    largest: dict[str, Difference] = {}
    found: list[tuple[Any, Difference]] = []
    shapes = {}
    compared = 0
    for order, (name, (part, q, x)) in enumerate(left.items()):
        if name not in right:
            continue
        y = right[name][2]
        if x.shape != y.shape:
            shapes[name] = x.shape, y.shape
            continue
        compared += 1
        gap = np.abs(x - y)
        differs = gap > within
        if not differs.any():
            continue
        most = np.unravel_index(int(gap.argmax()), gap.shape)
        largest[name] = difference(name, tuple(int(i) for i in most), x, y)
        when, place = earliest(q, differs)
        found.append(((part, when, order), difference(name, place, x, y)))
    return Comparison(
        first=min(found, key=lambda pair: pair[0])[1] if found else None,
        largest=largest,
        shapes=shapes,
        only_a=tuple(n for n in left if n not in right),
        only_b=tuple(n for n in right if n not in left),
        compared=compared,
    )


def is_array(value: object) -> bool:
    """Tell whether a value is an array, of any library, and no run and no trace."""
    return not isinstance(value, Run | Trace) and len(getattr(value, "shape", ())) > 1


def compare_states(trace: Trace, b: Any, within: float) -> Comparison:
    """Compare a trace with the states that another library computes, and say what explains them.

    Args:
        trace: with x, h_0 and h.
        b: (B, T, H) the other states.
        within: the largest difference that does not count.
    """
    x, y = trace["h"], port_states(trace, b)
    inside = np.arange(x.shape[1]) < np.array(trace.lengths)[:, None]
    gap = np.where(inside[..., None], np.abs(x - y), 0.0)
    if not (differs := ~(gap <= within)).any():
        return Comparison(None, {}, {}, (), (), 1)
    _, place = earliest(trace.quantities["h"], differs)
    most = np.unravel_index(int(gap.argmax()), gap.shape)
    largest = {"h": difference("h", tuple(int(i) for i in most), x, y)}
    first = difference("h", place, x, y)
    return Comparison(first, largest, {}, (), (), 1, explained(trace, y, within))


def arrays(source: Run | Trace) -> Iterator[tuple[str, tuple[int, Quantity, Array]]]:
    """Yield every array by name, with its part of the run, and its quantity."""
    parts = [("", source)] if isinstance(source, Trace) else [("", source.trace)]
    if isinstance(source, Run):
        parts += [("", source.update), ("second.", source.second)]
    seen = set()
    for part, (prefix, trace) in enumerate(parts):
        for name, value in trace.arrays.items():
            full = f"{prefix}{name}"
            if full not in seen:  # an update begins with what the first pass has, too
                seen.add(full)
                yield full, (part, trace.quantities[name], value)


def difference(name: str, index: tuple[int, ...], a: Array, b: Array) -> Difference:
    """Return two numbers at one place."""
    return Difference(name, index, float(a[index]), float(b[index]))
