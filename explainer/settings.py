"""Every choice a user has, frozen, checked, and equal to the query of a link.

A field's range, its reason and its label stand once, beside its default; the sidebar, the
errors and the links are made from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from explainer.errors import ConstraintError, must_be, shorten
from explainer.number_table import NumberTable
from explainer.setting_fields import (
    LARGEST,
    OWN_NUMBERS,
    check_field,
    choice,
    integers,
    number,
    switch,
    words,
)

ACTIVATIONS = {
    "sigmoid": "1 / (1 + exp(−a)), between 0 and 1",
    "tanh": "between −1 and 1",
    "relu": "max(a, 0)",
    "hard_sigmoid_6": "a / 6 + 1/2, clipped to 0 and 1 (Keras 3)",
    "hard_sigmoid_5": "0.2 a + 0.5, clipped to 0 and 1 (Keras 2, ONNX)",
    "linear": "a itself",
}
"""What may be applied to a pre-activation a, of the gates or of the candidate."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every choice of a run. Equal settings give equal numbers.

    Raises:
        TypeError: a value has the wrong type.
        ValueError: a value is not a possible one.
    """

    text: str = words("", LARGEST, "Text", required=True)
    values: NumberTable | None = field(default=None, metadata=OWN_NUMBERS)
    tokenizer: str = choice(
        "bpe", "Tokenizer", characters="one token for each character", bpe="byte-pair merges"
    )
    merges: int = number(5, 0, 256, "Merges")
    ties: str = choice(
        "first",
        "Among equally frequent pairs",
        first="the one that comes first in the text",
        alphabetical="the first one in alphabetical order",
        oldest="the one made of the oldest tokens, characters before merges",
    )
    count_overlaps: bool = switch(True, "Count pairs that overlap")
    min_frequency: int = number(
        *(1, 1, 1_000, "Minimum frequency of a pair"),
        help="A pair that occurs less often is not merged.",
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
    batch_size: int = number(2, 1, LARGEST, "Batch size B")
    context_length: int = number(8, 1, LARGEST, "Context length T")
    batch_index: int = number(0, 0, 2**32 - 1, "Batch", help="Which batch the chapters show.")
    windows: str = choice(
        "in_order",
        "Windows",
        in_order="one after the other, in the order of the text",
        sequential="each row goes on in its own part of the text",
        random="at random positions, drawn for every batch",
        shuffled="each window once, in a new order every epoch",
    )
    carry_state: bool = switch(False, "Carry the state over from batch to batch")
    lengths: tuple[int, ...] = integers(
        *(1, LARGEST, "Length of each sequence"),
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
    embedding_size: int = number(4, 1, LARGEST, "Embedding size D")
    hidden_size: int = number(4, 1, LARGEST, "Hidden size H")
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
    precision: str = choice(
        "float64",
        "Arithmetic",
        float64="64 bits for each number, about 16 digits",
        float32="32 bits, about 7 digits, as PyTorch computes unless told otherwise",
    )
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
            if f.name == "text" and self.values is not None:
                continue  # numbers take its place
            object.__setattr__(self, f.name, check_field(f, getattr(self, f.name)))
        if self.values is not None:
            self._fit_values(self.values)
        if self.lengths:
            check_lengths(self.lengths, self.batch_size, self.context_length)

    def _fit_values(self, values: NumberTable) -> None:
        """Be no larger than the numbers are, and have no text.

        Raises:
            ConstraintError: lengths are given besides.
        """
        if self.lengths:
            raise ConstraintError(
                "lengths", "values have lengths of their own", "Both values and lengths are given"
            )
        T = min(self.context_length, max(values.lengths))
        object.__setattr__(self, "text", "")
        object.__setattr__(self, "context_length", T)
        object.__setattr__(self, "batch_size", min(self.batch_size, len(values.pieces(T))))


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
