"""One layer in one direction, out of somebody's own module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from explainer.engine.equations.activation import USUAL
from explainer.engine.layer_trace import (
    cut_in_time,
    first_not_finite,
    layer_forward,
    layer_trace,
)
from explainer.engine.network import GATES, Network, layer_network
from explainer.engine.origin import Origin, Provenance
from explainer.engine.quantity import DIMS
from explainer.engine.trace import Array, Trace
from explainer.errors import InvalidValueError, NotFiniteError
from explainer.interop.module_calls import Recurrent

STACKED = {"W_i": "weight_ih", "W_h": "weight_hh", "b_i": "bias_ih", "b_h": "bias_hh"}
"""What PyTorch calls the three gates' parameters of one kind, one below the other."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer in one direction, recorded.

    Attributes:
        name: the module's name and PyTorch's suffix, such as "rnn.l0_reverse".
        trace: every quantity; as far as they are finite, None if that is nowhere.
        problem: where numbers stopped being finite; None where they did not.
        states: (B, T, H) what the module itself returned, in this layer's order of time; None of
            a layer below another, whose states the module doesn't return.
    """

    name: str
    trace: Trace | None
    problem: NotFiniteError | None
    states: Array | None


def module_parameters(module: Recurrent, suffix: str) -> dict[str, Tensor]:
    """Return a layer's parameters, float64 by our names; a bias that it has not is 0."""
    found: dict[str, Tensor] = {}
    for kind, name in STACKED.items():
        stacked = getattr(module, f"{name}{suffix}", None)
        if stacked is None:
            stacked = torch.zeros(3 * module.hidden_size)
        parts = stacked.detach().to("cpu", torch.float64).chunk(3)
        found |= {f"{kind}{g}": part.clone() for g, part in zip(GATES, parts, strict=True)}
    return found


def module_sources(module: Recurrent, path: str, suffix: str) -> dict[str, Provenance]:
    """Return where each parameter stands in the module."""
    found: dict[str, Provenance] = {}
    for kind, name in STACKED.items():
        if getattr(module, f"{name}{suffix}", None) is None:
            continue
        full = ".".join(filter(None, (path, f"{name}{suffix}")))
        found |= {
            f"{kind}{g}": Provenance(full, i * module.hidden_size) for i, g in enumerate(GATES)
        }
    return found


def record_layer(
    name: str,
    values: Mapping[str, Tensor],
    d_h_out: Tensor | None,
    origin: Origin,
    states: Tensor | None,
    after: bool = True,
    activations: tuple[str, str] = USUAL,
) -> Layer:
    """Return a layer's trace, up to where its numbers stop being finite.

    Args:
        name: the layer's.
        values: what `layer_forward` returned for it.
        d_h_out: (B, T, H) the gradient that arrives at its states; None without a loss.
        origin: where its numbers come from.
        states: (B, T, H) what the module returned; None where it does not.
        after: whether the reset gate comes after the recurrent product.
        activations: of the gates and of the candidate.

    Raises:
        ValueError: there are more labels than the input has features, or fewer.
    """
    for dim, labels in origin.names.items():
        count = values["x"].shape["BTD".index(dim)]
        if len(labels) != count:
            expected = f"{count} labels, one for each {DIMS[dim].rstrip('s')}"
            raise InvalidValueError(f"names[{dim!r}]", expected, f"{len(labels)} of them")
    own = None if states is None else states.numpy()
    if d_h_out is not None and not torch.isfinite(d_h_out).all():
        d_h_out = None
    net = layer_network(after, d_h_out is not None, activations)
    T = first_not_finite(net, values)
    if T is None:
        return Layer(name, layer_trace(net, values, d_h_out, origin), None, own)
    net = layer_network(after, False, activations)
    problem = not_finite_error(net, values, origin)
    if T == 0:
        return Layer(name, None, problem, own)
    lengths = tuple(min(n, T) for n in origin.lengths)
    cut = Origin(lengths, origin.reverse, origin.names, origin.sources)
    trace = layer_trace(net, cut_in_time(net, values, T), origin=cut)
    return Layer(name, trace, problem, own)


def not_finite_error(
    net: Network, values: Mapping[str, Tensor], origin: Origin
) -> NotFiniteError | None:
    """Return the error that says where numbers stop being finite."""
    try:
        layer_trace(net, values, origin=origin)
    except NotFiniteError as error:
        return error
    return None


def reversed_in_time(values: Tensor, lengths: Sequence[int]) -> Tensor:
    """Return sequences read backwards, each within its own length; what is after stays."""
    turned = values.clone()
    for sequence, length in enumerate(lengths):
        turned[sequence, :length] = values[sequence, :length].flip(0)
    return turned


def one_time_step(net: Network, values: Mapping[str, Tensor], states: Tensor) -> Tensor:
    """Return the states one time step after each state that the module itself had.

    Args:
        net: the layer's equations.
        values: parameters, "x" and "h_0".
        states: (B, T, H), the module's.
    """
    own = torch.cat([values["h_0"][:, None], states[:, :-1]], 1)
    B, T, H = states.shape
    known = {q.name: values[q.name] for q in net.parameters}
    x = values["x"].reshape(B * T, 1, -1)
    return layer_forward(net, known, x, own.reshape(B * T, H))["h"].reshape(B, T, H)
