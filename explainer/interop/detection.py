"""Which convention arrays follow, found by an example: the states that their library computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from explainer.engine.equations import gru
from explainer.engine.quantity import Quantity, solve
from explainer.engine.trace import Array
from explainer.errors import InvalidValueError
from explainer.interop.cells import Cell
from explainer.interop.layouts import gates_in_rows, named_gates, two_biases
from explainer.interop.stacked_gates import ORDERS, float_array

WRITTEN = {"zrn": "z r h"}
"""An order as the libraries that have it write it: Keras and ONNX call the candidate h."""


def _hard(slope: float) -> Callable[[Quantity], Callable[[Tensor, Tensor], Tensor]]:
    """Return what puts a hard sigmoid in the place of a gate's sigmoid."""

    def put(pre_activation: Quantity) -> Callable[[Tensor, Tensor], Tensor]:
        assert pre_activation.function is not None
        inside = pre_activation.function
        return lambda a_i, a_h: torch.clamp(slope * inside(a_i, a_h) + 0.5, 0.0, 1.0)

    return put


GATE_FUNCTIONS = {"sigmoid": None, "hard_sigmoid_6": _hard(1 / 6), "hard_sigmoid_5": _hard(1 / 5)}
"""What may stand at the gates; None is the equation's own."""
SENTENCES = {
    "hard_sigmoid_6": "gates clip a / 6 + 1/2 as Keras 3's hard_sigmoid",
    "hard_sigmoid_5": "gates clip a / 5 + 1/2 as Keras 2's and ONNX's hard sigmoid",
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
        parts += [SENTENCES[f] for f in self.cell.activations[:1] if f in SENTENCES]
        return f"{', '.join(parts)}: largest difference {self.difference:.0e}"

    __repr__ = __str__


def detect(
    W: Any, U: Any, b: Any, x: Any, h: Any, h_0: Any = None, atol: float = 1e-5
) -> list[Reading]:
    """Return the conventions in which weights give the states that their library computed.

    Tried are all orders of the gates, rows and columns, what b may hold, the reset gate after and
    before the product, both meanings of z, sigmoid and both hard sigmoids. What fits one time step
    is then tried on all of them, each from the state that was given before it, so that rounding
    does not add up.

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
    found = []
    for reading, parameters in _candidates(W, U, b, inputs.shape[2]):
        for gates in GATE_FUNCTIONS:
            # one time step rules out most
            if _difference(parameters, gates, inputs[:, :1], past[:, :1], states[:, :1]) > atol:
                continue
            difference = _difference(parameters, gates, inputs, past, states)
            if difference <= atol:
                found.append(_reading(reading, parameters, gates, difference))
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


def _difference(
    parameters: dict[str, Array], gates: str, x: Array, h_prev: Array, expected: Array
) -> float:
    """Return the largest difference of states from those expected, by the equations."""
    equations: Sequence[Quantity] = gru.RESET_AFTER if "b_hn" in parameters else gru.RESET_BEFORE
    put = GATE_FUNCTIONS[gates]
    if put is not None:
        inside = {"r": gru.a_r, "z": gru.a_z}
        equations = [
            replace(q, function=put(inside[q.name])) if q.name in inside else q for q in equations
        ]
    arrays = {"x": x, "h_prev": h_prev, **parameters}
    with torch.inference_mode():
        tensors = {n: torch.from_numpy(np.ascontiguousarray(v)) for n, v in arrays.items()}
        h = solve(equations, tensors)["h"].numpy()
    return float(np.abs(h - expected).max())


def _reading(
    choice: Choice, parameters: dict[str, Array], gates: str, difference: float
) -> Reading:
    cell = Cell(
        "reset_after" if choice[3] == "after" else "reset_before", parameters, (gates, "tanh")
    )
    return Reading(cell, *choice, difference)


def _same(a: Cell, b: Cell) -> bool:
    """Tell whether two cells have the same numbers."""
    return (a.variant, a.activations) == (b.variant, b.activations) and all(
        np.array_equal(v, b.parameters[n]) for n, v in a.parameters.items()
    )
