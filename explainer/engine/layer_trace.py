"""The trace of one recurrent layer alone, from its input and, if there is one, its gradient."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import torch
from torch import Tensor

from explainer.engine.batch_run import make_trace, recorded
from explainer.engine.network import Network, layer_network
from explainer.engine.trace import LARGEST_TRACE, NOWHERE, Origin, Trace
from explainer.engine.unroll import BACKWARD, FORWARD, make_plan, unroll


def layer_trace(
    net: Network,
    parameters: Mapping[str, Tensor],
    x: Tensor,
    h_0: Tensor,
    d_h_out: Tensor | None = None,
    origin: Origin = NOWHERE,
) -> Trace:
    """Compute one layer in one direction, and the gradients in it.

    Args:
        net: its equations, from `layer_network`, perhaps with quantities that can be held.
        parameters: float64 by name, and what `net.held` asks for.
        x: (B, T, D) float64, the layer's input.
        h_0: (B, H) float64, the state before the first time step.
        d_h_out: (B, T, H) float64, the gradient that arrives at its states from everything after
            the layer; None where there is no loss.
        origin: where the numbers come from.

    Returns:
        Every quantity from x to h, and with `d_h_out` every gradient back to x and the parameters.

    Raises:
        ValueError: a number stops being finite.
    """
    T = x.shape[1]
    values = {**parameters, "x": x, "h_0": h_0}
    values |= unroll(make_plan(net.forward, FORWARD), values, h_0, range(T))
    if d_h_out is not None:
        values["d_h_out"] = d_h_out
        plan = make_plan(net.backward, BACKWARD)
        values |= unroll(plan, values, torch.zeros_like(h_0), range(T - 1, -1, -1))
    sizes = dict(zip("BTDH", (*x.shape, h_0.shape[1]), strict=True))
    return make_trace(net, values, sizes, origin=origin)


def largest_batch(after: bool, gradients: bool, T: int, D: int, H: int) -> int:
    """Return how many sequences a trace has room for, at least 0."""
    sizes = {"B": 1, "T": T, "D": D, "H": H}
    quantities = recorded(layer_network(after, gradients), gradients)
    shared, own = 0, 0
    for q in quantities:
        numbers = prod(sizes[d] for d in q.dims)
        if "B" in q.dims:
            own += numbers
        else:
            shared += numbers
    return max(0, (LARGEST_TRACE - shared) // own)
