"""Run the cells of a file, without the library that they were trained in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from explainer.engine.origin import Provenance
from explainer.engine.parameters import real_numbers
from explainer.engine.trace import Trace
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    as_list,
    in_range,
    must_be,
    names_of,
    one_of,
)
from explainer.interop.cells import Cell, GRUNetwork
from explainer.interop.layer_names import torch_names
from explainer.interop.layer_stack import Part, Sequences, compute_stack, record_stack, turned
from explainer.interop.recording import Again, Recording, labels


def record_cell(
    cell: Cell,
    x: Any,
    h_0: Any = None,
    lengths: Sequence[int] | None = None,
    d_h_out: Any = None,
    names: Mapping[str, Sequence[str]] | None = None,
) -> Trace:
    """Compute a cell over time, with every quantity.

    Args:
        cell: from a file, a module or arrays.
        x: (B, T, D) input, sequence first, or (T, D) of one sequence.
        h_0: (B, H) or (H,) first state; None for zeros.
        lengths: of each sequence; None where all have T time steps.
        d_h_out: as h over time, the gradient that arrives at the states; None without a loss.
        names: labels by dim: "D" for the features, "T" for the time steps.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: shapes don't fit, or a number is not finite.
    """
    must_be("cell", cell, Cell, "a Cell, such as load(path)['gru.l0']")
    found = given_sequences(x, lengths, cell.input_size)
    B, T = found.x.shape[:2]
    H = cell.hidden_size
    first = found.h_0 if h_0 is None else shaped("h_0", h_0, (B, H))[None]
    arriving = None if d_h_out is None else shaped("d_h_out", d_h_out, (B, T, H))
    if h_0 is None:
        first = torch.zeros(1, B, H, dtype=torch.float64)
    own = Sequences(found.x, None, found.lengths, first, arriving, None)
    (layer,) = record_stack([part_of("cell", cell, 0)], own, [None], labels(names))
    if layer.trace is None or layer.problem is not None:
        assert layer.problem is not None
        raise layer.problem
    return layer.trace


def record_network(
    network: GRUNetwork,
    x: Any,
    lengths: Sequence[int] | None = None,
    path: str | None = None,
    loss: Callable[[Tensor], Tensor] | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
) -> Recording:
    """Compute the layers of a network over time, each on top of the one before.

    Args:
        network: from a file.
        x: (B, T, D) input of the first layer, sequence first, or (T, D) of one sequence.
        lengths: of each sequence; None where all have T time steps.
        path: which module of the file, such as "encoder"; None for the only one.
        loss: called with the last layer's states (B, T, directions · H); returns a single number,
            whose gradients are recorded, too.
        names: labels by dim: "D" for the features, "T" for the time steps.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: there is no such module, or shapes don't fit.
    """
    must_be("network", network, GRUNetwork, "a network, such as load(path)")
    parts = parts_of(network, path)
    found = given_sequences(x, lengths, parts[0].parameters["W_ir"].shape[1])
    B = found.x.shape[0]
    H = [part.parameters["W_hr"].shape[0] for part in parts]
    if len(set(H)) > 1:
        given = f"{names_of(p.name for p in parts)} have {names_of(H)} units"
        raise ConstraintError("network", "all layers of a module have equally many", given)
    h_0 = torch.zeros(len(parts), B, H[0], dtype=torch.float64)
    nothing = [None] * (1 + parts[-1].layer)
    plain = Sequences(found.x, None, found.lengths, h_0, None, None)
    own = labels(names)
    computed = compute_stack(parts, plain, nothing)
    number, read = None, plain
    finite = all(torch.isfinite(v).all() for values in computed for v in values.values())
    if loss is not None and finite:
        h = [values["h"] for values in computed]
        states = top_states(parts, h, found.lengths).requires_grad_()
        value = loss(states)
        (d_states,) = torch.autograd.grad(value, states)
        number, read = float(value.detach()), replace(plain, d_states=d_states)
    layers = record_stack(parts, read, nothing, own, computed)
    again = network_again(parts, plain, nothing, loss)
    return Recording({layer.name: layer for layer in layers}, None, number, (), again=again)


def network_again(
    parts: Sequence[Part],
    found: Sequences,
    scales: Sequence[None],
    loss: Callable[[Tensor], Tensor] | None,
) -> Again:
    """Return what computes a network once more, with other parameters.

    Their names are those of the layer and the quantity, such as "rnn.l0.W_hz".
    """
    parameters = {f"{p.name}.{n}": v for p in parts for n, v in p.parameters.items()}
    sources = {p.name: {n: Provenance(f"{p.name}.{n}") for n in p.parameters} for p in parts}

    def states_with(changed: Mapping[str, Tensor]) -> Tensor:
        own = {**parameters, **changed}
        others = [
            replace(p, parameters={n: own[f"{p.name}.{n}"] for n in p.parameters}) for p in parts
        ]
        computed = compute_stack(others, found, scales)
        return top_states(parts, [values["h"] for values in computed], found.lengths)

    def loss_with(changed: Mapping[str, Tensor]) -> float:
        assert loss is not None
        return float(loss(states_with(changed)))

    return Again(parameters, {}, sources, states_with, None if loss is None else loss_with)


def top_states(parts: Sequence[Part], h: Sequence[Tensor], lengths: Sequence[int]) -> Tensor:
    """Return the last layer's states, both directions beside each other, in the input's order."""
    states = [
        turned(own, part.reverse, lengths)
        for part, own in zip(parts, h, strict=True)
        if part.layer == parts[-1].layer
    ]
    return torch.cat(states, -1)


def module_paths(network: GRUNetwork) -> dict[str, list[str]]:
    """Return the modules of a network, and the names of the layers of each."""
    found: dict[str, list[str]] = {}
    for name in network:
        path, _ = torch_names(name)
        found.setdefault(path.removesuffix("."), []).append(name)
    return found


def parts_of(network: GRUNetwork, path: str | None) -> list[Part]:
    """Return the layers of one module of a network, the first one first.

    Raises:
        ValueError: there is no such module, or there are several to choose from.
    """
    modules = module_paths(network)
    if path is None:
        if len(modules) > 1:
            given = f"there are {len(modules)}: {names_of(modules)}"
            raise ConstraintError("path", "choose one of the file's modules", given)
        path = next(iter(modules))
    path = one_of("path", path, modules)
    numbers = {name: torch_names(name)[1] or 0 for name in modules[path]}
    order = sorted(set(numbers.values()))
    ordered = sorted(modules[path], key=lambda n: (numbers[n], network[n].reverse))
    return [part_of(name, network[name], order.index(numbers[name])) for name in ordered]


def part_of(name: str, cell: Cell, layer: int) -> Part:
    """Return a cell as one layer of several."""
    own = {n: torch.from_numpy(v.copy()) for n, v in cell.parameters.items()}
    after = cell.variant == "reset_after"
    return Part(name, layer, cell.reverse, after, own, activations=cell.activations)


def given_sequences(x: Any, lengths: Sequence[int] | None, D: int) -> Sequences:
    """Return input and lengths, checked.

    Raises:
        TypeError: they are no numbers.
        ValueError: a shape or a length doesn't fit.
    """
    given = real_numbers("x", x)
    given = given[None] if given.dim() == 2 else given
    if given.dim() != 3 or given.shape[2] != D or not given.numel():
        expected = f"an array of shape (B, T, {D}) with at least one number, or (T, {D})"
        raise InvalidValueError("x", expected, f"shape {tuple(np.shape(x))}")
    B, T, _ = given.shape
    own = (T,) * B
    if lengths is not None:
        listed = as_list("lengths", lengths, "integers, one for each sequence")
        if len(listed) != B:
            raise InvalidValueError("lengths", f"{B} integers", f"{len(listed)} of them")
        own = tuple(in_range("lengths", n, int, 1, T) for n in listed)
    return Sequences(given, None, own, torch.zeros(1, B, 1, dtype=torch.float64), None, None)


def shaped(name: str, value: Any, shape: tuple[int, ...]) -> Tensor:
    """Return numbers of a shape; of one sequence the first axis may be left out.

    Raises:
        TypeError: they are no real numbers.
        ValueError: they have another shape.
    """
    found = real_numbers(name, value)
    found = found[None] if found.dim() == len(shape) - 1 and shape[0] == 1 else found
    if tuple(found.shape) != shape:
        raise InvalidValueError(name, f"an array of shape {shape}", f"shape {tuple(found.shape)}")
    return found
