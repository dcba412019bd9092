"""Numbers of one's own in a program: an array and its targets, or a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explainer.errors import ConstraintError, InvalidValueError, WrongTypeError, as_list, shorten
from explainer.number_table import MOST_COLUMNS, Array, NumberTable, read_table

IGNORED = -100
"""A class that no answer is asked for, as `ignore_index` of F.cross_entropy has it."""
MOST_VALUES = 2_000_000
"""Most numbers of an array."""
SHAPES = "an array of numbers (T, D), or (B, T, D) of several sequences"


def with_targets(
    values: Any,
    targets: Any = None,
    lengths: Sequence[int] | None = None,
    features: Sequence[str] | None = None,
) -> NumberTable:
    """Return numbers and what should come out, for `Settings(values=…)`.

    Args:
        values: (T, D) or (B, T, D): a list, an array, a CPU tensor, a DataFrame.
        targets: (T,) or (B, T): integers are classes from 0, and -100 asks for no answer; real
            numbers are numbers, and not-a-number asks for none. None: the next row of values.
        lengths: how many time steps each sequence has; None: all of them have T.
        features: names of the D columns; None takes a DataFrame's, or numbers them.

    Raises:
        TypeError: these are no numbers.
        ValueError: shapes don't fit, there are too many, or a number is not finite.
    """
    x = real_array("values", values, SHAPES)
    if x.ndim not in (2, 3) or 0 in x.shape:
        raise InvalidValueError("values", SHAPES, f"shape {x.shape}")
    shape = x.shape[:-1]
    x = x.astype(np.float64).reshape(-1, *x.shape[-2:])
    B, T, D = x.shape
    if D > MOST_COLUMNS or x.size > MOST_VALUES:
        expected = f"at most {MOST_VALUES:,} in {MOST_COLUMNS:,} features"
        raise InvalidValueError("values", expected, f"shape {x.shape}")
    ends = (T,) * B if lengths is None else whole_lengths(lengths, B, T)
    padding = np.arange(T) >= np.array(ends)[:, None]
    x[padding] = 0
    for place in np.argwhere(~np.isfinite(x))[:1]:
        at = ", ".join(map(str, place[-x.ndim + (len(shape) == 1) :]))
        raise InvalidValueError(f"values[{at}]", "a finite number", f"{x[tuple(place)]}")
    own, classes = (None, ()) if targets is None else read_targets(targets, shape, padding)
    return NumberTable(x, ends, feature_names(values, features, D), ("",) * B, own, classes)


def as_table(values: Any) -> NumberTable:
    """Return what `Settings(values=…)` was given as a table.

    Args:
        values: a table, an array as in `with_targets`, the path of a CSV file, or its bytes.

    Raises:
        TypeError: it is something else.
        ValueError: it can't be used; the message says why.
    """
    if isinstance(values, NumberTable):
        return values
    if isinstance(values, PathLike):
        values = Path(values).read_bytes()
    if isinstance(values, bytes):
        return read_table(values)
    if isinstance(values, str):
        advice = "Pass a file as pathlib.Path(…)."
        raise WrongTypeError("values", SHAPES, shorten(values), advice)
    return with_targets(values)


def real_array(name: str, value: Any, expected: str) -> NDArray[Any]:
    """Return an array of real numbers.

    Raises:
        WrongTypeError: these are no numbers.
        InvalidValueError: rows have different lengths.
    """
    try:
        found = np.asarray(value)
    except ValueError:
        advice = "Fill the shorter sequences up, and pass lengths."
        raise InvalidValueError(name, expected, "rows of different lengths", advice) from None
    except Exception:
        raise WrongTypeError(name, expected, shorten(value)) from None
    if found.dtype.kind not in "fiu":
        raise WrongTypeError(name, expected, shorten(value))
    return found


def whole_lengths(lengths: Sequence[int], B: int, T: int) -> tuple[int, ...]:
    """Return lengths, checked.

    Raises:
        TypeError: they can't be iterated over.
        ValueError: there is not one from 1 to T for each sequence.
    """
    expected = f"{B:,} integers from 1 to {T:,}, one for each sequence"
    found = as_list("lengths", lengths, expected)
    whole = [int(n) for n in found if isinstance(n, int | np.integer) and 1 <= n <= T]
    if len(whole) != len(found) or len(found) != B:
        raise InvalidValueError("lengths", expected, shorten(found))
    return tuple(whole)


def read_targets(
    targets: Any, shape: tuple[int, ...], padding: NDArray[np.bool_]
) -> tuple[Array, tuple[str, ...]]:
    """Return targets (B, T), and names of classes.

    Args:
        targets: as for `with_targets`.
        shape: that of the values, without features.
        padding: (B, T) what comes after the end of a sequence.

    Raises:
        TypeError: these are no numbers.
        ValueError: the shape does not fit, or a number is not possible.
    """
    expected = f"an array of shape {shape}: integers for classes, or real numbers"
    found = real_array("targets", targets, expected)
    if found.shape != shape:
        raise InvalidValueError("targets", expected, f"shape {found.shape}")
    own = found.astype(np.float64).reshape(padding.shape)
    own[padding] = 0
    if np.isinf(own).any():
        raise InvalidValueError("targets", "finite numbers, or not-a-number for none", "infinity")
    if found.dtype.kind == "f":
        return own, ()
    asked = own != IGNORED
    if not asked.any() or own[asked].min() < 0 or own.max() >= MOST_COLUMNS:
        expected = f"classes from 0 to {MOST_COLUMNS - 1:,}, or {IGNORED} for no answer"
        given = f"integers from {own.min():g} to {own.max():g}"
        raise InvalidValueError("targets", expected, given)
    own[~asked] = np.nan
    return own, tuple(map(str, range(int(np.nanmax(own)) + 1)))


def feature_names(values: Any, features: Sequence[str] | None, D: int) -> tuple[str, ...]:
    """Return a name for each feature: those that are given, a DataFrame's, or numbers.

    Raises:
        TypeError: these are no names.
        ValueError: there are more or fewer than features.
    """
    given = getattr(values, "columns", None) if features is None else features
    if given is None:
        return tuple(f"feature {i}" for i in range(D))
    names = tuple(map(str, as_list("features", given, "names")))
    if len(names) != D:
        given_names = f"{len(names):,} names are given"
        raise ConstraintError("features", f"the values have {D:,} features", given_names)
    return names
