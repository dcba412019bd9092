"""Where numbers come from that are not the app's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Provenance:
    """Where the numbers of a quantity come from, in somebody's own module.

    Attributes:
        name: of the tensor there, such as "rnn.weight_hh_l0".
        row: which of its rows the quantity's first one is.
    """

    name: str
    row: int = 0

    def of(self, index: tuple[int, ...]) -> str:
        """Return the place of one number, such as "rnn.weight_hh_l0[33, 2]"."""
        place = (index[0] + self.row, *index[1:]) if index else ()
        return f"{self.name}[{', '.join(map(str, place))}]" if place else self.name


@dataclass(frozen=True)
class Origin:
    """What is known of numbers that come from elsewhere.

    Attributes:
        lengths: how many time steps each sequence has; empty where all have the same.
        reverse: whether a sequence is read from its last element to its first.
        names: labels by dim, such as {"D": ("temperature", "wind")}; the dims without are numbered.
        sources: where the numbers of a quantity come from, by the quantity's name.
    """

    lengths: tuple[int, ...] = ()
    reverse: bool = False
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: Mapping[str, Provenance] = field(default_factory=dict)


NOWHERE = Origin()
"""Nothing is known of where numbers come from: an app's own run."""
