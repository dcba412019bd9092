"""Every choice a user has, frozen, checked, and equal to the query of a link.

A field's range, its reason and its label stand once, beside its default; the sidebar, the
errors and the links are made from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar

import numpy as np

Number = TypeVar("Number", int, float)
Name = TypeVar("Name", bound=str)
Value = TypeVar("Value")


def number(
    default: float | None, low: float, high: float, label: str, reason: str, optional: bool = False
) -> Any:
    """A whole or real number between two bounds, the bounds included."""
    kind = type(high)
    meta = {"kind": kind, "low": low, "high": high, "optional": optional}
    return field(default=default, metadata={**meta, "label": label, "reason": reason})


def choice(default: str, label: str, **options: str) -> Any:
    """One of a few names, each with the words that explain it."""
    return field(default=default, metadata={"kind": str, "options": options, "label": label})


def switch(default: bool, label: str) -> Any:
    """Yes or no."""
    return field(default=default, metadata={"kind": bool, "label": label})


def words(default: str | None, high: int, label: str, reason: str) -> Any:
    """A text of the user's, at most `high` characters; without a default it can't be empty."""
    meta = {"kind": str, "high": high, "label": label, "reason": reason}
    if default is None:
        return field(metadata={**meta, "required": True})
    return field(default=default, metadata=meta)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every choice of a run. Equal settings give equal numbers.

    Raises:
        ValueError: a value is outside its range; the message says what is possible.
    """

    text: str = words(None, 200_000, "Text", "a longer one takes more than seconds to cut")
    tokenizer: str = choice(
        "bpe", "Tokenizer", characters="one token for each character", bpe="byte-pair merges"
    )
    merges: int = number(5, 0, 256, "Merges", "each merge passes over the whole text")
    normalization: str = choice(
        "as_is",
        "Letters",
        as_is="the text as it is",
        lower="lower case",
        letters="lower-case letters a to z, everything else one space",
    )
    alphabet: str = words(
        "", 1_000, "Alphabet", "it only puts the ids of some characters in an order of your own"
    )
    end_of_text: bool = switch(True, "End-of-text token around each document")
    unknown_token: bool = switch(False, "Token for unknown characters")
    batch_size: int = number(2, 1, 1024, "Batch size B", "B times T is at most 4,096")
    context_length: int = number(8, 1, 4096, "Context length T", "B times T is at most 4,096")
    batch_index: int = number(0, 0, 2**32 - 1, "Batch", "no training is longer")
    windows: str = choice(
        "in_order",
        "Windows",
        in_order="one after the other, as they stand in the text",
        sequential="each row goes on in its own part of the text (lecture)",
        random="drawn anew for every batch",
    )
    carry_state: bool = switch(False, "Carry the state on from batch to batch")
    input: str = choice(
        "embedding", "Input", embedding="learned embedding", one_hot="one-hot, no embedding"
    )
    embedding_size: int = number(
        4, 1, 256, "Embedding size D", "a wider matrix has more cells than a screen has room for"
    )
    hidden_size: int = number(
        4, 1, 256, "Hidden size H", "a larger matrix has more cells than a screen has room for"
    )
    dropout: float = number(0.1, 0.0, 0.95, "Dropout", "at 1 nothing would be left to scale")
    dropout_kind: str = choice(
        "element",
        "Dropout mask",
        element="drawn for every number",
        locked="one mask for all time steps (variational)",
    )
    training: bool = switch(True, "Training mode (dropout on)")
    redraw_masks: bool = switch(False, "New dropout masks for the second pass")
    variant: str = choice(
        "reset_after",
        "Reset gate",
        reset_after="after the recurrent product, two biases (PyTorch)",
        reset_before="before the recurrent product, one bias (the papers)",
    )
    initial: str = choice(
        "uniform",
        "Initial values",
        constant="constants (explainer notebook)",
        normal="normal, biases 0 (matrices tutorial)",
        uniform="uniform (PyTorch)",
        orthogonal="orthogonal, biases 0 (EpyNN)",
    )
    seed: int = number(1, 0, 2**32 - 1, "Seed", "PyTorch's generators take 32 bits")
    head_bias: bool = switch(False, "Bias in the output head")
    learning_rate: float = number(
        5.0, 0.0, 1000.0, "Learning rate", "far below that, numbers stop being finite"
    )
    updates: int = number(
        0, 0, 20_000, "Training updates done", "to look further, train in a notebook"
    )
    clip_norm: float | None = number(
        None, 1e-6, 1000.0, "Clip the gradient norm at", "0 would stop learning", optional=True
    )

    def __repr__(self) -> str:
        """Return what a notebook shows: every choice, long texts cut."""
        return f"Settings({', '.join(f'{n}={shorten(v)}' for n, v in vars(self).items())})"

    def __post_init__(self) -> None:
        """Refuse what is out of range."""
        for f in fields(self):
            object.__setattr__(self, f.name, check_field(f, getattr(self, f.name)))
        tokens = self.batch_size * self.context_length
        if tokens > 4096:
            raise ValueError(
                f"batch size {self.batch_size} × context length {self.context_length} is "
                f"{tokens:,} tokens; at most 4,096 are possible, so that every number can be "
                f"shown. Choose a smaller batch or a shorter context."
            )


