"""Edits in a link: `edit=W_hz.0.1:0.5;z.*.*.2:1`.

Entries are separated by `;`. Each has a name, an index with a `.` before each of its numbers, `*`
for all of an axis, then `:` and the number that stands there now. No index means every number.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from explainer.errors import (
    ConstraintError,
    ExplainerError,
    InvalidValueError,
    WrongTypeError,
    must_be,
    shorten,
    to_builtin,
)

EDITS_IN_LINK = 4_000
"""Most characters that a link has for edits."""

Places = dict[tuple[int | None, ...], float]
"""Numbers by index, None for all of an axis; () for every number. Later ones count."""

NAME = r"[A-Za-z]\w*"
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?"
ENTRY = re.compile(rf"({NAME})((?:\.(?:\*|\d{{1,9}}))*):({NUMBER})", re.ASCII | re.IGNORECASE)


def parse_edits(written: str) -> tuple[dict[str, Places], list[ExplainerError]]:
    """Return the edits that a link says, and an error for each entry that could not be read.

    Whether a run has such a quantity and such a place, `run` says.
    """
    if len(written) > EDITS_IN_LINK:
        return {}, [too_long()]
    found: dict[str, Places] = {}
    problems: list[ExplainerError] = []
    for entry in filter(None, written.split(";")):
        match = ENTRY.fullmatch(entry)
        value = float(match[3]) if match else 0.0
        if match is None or abs(value) > sys.float_info.max:
            expected = "entries such as W_hz.0.1:0.5 or z.*.*.2:1, separated by semicolons"
            problems.append(InvalidValueError("edit", expected, shorten(entry)))
            continue
        index = tuple(None if i == "*" else int(i) for i in match[2].split(".")[1:])
        places = found.setdefault(match[1], {})
        places.pop(index, None)  # what is said last comes last
        places[index] = value
    return found, problems


def write_edits(edits: Mapping[str, Any]) -> str:
    """Return edits as a link says them.

    Args:
        edits: as for `run`: by name a number for all, an array, or numbers by index.

    Raises:
        TypeError: a name, an index or a number is something else.
        ValueError: a number is not finite, or they are too many for a link.
    """
    must_be("edits", edits, Mapping, "numbers by quantity, such as {'z': 1.0}")
    entries: list[str] = []
    length = 0
    for name, wanted in edits.items():
        if not (isinstance(name, str) and re.fullmatch(NAME, name, re.ASCII)):
            raise InvalidValueError("edits", "numbers by quantity", shorten(name))
        for index, value in numbers_by_index(name, wanted):
            entries.append(write_entry(name, index, value))
            length += len(entries[-1]) + 1
            if length > EDITS_IN_LINK + 1:  # an array may have millions of numbers
                raise too_long()
    return ";".join(entries)


def numbers_by_index(name: str, wanted: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the numbers of one quantity, each with its index.

    Raises:
        TypeError: they are no numbers by index, no array, and no number.
    """
    if isinstance(wanted, Mapping):
        yield from wanted.items()
        return
    expected = "a number, an array or numbers by index"
    try:
        array = np.asarray(wanted)
    except Exception:
        raise WrongTypeError(name, expected, shorten(wanted)) from None
    yield from np.ndenumerate(array)


def write_entry(name: str, index: Any, value: Any) -> str:
    """Return one edit as a link says it.

    Raises:
        TypeError: the index or the number is something else.
        ValueError: the number is not finite.
    """
    places = [to_builtin(i) for i in (index if isinstance(index, tuple) else (index,))]
    if not all(i is None or (type(i) is int and 0 <= i < 10**9) for i in places):
        expected = "integers from 0, and None for all of an axis"
        raise WrongTypeError(f"index of {name}", expected, shorten(index))
    value = to_builtin(value)
    if type(value) not in (int, float):
        raise WrongTypeError(name, "a number", shorten(value))
    if not abs(value) <= sys.float_info.max:
        raise InvalidValueError(name, "a finite number", shorten(value))
    at = "".join(".*" if i is None else f".{i}" for i in places)
    return f"{name}{at}:{repr(float(value)).removesuffix('.0')}"


def too_long() -> ExplainerError:
    """Return what is said of more edits than a link can carry."""
    return ConstraintError(
        "edit",
        f"at most {EDITS_IN_LINK:,} characters are possible",
        "The edits are too long for a link",
        "Use * for all of an axis, or pass them to run(settings, edits=…).",
    )
