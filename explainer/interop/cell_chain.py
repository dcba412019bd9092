"""From the calls of an nn.GRUCell, one for each time step, to a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from explainer.engine.layer_trace import layer_forward
from explainer.engine.network import layer_network
from explainer.engine.origin import Origin
from explainer.engine.quantity import solve
from explainer.interop.layer import (
    Layer,
    module_parameters,
    module_sources,
    record_layer,
)
from explainer.interop.module_calls import Call


def chains(calls: Sequence[Call]) -> list[list[Call]]:
    """Return calls of one cell in chains, each of which begins with what the one before made.

    A chain ends where the next call gets no state, or not the one that the last call returned.
    """
    found: list[list[Call]] = []
    for call in calls:
        before = found[-1][-1].output if found else None
        assert not isinstance(before, tuple)
        follows = (
            before is not None
            and call.h_0 is not None
            and before.shape == call.h_0.shape
            and torch.equal(before, call.h_0)
        )
        if follows:
            found[-1].append(call)
        else:
            found.append([call])
    return found


def rows(tensor: Tensor) -> Tensor:
    """Return (B, ·) float64 of what a cell takes or returns."""
    found = tensor.detach().to("cpu", torch.float64)
    return found if found.dim() == 2 else found[None]


def chained_layer(
    calls: Sequence[Call], name: str, names: Mapping[str, tuple[str, ...]], gradients: bool
) -> Layer:
    """Return a chain of calls as one layer: call t is time step t.

    Args:
        calls: of one cell, each with the state that the one before returned.
        name: of the layer.
        names: labels of the input's features and of the time steps.
        gradients: whether there is a loss.
    """
    first = calls[0]
    cell = first.module
    assert isinstance(cell, nn.GRUCell)
    inputs, outputs = [], []
    for call in calls:
        assert isinstance(call.x, Tensor)
        assert isinstance(call.output, Tensor)
        inputs.append(rows(call.x))
        outputs.append(rows(call.output))
    x, states = torch.stack(inputs, 1), torch.stack(outputs, 1)
    h_0 = torch.zeros_like(states[:, 0]) if first.h_0 is None else rows(first.h_0)
    own = module_parameters(cell, "")
    values = layer_forward(layer_network(after=True, gradients=False), own, x, h_0)
    d_h_out = None
    if gradients:
        arrived = [call.gradients.get("output") for call in calls]
        zero = torch.zeros_like(h_0)
        total = torch.stack([zero if g is None else rows(g) for g in arrived], 1)
        d_h_out = total - from_later(values, total)
    origin = Origin(names=names, sources=module_sources(cell, first.path, ""))
    return record_layer(name, values, d_h_out, origin, states)


def from_later(values: Mapping[str, Tensor], d_h: Tensor) -> Tensor:
    """Return which part of the states' gradients comes from the time step after, (B, T, H).

    Args:
        values: the forward pass.
        d_h: (B, T, H) the whole gradient of each state, as autograd has it.
    """
    equations = [q for q in layer_network(after=True).backward if q.name != "d_h"]
    needed = [q for q in equations if "T" in q.dims]
    found = solve(needed, {**values, "d_h": d_h})["d_h_prev"]
    return torch.cat([found[:, 1:], torch.zeros_like(found[:, :1])], 1)
