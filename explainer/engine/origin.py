"""Where the numbers of a trace come from: an app's own run, or somebody's module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from explainer.settings import Settings


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
    """What is known of where numbers come from.

    Attributes:
        lengths: how many time steps each sequence has; empty where all have the same.
        reverse: whether a sequence is read from its last element to its first.
        names: labels by dim, such as {"D": ("temperature", "wind")}; the dims without are numbered.
        sources: where the numbers of a quantity come from, by the quantity's name.
        settings: of the run whose first pass it is; None for everything else.
        redrawn: masks of that run's second pass, by name, where they are not those of the first.
        precision: of the numbers it was computed in, "float64" or "float32".
    """

    lengths: tuple[int, ...] = ()
    reverse: bool = False
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: Mapping[str, Provenance] = field(default_factory=dict)
    settings: Settings | None = None
    redrawn: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    precision: str = "float64"


NOWHERE = Origin()
"""Nothing is known of where numbers come from."""
