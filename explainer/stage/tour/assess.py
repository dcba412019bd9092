"""Answers assessed by the engine: the values of a station in a run, and what must hold of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from explainer.engine.batch_run import Run
from explainer.engine.edits import edited_run
from explainer.engine.run import run
from explainer.settings import Settings
from explainer.stage.tour.station import Station, Tree
from explainer.url_edits import parse_edits

FUNCTIONS_OF_VALUES: dict[str, Callable[..., Any]] = {
    "max": np.max,
    "min": np.min,
    "sum": np.sum,
    "mean": np.mean,
    "product": np.prod,
    "norm": np.linalg.norm,
    "largest": lambda numbers: np.max(np.abs(numbers)),
    "abs": np.abs,
    "tanh": np.tanh,
    "sub": np.subtract,
    "add": np.add,
    "mul": np.multiply,
    "div": np.divide,
}
"""Operations of a value; the browser has the same."""
SLACK = 1e-9
"""By how much a number may miss a bound, since two computations differ in the last digits."""


@dataclass(frozen=True)
class Attempt:
    """What a reader answers.

    Attributes:
        place: the number pointed at: its quantity and index.
        edit: everything that is changed and held, as in an address.
        number: the number typed.
    """

    place: tuple[str, tuple[int, ...]] | None = None
    edit: str = ""
    number: float | None = None


@dataclass(frozen=True)
class Assessment:
    """What the engine says of an answer.

    Attributes:
        right: whether all conditions hold.
        failed: which condition does not hold first; -1 for none of them.
        text: what the reader is told.
        values: the values by name.
    """

    right: bool
    failed: int
    text: str
    values: Mapping[str, float]


def assess(station: Station, attempt: Attempt, variant: str) -> Assessment:
    """Assess an answer in the run of a station.

    Args:
        station: what was asked.
        attempt: what was answered.
        variant: where the reset gate is.

    Raises:
        ValueError: the run can't have these edits.
    """
    plain = untouched_run(station.run_settings(variant))
    before, now = (
        edited_run(plain, parse_edits(edit)[0]) if edit else plain
        for edit in (station.edit, attempt.edit or station.edit)
    )
    values: dict[str, float] = {}
    if attempt.number is not None:
        values["answer"] = attempt.number
    if attempt.place:
        name, index = attempt.place
        trace = now.trace if name in now.trace else now.update
        values |= zip(trace.quantities[name].dims, map(float, index), strict=True)
    elsewhere = misses(station, attempt)
    if elsewhere:
        return Assessment(False, -1, elsewhere, values)
    runs = {"now": now, "before": before}
    for name, tree in station.trees().items():
        values[name] = float(compute_value(tree, runs, values))
    for i, condition in enumerate(station.goal):
        right = values[condition.right] if condition.right in values else float(condition.right)
        if not stands(values[condition.left], condition.relation, right):
            return Assessment(False, i, filled(condition.hint, values), values)
    return Assessment(True, -1, filled(station.right, values), values)


@lru_cache(maxsize=8)
def untouched_run(settings: Settings) -> Run:
    """Return a station's run without edits; many answers are about one."""
    return run(settings)


def misses(station: Station, attempt: Attempt) -> str:
    """Return what is said of an answer about other quantities; empty where it is to the point."""
    wanted = ", ".join(station.among)
    if station.kind == "point" and not (attempt.place and attempt.place[0] in station.among):
        return f"Point at a number of {wanted}."
    given, made = (set(edit.split(";")) - {""} for edit in (station.edit, attempt.edit))
    for entry in made - given:
        if station.kind == "change" and name_of(entry) not in station.among:
            return f"Change {wanted} alone; take back what you did to {name_of(entry)}."
    lost = {name_of(entry) for entry in given - made} - set(station.among)
    if station.kind == "change" and attempt.edit and lost:
        return "What this station began with is gone; press “reset all”."
    return ""


def name_of(entry: str) -> str:
    """Return the quantity that an entry of an edit is about."""
    return entry.split(":")[0].split(".")[0]


def compute_value(tree: Tree, runs: Mapping[str, Run], values: Mapping[str, float]) -> Any:
    """Return a value, or several where an index has ":"."""
    if isinstance(tree, str):
        return values[tree]
    if not isinstance(tree, list):
        return tree
    if tree[0] != "at":
        parts = [compute_value(part, runs, values) for part in tree[1:]]
        return FUNCTIONS_OF_VALUES[tree[0]](*parts)
    _, which, name, index = tree
    there = runs["now" if which == "second" else which]
    trace = there.second if which == "second" else there.trace
    numbers = trace[name] if name in trace else there.update[name]
    at = tuple(slice(None) if i == ":" else int(values.get(i, i)) for i in index)
    return np.asarray(numbers[at], dtype=float)


def stands(left: float, relation: str, right: float) -> bool:
    """Tell whether two numbers stand in a relation."""
    slack = SLACK * max(1.0, abs(right))
    return {
        "<=": left <= right + slack,
        ">=": left >= right - slack,
        "<": left < right - slack,
        ">": left > right + slack,
    }[relation]


def filled(text: str, values: Mapping[str, float]) -> str:
    """Return a text with the values in it, to three digits."""
    shown = {n: f"{v:.3g}" if math.isfinite(v) else str(v) for n, v in values.items()}
    return text.format_map(shown).replace("-", "−") if "{" in text else text
