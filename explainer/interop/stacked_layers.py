"""From one call of an nn.GRU to each of its layers, in both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from explainer.engine.layer_trace import layer_forward
from explainer.engine.network import layer_network
from explainer.engine.trace import Origin, Provenance
from explainer.interop.layer import (
    Layer,
    module_parameters,
    module_sources,
    record_layer,
    reversed_in_time,
)
from explainer.interop.module_calls import Call

Names = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Sequences:
    """What a call of an nn.GRU takes and returns, sequence first, padded, in float64.

    Attributes:
        x: (B, T, D).
        states: (B, T, directions · H), what the module returned; what is after an end counts not.
        lengths: of each sequence.
        h_0: (layers · directions, B, H).
        d_states: the gradient that arrives at `states`; None without a loss.
        d_h_n: the gradient that arrives at the last states, as h_0; None where there is none.
    """

    x: Tensor
    states: Tensor
    lengths: tuple[int, ...]
    h_0: Tensor
    d_states: Tensor | None
    d_h_n: Tensor | None


def double(tensor: Tensor) -> Tensor:
    """Return a tensor's numbers in float64 on the CPU, apart from any graph."""
    return tensor.detach().to("cpu", torch.float64)


def sequences_of(call: Call) -> Sequences:
    """Return what a call of an nn.GRU takes and returns, in one form for all ways to pass it."""
    gru = call.module
    assert isinstance(gru, nn.GRU)
    arrived = call.gradients.get("output")
    if isinstance(call.x, PackedSequence):
        assert isinstance(call.output, PackedSequence)
        x, lengths = padded(call.x, call.x.data)
        states, _ = padded(call.x, call.output.data)
        d_states = None if arrived is None else padded(call.x, arrived)[0]
    else:
        assert isinstance(call.output, Tensor)
        x, states = sequence_first(gru, call.x), sequence_first(gru, call.output)
        lengths = (x.shape[1],) * x.shape[0]
        d_states = None if arrived is None else sequence_first(gru, arrived)
    count = gru.num_layers * (1 + gru.bidirectional)
    shape = count, x.shape[0], gru.hidden_size
    h_0 = torch.zeros(shape, dtype=torch.float64)
    if call.h_0 is not None:
        h_0 = double(call.h_0).reshape(shape)
    d_h_n = call.gradients.get("h_n")
    if d_h_n is not None:
        d_h_n = double(d_h_n).reshape(shape)
        d_states = torch.zeros_like(states) if d_states is None else d_states
    return Sequences(x, states, lengths, h_0, d_states, d_h_n)


