"""Numbers of one's own, as out of a CSV file: a row is a time step, a column a feature."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from explainer.errors import ConstraintError, InvalidValueError, shorten

Array = NDArray[np.float64]

MOST_ROWS = 5_000
"""Most time steps of a file, over all its sequences."""
MOST_COLUMNS = 512
"""Most columns of a file."""
MOST_CHARACTERS = 40
"""Most characters of a number."""
SEQUENCE, TARGET = "sequence", "target"
"""Columns with a meaning of their own."""


@dataclass(frozen=True, eq=False)
class NumberTable:
    """Sequences of numbers.

    Attributes:
        x: (B, T, D), 0 after the end of a sequence.
        lengths: how many time steps each sequence has.
        features: the names of the columns, one for each of D.
        sequences: what the column "sequence" calls each sequence.
        targets: (B, T) the column "target", 0 after the end and not a number where no answer is
            asked for; ids of classes where there are some. None where there is no such column.
        classes: the names of the classes; empty where targets are numbers.
        steps: what each time step is called; empty where they are numbered.
    """

    x: Array
    lengths: tuple[int, ...]
    features: tuple[str, ...]
    sequences: tuple[str, ...]
    targets: Array | None
    classes: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Lock the numbers."""
        for value in (self.x, self.targets):
            if value is not None:
                value.setflags(write=False)

    def __reduce__(self) -> tuple[type[NumberTable], tuple[object, ...]]:
        """Tell copy and pickle to make it anew, locked."""
        return NumberTable, tuple(getattr(self, f.name) for f in fields(self))

    def __repr__(self) -> str:
        """Return the sizes and the features' names."""
        sizes = " × ".join(map(str, self.x.shape))
        return f"NumberTable({sizes}, {', '.join(self.features)})"

    @property
    def outputs(self) -> tuple[str, ...]:
        """What each number that comes out is called: a class, the target, or the next feature."""
        return self.classes or (self.features if self.targets is None else (TARGET,))

    def pieces(self, T: int) -> list[tuple[int, int, int]]:
        """Return the sequences in pieces of at most T time steps: sequence, first row, length."""
        return [
            (i, first, min(T, length - first))
            for i, length in enumerate(self.lengths)
            for first in range(0, length, T)
        ]

    def wanted(self) -> Array:
        """Return what should come out at each time step, (B, T, outputs); classes as one id.

        Not a number where no answer is asked for; after the end of a sequence 0.
        """
        if self.targets is not None:
            return self.targets[..., None]
        found = np.roll(self.x, -1, 1)
        for sequence, length in enumerate(self.lengths):
            found[sequence, length - 1] = np.nan  # what comes after the last row nobody knows
        return found

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that stand for all of it."""
        told = (self.x.shape, self.lengths, self.features, self.classes, self.targets is None)
        found = hashlib.sha256(repr(told).encode(errors="surrogatepass"))
        for value in (self.x, self.targets):
            if value is not None:
                found.update(np.ascontiguousarray(value, dtype="<f8").tobytes())
        return found.hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        """Tell whether it has the same numbers and names."""
        return isinstance(other, NumberTable) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        """Return a number that is the same for equal tables."""
        return hash(self.fingerprint)

    def cut(self, sequences: int, T: int) -> NumberTable:
        """Return the first of its sequences and time steps."""
        return NumberTable(
            self.x[:sequences, :T],
            tuple(min(n, T) for n in self.lengths[:sequences]),
            self.features,
            self.sequences[:sequences],
            None if self.targets is None else self.targets[:sequences, :T],
            self.classes,
            self.steps[:T],
        )

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Labels by dim, as `record` takes them."""
        return {"D": self.features, **({"T": self.steps} if self.steps else {})}


