"""A run that is too large for the browser to compute: which part of it is sent.

The browser gets the chosen sequence, then only what the scene shows, then a stretch of time and a
part of the matrices; it asks for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from explainer.engine.batch_run import Run
from explainer.engine.layer_trace import LayerRun
from explainer.engine.quantity import Quantity
from explainer.engine.trace import Trace
from explainer.explanation.explain import Explanation, explain
from explainer.stage.buffer import Buffer
from explainer.stage.scene import Scene

WHOLE = 20_000
"""Most numbers of a run that is sent whole."""
MOST = 120_000
"""Most numbers of a page at any size; with the thumbnails, below 2 MB as text."""
FOCUS = 24
"""Units that are sent of a matrix that is too large."""
OPERANDS = 200
"""Most operands of one answer."""


@dataclass(frozen=True)
class Place:
    """Where a user is, as far as the server must know.

    Attributes:
        sequence: which sequence of the batch.
        t: which time step.
        focus: first unit of the part of large matrices, by dim.
    """

    sequence: int = 0
    t: int = 0
    focus: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """The first pass and the update as one collection of named tensors."""

    run: Run | LayerRun

    def trace(self, name: str) -> Trace:
        """Return the trace that has the quantity and knows how it came about."""
        return self.run.trace if name in self.run.trace else self.run.update

    def quantity(self, name: str) -> Quantity:
        """Return a quantity."""
        return self.trace(name).quantities[name]

    def reachable(self, names: Iterable[str]) -> list[str]:
        """Return these names and everything they were computed from, each once."""
        found: dict[str, None] = {}
        waiting = list(dict.fromkeys(names))
        while waiting:
            name = waiting.pop(0)
            if name not in found:
                found[name] = None
                waiting += [n for n in self.quantity(name).inputs if n not in found]
        return list(found)

    def explain(self, name: str, index: tuple[int, ...], digits: int | None) -> Explanation:
        """Explain a number of either."""
        return explain(self.trace(name), name, index, digits=digits)


def send_parts(
    buffer: Buffer, source: Source, scene: Scene, place: Place, shown: list[str], names: list[str]
) -> dict[str, dict[str, Any]]:
    """Append what a user sees at a place, and what it is made of; return how, by name.

    Args:
        buffer: takes the numbers.
        source: the run.
        scene: what stands on the stage.
        place: where the user is.
        shown: the scene's quantities.
        names: these, and all that they are computed from.
    """
    parts = choose(source, shown, names, scene, place)
    memory: dict[Any, str] = {}
    sent: dict[str, dict[str, Any]] = {}
    for name, part in parts.items():
        value = source.trace(name)[name]
        cut = value[tuple(slice(*ends) for ends in part)]
        where = value.__array_interface__["data"][0], value.shape, value.strides
        if name in source.trace(name).arrays and memory.setdefault(where, name) != name:
            sent[name] = {"same": memory[where]}
        else:
            sent[name] = buffer.encode(cut)
        if cut.shape != value.shape:
            sent[name]["part"] = part
            if value.ndim == 2 and "T" not in source.quantity(name).dims:
                sent[name] |= buffer.thumbnail(value)
    return sent


def choose(
    source: Source, shown: list[str], names: list[str], scene: Scene, place: Place
) -> dict[str, list[list[int]]]:
    """Return which part of which quantity is sent: [first, end] for each dim."""
    sizes = source.run.trace.sizes
    shape = {n: source.trace(n).shape(n) for n in names}
    dims = {n: source.quantity(n).dims for n in names}
    needed = list(dict.fromkeys([*shown, *(n for s in shown for n in source.quantity(s).inputs)]))
    turned = {r.name: r.turned for lane in scene for b in lane.bands for r in b.rows}

    def part(name: str, window: int, focus: int, one: bool) -> list[list[int]]:
        ends = [[0, size] for size in shape[name]]
        whole = source.quantity(name).integer
        for axis, dim in enumerate(dims[name]):
            if dim == "B" and one and name not in ("ce_2", "d_ce_2") and not whole:
                ends[axis] = [place.sequence, place.sequence + 1]
            if dim == "T" and window < sizes["T"]:
                first = max(0, min(place.t - window // 4, sizes["T"] - window))
                ends[axis] = [first, first + window]
        units = [axis for axis, dim in enumerate(dims[name]) if dim not in "BT"]
        if focus and len(units) == 2:
            axis = units[0 if turned.get(name, True) else 1]
            size = shape[name][axis]
            first = max(0, min(place.focus.get(dims[name][axis], 0) - focus // 3, size - focus))
            ends[axis] = [first, min(first + focus, size)]
        return ends

    def cost(parts: Mapping[str, list[list[int]]]) -> int:
        total = 0
        seen = set()
        for name, ends in parts.items():
            trace = source.trace(name)
            size = int(np.prod([b - a for a, b in ends]))
            if size > 200 and name in trace.arrays:
                value = trace.arrays[name]
                where = value.__array_interface__["data"][0]
                if where in seen:
                    continue
                seen.add(where)
                cut = value[tuple(slice(*e) for e in ends)]
                size = min(size, 2 * int(np.count_nonzero(cut)))
                if (cut == cut.flat[0]).all():
                    size = 1
            total += size
        return total

    T = sizes["T"]
    for one in (False, True):
        if sum(int(np.prod(shape[n])) for n in names) / (sizes["B"] if one else 1) > 10 * WHOLE:
            continue
        parts = {n: part(n, T, 0, one) for n in names}
        if cost(parts) <= WHOLE:
            return parts
    small = [(T, 0, WHOLE), (16, 0, WHOLE)]
    large = [*((n, FOCUS if n < 64 else 0, MOST) for n in (T, 64, 32, 8, 1)), (1, 8, MOST)]
    for window, focus, most in [*small, *large]:
        parts = {n: part(n, min(window, T), focus, True) for n in needed}
        if sum(int(np.prod([b - a for a, b in e])) for e in parts.values()) > 40 * MOST:
            continue
        if cost(parts) <= most:
            break
    return parts


def means(trace: Trace, sequence: int) -> dict[str, list[float]]:
    """Return gates, candidate and state of one sequence as a mean for each time step."""
    return {n: np.round(trace[n][sequence].mean(-1), 3).tolist() for n in ("z", "r", "n", "h")}


def answer(
    run: Run | LayerRun, name: str, index: tuple[int, ...], digits: int | None
) -> dict[str, Any]:
    """Explain one number whose operands were not sent.

    Raises:
        KeyError: there is no such quantity.
        ValueError: there is no such number.
    """
    source = Source(run)
    opened = source.explain(name, index, digits)
    elements = [e for term in opened.terms for f in term.factors for e in f.elements]
    operands = [
        [n, list(i), float(source.trace(n)[n][i])]
        for n, i in dict.fromkeys(elements[: 4 * OPERANDS])
    ]
    return {
        "name": name,
        "index": list(index),
        "digits": digits,
        "symbols": opened.symbols,
        "shapes": opened.shapes,
        "numbers": opened.numbers,
        "latex": opened.latex,
        "value": opened.value,
        "operands": operands[:OPERANDS],
    }