def padded(packed: PackedSequence, data: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """Return packed numbers as (B, T, ·), zeros after each end, and the lengths."""
    whole, lengths = pad_packed_sequence(
        PackedSequence(double(data), *packed[1:]), batch_first=True
    )
    return whole, tuple(lengths.tolist())


def sequence_first(gru: nn.GRU, tensor: Tensor) -> Tensor:
    """Return (B, T, ·) of what an nn.GRU takes or returns."""
    if tensor.dim() == 2:
        return double(tensor)[None]
    return double(tensor if gru.batch_first else tensor.transpose(0, 1))


def some_sequences(found: Sequences, chosen: Sequence[int]) -> Sequences:
    """Return some of the sequences, cut to the longest of them."""
    rows = list(chosen)
    lengths = tuple(found.lengths[i] for i in rows)
    T = max(lengths)
    return Sequences(
        found.x[rows, :T],
        found.states[rows, :T],
        lengths,
        found.h_0[:, rows],
        None if found.d_states is None else found.d_states[rows, :T],
        None if found.d_h_n is None else found.d_h_n[:, rows],
    )


def dropout_scales(call: Call, found: Sequences) -> list[Tensor | None]:
    """Return what dropout multiplied each layer's states by on their way to the next layer.

    PyTorch draws the masks after each layer from the CPU's generator; the same draws from the same
    state give the same masks.
    """
    gru = call.module
    assert isinstance(gru, nn.GRU)
    above = gru.num_layers - 1
    if not (gru.training and gru.dropout and above):
        return [None] * gru.num_layers
    dtype = call.returned["output"].dtype
    B, T, width = found.states.shape
    now = torch.random.get_rng_state()
    torch.random.set_rng_state(call.random_state)
    try:
        scales: list[Tensor | None] = []
        for _ in range(above):
            if isinstance(call.x, PackedSequence):
                ones = torch.ones(len(call.x.data), width, dtype=dtype)
                scales.append(padded(call.x, dropout(ones, gru.dropout))[0])
            else:
                ones = torch.ones(T, B, width, dtype=dtype)
                scales.append(double(dropout(ones, gru.dropout).transpose(0, 1)))
    finally:
        torch.random.set_rng_state(now)
    return [*scales, None]


def suffix_of(layer: int, reverse: int) -> str:
    """Return what PyTorch ends the names of a layer's parameters with."""
    return f"_l{layer}{'_reverse' if reverse else ''}"


def stacked_layers(
    call: Call, prefix: str, names: Names, chosen: Sequence[int] | None = None
) -> list[Layer]:
    """Return every layer and direction of a call of an nn.GRU, the first layer first.

    Args:
        call: the call, with its gradients if there is a loss.
        prefix: what the layers' names begin with, such as "rnn." or "rnn#1.".
        names: labels of the input's features and of the time steps.
        chosen: which sequences; None takes all of them.
    """
    gru = call.module
    assert isinstance(gru, nn.GRU)
    found, scales = sequences_of(call), dropout_scales(call, sequences_of(call))
    if chosen is not None:
        T = max(found.lengths[i] for i in chosen)
        scales = [s if s is None else s[list(chosen), :T] for s in scales]
        found = some_sequences(found, chosen)
    computed = compute_layers(gru, found, scales)
    H, directions, lengths = gru.hidden_size, 1 + gru.bidirectional, found.lengths
    top = gru.num_layers - 1
    arriving = {} if found.d_states is None else {top: found.d_states}
    layers = []
    for place, values in reversed(list(enumerate(computed))):
        layer, reverse = divmod(place, directions)
        half = slice(reverse * H, (1 + reverse) * H)
        d_h_out = None
        if layer in arriving:
            d_h_out = turned(arriving[layer][..., half], reverse, lengths).clone()
            if found.d_h_n is not None:
                ends = torch.arange(len(lengths)), torch.tensor(lengths) - 1
                d_h_out[ends] += found.d_h_n[place]
        suffix = suffix_of(layer, reverse)
        sources = module_sources(gru, call.path, suffix)
        if layer and directions == 1 and scales[layer - 1] is None:
            sources["x"] = Provenance(f"{prefix}{suffix_of(layer - 1, False)[1:]}: h")
        labels = {d: n for d, n in names.items() if d == "T" or not layer}
        origin = Origin(lengths if len(set(lengths)) > 1 else (), bool(reverse), labels, sources)
        states = turned(found.states[..., half], reverse, lengths) if layer == top else None
        one = record_layer(f"{prefix}{suffix[1:]}", values, d_h_out, origin, states)
        layers.append(one)
        if d_h_out is None or not layer:
            continue
        if one.trace is None or "d_x" not in one.trace:
            arriving.clear()  # what would arrive below is not finite
            continue
        d_x = turned(torch.from_numpy(one.trace["d_x"].copy()), reverse, lengths)
        scale = scales[layer - 1]
        d_x = d_x if scale is None else d_x * scale
        arriving[layer - 1] = d_x + arriving.get(layer - 1, 0.0)
    return layers[::-1]


def compute_layers(
    gru: nn.GRU, found: Sequences, scales: Sequence[Tensor | None]
) -> list[dict[str, Tensor]]:
    """Return the forward pass of every layer and direction, one after the other."""
    net, lengths = layer_network(after=True, gradients=False), found.lengths
    inside = torch.arange(found.x.shape[1]) < torch.tensor(lengths)[:, None]
    x, computed = found.x, []
    directions = 1 + gru.bidirectional
    for layer, scale in enumerate(scales):
        both = []
        for reverse in range(directions):
            own = module_parameters(gru, suffix_of(layer, reverse))
            h_0 = found.h_0[layer * directions + reverse]
            values = layer_forward(net, own, turned(x, reverse, lengths), h_0)
            computed.append(values)
            both.append(turned(values["h"], reverse, lengths))
        x = torch.where(inside[..., None], torch.cat(both, -1), 0.0)
        x = x if scale is None else x * scale
    return computed


def turned(values: Tensor, reverse: int, lengths: Sequence[int]) -> Tensor:
    """Return numbers in the order in which a direction reads them."""
    return reversed_in_time(values, lengths) if reverse else values


def pack(x: Tensor, lengths: Sequence[int] | Tensor, batch_first: bool) -> PackedSequence:
    """Return padded input packed, its sequences in any order of length."""
    found = torch.as_tensor(lengths, dtype=torch.int64).cpu()
    return pack_padded_sequence(x, found, batch_first, enforce_sorted=False)
