"""What if a number were another one: given numbers changed, computed ones held (`hold.py`)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explainer.engine.batch_run import Run, solve_run
from explainer.engine.hold import hold, holdable
from explainer.engine.network import Network, network
from explainer.engine.parameters import real_numbers
from explainer.engine.quantity import Quantity
from explainer.engine.trace import Array, Trace
from explainer.engine.unroll import one_hot_rows
from explainer.errors import (
    InvalidValueError,
    WrongTypeError,
    in_range,
    must_be,
    names_of,
    shorten,
    to_builtin,
)
from explainer.settings import Settings

Edits = Mapping[str, "float | Array | Tensor | Mapping[Any, float]"]
"""By name: one number for all, an array, or numbers by index, None for all of an axis; the index ()
means every number."""

FOLLOWING = {"one_hot": "ids", "y": "targets"}
"""Given quantities that follow others."""


@dataclass(frozen=True, eq=False)
class Edit:
    """What the edits make of one quantity.

    Attributes:
        values: the numbers that stand there now; 0 elsewhere.
        where: which numbers are changed or held.
        before: of a given quantity, what was there; None of a held one (`trace["own_z"]`).
    """

    values: Array
    where: NDArray[np.bool_]
    before: Array | None


@dataclass(frozen=True)
class Limits:
    """Which numbers a given quantity may have.

    Attributes:
        low: the smallest.
        high: the largest.
        whole: whether they are integers.
    """

    low: float
    high: float
    whole: bool = False


def limits(settings: Settings, V: int) -> dict[str, Limits]:
    """Return the limits of those given quantities that have some; others take any finite number.

    Args:
        settings: what is edited.
        V: size of the vocabulary.
    """
    rates = {f.name: f.metadata for f in fields(Settings)}
    given = {q.name for q in network(settings).given}
    found: dict[str, Limits] = {}
    found |= {n: Limits(0, V - 1, whole=True) for n in ("ids", "targets") if n in given}
    found |= {n: Limits(0, 1, whole=True) for n in ("mask_x", "mask_h", "counted") if n in given}
    for name in ("dropout", "learning_rate", "clip_norm"):
        found[name] = Limits(rates[name]["low"], rates[name]["high"])
    if settings.clip_norm is None:
        del found["clip_norm"]
    return found


def followed(net: Network) -> dict[str, str]:
    """Return which given quantities follow others in a network."""
    given = {q.name for q in net.given}
    return {n: of for n, of in FOLLOWING.items() if of in given}


def read_edits(edits: Edits, run: Run) -> dict[str, Edit]:
    """Return what edits make of each quantity they are about.

    Args:
        edits: as for `run`.
        run: the run that is edited.

    Raises:
        TypeError: a name, an index or a number is something else.
        ValueError: a quantity or a place is not there, or a number is out of range.
    """
    net = network(run.settings)
    following = followed(net)
    among = {q.name: q for q in (*net.given, *net.parameters) if q.name not in following}
    among |= {n: q for n, q in run.update.quantities.items() if n in ("learning_rate", "clip_norm")}
    held = {q.name: q for q in net.forward if q.name in holdable(net)}
    bounds = limits(run.settings, run.trace.sizes["V"])

    def source(name: str) -> Trace:
        return run.trace if name in run.trace else run.update

    return read_among(edits, among, held, source, bounds)


def read_among(
    edits: Edits,
    among: Mapping[str, Quantity],
    held: Mapping[str, Quantity],
    source: Callable[[str], Trace],
    bounds: Mapping[str, Limits],
) -> dict[str, Edit]:
    """Return what edits make of each quantity they are about.

    Args:
        edits: as for `run`.
        among: what is given and can be changed, by name.
        held: what is computed and can be held, by name.
        source: returns the trace that has a quantity.
        bounds: which given numbers are possible.

    Raises:
        TypeError: a name, an index or a number is something else.
        ValueError: a quantity or a place is not there, or a number is out of range.
    """
    must_be("edits", edits, Mapping, "numbers by quantity, such as {'z': 1.0}")
    found = {}
    for name, wanted in edits.items():
        q = among.get(name) or held.get(name)
        if q is None:
            expected = f"quantities among {names_of([*among, *held], name)}"
            advice = f"Change {FOLLOWING[name]} instead." if name in FOLLOWING else ""
            raise InvalidValueError("edits", expected, shorten(name), advice)
        trace = source(name)
        shape = tuple(trace.sizes[d] for d in q.dims)
        values, where = read_places(q, wanted, shape)
        check_numbers(name, values[where], bounds.get(name))
        before = trace[name] if name in among else None
        found[name] = Edit(values, where, before)
    return found


def read_places(
    q: Quantity, wanted: Any, shape: tuple[int, ...]
) -> tuple[Array, NDArray[np.bool_]]:
    """Return numbers and where they stand.

    Args:
        q: the quantity.
        wanted: a number, an array, or numbers by index.
        shape: the quantity's.

    Raises:
        TypeError: it is something else.
        ValueError: the array or an index does not fit.
    """
    everywhere = np.ones(shape, dtype=bool)
    if isinstance(wanted, Mapping):
        values, where = np.zeros(shape), np.zeros(shape, dtype=bool)
        for index, value in wanted.items():
            place = read_index(q, index, shape)
            values[place], where[place] = read_number(q.name, value), True
        return values, where
    if isinstance(wanted, np.ndarray | Tensor) and wanted.ndim:
        array = real_numbers(q.name, wanted).numpy()
        if array.shape != shape:
            given = f"shape {array.shape}"
            raise InvalidValueError(q.name, f"an array of shape {shape}", given)
        return array, everywhere
    return np.full(shape, read_number(q.name, wanted)), everywhere


def read_number(name: str, value: Any) -> float:
    """Return a number.

    Raises:
        TypeError: it is none.
    """
    if isinstance(value, np.ndarray | Tensor) and value.ndim == 0:
        value = real_numbers(name, value).item()
    value = to_builtin(value)
    if type(value) not in (int, float):
        raise WrongTypeError(name, "a number", shorten(value))
    if abs(value) > sys.float_info.max:
        raise InvalidValueError(name, "a finite number", shorten(value))
    return float(value)


def read_index(q: Quantity, index: Any, shape: tuple[int, ...]) -> tuple[int | slice, ...]:
    """Return an index as NumPy takes it.

    Raises:
        TypeError: it is neither an integer nor integers and None.
        ValueError: there is nothing at this place.
    """
    places = index if isinstance(index, tuple) else (index,)
    if len(places) not in (0, len(shape)):
        expected = f"{len(shape)} numbers, one for each of {' '.join(q.dims)}"
        raise InvalidValueError(f"index of {q.name}", expected, shorten(index))
    found: list[int | slice] = []
    for dim, size, place in zip(q.dims, shape, places, strict=False):
        if place is None:
            found.append(slice(None))
        else:
            advice = "None takes all of them."
            field = f"index {dim} of {q.name}"
            found.append(in_range(field, place, int, 0, size - 1, advice))
    return tuple(found)


def check_numbers(name: str, values: Array, bounds: Limits | None) -> None:
    """Refuse numbers that a quantity can't have.

    Raises:
        ValueError: one is out of range, or not finite.
    """
    low, high = (bounds.low, bounds.high) if bounds else (-np.inf, np.inf)
    whole = bounds is not None and bounds.whole
    fits = np.isfinite(values) & (values >= low) & (values <= high)
    if whole:
        fits &= values == np.round(values)
    for value in values[~fits][:1]:
        kind = "an integer" if whole else "a finite number"
        limit = f" from {low:g} to {high:g}" if bounds else ""
        raise InvalidValueError(name, f"{kind}{limit}", f"{value:g}")


def network_of(run: Run) -> Network:
    """Return the equations that a run was computed by, with what is held in it."""
    net = network(run.settings)
    return hold(net, tuple(name for name in holdable(net) if name in run.edits))


def edited_run(run: Run, edits: Edits) -> Run:
    """Return a run with given numbers changed and computed ones held.

    Edits of a quantity that the second pass has, too, hold there as well: the same parameters,
    updated, in the same edited network. Masks that are drawn anew are not edited, and neither is
    what came before the run: training, and batches before, have left what they left.

    Args:
        run: a run without edits.
        edits: by name a number for all, an array, or numbers by index as in `trace[name]`, None
            for all of an axis. Of two that mean the same number, the later one counts.

    Raises:
        TypeError: a name, an index or a number is something else.
        ValueError: a quantity or a place is not there, a number is out of range, or some number
            stops being finite.
    """
    read = read_edits(edits, run)
    net = network(run.settings)
    # copies, since torch warns of read-only arrays
    known = {
        q.name: torch.from_numpy(run.trace[q.name].copy()) for q in (*net.given, *net.parameters)
    }
    following = followed(net)
    known |= {n: known[n].long() for n in following.values()}
    rates: dict[str, Any] = {}
    held = tuple(name for name in holdable(net) if name in read)
    for name, edit in read.items():
        values, where = torch.from_numpy(edit.values), torch.from_numpy(edit.where)
        if name in known:
            known[name] = torch.where(where, values.to(known[name].dtype), known[name])
        elif edit.before is not None:
            rates[name] = float(edit.values)
        else:
            known |= {f"free_{name}": (~where).to(torch.float64), f"set_{name}": values}
    rows = {n: one_hot_rows(known[of], run.trace.sizes["V"]) for n, of in following.items()}
    known |= {n: value.to(torch.float64) for n, value in rows.items()}
    numbers: dict[str, Any] = {n: known[n].numpy() for n in following.values()}
    batch = replace(run.batch, **numbers)
    masks = ("mask_x", "mask_h") if run.settings.redraw_masks else ()
    redrawn = {n: torch.from_numpy(run.second[n].copy()) for n in masks}
    settings = replace(run.settings, **rates)
    solved = solve_run(settings, hold(net, held), batch, known, redrawn, run.trace.sizes)
    # the second pass has updated parameters, and may have masks of its own
    again = {n: e for n, e in read.items() if n not in {*solved.update.before, *redrawn}}
    return replace(
        solved,
        settings=run.settings,
        trace=replace(solved.trace, edits=read, origin=run.trace.origin),
        update=replace(solved.update, edits=read),
        second=replace(solved.second, edits=again),
    )
