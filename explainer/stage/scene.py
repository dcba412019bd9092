"""A scene: which quantities stand where on the stage.

A page writes a lane as a title and names: `lane("Reset gate", "a_ir", "a_hr", "a_r", "r")`. What
stands between the names follows from the equations (`lanes.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

ROWS_KEPT = 6
"""Rows that stand there of a long matrix; a button has the others."""


@dataclass(frozen=True)
class Row:
    """One quantity in a band.

    Attributes:
        name: the quantity.
        sign: what stands before it, such as "+", "=" or "/ (1 − q) =".
        turned: whether a matrix is shown with rows and columns exchanged.
        after: what stands after it, such as ")".
        result: whether it is computed here.
    """

    name: str
    sign: str = ""
    turned: bool = False
    after: str = ""
    result: bool = False


@dataclass(frozen=True)
class Band:
    """Quantities below each other; `left` multiplies the first of them, a matrix, from the left."""

    rows: tuple[Row, ...]
    left: str = ""


@dataclass(frozen=True)
class Lane:
    """Bands below each other under a title, in the hue of one quantity.

    Attributes:
        title: what stands above.
        name: the quantity that gives the hue.
        bands: from top to bottom.
        keeps: how many rows stand there of a long matrix.
    """

    title: str
    name: str
    bands: tuple[Band, ...]
    keeps: int = ROWS_KEPT

    @property
    def names(self) -> tuple[str, ...]:
        """All quantities of the lane, each once."""
        found = [n for band in self.bands for n in (band.left, *(r.name for r in band.rows)) if n]
        return tuple(dict.fromkeys(found))


Scene = tuple[Lane, ...]


@dataclass(frozen=True)
class LaneSpec:
    """A lane as a page writes it: a title and names.

    Attributes:
        title: what stands above the lane.
        results: the quantities that are computed in it, in order; those that a network does not
            have are left out.
        first: quantities that stand at the top as they are, as far as a network has them.
        hue: the quantity that gives the hue; the last result if empty.
        keeps: how many rows stand there of a long matrix; 0 where its numbers are secondary.
    """

    title: str
    results: tuple[str, ...]
    first: tuple[str, ...] = ()
    hue: str = ""
    keeps: int = ROWS_KEPT

    def of(self, parameter: str) -> LaneSpec:
        """Return the lane of one parameter: its name in the place of "{parameter}"."""
        name = [n.replace("{parameter}", parameter) for n in (self.title, *self.results)]
        return replace(self, title=name[0], results=tuple(name[1:]))

    def given_first(self, given: Collection[str]) -> LaneSpec:
        """Return the lane where some of its results are given: these stand at the top."""
        first = tuple(n for n in self.results if n in given)
        results = tuple(n for n in self.results if n not in given)
        return replace(self, first=(*self.first, *first), results=results)


def lane(
    title: str,
    *results: str,
    first: tuple[str, ...] = (),
    hue: str = "",
    keeps: int = ROWS_KEPT,
) -> LaneSpec:
    """Write a lane, such as `lane("Reset gate", "a_ir", "a_hr", "a_r", "r")`."""
    return LaneSpec(title, results, first, hue, keeps)
