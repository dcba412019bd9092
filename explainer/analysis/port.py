"""Why a port has other states: what of the convention explains them, or which time steps do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from explainer.engine.equations.activation import activations_of
from explainer.engine.network import GATES, network_of_layer
from explainer.engine.trace import Array, Trace
from explainer.errors import InvalidValueError, must_be
from explainer.interop.detection import OFTEN, Reading, detect, readings
from explainer.interop.layer import one_time_step, reversed_in_time
from explainer.interop.stacked_gates import float_array

MOST_NAMED = 6
"""Most time steps that a sentence names."""
MOST_TRIED = 4
"""Most sequences that conventions are tried on."""


def port_states(trace: Trace, h: Any) -> Array:
    """Return the states of another library, checked, in the order in which the trace reads.

    Args:
        trace: with x, h_0 and h.
        h: (B, T, H) states after each time step; (T, H) of one sequence; in the input's order.

    Raises:
        TypeError: they are no real numbers.
        ValueError: the shape doesn't fit, or the trace has no states.
    """
    must_be("a", trace, Trace, "a trace, such as record(model, x).trace")
    if not {"x", "h_0", "h"} <= set(trace) or trace.edits:
        expected = "a trace with x, h_0 and h, and without edits"
        raise InvalidValueError("a", expected, "another one")
    states, shape = float_array("b", h), trace.shape("h")
    if states.ndim == 2 and shape[0] == 1:
        states = states[None]
    if states.shape != shape:
        turned = states.ndim == 3 and states.swapaxes(0, 1).shape == shape
        advice = "Swap its first two axes." if turned else ""
        expected = f"states of shape {shape}, which is (B, T, H)"
        raise InvalidValueError("b", expected, f"shape {states.shape}", advice)
    if not trace.origin.reverse:
        return states
    return reversed_in_time(torch.from_numpy(states.copy()), trace.lengths).numpy()


def explained(trace: Trace, states: Array, within: float) -> str:
    """Return a sentence on what explains other states, or on where nothing does.

    Args:
        trace: with x, h_0, h and the parameters.
        states: (B, T, H) the other states, in its order.
        within: the largest difference that does not count.
    """
    net = network_of_layer(trace.quantities, gradients=False)
    parameters = [q.name for q in net.parameters]
    given = {n: torch.from_numpy(trace[n].copy()) for n in ("x", "h_0", *parameters)}
    steps = one_time_step(net, given, torch.from_numpy(states.copy())).numpy()
    inside = np.arange(states.shape[1]) < np.array(trace.lengths)[:, None]
    apart = ~(np.abs(steps - states).max(-1) <= within) & inside
    if not apart.any():
        largest = np.abs(steps - states)[inside].max()
        return (
            f"Each of them follows from the one before it by the same equations, within "
            f"{largest:.0e}: the port is right, and rounding grows in this network."
        )
    fitting = [f for f in conventions(trace, states, within) if f[0]]
    if fitting:
        words, difference = min(fitting, key=lambda found: (len(found[0]), found[1]))
        return f"They are those of the same weights, within {difference:.0e}, if {listed(words)}."
    if (inside & ~apart).any():
        return steps_that_differ(states, apart)
    return (
        "No order of the gates, no place of the reset gate and no function at the gates explains "
        "them: compare the input and the weights themselves."
    )


def conventions(
    trace: Trace, states: Array, within: float
) -> Iterator[tuple[tuple[str, ...], float]]:
    """Iterate over what explains the states: clauses, and the largest difference that is left."""
    lengths = np.array(trace.lengths)
    rows = np.flatnonzero(lengths == lengths.max())[:MOST_TRIED]
    T = int(lengths.max())
    x, h, h_0 = trace["x"][rows, :T], states[rows, :T], trace["h_0"][rows]
    for reading in detect(*stacked(trace), x, h, h_0, within):
        yield departures(trace, reading), reading.difference
    functions = list(dict.fromkeys([*OFTEN, activations_of(trace.quantities)]))
    for clauses, (W, U, b), first in variations(trace, h_0):
        steps = (x, np.concatenate([first[:, None], h[:, :-1]], 1), h)
        for reading in readings(W, U, b, steps, functions, within):
            yield (*clauses, *departures(trace, reading)), reading.difference
    steps = (x[:, ::-1], np.concatenate([h_0[:, None], h[:, :-1]], 1), h)
    for reading in readings(*stacked(trace), steps, functions, within):
        more = departures(trace, reading)
        yield ("the sequence is read backwards", *more), reading.difference


Stacked = tuple[Array, Array, Any]


def stacked(trace: Trace) -> Stacked:
    """Return a trace's weights stacked r, z, n from top to bottom, and its biases."""
    W, U = (np.concatenate([trace[f"W_{side}{g}"] for g in GATES]) for side in "ih")
    sides = ("i", "h") if "b_hr" in trace else ("",)
    biases = [np.concatenate([trace[f"b_{side}{g}"] for g in GATES]) for side in sides]
    return W, U, np.stack(biases) if len(biases) == 2 else biases[0]