def check_field(f: Field[Any], value: Any) -> Any:
    """Return a field's value in its own type, or say what is possible.

    Raises:
        ValueError: what was given, what is possible, why, and what to do.
    """
    meta = f.metadata
    kind = meta["kind"]
    value = to_builtin(value)
    if value is None and meta.get("optional"):
        return None
    if "options" in meta:
        return one_of(f.name, value, meta["options"])
    if "low" in meta:
        return in_range(f.name, value, kind, meta["low"], meta["high"], meta["reason"])
    if type(value) is not kind:
        expected = "True or False" if kind is bool else "a text"
        raise ValueError(f"{f.name} is {shorten(value)}; possible: {expected}. Choose one.")
    if meta.get("required") and not value:
        raise ValueError(
            f"{f.name} is empty; possible: 1 to {meta['high']:,} characters. Write one."
        )
    if kind is str and "high" in meta:
        if len(value) > meta["high"]:
            raise ValueError(
                f"{f.name} has {len(value):,} characters; possible: up to {meta['high']:,}, since "
                f"{meta['reason']}. Choose a shorter one."
            )
        if re.search("[\ud800-\udfff]", value):
            raise ValueError(
                f"{f.name} has half a character (a lone surrogate); possible: whole Unicode "
                f"characters. Save the text as UTF-8 again."
            )
    return value


def to_builtin(value: Any) -> Any:
    """Return a number, a switch or a text of NumPy's as Python's own, and others as they are."""
    if isinstance(value, str):
        return str(value)
    return value.item() if isinstance(value, np.generic) else value


def in_range(
    name: str, value: Any, kind: type[Number], low: Number, high: Number, reason: str
) -> Number:
    """Return a whole or real number between two bounds, the bounds included; a bool is none.

    Raises:
        ValueError: what was given, what is possible, why, and what to do.
    """
    value = to_builtin(value)
    fits = type(value) is int or (type(value) is float and kind is float)
    if not (fits and low <= value <= high):  # false for not-a-number, too
        expected = "a whole number" if kind is int else "a number"
        raise ValueError(
            f"{name} is {shorten(value)}; possible: {expected} from {low:,} to {high:,}, since "
            f"{reason}. Choose a value in that range."
        )
    return kind(value)


def integer(name: str, value: Any) -> int:
    """Return a whole number; a bool is none.

    Raises:
        ValueError: what was given, what is possible, and what to do.
    """
    number = to_builtin(value)
    if type(number) is not int:
        raise ValueError(f"{name} is {shorten(number)}; possible: a whole number. Choose one.")
    return number


def one_of(name: str, value: Any, options: Iterable[Name]) -> Name:
    """Return the option that equals a value.

    Raises:
        ValueError: none does; the message lists them.
    """
    value = to_builtin(value)
    for option in options:
        if type(value) is str and value == option:
            return option
    raise ValueError(
        f"{name} is {shorten(value)}; possible: {', '.join(options)}. Choose one of them."
    )


def shorten(value: Any) -> str:
    """Return a value as it was written, not too long for a sentence."""
    if type(value) is int and abs(value) > 10**40:  # Python refuses to write very long ones
        return "a number of more than 40 digits"
    written = repr(value)
    return written if len(written) <= 40 else f"{written[:40]}…"


def must_be_settings(value: Any) -> Settings:
    """Return settings, and refuse anything else.

    Raises:
        ValueError: what was given, what is possible, and what to do.
    """
    if not isinstance(value, Settings):
        raise ValueError(
            f"settings is {shorten(value)}; possible: Settings, such as PRESETS['start']. "
            f"Pass some."
        )
    return value


class NamedDict(dict[str, Value]):
    """Values by name; one that is not there is told which there are."""

    def __missing__(self, name: object) -> Value:
        """Refuse a name.

        Raises:
            KeyError: the message lists what there is.
        """
        raise KeyError(f"no {name!r} here; there is {', '.join(self)}. Choose one.")
