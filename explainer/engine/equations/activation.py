"""Activations of the gates and of the candidate, each with its slope by hand.

Each function takes the parts of a pre-activation, as the equations in `gru.py` do, and each slope
is written with what the activation gave, as those in `backward.py` are. Two functions are called
hard sigmoid: Keras 3 clips a / 6 + 1/2 to [0, 1] (https://keras.io/api/layers/activations/), Keras
2 and ONNX clip 0.2 a + 0.5 (https://onnx.ai/onnx/operators/onnx__HardSigmoid.html).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from explainer.engine.equations import backward, gru
from explainer.engine.quantity import Quantity, equation

USUAL = ("sigmoid", "tanh")
"""The activations of the gates and of the candidate in every library but by request."""


def sigmoid_of_sum(a: Tensor, b: Tensor) -> Tensor:
    """Sigmoid of the sum."""
    return torch.sigmoid(a + b)


def sigmoid_with_reset(a: Tensor, r: Tensor, b: Tensor) -> Tensor:
    """Sigmoid of the sum, the reset gate at the past."""
    return torch.sigmoid(a + r * b)


def sigmoid_slope(d: Tensor, y: Tensor) -> Tensor:
    """Back through the sigmoid."""
    return d * y * (1 - y)


def tanh_of_sum(a: Tensor, b: Tensor) -> Tensor:
    """Tanh of the sum."""
    return torch.tanh(a + b)


def tanh_with_reset(a: Tensor, r: Tensor, b: Tensor) -> Tensor:
    """Tanh of the sum, the reset gate at the past."""
    return torch.tanh(a + r * b)


def tanh_slope(d: Tensor, y: Tensor) -> Tensor:
    """Back through the tanh."""
    return d * (1 - y * y)


def relu_of_sum(a: Tensor, b: Tensor) -> Tensor:
    """ReLU of the sum."""
    return torch.relu(a + b)


def relu_with_reset(a: Tensor, r: Tensor, b: Tensor) -> Tensor:
    """ReLU of the sum, the reset gate at the past."""
    return torch.relu(a + r * b)


def relu_slope(d: Tensor, y: Tensor) -> Tensor:
    """Back through the ReLU."""
    return d * torch.sign(y)


def hard_6_of_sum(a: Tensor, b: Tensor) -> Tensor:
    """Keras 3's hard sigmoid of the sum."""
    return ((a + b) / 6 + 0.5).clip(0.0, 1.0)


def hard_6_with_reset(a: Tensor, r: Tensor, b: Tensor) -> Tensor:
    """Keras 3's hard sigmoid of the sum, the reset gate at the past."""
    return ((a + r * b) / 6 + 0.5).clip(0.0, 1.0)


def hard_6_slope(d: Tensor, y: Tensor) -> Tensor:
    """Back through Keras 3's hard sigmoid."""
    return d * torch.sign(y * (1 - y)) / 6


def hard_5_of_sum(a: Tensor, b: Tensor) -> Tensor:
    """ONNX's hard sigmoid of the sum."""
    return (0.2 * (a + b) + 0.5).clip(0.0, 1.0)


def hard_5_with_reset(a: Tensor, r: Tensor, b: Tensor) -> Tensor:
    """ONNX's hard sigmoid of the sum, the reset gate at the past."""
    return (0.2 * (a + r * b) + 0.5).clip(0.0, 1.0)


def hard_5_slope(d: Tensor, y: Tensor) -> Tensor:
    """Back through ONNX's hard sigmoid."""
    return 0.2 * d * torch.sign(y * (1 - y))


def linear_of_sum(a: Tensor, b: Tensor) -> Tensor:
    """The sum itself."""
    return a + b


def linear_with_reset(a: Tensor, r: Tensor, b: Tensor) -> Tensor:
    """The sum itself, the reset gate at the past."""
    return a + r * b


@dataclass(frozen=True)
class Activation:
    """One function at the gates or at the candidate.

    Attributes:
        words: what it is called.
        numbers: which numbers it gives.
        slope_words: what its slope is, with {} for what it gave.
        of_sum: the function of the sum of both parts.
        with_reset: the same with the reset gate at the past's part.
        slope: sends a gradient back through it.
    """

    words: str
    numbers: str
    slope_words: str
    of_sum: Callable[[Tensor, Tensor], Tensor]
    with_reset: Callable[[Tensor, Tensor, Tensor], Tensor]
    slope: Callable[..., Tensor]

    @property
    def is_share(self) -> bool:
        """Whether it gives numbers between 0 and 1, as a gate needs them."""
        return self.numbers == SHARE


