"""What the stage is sent: every number it may show, once, and how each of them came about.

Small runs are sent whole. Of a larger one the browser gets the chosen sequence, then only what
the scene shows, then a stretch of time and a part of the matrices; it asks for the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from explainer.engine.batch_run import Run
from explainer.engine.quantity import DIMS, Quantity
from explainer.engine.trace import Trace
from explainer.explanation.explain import Explanation, explain
from explainer.explanation.index_form import index_form, own_letters
from explainer.explanation.tensor_formula import equation_text, shapes_line
from explainer.plots import colours
from explainer.plots.tables import visible
from explainer.stage.buffer import Buffer
from explainer.stage.scene import Scene
from explainer.stage.trees import as_json, form_as_json

WHOLE = 20_000
"""Most numbers of a run that is sent whole; 8 bytes each, a third more as text."""
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

    run: Run

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


def payload(run: Run, scene: Scene, place: Place, **also: Any) -> dict[str, str]:
    """Return what the stage gets: a description as JSON, and the numbers as base64.

    Args:
        run: the user's run.
        scene: what stands on the stage.
        place: the part of a large run that the user looks at.
        also: goes into the description as it is.
    """
    source = Source(run)
    shown = list(dict.fromkeys(n for lane in scene for n in lane.names))
    if "h" in shown and "z" in shown:  # for the switch to the other convention
        shown += ["z_other", "h_other"]
    names = source.reachable(shown)
    parts = choose(source, shown, names, scene, place)
    buffer = Buffer()
    quantities = {}
    memory: dict[Any, str] = {}
    for name in names:
        described = describe_quantity(source, name)
        if name in parts:
            value, part = source.trace(name)[name], parts[name]
            sent = value[tuple(slice(*ends) for ends in part)]
            where = value.__array_interface__["data"][0], value.shape, value.strides
            if name in source.trace(name).arrays and memory.setdefault(where, name) != name:
                described["same"] = memory[where]
            else:
                described |= buffer.encode(sent)
            if sent.shape != value.shape:
                described["part"] = part
                if value.ndim == 2 and "T" not in source.quantity(name).dims:
                    described |= buffer.thumbnail(value)
        quantities[name] = described
    batch, trace = run.batch, run.trace
    used = np.unique(np.concatenate([batch.ids.ravel(), batch.targets.ravel()])).tolist()
    meta = {
        "sizes": dict(trace.sizes),
        "dims": DIMS,
        "colours": {"scales": colours.SCALES, "hues": colours.HUES},
        # of a large vocabulary only the tokens that occur
        "tokens": [visible(v) for v in batch.vocabulary]
        if len(batch.vocabulary) <= 2_000
        else {str(i): visible(batch.vocabulary[i]) for i in used},
        "ids": batch.ids.tolist(),
        "targets": batch.targets.tolist(),
        "means": means(trace, place.sequence),
        "sent": {"sequence": place.sequence, "t": place.t, "focus": dict(place.focus)},
        "quantities": quantities,
        "scene": [
            {
                "title": lane.title,
                "name": lane.name,
                "bands": [
                    {"left": b.left, "rows": [asdict(r) | {"result": r.result} for r in b.rows]}
                    for b in lane.bands
                ],
            }
            for lane in scene
        ],
        **also,
    }
    return {
        "meta": json.dumps(meta, ensure_ascii=False, allow_nan=False, separators=(",", ":")),
        **buffer.text(),
    }


def describe_quantity(source: Source, name: str) -> dict[str, Any]:
    """Return what a quantity is: dims, shape, formula, tree and index form."""
    trace, q = source.trace(name), source.quantity(name)
    return {
        "dims": list(q.dims),
        "shape": list(trace.shape(name)),
        "symbol": q.symbol,
        "why": q.description,
        "tree": as_json(q.expression),
        "form": form_as_json(index_form(q, trace.quantities)),
        "letters": own_letters(q),
        "text": equation_text(q, trace.quantities),
        "shapes": shapes_line(trace, trace.quantities[name]),
        "kind": colours.kind(q.role),
        "hue": q.part,
    }


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


def answer(run: Run, name: str, index: tuple[int, ...], digits: int | None) -> dict[str, Any]:
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
