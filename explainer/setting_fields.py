"""One setting: how it is declared, with its range and its label, and how a value is checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import Field, field
from typing import Any

from explainer.errors import (
    InvalidValueError,
    WrongTypeError,
    as_list,
    in_range,
    must_be,
    one_of,
    shorten,
    to_builtin,
)
from explainer.number_table import NumberTable
from explainer.own_values import as_table

LARGEST = 200_000
"""The largest size of a dim: as many as a text has characters. What a run has room for depends on
all sizes together: `check_size` says it."""


def number(
    default: float | None,
    low: float,
    high: float,
    label: str,
    advice: str = "",
    optional: bool = False,
    help: str | None = None,
) -> Any:
    """A whole or real number between two bounds, the bounds included."""
    meta = {"kind": type(high), "low": low, "high": high, "optional": optional, "help": help}
    return field(default=default, metadata={**meta, "label": label, "advice": advice})


def choice(default: str, label: str, **options: str) -> Any:
    """One of a few names, each with the words that explain it."""
    return field(default=default, metadata={"kind": str, "options": options, "label": label})


def switch(default: bool, label: str) -> Any:
    """Yes or no."""
    return field(default=default, metadata={"kind": bool, "label": label})


def words(default: str, high: int, label: str, required: bool = False) -> Any:
    """A text of the user's, at most `high` characters; where it is required it can't be empty."""
    meta = {"kind": str, "high": high, "label": label, "required": required}
    return field(default=default, metadata=meta)


def integers(low: int, high: int, label: str, help: str) -> Any:
    """Whole numbers between two bounds; none by default."""
    meta = {"kind": tuple, "low": low, "high": high, "label": label, "help": help}
    return field(default=(), metadata=meta)


OWN_NUMBERS: Mapping[str, Any] = {
    "kind": NumberTable,
    "optional": True,
    "label": "Numbers",
    "help": "Numbers in the place of the text: what goes in, and what should come out.",
}


def check_field(f: Field[Any], value: Any) -> Any:
    """Return a field's value in its own type.

    Raises:
        WrongTypeError: it has another type.
        InvalidValueError: it is not a possible one.
    """
    meta = f.metadata
    kind, value = meta["kind"], to_builtin(value)
    if kind is tuple:
        return read_integers(f, value)
    if kind is NumberTable:
        return None if value is None else as_table(value)
    if "options" in meta:
        return one_of(f.name, value, meta["options"])
    if "low" in meta:
        if value is None and meta["optional"]:
            return None
        return in_range(f.name, value, kind, meta["low"], meta["high"], meta["advice"])
    if kind is bool:
        must_be(f.name, value, bool, "True or False")
        return value
    must_be(f.name, value, str, "a string")
    low, high = int(meta["required"]), meta["high"]
    if not low <= len(value) <= high:
        expected = f"a string of {low} to {high:,} characters"
        raise InvalidValueError(f.name, expected, f"{len(value):,} characters")
    if half := re.search("[\ud800-\udfff]", value):
        raise InvalidValueError(
            f.name,
            "a string of whole characters",
            f"half of a surrogate pair, {shorten(half[0])}, at position {half.start():,}",
            "Save the text as UTF-8 again.",
        )
    return value


def read_integers(f: Field[Any], value: Any) -> tuple[int, ...]:
    """Return whole numbers, given as such or as a text, such as "8, 5".

    Raises:
        WrongTypeError: it is something else.
        InvalidValueError: one is out of range.
    """
    low, high = f.metadata["low"], f.metadata["high"]
    expected = f"integers from {low:,} to {high:,}, such as (8, 5)"
    if isinstance(value, str):
        if not re.fullmatch(r"[\d,\s]{0,20000}", value, re.ASCII):
            raise InvalidValueError(f.name, expected, shorten(value))
        words = re.split(r"[,\s]+", value.strip(", \n\t"))
        value = [int(word) if len(word) < 10 else high + 1 for word in words if word]
    numbers = tuple(map(to_builtin, as_list(f.name, value, expected)))
    for number in numbers:
        if type(number) is not int:
            raise WrongTypeError(f.name, expected, shorten(numbers))
        if not low <= number <= high:
            raise InvalidValueError(f.name, expected, shorten(numbers))
    return numbers
