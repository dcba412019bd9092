"""What gates are for: three small tasks, made by the program from a seed.

Store: the first symbol decides the answer, the rest is noise. Skip: letters count, and signs
between them mean nothing. Reset: only what came after the last separator counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from explainer.engine.parameters import DRAWN
from explainer.errors import NamedDict, in_range, must_be

LENGTHS = (5, 60)
"""Fewest and most symbols of a sequence."""


@dataclass(frozen=True)
class Drawn:
    """Examples as tensors: ids (N, T), answers (N,), marks (N, T) bool."""

    ids: Tensor
    answers: Tensor
    marks: Tensor


@dataclass(frozen=True)
class Task:
    """A question about a sequence of symbols, made by the program.

    Attributes:
        name: its key in `TASKS`.
        question: what the network must answer after the last symbol.
        symbols: every symbol, by id.
        answers: every answer, by id.
        look_for: what to look for in the gates, one sentence.
        steps: words for the time steps that are marked, and for all others.
        expected: the sign of (mean gate where marked) - (mean gate elsewhere), if gates do what
            they are for: 1 or -1.
        claims: by gate, what it would do then, in words that follow "without".
        draw: makes examples from length, count and a generator.
    """

    name: str
    question: str
    symbols: tuple[str, ...]
    answers: tuple[str, ...]
    look_for: str
    steps: tuple[str, str]
    expected: int
    claims: Mapping[str, str] = field(hash=False)
    draw: Callable[[int, int, Generator], Drawn] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Examples:
    """Sequences with their answers.

    Attributes:
        ids: (N, T), each from 0 to the number of symbols - 1.
        answers: (N,), each from 0 to the number of answers - 1.
        marks: (N, T), True at the time steps that `Task.steps[0]` names.
    """

    ids: NDArray[np.int64]
    answers: NDArray[np.int64]
    marks: NDArray[np.bool_]


def _store(length: int, count: int, generator: Generator) -> Drawn:
    # ids 0 to 3 are letters, 4 to 7 noise
    ids = torch.randint(4, 8, (count, length), generator=generator, device="cpu")
    ids[:, 0] = torch.randint(4, (count,), generator=generator, device="cpu")
    marks = torch.zeros_like(ids, dtype=torch.bool)
    marks[:, 0] = True
    return Drawn(ids, ids[:, 0].clone(), marks)


def _skip(length: int, count: int, generator: Generator) -> Drawn:
    # ids 0 to 7 are letters, 8 to 11 mean nothing; two letters, at any two places
    meaningful = (
        torch.rand(count, length, generator=generator, dtype=DRAWN, device="cpu").argsort(1) < 2
    )
    letters = torch.randint(8, (count, length), generator=generator, device="cpu")
    others = torch.randint(8, 12, (count, length), generator=generator, device="cpu")
    ids = torch.where(meaningful, letters, others)
    last = (meaningful * torch.arange(length, device="cpu")).argmax(1, keepdim=True)
    return Drawn(ids, ids.gather(1, last)[:, 0], ~meaningful)


def _reset(length: int, count: int, generator: Generator) -> Drawn:
    # ids: 0 separator, 1 marked symbol, 2 and 3 noise; two separators, none of them at the end
    separators = torch.zeros(count, length, dtype=torch.bool, device="cpu")
    separators[:, :-1] = (
        torch.rand(count, length - 1, generator=generator, dtype=DRAWN, device="cpu").argsort(1) < 2
    )
    ids = torch.randint(2, 4, (count, length), generator=generator, device="cpu")
    ids[separators] = 0
    parts = separators.cumsum(1)
    scores = torch.rand(count, length, generator=generator, dtype=DRAWN, device="cpu")
    wanted = torch.rand(count, 3, generator=generator, dtype=DRAWN, device="cpu") < 0.5
    for part in range(3):  # each has the marked symbol once or not at all
        inside = (parts == part) & ~separators
        place = torch.where(inside, scores, -1.0).argmax(1)
        rows = (inside.any(1) & wanted[:, part]).nonzero()[:, 0]
        ids[rows, place[rows]] = 1
    return Drawn(ids, wanted[:, 2].long(), separators)


TASKS = NamedDict(
    (task.name, task)
    for task in (
        Task(
            "store",
            "Which symbol came first?",
            ("A", "B", "C", "D", ".", ",", ";", ":"),
            ("A", "B", "C", "D"),
            "Look for z low at the first symbol, which is written, and near 1 in the noise after "
            "it, where the old state is kept.",
            ("on the first symbol", "on the noise after it"),
            -1,
            {"z": "keeping more of the old state in the noise than at the first symbol"},
            _store,
        ),
        Task(
            "skip",
            "Which letter came last?",
            ("A", "B", "C", "D", "E", "F", "G", "H", ".", ",", ";", ":"),
            ("A", "B", "C", "D", "E", "F", "G", "H"),
            "Look for z near 1 on the signs that mean nothing, where the old state is kept, and "
            "low on the letters, which are written over it.",
            ("on the skipped signs", "on the letters"),
            1,
            {"z": "keeping more of the old state on signs that mean nothing than on letters"},
            _skip,
        ),
        Task(
            "reset",
            "Has ! come since the last separator |?",
            ("|", "!", "a", "b"),
            ("no", "yes"),
            "Look for z or r low at a separator: with z near 0 the old state is written over, with "
            "r near 0 what is written knows nothing of it.",
            ("on the separators", "on all other symbols"),
            -1,
            {
                "z": "keeping less of the old state at a separator",
                "r": "hiding more of the old state from the candidate at a separator",
            },
            _reset,
        ),
    )
)
"""The tasks by name."""


def make(task: Task, length: int, count: int, seed: int) -> Examples:
    """Return `count` examples (1 to 10,000) of `length` symbols (5 to 60).

    Equal arguments give equal examples, drawn apart from those that networks of the same seed
    are trained and measured on.

    Raises:
        ValueError: an argument is outside its range; the message says what is possible.
    """
    length, seed = check_task(task, length, seed)
    count = in_range("count", count, int, 1, 10_000)
    drawn = task.draw(length, count, generator_of(seed, 0))
    return Examples(drawn.ids.numpy(), drawn.answers.numpy(), drawn.marks.numpy())


def generator_of(seed: int, stream: int) -> Generator:
    """Return the generator of one of a seed's four streams, 0 to 3, drawn apart."""
    return Generator().manual_seed(4 * seed + stream)


def check_task(task: Task, length: int, seed: int) -> tuple[int, int]:
    """Refuse what is no task; return length and seed, which are in their range.

    Raises:
        ValueError: what was given, what is possible, what to do.
    """
    must_be("task", task, Task, "a task, such as TASKS['store']")
    return (
        in_range("length", length, int, *LENGTHS),
        in_range("seed", seed, int, 0, 2**30 - 1),
    )
