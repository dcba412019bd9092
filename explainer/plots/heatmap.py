"""A matrix as it stands in a picture: its numbers, its labels, how much of it there is room for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from explainer.engine.quantity import Part, Quantity, Role
from explainer.engine.trace import Array
from explainer.plots.colours import kind

PIECE = 18
"""Most columns of a matrix in one line; a wider one is continued below."""
MOST_PIECES = 6
"""Most pieces of a wide matrix; a wider one stays in one piece, colour only."""
MOST_IN_PIECES = 800
"""Most cells of a matrix that is continued; a larger one stays in one piece, colour only."""
MOST_ROWS = MOST_COLUMNS = 64
"""Most rows and columns of a picture; of a larger matrix it has the first ones."""
TALL = 36
"""Most rows of the usual height."""
WIDE = 48
"""Most columns of all matrices in a line."""
NOTHING = 1e-12
"""A matrix whose numbers are all smaller is as good as zero, and gets no colour."""


@dataclass(frozen=True)
class Panel:
    """One matrix in a picture.

    Attributes:
        name: the quantity.
        title: what stands above it, a few words.
        value: (rows, columns).
        rows: label of each row.
        columns: label of each column.
        limit: the number at the end of the colour scale; None takes the matrix's own.
        shape: the shape, where it is not the matrix's own; "" for none.
        role: as the quantity's, which decides the colour scale.
        part: as the quantity's, which decides the hue of its title.
        whole: never continued below, as a picture over time is read from left to right.
    """

    name: str
    title: str
    value: Array
    rows: list[str]
    columns: list[str]
    limit: float | None = None
    shape: str | None = None
    whole: bool = False
    role: Role = "activation"
    part: Part = ""

    @classmethod
    def of(
        cls,
        q: Quantity,
        title: str,
        value: Array,
        rows: list[str],
        columns: list[str],
        whole: bool = False,
    ) -> Panel:
        """Return a picture of a quantity, in its colours."""
        return cls(q.name, title, value, rows, columns, whole=whole, role=q.role, part=q.part)

    @property
    def step(self) -> float:
        """Height of a row, in cells: the rows of a tall matrix are thin and without numbers."""
        return 1.0 if len(self.rows) <= TALL else 0.4

    @property
    def height(self) -> float:
        """Height of all rows, in cells."""
        return self.step * len(self.rows)

    def cropped(self) -> Panel:
        """Return the first rows and columns of a matrix that is too large to look at."""
        rows, columns = self.value.shape
        if rows <= MOST_ROWS and (rows == 1 or self.whole or columns <= MOST_COLUMNS):
            return self
        high, wide = min(rows, MOST_ROWS), columns if self.whole else min(columns, MOST_COLUMNS)
        return replace(
            self,
            value=self.value[:high, :wide],
            rows=self.rows[:high],
            columns=self.columns[:wide],
            limit=self.limit or scale_end(self.value),
            shape=f"{rows} × {columns}, the first {high} × {wide}",
        )

    @property
    def heading(self) -> str:
        """Title and shape."""
        rows, columns = self.value.shape
        shape = f"{rows} × {columns}" if self.shape is None else self.shape
        return f"<b>{escape(self.title)}</b>  {shape}".rstrip()

    def pieces(self) -> list[Panel]:
        """Return a wide matrix in pieces of like width that have room for their numbers."""
        rows, columns = self.value.shape
        count = -(-columns // PIECE)
        if self.whole or not 1 < count <= MOST_PIECES or self.value.size > MOST_IN_PIECES:
            return [self]
        width = -(-columns // count)
        return [
            replace(
                self,
                title=self.title if start == 0 else "",
                shape=f"{rows} × {columns}" if start == 0 else "",
                value=self.value[:, start : start + width],
                columns=self.columns[start : start + width],
                limit=self.limit or scale_end(self.value),
            )
            for start in range(0, columns, width)
        ]

    @property
    def ends(self) -> tuple[float, float]:
        """The numbers at the two ends of the colour scale."""
        if kind(self.role) == "unit":
            return 0.0, 1.0
        limit = self.limit or scale_end(self.value)
        return -limit, limit


def scale_end(value: Array) -> float:
    """Return the end of a colour scale that reaches as far as the numbers do."""
    found = float(np.abs(value).max(initial=0.0))
    return found if found > NOTHING else 1.0


def in_pieces(line: list[Panel], crowded: bool) -> list[list[Panel]]:
    """Return a line that is too wide as several lines."""
    if len(line) > 1 and sum(p.value.shape[1] for p in line) <= WIDE:
        return [line]
    return [[piece] for p in line for piece in ([p] if crowded else p.pieces())]


def tick(label: str) -> str:
    """Return a label for the edge of a matrix: of a place without a token, only its number."""
    word, _, number = label.partition(" ")
    if word in ("unit", "feature", "sequence", "t"):
        return number
    return escape(label if len(label) <= 8 else f"{label[:7]}…")


def cell_text(value: float, digits: int | None) -> str:
    """Write a number for a cell as the stage does (`web/paint.js`), with a true minus.

    Only what is 0 looks like 0, and only what is 1 like 1.

    Args:
        value: the number.
        digits: significant ones; None for all.
    """
    if digits is None:
        text = repr(value)
    elif value == round(value) and abs(value) < 1e6:
        text = f"{value + 0.0:.0f}"
    else:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        written = 1e-3 <= abs(value) < 1e6
        decimals = max(0, digits - 1 - int(power))
        text = f"{value:.{decimals}f}" if written else f"{mantissa}e{int(power)}"
    return text.replace("-", "−")


def escape(text: str) -> str:
    """Return a user's text so that Plotly, which reads some HTML, shows it as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
