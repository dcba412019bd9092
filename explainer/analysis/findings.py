"""A finding: one thing that is wrong with a layer, or may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        level: "error" where the layer can't work, "warning" where it should be looked at, "note"
            where it may well be meant.
        name: what was found, such as "dead".
        value: the number it was found by.
        threshold: what that number is compared with.
        units: the hidden units it is about, or the features of a finding on inputs.
        layer: the layer's name in a recording; else empty.
        where: the number at which it shows most: a quantity and an index; None where it shows in
            no single one.
        text: a sentence.
        advice: what to do; may be empty.
    """

    level: Level
    name: str
    value: float
    threshold: float
    text: str
    advice: str = ""
    units: tuple[int, ...] = ()
    layer: str = ""
    where: tuple[str, tuple[int, ...]] | None = None

    def __str__(self) -> str:
        """Return level, layer, sentence and advice."""
        layer = f"{self.layer}: " if self.layer else ""
        return f"{self.level}: {layer}{self.text} {self.advice}".rstrip()


def units_text(units: Sequence[int], H: int) -> str:
    """Return "unit 3" or "5 of 32 units"."""
    return f"unit {units[0]}" if len(units) == 1 else f"{len(units):,} of {H:,} units"
