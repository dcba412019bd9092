"""What is said where something can't be done: what must hold, what was given, what to do.

Every exception carries these as fields, and its sentence is made here, in `ExplainerError.__str__`.
Code that decides by an error compares its fields, never its sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from reprlib import Repr
from types import UnionType
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

Number = TypeVar("Number", int, float)
Name = TypeVar("Name", bound=str)
Value = TypeVar("Value")

LONGEST = 60
"""Most characters of a value, and of the names in a list, that a sentence repeats."""
_brief = Repr()
_brief.maxstring = _brief.maxother = _brief.maxlong = LONGEST


class ExplainerError(Exception):
    """Something can't be done as it was asked for.

    Attributes:
        field: the argument, setting or quantity at fault.
        expected: what must hold.
        given: what holds instead, in words; a value as `shorten` writes it.
        advice: what to do about it, in whole sentences; may be empty.
        context: when it happened, such as "after the update"; may be empty.
    """

    form: ClassVar[str] = "{field} must be {expected}; got {given}."

    def __init__(
        self, field: str, expected: str, given: str, advice: str = "", context: str = ""
    ) -> None:
        super().__init__(field, expected, given, advice, context)
        self.field, self.expected, self.given = field, expected, given
        self.advice, self.context = advice, context

    def also(self, *advice: str) -> Self:
        """Return the same error with more advice."""
        more = " ".join(filter(None, (self.advice, *advice)))
        return type(self)(self.field, self.expected, self.given, more, self.context)

    def within(self, context: str, advice: str = "") -> Self:
        """Return the same error with a context, and with other advice if there is some."""
        context = ", ".join(filter(None, (context, self.context)))
        return type(self)(self.field, self.expected, self.given, advice or self.advice, context)

    def __str__(self) -> str:
        """Return the sentence, followed by the advice."""
        field = self.field if len(self.field) <= LONGEST else shorten(self.field)
        sentence = self.form.format(field=field, expected=self.expected, given=self.given)
        if self.context:
            sentence = f"{self.context[0].upper()}{self.context[1:]}, {sentence}"
        return f"{sentence} {self.advice}".rstrip()


class InvalidValueError(ExplainerError, ValueError):
    """A value of the right type is not a possible one."""


class WrongTypeError(ExplainerError, TypeError):
    """A value has the wrong type."""


class UnknownNameError(ExplainerError, KeyError):
    """There is nothing of this name."""


class OutOfRangeError(ExplainerError, IndexError):
    """There is nothing at this place."""


class MissingPackageError(ExplainerError, ImportError):
    """A package that is not always needed is needed here, and not installed."""


class ConstraintError(InvalidValueError):
    """Values that are possible one by one don't go together, or ask for too much.

    Here `given` and `expected` are whole clauses: "The text has 5 tokens" and "batch size 2 ×
    context length 8 needs at least 17".
    """

    form = "{given}; {expected}."


class NotFiniteError(ConstraintError):
    """A number is infinite or not a number, which can't be shown or learned from."""


def shorten(value: object) -> str:
    """Return a value as Python writes it, short enough for a sentence; this never fails."""
    if type(value) is int and abs(value) >= 10**40:  # Python refuses to write very long ones
        return "an integer of more than 40 digits"
    try:
        written = " ".join(_brief.repr(value).split())
    except Exception:  # a value may do anything when it is looked at
        written = f"an instance of {type.__repr__(type(value))}"
    return written if len(written) <= LONGEST else f"{written[:LONGEST]}…"


def names_of(names: Iterable[object], near: object = None) -> str:
    """Return names for a sentence: all of a few, and of many those most like `near` first."""
    words = [n if isinstance(n, str) and len(n) <= LONGEST else shorten(n) for n in names]
    similar = get_close_matches(near, words) if isinstance(near, str) and len(near) < 40 else []
    room, shown = LONGEST, list[str]()
    for word in words if sum(map(len, words)) <= room else dict.fromkeys([*similar, *words]):
        room -= len(word)
        if room < 0:
            break
        shown.append(word)
    more = len(words) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def to_builtin(value: Any) -> Any:
    """Return NumPy's numbers, bools and strings as Python's own, and anything else as it is."""
    if isinstance(value, str):
        return str.__str__(value)
    number = isinstance(value, np.bool_ | np.integer | np.floating)
    # a span of time counts as an integer in NumPy, but not here
    return value.item() if number and not isinstance(value, np.timedelta64) else value


def in_range(
    field: str, value: Any, kind: type[Number], low: Number, high: Number, advice: str = ""
) -> Number:
    """Return an integer or a real number between two bounds, the bounds included.

    An integer is taken for a real number; a bool is neither.

    Raises:
        WrongTypeError: it is no number of this kind.
        InvalidValueError: it is out of range.
    """
    value = to_builtin(value)
    expected = f"an integer from {low:,} to {high:,}"
    if kind is float:
        expected = f"a number from {low:,g} to {high:,g}"
    if type(value) is not int and not (type(value) is float and kind is float):
        raise WrongTypeError(field, expected, shorten(value), advice)
    if not low <= value <= high:  # true of not-a-number, too
        raise InvalidValueError(field, expected, shorten(value), advice)
    return kind(value)


def place(field: str, value: Any, count: int, advice: str = "") -> int:
    """Return an integer from 0 to `count` - 1.

    Raises:
        WrongTypeError: it is no integer.
        OutOfRangeError: there is no such place.
    """
    value = to_builtin(value)
    expected = f"an integer from 0 to {count - 1:,}"
    if type(value) is not int:
        raise WrongTypeError(field, expected, shorten(value), advice)
    if not 0 <= value < count:
        raise OutOfRangeError(field, expected, shorten(value), advice)
    return value


def one_of(field: str, value: Any, options: Iterable[Name]) -> Name:
    """Return the option that equals a value.

    Raises:
        WrongTypeError: it is no string.
        InvalidValueError: it is none of the options.
    """
    value, options = to_builtin(value), tuple(options)
    if type(value) is str:
        for option in options:
            if value == option:
                return option
    # made here alone: to look for names alike takes longer than all the rest
    error = InvalidValueError if type(value) is str else WrongTypeError
    raise error(field, f"one of {names_of(options, value)}", shorten(value))


def must_be(
    field: str, value: object, kind: type | UnionType, expected: str, advice: str = ""
) -> None:
    """Refuse a value of another type.

    Args:
        field: the argument.
        value: what was given.
        kind: what it must be an instance of.
        expected: the same in words, such as "Settings, such as PRESETS['start']".
        advice: how to get one.

    Raises:
        WrongTypeError: it is something else.
    """
    if not isinstance(value, kind):
        raise WrongTypeError(field, expected, shorten(value), advice)


def as_list(field: str, value: Any, expected: str) -> list[Any]:
    """Return what can be iterated over as a list.

    Raises:
        WrongTypeError: it can't be.
    """
    try:
        return list(value)
    except Exception:
        raise WrongTypeError(field, expected, shorten(value)) from None


class NamedDict(dict[str, Value]):
    """Values by name; a name that is not there is answered with those that are."""

    def __getitem__(self, name: str) -> Value:
        """Return the value of a name.

        Raises:
            UnknownNameError: there is none; the message lists the names there are.
            WrongTypeError: `name` is no string.
        """
        must_be("name", name, str, "a string")
        if name not in self:
            raise UnknownNameError("name", f"one of {names_of(self, name)}", shorten(name))
        return super().__getitem__(name)