SHARE = "between 0 and 1"
INSIDE = "where {} is between 0 and 1, and 0 elsewhere"
ACTIVATIONS: Mapping[str, Activation] = {
    "sigmoid": Activation(
        *("sigmoid", SHARE, "{0} (1 - {0})"), sigmoid_of_sum, sigmoid_with_reset, sigmoid_slope
    ),
    "tanh": Activation(
        *("tanh", "between -1 and 1", "1 - {} squared"), tanh_of_sum, tanh_with_reset, tanh_slope
    ),
    "relu": Activation(
        *("ReLU", "0 or more", "1 where {} is above 0, and 0 elsewhere"),
        *(relu_of_sum, relu_with_reset, relu_slope),
    ),
    "hard_sigmoid_6": Activation(
        *("hard sigmoid", SHARE, f"1/6 {INSIDE}"), hard_6_of_sum, hard_6_with_reset, hard_6_slope
    ),
    "hard_sigmoid_5": Activation(
        *("hard sigmoid", SHARE, f"0.2 {INSIDE}"), hard_5_of_sum, hard_5_with_reset, hard_5_slope
    ),
    "linear": Activation(
        *("linear function", "a number of any size", "1"),
        *(linear_of_sum, linear_with_reset, backward.unchanged),
    ),
}
"""Every activation by its name in the settings and in a `Cell`."""

FOUND: dict[Callable[..., Tensor] | None, str] = {
    **{f: name for name, own in ACTIVATIONS.items() for f in (own.of_sum, own.with_reset)},
    gru.z.function: "sigmoid",
    gru.n.function: "tanh",
    gru.n_before.function: "tanh",
}
"""The name of an activation by the function of z's or n's equation."""


@cache
def activated(after: bool, gates: str, candidate: str) -> tuple[Quantity, ...]:
    """Return the equations that are others where the activations are not the usual ones.

    Args:
        after: whether the reset gate comes after the recurrent product.
        gates: the activation of r and z.
        candidate: that of n.
    """
    found: list[Quantity] = []
    if gates != USUAL[0]:
        own = ACTIVATIONS[gates]
        for q, past, sentence in (
            (gru.r, gru.a_r, "Reset gate: how much of the past the candidate sees"),
            (gru.z, gru.a_z, "Update gate: how much of its old state each unit keeps"),
        ):
            made = remade(q, own.of_sum, f"{sentence}, {own.numbers}.")
            found += [as_share(made, own), described(past, own), slope_of(q.name, own)]
        found.append(as_share(gru.z_other, own))
    if candidate != USUAL[1]:
        own = ACTIVATIONS[candidate]
        sentence = f"Candidate: the new content that each unit could take on, {own.numbers}."
        n = remade(gru.n, own.with_reset, sentence)
        if not after:
            n = remade(gru.n_before, own.of_sum, sentence)
        past = gru.a_n if after else gru.a_n_before
        found += [n, described(past, own), slope_of("n", own)]
    return tuple(found)


def activations_of(quantities: Mapping[str, Quantity]) -> tuple[str, str]:
    """Return the activations of the gates and of the candidate, as their equations have them."""
    gate, candidate = (quantities.get(f"own_{n}", quantities[n]) for n in "zn")
    return FOUND[gate.function], FOUND[candidate.function]


def remade(q: Quantity, function: Callable[..., Tensor], description: str) -> Quantity:
    """Return a quantity that another function makes; one of fewer arguments takes the first."""
    count = function.__code__.co_argcount
    make = equation(
        q.symbol, " ".join(q.dims), q.name, q.inputs[:count], description, q.role, q.part
    )
    return make(function)


def as_share(q: Quantity, own: Activation) -> Quantity:
    """Return a gate as a number of any size where it is not between 0 and 1."""
    return q if own.is_share else replace(q, role="activation")


def described(q: Quantity, own: Activation) -> Quantity:
    """Return a pre-activation that says what sees it."""
    sentence, _, _ = q.description.partition(":")
    return replace(q, description=f"{sentence}: what its {own.words} sees.")


def slope_of(name: str, own: Activation) -> Quantity:
    """Return the equation that sends a gradient back through an activation."""
    q = {"r": backward.d_a_r, "z": backward.d_a_z, "n": backward.d_a_n}[name]
    words = f"Back through the {own.words}: its slope is {own.slope_words.format(name)}."
    return remade(q, own.slope, words)
