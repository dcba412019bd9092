"""Layers on top of each other, in one direction or both, and the gradients down to the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from explainer.engine.equations.activation import USUAL
from explainer.engine.layer_trace import layer_forward
from explainer.engine.network import layer_network
from explainer.engine.origin import Origin, Provenance
from explainer.interop.layer import Layer, record_layer, reversed_in_time

Names = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Sequences:
    """What a call of an nn.GRU takes and returns, sequence first, padded, in float64.

    Attributes:
        x: (B, T, D).
        states: (B, T, directions · H), what the module returned, of which what comes after an end
            doesn't count; None where there is no module.
        lengths: of each sequence.
        h_0: (layers · directions, B, H).
        d_states: the gradient that arrives at `states`; None without a loss.
        d_h_n: the gradient that arrives at the last states, as h_0; None where there is none.
    """

    x: Tensor
    states: Tensor | None
    lengths: tuple[int, ...]
    h_0: Tensor
    d_states: Tensor | None
    d_h_n: Tensor | None


@dataclass(frozen=True, eq=False)
class Part:
    """One layer in one direction, before anything is computed.

    Attributes:
        name: such as "rnn.l0_reverse".
        layer: how many layers are below it.
        reverse: whether it reads from the end.
        after: whether the reset gate comes after the recurrent product.
        parameters: float64 by name.
        sources: where they stand in somebody's own module.
        activations: of the gates and of the candidate.
    """

    name: str
    layer: int
    reverse: bool
    after: bool
    parameters: Mapping[str, Tensor]
    sources: Mapping[str, Provenance] = field(default_factory=dict)
    activations: tuple[str, str] = USUAL


def record_stack(
    parts: Sequence[Part],
    found: Sequences,
    scales: Sequence[Tensor | None],
    names: Names,
    computed: Sequence[Mapping[str, Tensor]] = (),
) -> list[Layer]:
    """Return a trace of every part.

    Args:
        parts: the first layer first, of each layer forward before reverse.
        found: what goes in, and which gradients arrive at what comes out.
        scales: (B, T, ·) for each layer what its states are multiplied by on their way to the next
            one; None for nothing.
        names: labels of the input's features and of the time steps.
        computed: the forward pass of every part, where it is known.
    """
    computed = computed or compute_stack(parts, found, scales)
    top, lengths = parts[-1].layer, found.lengths
    arriving = {} if found.d_states is None else {top: found.d_states}
    layers = []
    for place, (part, values) in reversed(list(enumerate(zip(parts, computed, strict=True)))):
        layer, H = part.layer, values["h"].shape[-1]
        half = slice(part.reverse * H, (1 + part.reverse) * H)
        d_h_out = None
        if layer in arriving:
            d_h_out = turned(arriving[layer][..., half], part.reverse, lengths).clone()
            if found.d_h_n is not None:
                ends = torch.arange(len(lengths)), torch.tensor(lengths) - 1
                d_h_out[ends] += found.d_h_n[place]
        sources = dict(part.sources)
        below = [p for p in parts if p.layer == layer - 1]
        if len(below) == 1 and scales[layer - 1] is None:
            sources["x"] = Provenance(f"{below[0].name}: h")
        labels = {d: n for d, n in names.items() if d == "T" or not layer}
        several = lengths if len(set(lengths)) > 1 else ()
        origin = Origin(several, part.reverse, labels, sources)
        states = None
        if layer == top and found.states is not None:
            states = turned(found.states[..., half], part.reverse, lengths)
        one = record_layer(part.name, values, d_h_out, origin, states, part.after, part.activations)
        layers.append(one)
        if d_h_out is None or not layer:
            continue
        if one.trace is None or "d_x" not in one.trace:
            arriving.clear()  # what would arrive below is not finite
            continue
        d_x = turned(torch.from_numpy(one.trace["d_x"].copy()), part.reverse, lengths)
        scale = scales[layer - 1]
        d_x = d_x if scale is None else d_x * scale
        arriving[layer - 1] = d_x + arriving.get(layer - 1, 0.0)
    return layers[::-1]


def compute_stack(
    parts: Sequence[Part], found: Sequences, scales: Sequence[Tensor | None]
) -> list[dict[str, Tensor]]:
    """Return the forward pass of every part, one after the other."""
    lengths = found.lengths
    inside = torch.arange(found.x.shape[1]) < torch.tensor(lengths)[:, None]
    x, computed = found.x, []
    for layer, scale in enumerate(scales):
        both = []
        for place, part in enumerate(parts):
            if part.layer != layer:
                continue
            net = layer_network(part.after, False, part.activations)
            own = turned(x, part.reverse, lengths)
            values = layer_forward(net, part.parameters, own, found.h_0[place])
            computed.append(values)
            both.append(turned(values["h"], part.reverse, lengths))
        x = torch.where(inside[..., None], torch.cat(both, -1), 0.0)
        x = x if scale is None else x * scale
    return computed


def turned(values: Tensor, reverse: bool, lengths: Sequence[int]) -> Tensor:
    """Return numbers in the order in which a direction reads them."""
    return reversed_in_time(values, lengths) if reverse else values