def variations(trace: Trace, h_0: Array) -> Iterator[tuple[tuple[str, ...], Stacked, Array]]:
    """Iterate over what is easily done to weights: clauses, the arrays, the first state."""
    W, U, b = stacked(trace)
    if h_0.any():
        yield ("the first state is 0",), (W, U, b), np.zeros_like(h_0)
    turned = np.concatenate([part.T for part in np.split(U, 3)])
    yield ("each gate's recurrent weights are transposed",), (W, turned, b), h_0
    if len(W) == 3 * W.shape[1]:
        other = np.concatenate([part.T for part in np.split(W, 3)])
        yield ("each gate's input weights are transposed",), (other, U, b), h_0
        yield ("all weights are transposed",), (other, turned, b), h_0
    if b.any():
        yield ("the biases are left out",), (W, U, None), h_0
    if b.ndim == 2 and b[0].any() and b[1].any():
        for i, side in enumerate(("the state's", "the input's")):
            one = b.copy()
            one[1 - i] = 0
            yield (f"{side} biases are left out",), (W, U, one), h_0


def departures(trace: Trace, reading: Reading) -> tuple[str, ...]:
    """Return in which ways a reading is another convention than the trace's own."""
    found = []
    after = "b_hr" in trace
    if reading.order != "rzn":
        order = ", ".join(reading.order)
        found.append(f"the gates that stand as r, z, n are taken for {order}")
    if reading.columns or reading.recurrent_columns:
        found.append("gates are read from columns")
    if reading.z == "takes":
        found.append("z near 1 takes the new state, and 1 − z keeps the old one")
    if (reading.reset == "after") != after:
        found.append(f"the reset gate stands {reading.reset} the recurrent product")
    if reading.bias.startswith("state") and reading.reset == "after":
        words = "the two biases are swapped" if after else "the bias is the state's"
        found.append(words)
    own = activations_of(trace.quantities)
    if reading.cell.activations != own:
        places = zip(("gates'", "candidate's"), reading.cell.activations, own, strict=True)
        changed = [
            f"the {place} function is {name}" for place, name, usual in places if name != usual
        ]
        found.append(" and ".join(changed))
    return tuple(found)


def steps_that_differ(states: Array, apart: np.ndarray[Any, Any]) -> str:
    """Say at which time steps states do not follow from the one before, of which others do."""
    b, t = map(int, np.argwhere(apart)[0])
    steps = [int(i) for i in np.flatnonzero(apart[b])]
    more = " …" if len(steps) > MOST_NAMED else ""
    named = ", ".join(map(str, steps[:MOST_NAMED])) + more
    plural = "steps" if len(steps) > 1 else "step"
    text = (
        f"All other states of sequence {b} follow from the one before by the same equations, but "
        f"not at time {plural} {named}"
    )
    before = states[b, [i - 1 for i in steps]] if t else states[b, :0]
    if t and np.array_equal(before, states[b, steps]):
        return f"{text}: the state before is carried over there, as by a mask."
    if not states[b, steps].any():
        return f"{text}: the state is 0 there, as after the end of a packed sequence."
    return f"{text}: the input or the state before is another one there."


def listed(words: tuple[str, ...]) -> str:
    """Return clauses as one."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
