"""Which convention arrays follow, found by an example: the states that their library computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import torch

from explainer.engine.equations.activation import ACTIVATIONS, USUAL
from explainer.engine.network import layer_network
from explainer.engine.quantity import depends, solve
from explainer.engine.trace import Array
from explainer.errors import InvalidValueError
from explainer.interop.cells import Cell
from explainer.interop.layouts import gates_in_rows, named_gates, two_biases
from explainer.interop.stacked_gates import ORDERS, Variant, float_array

WRITTEN = {"zrn": "z r h"}
"""An order as the libraries that have it write it: Keras and ONNX call the candidate h."""


Functions = tuple[str, str]
"""Names of the functions at the gates and at the candidate."""
Steps = tuple[Array, Array, Array]
"""Inputs (B, T, D), the states before (B, T, H), and the states that were expected (B, T, H)."""
OFTEN: tuple[Functions, ...] = tuple(
    (gates, "tanh") for gates in ("sigmoid", "hard_sigmoid_6", "hard_sigmoid_5")
)
"""What is tried first."""
SELDOM: tuple[Functions, ...] = tuple(
    (gates, n) for gates, n in product(ACTIVATIONS, ACTIVATIONS) if (gates, n) not in OFTEN
)
"""What is tried where none of the others fits."""
CLIPPED = {
    "hard_sigmoid_6": "a / 6 + 1/2 as Keras 3's hard_sigmoid",
    "hard_sigmoid_5": "a / 5 + 1/2 as Keras 2's and ONNX's hard sigmoid",
}


@dataclass(frozen=True, eq=False)
class Reading:
    """One convention in which arrays give the states that were expected.

    Attributes:
        cell: the arrays read so.
        order: of the gates, such as "zrn".
        columns: whether the gates of W stand in columns, side by side.
        recurrent_columns: the same of U.
        reset: whether the reset gate comes "after" the product or "before" it.
        z: whether z near 1 "keeps" the old state or "takes" the new one.
        bias: what b holds: "none", "input", "state", "input, state" or "state, input".
        difference: the largest from the states that were expected, each computed from the one
            before it as expected.
    """

    cell: Cell
    order: str
    columns: bool
    recurrent_columns: bool
    reset: Literal["after", "before"]
    z: Literal["keeps", "takes"]
    bias: str
    difference: float

    def __str__(self) -> str:
        """Return it in one line."""
        ways = {False: "rows", True: "columns"}
        way = ways[self.columns]
        if self.columns != self.recurrent_columns:
            way = f"W in {way}, U in {ways[self.recurrent_columns]}"
        parts = [WRITTEN.get(self.order, " ".join(self.order)), way]
        parts += [f"reset {self.reset} the product", f"z {self.z}"]
        if self.bias.startswith("state"):
            parts += ["the state's bias first" if "," in self.bias else "the bias is the state's"]
        parts += functions_in_words(self.cell.activations)
        return f"{', '.join(parts)}: largest difference {self.difference:.0e}"

    __repr__ = __str__


def functions_in_words(activations: Functions) -> list[str]:
    """Return what is said of functions that are not the usual ones."""
    words = []
    verbs = (("gates", "clip", "have"), ("the candidate", "clips", "has"))
    for (place, clips, has), own, usual in zip(verbs, activations, USUAL, strict=True):
        what = f"{clips} {CLIPPED[own]}" if own in CLIPPED else f"{has} a {ACTIVATIONS[own].words}"
        words += [f"{place} {what}"] if own != usual else []
    return words


def detect(
    W: Any, U: Any, b: Any, x: Any, h: Any, h_0: Any = None, atol: float = 1e-5
) -> list[Reading]:
    """Return the conventions in which weights give the states that their library computed.

    Tried are all orders of the gates, rows and columns, what b may hold, the reset gate after and
    before the product, both meanings of z, sigmoid and both hard sigmoids at the gates with tanh at
    the candidate; where none of these fits, every function of `Settings` at either place. What fits
    one time step is then tried on all of them, each from the state that was given before it, so
    that rounding does not add up. A z that takes the new state is tried with the three sigmoids
    alone: no weights say it with another function.

    Args:
        W: input weights, (3H, D) or (D, 3H).
        U: recurrent weights, (3H, H) or (H, 3H).
        b: None, (3H,), (2, 3H) or (6H,), or a pair of (3H,).
        x: (B, T, D) or (T, D) inputs.
        h: (B, T, H) or (T, H) states after each time step.
        h_0: (B, H) or (H,) state before the first one; None for zeros.
        atol: the largest difference that counts as the same.

    Returns:
        What fits, best first: usually one. Several only where they mean the same numbers, such as
        where a bias is zero. Empty where nothing fits.

    Raises:
        TypeError: an argument holds no real numbers.
        ValueError: shapes don't go together.
    """
    recurrent = gates_in_rows("U", U)
    H = recurrent.shape[1]
    inputs, states = (float_array(n, v) for n, v in (("x", x), ("h", h)))
    inputs, states = (v[None] if v.ndim == 2 else v for v in (inputs, states))
    if states.ndim != 3 or states.shape[2] != H or not states.size:
        raise InvalidValueError("h", f"an array of shape (B, T, {H})", f"shape {np.shape(h)}")
    if inputs.ndim != 3 or inputs.shape[:2] != states.shape[:2]:
        expected = f"an array of shape {(*states.shape[:2], 'D')}".replace("'", "")
        raise InvalidValueError("x", expected, f"shape {np.shape(x)}")
    first = np.zeros((len(states), H)) if h_0 is None else float_array("h_0", h_0)
    first = first[None] if first.ndim == 1 else first
    if first.shape != (len(states), H):
        expected = f"an array of shape {len(states), H}, or None"
        raise InvalidValueError("h_0", expected, f"shape {np.shape(h_0)}")
    past = np.concatenate([first[:, None], states[:, :-1]], 1)
    for functions in (OFTEN, SELDOM):
        if found := readings(W, U, b, (inputs, past, states), functions, atol):
            return found
    return []


def readings(
    W: Any, U: Any, b: Any, steps: Steps, functions: Sequence[Functions], atol: float
) -> list[Reading]:
    """Return what fits with some functions at the gates and the candidate, best first.

    Args:
        W: as for `detect`, and so are `U`, `b` and `atol`.
        U: recurrent weights.
        b: biases.
        steps: time steps, each from the state before it.
        functions: pairs to try.
        atol: the largest difference that counts as the same.
    """
    found = []
    first = tuple(v[:, :1] for v in steps)
    for choice, parameters in _candidates(W, U, b, steps[0].shape[2]):
        possible = [f for f in functions if choice[4] == "keeps" or ACTIVATIONS[f[0]].is_share]
        near = [f for f, d in _differences(parameters, possible, first) if d <= atol]
        for own, difference in _differences(parameters, near, steps):
            if difference <= atol:  # one time step ruled out most
                variant: Variant = "reset_after" if choice[3] == "after" else "reset_before"
                found.append(Reading(Cell(variant, parameters, own), *choice, difference))
    different: list[Reading] = []
    for one in sorted(found, key=lambda reading: reading.difference):
        if not any(_same(one.cell, other.cell) for other in different):
            different.append(one)
    return different


Choice = tuple[str, bool, bool, Literal["after", "before"], Literal["keeps", "takes"], str]


def _candidates(W: Any, U: Any, b: Any, D: int) -> Iterator[tuple[Choice, dict[str, Array]]]:
    """Iterate over every way to read the arrays; the same numbers are not tried twice."""
    recurrent, kernel = gates_in_rows("U", U), float_array("W", W)
    H = recurrent.shape[1]
    turned = [way for way in (False, True) if (kernel.T if way else kernel).shape == (3 * H, D)]
    if not turned:
        expected = f"an array of shape ({3 * H}, {D}) or turned, as U and x have it"
        raise InvalidValueError("W", expected, f"shape {kernel.shape}")
    recurrent_turned = bool(np.shape(U)[0] == H)
    for columns, order, (bias, biases) in product(turned, ORDERS, _biases(b, H)):
        rows = kernel.T if columns else kernel
        resets: tuple[Literal["after", "before"], ...] = ("after", "before")
        signs: tuple[Literal["keeps", "takes"], ...] = ("keeps", "takes")
        for reset, z in product(resets, signs):
            choice = (order, columns, recurrent_turned, reset, z, bias)
            yield choice, named_gates(rows, recurrent, biases, order, reset, z)


def _biases(b: Any, H: int) -> list[tuple[str, Array]]:
    """Return what b may hold, (2, 3H) each."""
    if isinstance(b, Sequence) and len(b) == 2:
        b = np.stack([float_array("b", part) for part in b])
    both = two_biases(b, H)
    if b is None:
        return [("none", both)]
    if float_array("b", b).shape == (3 * H,):
        return [("input", both), ("state", both[::-1])]
    return [("input, state", both), ("state, input", both[::-1])]


def _differences(
    parameters: dict[str, Array], functions: Sequence[Functions], steps: Sequence[Array]
) -> Iterator[tuple[Functions, float]]:
    """Iterate over functions and the largest difference of states from those expected."""
    if not functions:
        return
    nets = [layer_network("b_hn" in parameters, False, own).forward for own in functions]
    arrays = dict(zip(("x", "h_prev"), steps, strict=False)) | parameters
    with torch.inference_mode():
        known = {n: torch.from_numpy(np.ascontiguousarray(v)) for n, v in arrays.items()}
        after = {"r", "z"}.union(*(depends(nets[0], gate) for gate in "rz"))
        known |= solve([q for q in nets[0] if q.name not in after], known)  # for all functions
        for own, net in zip(functions, nets, strict=True):
            h = solve([q for q in net if q.name not in known], known)["h"].numpy()
            yield own, float(np.abs(h - steps[2]).max())


def _same(a: Cell, b: Cell) -> bool:
    """Tell whether two cells have the same numbers."""
    return (a.variant, a.activations) == (b.variant, b.activations) and all(
        np.array_equal(v, b.parameters[n]) for n, v in a.parameters.items()
    )
