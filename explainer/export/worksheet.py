"""Exercises from a run: a worksheet with blanks for each student, a key, and a table of answers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from os import PathLike
from pathlib import Path

from explainer.engine.batch_run import Run
from explainer.engine.edits import Edits
from explainer.engine.expression import Apply, Leaf
from explainer.engine.quantity import DIMS
from explainer.engine.run import run
from explainer.engine.trace import Trace
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    UnknownNameError,
    as_list,
    in_range,
    names_of,
    shorten,
)
from explainer.explanation.explain import explain
from explainer.explanation.index_form import Element
from explainer.explanation.number_formula import element_text, format_number
from explainer.export.exercise import Exercise
from explainer.export.worksheet_html import worksheet_page
from explainer.settings import Settings, must_be_settings

UNITS = 2
"""Most places along an axis of units that are asked for; more of the same teaches nothing."""
MOST_EXERCISES = 200
"""Most blanks of a worksheet."""
MOST_GIVEN_NUMBERS = 40
"""Most numbers that an exercise is made from: what one can do by hand."""
MOST_STUDENTS = 500
DIGITS = 4
"""Digits of the numbers on paper, after the point."""


@dataclass(frozen=True)
class Worksheets:
    """Exercises by seed, in the order of the seeds."""

    exercises: Mapping[int, tuple[Exercise, ...]]
    sentence: str

    def html(self, seed: int | None = None) -> str:
        """Return the worksheet of a seed as a page that prints; None all, each on its own paper.

        Raises:
            ValueError: there is none of this seed.
        """
        if seed is not None and seed not in self.exercises:
            raise InvalidValueError("seed", f"one of {names_of(self.exercises)}", shorten(seed))
        chosen = [(s, e) for s, e in self.exercises.items() if seed in (s, None)]
        return worksheet_page(chosen, self.sentence, key=False)

    def key(self) -> str:
        """Return the solutions of all seeds as one page that prints, each on its own paper."""
        return worksheet_page(list(self.exercises.items()), self.sentence, key=True)

    def answers(self) -> str:
        """Return all answers as CSV: seed, exercise, quantity, index, answer, every digit."""
        stream = io.StringIO()
        table = csv.writer(stream)
        table.writerow(("seed", "exercise", "quantity", "index", "answer"))
        for seed, exercises in self.exercises.items():
            for i, e in enumerate(exercises, 1):
                table.writerow((seed, i, e.name, " ".join(map(str, e.index)), repr(e.answer)))
        return stream.getvalue()

    def save(self, folder: str | PathLike[str]) -> list[Path]:
        """Write a worksheet for each seed, the key and the answers; return the files' paths."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        files = {f"worksheet-seed-{seed}.html": self.html(seed) for seed in self.exercises}
        files |= {"key.html": self.key(), "answers.csv": self.answers()}
        for name, content in files.items():
            (target / name).write_text(content, encoding="utf-8", newline="")
        return [target / name for name in files]


def worksheet(
    settings: Settings,
    equations: Sequence[str] = ("r", "z", "n", "h"),
    time_steps: Sequence[int] = (0, 1),
    seeds: Sequence[int] | None = None,
    edits: Edits | None = None,
) -> Worksheets:
    """Make exercises from runs: some numbers given, others to be computed by hand.

    Args:
        settings: of the run; PRESETS["math"] is small enough for paper.
        equations: names of quantities to compute, such as "z", "loss", "d_h" or "new_W_hz". What
            is asked for at one time step is not given for another.
        time_steps: at which time steps, for quantities that have some.
        seeds: one worksheet for each; equal seeds give equal numbers. None takes that of the
            settings.
        edits: as `run` takes them.

    Raises:
        KeyError: the run has no such quantity.
        TypeError: an argument has the wrong type.
        ValueError: a value is not possible, or the exercises are too large for paper.
    """
    must_be_settings(settings)
    names = as_list("equations", equations, "names of quantities, such as ['r', 'z']")
    steps = as_list("time_steps", time_steps, "integers, such as [0, 1]")
    last = settings.context_length - 1
    steps = [in_range("time_steps", t, int, 0, last) for t in steps]
    wanted = [settings.seed] if seeds is None else as_list("seeds", seeds, "integers from 0")
    wanted = [in_range("seeds", s, int, 0, 2**32 - 1) for s in wanted]
    if not 1 <= len(wanted) <= MOST_STUDENTS:
        raise InvalidValueError("seeds", f"1 to {MOST_STUDENTS} integers", f"{len(wanted)} of them")
    if not names or not steps:
        field = "time_steps" if names else "equations"
        raise InvalidValueError(field, "one or more", "none")
    runs = {s: run(replace(settings, seed=s), edits=edits) for s in dict.fromkeys(wanted)}
    found = {seed: tuple(_exercises(result, names, steps)) for seed, result in runs.items()}
    sizes = next(iter(runs.values())).trace.sizes
    words = ", ".join(f"{DIMS[d]} {d} = {n}" for d, n in sizes.items())
    return Worksheets(found, f"A gated recurrent unit: {words}.")


