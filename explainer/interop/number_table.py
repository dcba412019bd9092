"""Numbers of one's own out of a CSV file: a row is a time step, a column a feature."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass

import numpy as np

from explainer.engine.trace import Array
from explainer.errors import ConstraintError, InvalidValueError, shorten

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
        targets: (B, T) the column "target", 0 after the end; None where there is none.
    """

    x: Array
    lengths: tuple[int, ...]
    features: tuple[str, ...]
    sequences: tuple[str, ...]
    targets: Array | None


def read_table(data: bytes) -> NumberTable:
    """Read a CSV file: a row is a time step, a column a feature.

    The first row has the columns' names if it has no number. A column "sequence" says to which
    sequence a row belongs; a column "target" has the number that the network should give there.

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
    columns = [*features, *([TARGET] if TARGET in order else [])]
    numbers = np.array(
        [
            [read_cell(row[order[n]], n, first_row + i) for n in columns]
            for i, row in enumerate(body)
        ]
    )
    x = np.zeros((len(groups), max(lengths), len(columns)))
    for sequence, places in enumerate(groups.values()):
        x[sequence, : len(places)] = numbers[places]
    targets = x[..., -1].copy() if TARGET in order else None
    own = x[..., : len(features)].copy()
    return NumberTable(own, lengths, tuple(features), tuple(groups), targets)


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
