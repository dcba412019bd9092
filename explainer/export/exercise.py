"""An exercise: one blank of a worksheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Exercise:
    """One blank.

    Attributes:
        name: the quantity that is asked for.
        index: which of its numbers.
        formula: how it comes about, in symbols.
        why: what it is for.
        given: what it is made from, by name and place: a number as it is printed, or the number of
            the exercise that asks for it.
        solution: the formula with its numbers.
        answer: the number, every digit.
    """

    name: str
    index: tuple[int, ...]
    formula: str
    why: str
    given: Mapping[str, str | int]
    solution: str
    answer: float
