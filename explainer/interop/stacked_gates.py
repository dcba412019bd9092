"""The parameters of one cell by name, and the arrays in which libraries stack its three gates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch

from explainer.engine.network import GATES
from explainer.engine.parameters import real_numbers
from explainer.engine.trace import Array
from explainer.errors import LONGEST, ExplainerError, InvalidValueError, shorten

Variant = Literal["reset_after", "reset_before"]
"""Whether the reset gate comes after the recurrent product, or before it."""
ORDERS = ("rzn", "rnz", "zrn", "znr", "nrz", "nzr")
"""Every order in which the gates may stand."""
CANDIDATE_LETTERS = str.maketrans("hac", "nnn")
"""What others call the candidate n: Keras and ONNX h, Haiku a, some papers c."""


def cell_shapes(variant: str, D: int, H: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter of a cell by name."""
    sides = ("i", "h") if variant == "reset_after" else ("",)
    biases = [f"b_{side}{g}" for side in sides for g in GATES]
    return (
        {f"W_i{g}": (H, D) for g in GATES}
        | {f"W_h{g}": (H, H) for g in GATES}
        | dict.fromkeys(biases, (H,))
    )


def float_array(name: str, value: object) -> Array:
    """Return anybody's array of real numbers as float64, in memory of its own.

    Args:
        name: what an error calls it.
        value: an array of NumPy, PyTorch, JAX or anything else that NumPy can read; float16 and
            bfloat16 are fine.

    Raises:
        TypeError: its numbers are not real, or it is no array.
    """
    if isinstance(value, torch.Tensor):
        return real_numbers(name, value.detach().cpu()).numpy()
    array = np.asarray(value)
    if array.dtype.name.startswith(("bfloat16", "float8")):  # NumPy knows these as mere bytes
        array = array.astype(np.float32)
    return real_numbers(name, array).numpy()


def split_gates(start: str, stacked: Array, order: str) -> dict[str, Array]:
    """Return three gates stacked on top of each other by name.

    Args:
        start: what their names begin with, such as "W_i".
        stacked: (3H, ...).
        order: the gates from top to bottom, such as "rzn".
    """
    return {f"{start}{g}": part for g, part in zip(order, np.split(stacked, 3), strict=True)}


def stack_gates(parameters: Mapping[str, Array], start: str, order: str) -> Array:
    """Return three gates on top of each other, (3H, ...): the inverse of `split_gates`."""
    return np.concatenate([parameters[f"{start}{g}"] for g in order])


def negated_update(parameters: Mapping[str, Array]) -> dict[str, Array]:
    """Return parameters for the other meaning of z: σ(-a) = 1 - σ(a), so signs are all it takes."""
    return {n: -v if n.endswith("z") else v for n, v in parameters.items()}


def gates_order(order: object) -> str:
    """Return an order such as "zrh" or "z r n" in the letters r, z, n.

    Raises:
        ValueError: it is no order of three gates.
    """
    letters = str(order).replace(" ", "").translate(CANDIDATE_LETTERS)
    if letters not in ORDERS:
        expected = "the letters r, z and n (or h) in some order, such as 'zrn'"
        raise InvalidValueError("order", expected, repr(order))
    return letters


@contextmanager
def naming(layer: str) -> Iterator[None]:
    """Have errors in this block say which layer they are about."""
    try:
        yield
    except ExplainerError as error:
        raise error.within(f"in {short_name(layer)}") from None


def short_name(name: str) -> str:
    """Return a name from a file for a sentence: as it is, if it is short and printable."""
    return name if len(name) <= LONGEST and name.isprintable() else shorten(name)
