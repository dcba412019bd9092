"""From one call of an nn.GRU to each of its layers, in both directions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from explainer.errors import ConstraintError
from explainer.interop.layer import Layer, module_parameters, module_sources
from explainer.interop.layer_stack import Names, Part, Sequences, record_stack
from explainer.interop.module_calls import Call


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
        None if found.states is None else found.states[rows, :T],
        lengths,
        found.h_0[:, rows],
        None if found.d_states is None else found.d_states[rows, :T],
        None if found.d_h_n is None else found.d_h_n[:, rows],
    )


def dropout_scales(call: Call, found: Sequences) -> list[Tensor | None]:
    """Return what dropout multiplied each layer's states by on their way to the next layer.

    PyTorch draws the masks after each layer from the CPU's generator; the same draws from the same
    state give the same masks.

    Raises:
        ValueError: another device has drawn them.
    """
    gru = call.module
    assert isinstance(gru, nn.GRU)
    above = gru.num_layers - 1
    if not (gru.training and gru.dropout and above):
        return [None] * gru.num_layers
    dtype, device = call.returned["output"].dtype, call.returned["output"].device
    if device.type != "cpu":
        raise ConstraintError(
            "module",
            "only those that the CPU draws can be drawn again",
            f"Dropout between its layers is on, and its masks are drawn on {device.type}",
            "Call .eval(), or move the module to the CPU.",
        )
    B, T, _ = found.x.shape
    width = gru.hidden_size * (1 + gru.bidirectional)
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
    found = sequences_of(call)
    scales = dropout_scales(call, found)
    if chosen is not None:
        T = max(found.lengths[i] for i in chosen)
        scales = [s if s is None else s[list(chosen), :T] for s in scales]
        found = some_sequences(found, chosen)
    parts = []
    for layer in range(gru.num_layers):
        for reverse in (False, True) if gru.bidirectional else (False,):
            suffix = f"_l{layer}{'_reverse' if reverse else ''}"
            own = module_parameters(gru, suffix)
            sources = module_sources(gru, call.path, suffix)
            parts.append(Part(f"{prefix}{suffix[1:]}", layer, reverse, True, own, sources))
    return record_stack(parts, found, scales, names)


def pack(x: Tensor, lengths: Sequence[int] | Tensor, batch_first: bool) -> PackedSequence:
    """Return padded input packed, its sequences in any order of length."""
    found = torch.as_tensor(lengths, dtype=torch.int64).cpu()
    return pack_padded_sequence(x, found, batch_first, enforce_sorted=False)
