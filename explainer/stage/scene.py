"""A scene: which quantities stand where on the stage, written as one reads them.

A lane is a column of bands, aligned so that each column is one unit, feature or token. The band
"x | W_irᵀ + b_ir = a_ir" is a product: x stands left of the matrix, a number beside each of its
rows; below it bias and result. ᵀ turns a matrix, a sign before a name says what it does, a comma
only stands between two names. What is longer than a sign stands in braces, so that the lane read
downwards is the equation: "{+ (1 − z) ⊙} n" before its name, "z{)}" after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

RESULTS = {"=", "→", "σ", "tanh", "softmax", "ln", "Σ"}
"""Signs before a name that is computed there."""


@dataclass(frozen=True)
class Row:
    """One quantity in a band.

    Attributes:
        name: the quantity.
        sign: what stands before it, such as "+", "=" or "/ (1 − q) =".
        turned: whether a matrix is shown with rows and columns exchanged.
        after: what stands after it, such as ")".
    """

    name: str
    sign: str = ""
    turned: bool = False
    after: str = ""

    @property
    def result(self) -> bool:
        """Whether it is computed here."""
        return self.sign.rpartition(" ")[2] in RESULTS


@dataclass(frozen=True)
class Band:
    """Quantities below each other; `left` multiplies the first of them, a matrix, from the left."""

    rows: tuple[Row, ...]
    left: str = ""


@dataclass(frozen=True)
class Lane:
    """Bands below each other under a title, in the hue of one quantity."""

    title: str
    name: str
    bands: tuple[Band, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All quantities of the lane, each once."""
        found = [n for band in self.bands for n in (band.left, *(r.name for r in band.rows)) if n]
        return tuple(dict.fromkeys(found))


def band(written: str) -> Band:
    """Read a band such as "+ h_prev | W_hrᵀ + b_hr = a_hr"; its first sign is that of the product.

    Raises:
        ValueError: it has no quantity, or a sign without one.
    """
    left, _, right = written.rpartition("|")
    product = re.fullmatch(r"([^\w\s]*)\s*([A-Za-z]\w*|)", left.strip(), re.ASCII)
    if not product or (left.strip() and not product[2]):
        raise ValueError(
            f"the band {written!r} has {left.strip()!r} on its left; name one quantity."
        )
    sign, left = product.groups()
    rows = []
    for word in re.findall(r"(?:\{[^{}]*\}|\S)+", right):
        found = re.fullmatch(r"([A-Za-z]\w*)(ᵀ?)(?:\{(.*)\})?", word, re.ASCII)
        if found and word not in RESULTS:
            name, turn, after = found.groups("")
            rows.append(Row(name, sign.removeprefix(","), bool(turn), after))
            sign = ""
        elif sign:
            raise ValueError(f"the band {written!r} has {sign!r} without a quantity; name one.")
        else:
            sign = word.strip("{}").strip()
    if sign or not rows:
        raise ValueError(f"the band {written!r} ends without a quantity; name one.")
    return Band(tuple(rows), left)


def lane(title: str, name: str, *bands: str) -> Lane:
    """Write a lane: its title, the quantity that gives the hue, its bands."""
    return Lane(title, name, tuple(band(b) for b in bands))


Scene = tuple[Lane, ...]
