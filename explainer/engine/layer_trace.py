"""The trace of one recurrent layer alone, from its input and, if there is one, its gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

import torch
from torch import Tensor

from explainer.engine.batch_run import make_trace, recorded
from explainer.engine.equations import gru
from explainer.engine.network import Network, layer_network, network_of_layer
from explainer.engine.origin import NOWHERE, Origin
from explainer.engine.trace import LARGEST_TRACE, Trace
from explainer.engine.unroll import BACKWARD, FORWARD, make_plan, unroll


def layer_forward(
    net: Network, parameters: Mapping[str, Tensor], x: Tensor, h_0: Tensor
) -> dict[str, Tensor]:
    """Compute one layer in one direction; numbers that stop being finite are returned as they are.

    Args:
        net: its equations, from `layer_network`, perhaps with quantities that can be held.
        parameters: float64 by name, and what `net.held` asks for.
        x: (B, T, D) float64, the layer's input.
        h_0: (B, H) float64, the state before the first time step.

    Returns:
        Everything that is given, and every quantity from x to h, by name.
    """
    known = {**parameters, "x": x, "h_0": h_0}
    return known | unroll(make_plan(net.forward, FORWARD), known, h_0, range(x.shape[1]))


def layer_trace(
    net: Network,
    values: Mapping[str, Tensor],
    d_h_out: Tensor | None = None,
    origin: Origin = NOWHERE,
) -> Trace:
    """Gather what `layer_forward` computed, and compute the gradients.

    Args:
        net: the equations.
        values: what `layer_forward` returned.
        d_h_out: (B, T, H) float64, the gradient that arrives at the states from everything after
            the layer; None where there is no loss.
        origin: where the numbers come from.

    Returns:
        Every quantity from x to h, and with `d_h_out` every gradient back to x and the parameters.

    Raises:
        ValueError: a number is not finite.
    """
    x, h_0 = values["x"], values["h_0"]
    if d_h_out is not None:
        values = {**values, "d_h_out": d_h_out}
        order, start = range(x.shape[1] - 1, -1, -1), torch.zeros_like(h_0)
        values |= unroll(make_plan(net.backward, BACKWARD), values, start, order)
    sizes = dict(zip("BTDH", (*x.shape, h_0.shape[1]), strict=True))
    return make_trace(net, values, sizes, origin=origin)


@dataclass(frozen=True, eq=False)
class LayerRun:
    """A layer as the stage takes it: one pass, and no update.

    Attributes:
        trace: of the layer.
    """

    trace: Trace

    @property
    def update(self) -> Trace:
        """No quantity: nobody says how the layer is trained."""
        return Trace({}, {}, self.trace.sizes)

    @property
    def network(self) -> Network:
        """The layer's equations."""
        return network_of_layer(self.trace.quantities, "d_h_out" in self.trace)


def is_layer(trace: Trace) -> bool:
    """Tell whether a trace is that of a layer alone."""
    return "x" in trace and trace.quantities["x"].function is None


def window(trace: Trace, sequence: int, first: int, T: int) -> Trace:
    """Return a stretch of time of one sequence, as a trace of its own without gradients.

    Args:
        trace: of a layer.
        sequence: which one.
        first: its first time step.
        T: how many time steps.
    """
    end = min(first + T, trace.lengths[sequence])
    net = network_of_layer(trace.quantities, gradients=False)
    names = (*net.given, *net.parameters, gru.h_prev, *net.forward)
    values = {}
    for q in names:
        value = trace[q.name]
        if "T" in q.dims:
            value = value[sequence : sequence + 1, first:end]
        values[q.name] = torch.from_numpy(value.copy())
    values["h_0"] = torch.from_numpy(trace["h_prev"][sequence : sequence + 1, first].copy())
    labels = dict(trace.origin.names)
    labels["T"] = tuple(time_labels(trace, sequence)[first:end])
    return layer_trace(net, values, origin=replace(trace.origin, lengths=(), names=labels))


def time_labels(trace: Trace, sequence: int) -> list[str]:
    """Return what to call each time step of a sequence: the element that is read there."""
    T, length = trace.sizes["T"], trace.lengths[sequence]
    names = trace.origin.names.get("T") or tuple(map(str, range(T)))
    order = range(length - 1, -1, -1) if trace.origin.reverse else range(length)
    return [names[i] for i in order] + ["·"] * (T - length)


def first_not_finite(net: Network, values: Mapping[str, Tensor]) -> int | None:
    """Return the first time step with a number that is not finite; 0 where a parameter is none.

    Args:
        net: the equations.
        values: what `layer_forward` returned.

    Returns:
        The time step; None where all are finite.
    """
    found = []
    for q in (*net.given, *net.parameters, *net.forward):
        bad = ~torch.isfinite(values[q.name])
        if not bad.any():
            continue
        found.append(int(bad.any(0).any(-1).nonzero()[0]) if "T" in q.dims else 0)
    return min(found, default=None)


def cut_in_time(net: Network, values: Mapping[str, Tensor], T: int) -> dict[str, Tensor]:
    """Return the first T time steps of what `layer_forward` returned."""
    timed = {q.name for q in (*net.given, *net.held, gru.h_prev, *net.forward) if "T" in q.dims}
    return {n: v[:, :T] if n in timed else v for n, v in values.items()}


def largest_batch(after: bool, gradients: bool, T: int, D: int, H: int) -> int:
    """Return how many sequences a trace has room for, at least 0."""
    sizes = {"B": 1, "T": T, "D": D, "H": H}
    shared = numbers_of_a_layer(after, gradients, {**sizes, "B": 0})
    own = numbers_of_a_layer(after, gradients, sizes) - shared
    return max(0, (LARGEST_TRACE - shared) // own)


def numbers_of_a_layer(after: bool, gradients: bool, sizes: Mapping[str, int]) -> int:
    """Return how many numbers a trace of a layer has."""
    quantities = recorded(layer_network(after, gradients), gradients)
    return sum(prod(sizes[d] for d in q.dims) for q in quantities)