def _exercises(result: Run, names: list[str], steps: list[int]) -> Iterator[Exercise]:
    """Make the exercises of one run, in the order in which the numbers are computed."""
    chosen: list[tuple[Trace, str, tuple[int, ...]]] = []
    for name in dict.fromkeys(names):
        trace = (
            result.update if name in result.update and name not in result.trace else result.trace
        )
        if name not in trace:
            known = [n for t in (result.trace, result.update) for n in t]
            raise UnknownNameError("equations", f"some of {names_of(known, name)}", shorten(name))
        if trace.quantities[name].expression is None:
            raise InvalidValueError(
                "equations", "names of computed quantities", f"{name}, which is given"
            )
        chosen += [(trace, name, index) for index in _places(trace, name, steps)]
    if len(chosen) > MOST_EXERCISES:
        raise ConstraintError(
            "equations",
            f"a worksheet has at most {MOST_EXERCISES}",
            f"These equations and time steps make {len(chosen):,} blanks",
            "Choose fewer equations or time steps.",
        )
    order = {name: i for i, name in enumerate([*result.trace, *result.update])}

    T = result.trace.sizes["T"]

    def computed(item: tuple[Trace, str, tuple[int, ...]]) -> tuple[int, int, int]:
        trace, name, index = item
        q = trace.quantities[name]
        back = q.role == "gradient"
        t = index[q.dims.index("T")] if "T" in q.dims else -1 if back else T
        return 2 if trace is result.update else int(back), -t if back else t, order[name]

    chosen.sort(key=computed)
    asked = {(name, index): i for i, (_, name, index) in enumerate(chosen, 1)}
    for trace, name, index in chosen:
        yield _exercise(trace, name, index, asked)


def _places(trace: Trace, name: str, steps: list[int]) -> Iterator[tuple[int, ...]]:
    """Return which numbers of a quantity are asked for: those of one sequence, a few units."""
    q = trace.quantities[name]
    ranges = []
    for d, size in zip(q.dims, trace.shape(name), strict=True):
        ranges.append([0] if d == "B" else steps if d == "T" else list(range(min(size, UNITS))))
    return product(*ranges)


def _exercise(
    trace: Trace,
    name: str,
    index: tuple[int, ...],
    asked: Mapping[tuple[str, tuple[int, ...]], int],
) -> Exercise:
    opened = explain(trace, name, index, digits=DIGITS, shown=None)
    operands = dict.fromkeys(e for term in opened.terms for f in term.factors for e in f.elements)
    if len(operands) > MOST_GIVEN_NUMBERS:
        raise ConstraintError(
            "equations",
            f"an exercise takes at most {MOST_GIVEN_NUMBERS}",
            f"{name} is made from {len(operands)} numbers",
            "Choose a smaller network, such as the preset math, or another equation.",
        )
    given: dict[str, str | int] = {}
    for other, place in operands:
        words = element_text(Element(other, place))
        if trace.quantities[other].integer:
            given[words] = str(int(trace[other][place]))
        else:
            exercise = asked.get(_source(trace, other, place))
            number = format_number(float(trace[other][place]), DIGITS)
            given[words] = exercise if exercise and exercise < asked[name, index] else number
    return Exercise(
        name, index, opened.symbols, opened.description, given, opened.numbers, opened.value
    )


def _source(trace: Trace, name: str, index: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """Return where a number comes from that is only passed on, as h_prev is h a time step later."""
    x = trace.quantities[name].expression
    if isinstance(x, Leaf) or (isinstance(x, Apply) and x.kind in ("before", "after")):
        (term,) = explain(trace, name, index).terms
        if elements := term.factors[0].elements:
            return _source(trace, *elements[0])
    return name, index