def read_table(data: bytes) -> NumberTable:
    """Read a CSV file: a row is a time step, a column a feature.

    The first row has the columns' names if it has no number. A column "sequence" says to which
    sequence a row belongs; a column "target" has the number that the network should give there,
    or words: the names of classes. Where it is empty, no answer is asked for.

    Raises:
        ValueError: the file is no such table; the message names row and column.
    """
    rows = read_rows(data)
    names = [v.strip() for v in rows[0]] if not any(map(is_number, rows[0])) else []
    body = rows[1:] if names else rows
    if not body:
        raise InvalidValueError("numbers", "a row for each time step", "only a row of names")
    names = names or [f"feature {i}" for i in range(len(body[0]))]
    first_row = 2 if len(body) < len(rows) else 1
    for number, row in enumerate(body, first_row):
        if len(row) != len(names):
            expected = f"a row must have {len(names)} columns, as the first one has"
            raise ConstraintError("numbers", expected, f"Row {number} has {len(row)} columns")
    order = {name: i for i, name in enumerate(names)}
    if len(order) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise InvalidValueError("numbers", "a name for each column", f"{shorten(twice)} twice")
    features = [n for n in names if n not in (SEQUENCE, TARGET)]
    if not features:
        raise InvalidValueError("numbers", "a column of numbers at least", ", ".join(names))
    groups: dict[str, list[int]] = {}
    for i, row in enumerate(body):
        groups.setdefault(row[order[SEQUENCE]].strip() if SEQUENCE in order else "", []).append(i)
    lengths = tuple(map(len, groups.values()))
    numbers = np.array(
        [
            [read_cell(row[order[n]], n, first_row + i) for n in features]
            for i, row in enumerate(body)
        ]
    )
    cells = [row[order[TARGET]].strip() for row in body] if TARGET in order else []
    classes = class_names(cells)
    wanted = [
        float(classes.index(c)) if c and classes else read_target(c, first_row + i)
        for i, c in enumerate(cells)
    ]
    x = np.zeros((len(groups), max(lengths), len(features)))
    targets = np.zeros(x.shape[:2]) if cells else None
    for sequence, places in enumerate(groups.values()):
        x[sequence, : len(places)] = numbers[places]
        if targets is not None:
            targets[sequence, : len(places)] = np.array(wanted)[places]
    return NumberTable(x, lengths, tuple(features), tuple(groups), targets, classes)


def class_names(cells: list[str]) -> tuple[str, ...]:
    """Return the classes of a column "target", sorted; none where a cell has a number.

    Raises:
        ValueError: there are too many.
    """
    words = sorted({cell for cell in cells if cell})
    if not words or any(is_number(w) or is_number(w.replace(",", ".")) for w in words):
        return ()
    if len(words) > MOST_COLUMNS:
        expected = f"numbers, or at most {MOST_COLUMNS:,} different words"
        raise InvalidValueError("column 'target'", expected, f"{len(words):,} different words")
    return tuple(words)


def read_target(cell: str, row: int) -> float:
    """Return the number of a cell; not a number where it is empty.

    Raises:
        ValueError: it has none, or one that is not finite.
    """
    return read_cell(cell, TARGET, row) if cell else math.nan


def read_rows(data: bytes) -> list[list[str]]:
    """Return the rows of a CSV file that are not empty.

    Raises:
        ValueError: it is no text, or too large.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidValueError("numbers", "a CSV file in UTF-8", "other bytes") from None
    if "\0" in text:
        raise InvalidValueError("numbers", "a CSV file", "a file with zero bytes")
    separator = ";" if ";" in text.partition("\n")[0] else ","
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=separator, strict=True):
            if not any(v.strip() for v in row):
                continue
            if len(rows) > MOST_ROWS or len(row) > MOST_COLUMNS:
                expected = f"at most {MOST_ROWS:,} rows of {MOST_COLUMNS:,} columns"
                raise InvalidValueError("numbers", expected, "more")
            rows.append(row)
    except csv.Error:
        raise InvalidValueError("numbers", "a CSV file", "unfinished quotes or lines") from None
    if not rows:
        raise InvalidValueError("numbers", "a row for each time step", "an empty file")
    return rows


def is_number(text: str) -> bool:
    """Tell whether a cell has a number."""
    try:
        float(text)
    except ValueError:
        return False
    return len(text) <= MOST_CHARACTERS


def read_cell(text: str, column: str, row: int) -> float:
    """Return the number of a cell.

    Raises:
        ValueError: it has none, or one that is not finite.
    """
    where = f"row {row}, column {shorten(column)}"
    value = float(text) if is_number(text) else math.nan
    if math.isfinite(value):
        return value
    advice = ""
    if is_number(text.replace(",", ".")) and "," in text:
        advice = "Write decimal points, not commas."
    raise InvalidValueError(where, "a finite number", shorten(text.strip()), advice)
