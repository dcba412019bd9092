"""Every choice a user has, frozen, checked, and equal to the query of a link.

A field's range, its reason and its label stand once, beside its default; the sidebar, the
errors and the links are made from them.
"""

from __future__ import annotations

import re
from dataclasses import Field, dataclass, field, fields
from typing import Any

from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    WrongTypeError,
    as_list,
    in_range,
    must_be,
    one_of,
    shorten,
    to_builtin,
)


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


def words(default: str | None, high: int, label: str) -> Any:
    """A text of the user's, at most `high` characters; without a default it can't be empty."""
    meta = {"kind": str, "high": high, "label": label}
    if default is None:
        return field(metadata={**meta, "required": True})
    return field(default=default, metadata=meta)


ACTIVATIONS = {
    "sigmoid": "1 / (1 + exp(-a)), between 0 and 1",
    "tanh": "between -1 and 1",
    "relu": "max(a, 0)",
    "hard_sigmoid_6": "a / 6 + 1/2, clipped to 0 and 1 (Keras 3)",
    "hard_sigmoid_5": "0.2 a + 0.5, clipped to 0 and 1 (Keras 2, ONNX)",
    "linear": "a itself",
}
"""What may be applied to a pre-activation a, of the gates or of the candidate."""


def integers(low: int, high: int, label: str, help: str) -> Any:
    """Whole numbers between two bounds; none by default."""
    meta = {"kind": tuple, "low": low, "high": high, "label": label, "help": help}
    return field(default=(), metadata=meta)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every choice of a run. Equal settings give equal numbers.

    Raises:
        TypeError: a value has the wrong type.
        ValueError: a value is not a possible one.
    """

    text: str = words(None, 200_000, "Text")
    tokenizer: str = choice(
        "bpe", "Tokenizer", characters="one token for each character", bpe="byte-pair merges"
    )
    merges: int = number(5, 0, 256, "Merges")
    ties: str = choice(
        "first",
        "Of equally frequent pairs",
        first="the one that comes first in the text",
        alphabetical="the first one in alphabetical order",
        oldest="the one of the oldest tokens, characters before merges",
    )
    count_overlaps: bool = switch(True, "Count pairs that overlap")
    min_frequency: int = number(
        *(1, 1, 1_000, "Least frequency of a pair"),
        help="A pair that is side by side less often is not merged.",
    )
    normalization: str = choice(
        "as_is",
        "Letters",
        as_is="the text as it is",
        lower="lower case",
        letters="only the letters a to z, lower case; everything else becomes a space",
    )
    alphabet: str = words("", 1_000, "Alphabet")
    end_of_text: bool = switch(True, "End-of-text token around each document")
    unknown_token: bool = switch(False, "Token for unknown characters")
    batch_size: int = number(2, 1, 1024, "Batch size B")
    context_length: int = number(8, 1, 4096, "Context length T")
    batch_index: int = number(0, 0, 2**32 - 1, "Batch", help="Which batch the chapters show.")
    windows: str = choice(
        "in_order",
        "Windows",
        in_order="one after the other, in the order of the text",
        sequential="each row reads on in its own part of the text",
        random="at random positions, drawn for every batch",
        shuffled="each window once, in a new order every epoch",
    )
    carry_state: bool = switch(False, "Carry the state over from batch to batch")
    lengths: tuple[int, ...] = integers(
        *(1, 4096, "Length of each sequence"),
        help="One number for each row of the batch, such as 8, 5. What comes after the end of a "
        "row is padding, and no answer counts there. Empty: all rows are T long.",
    )
    answers: str = choice(
        "every",
        "Answers that count in the loss",
        every="those of every time step",
        last="that of each sequence's last time step only",
    )
    input: str = choice(
        "embedding", "Input", embedding="learned embedding", one_hot="one-hot, no embedding"
    )
    embedding_size: int = number(4, 1, 256, "Embedding size D")
    hidden_size: int = number(4, 1, 256, "Hidden size H")
    dropout: float = number(
        *(0.1, 0.0, 0.95, "Dropout"),
        help="The probability that a number is set to 0: p in torch.nn.Dropout, q here.",
    )
    dropout_kind: str = choice(
        "element",
        "Dropout mask",
        element="drawn for each number",
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
    gate_activation: str = choice("sigmoid", "Activation of the gates r and z", **ACTIVATIONS)
    candidate_activation: str = choice("tanh", "Activation of the candidate n", **ACTIVATIONS)
    initial: str = choice(
        "uniform",
        "Initial values",
        constant="constants: every unit the same",
        normal="standard normal, biases 0",
        uniform="uniform, as in PyTorch",
        orthogonal="orthogonal, biases 0",
    )
    seed: int = number(
        *(1, 0, 2**32 - 1, "Seed"),
        help="Initial values, dropout masks and random windows are drawn from it.",
    )
    head_bias: bool = switch(False, "Bias in the output head")
    learning_rate: float = number(
        *(5.0, 0.0, 1000.0, "Learning rate"),
        help="How far one update moves the parameters against their gradients.",
    )
    updates: int = number(
        *(0, 0, 20_000, "Training updates done", "For more updates, call train() in a notebook."),
        help="Every chapter shows the network after this many updates.",
    )
    clip_norm: float | None = number(
        None,
        1e-6,
        1000.0,
        "Clip the gradient norm at",
        "None switches clipping off.",
        optional=True,
        help="If the norm of all gradients together is larger, all are scaled down to this norm.",
    )

    def __repr__(self) -> str:
        """Return what a notebook shows: every choice, long texts cut."""
        return f"Settings({', '.join(f'{n}={shorten(v)}' for n, v in vars(self).items())})"

    @property
    def draws_windows(self) -> bool:
        """Whether windows are drawn, so that there are always more batches and no state goes on."""
        return self.windows in ("random", "shuffled")

    @property
    def activations(self) -> tuple[str, str]:
        """The activations of the gates and of the candidate."""
        return self.gate_activation, self.candidate_activation

    @property
    def is_torch_gru(self) -> bool:
        """Whether torch.nn.GRU computes the same: its reset gate, sigmoid and tanh."""
        return self.variant == "reset_after" and self.activations == ("sigmoid", "tanh")

    def __post_init__(self) -> None:
        """Refuse what is out of range."""
        for f in fields(self):
            object.__setattr__(self, f.name, check_field(f, getattr(self, f.name)))
        tokens = self.batch_size * self.context_length
        if tokens > 4096:
            raise ConstraintError(
                "batch_size",
                "at most 4,096 are possible",
                f"Batch size {self.batch_size:,} × context length {self.context_length:,} makes "
                f"{tokens:,} tokens",
                "Use a smaller batch or a shorter context.",
            )
        if self.lengths:
            check_lengths(self.lengths, self.batch_size, self.context_length)


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
    low, high = int(meta.get("required", False)), meta["high"]
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


def check_lengths(lengths: tuple[int, ...], B: int, T: int) -> None:
    """Refuse lengths that don't fit a batch.

    Raises:
        ConstraintError: there are more or fewer than sequences, or one is too long.
    """
    if len(lengths) != B:
        raise ConstraintError(
            "lengths",
            f"a batch of {B:,} needs one for each sequence",
            f"{len(lengths):,} {'lengths are' if len(lengths) > 1 else 'length is'} given",
        )
    if max(lengths) > T:
        raise ConstraintError(
            "lengths",
            f"context length {T:,} is the most",
            f"Sequence {lengths.index(max(lengths)):,} would be {max(lengths):,} time steps long",
        )


def must_be_settings(value: object) -> None:
    """Refuse what is no settings.

    Raises:
        WrongTypeError: it is something else.
    """
    must_be("settings", value, Settings, "Settings, such as PRESETS['start']")
