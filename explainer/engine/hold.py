"""A computed quantity held at numbers of the reader's, by the equations themselves.

`hold` puts three in the place of one: own_z is what z is by itself; free_z is 1 there and 0 where
z is held; z = free_z ⊙ own_z + set_z. On the way back, d_z is the gradient of z as everything
downstream has it, held or not, and d_own_z = free_z ⊙ d_z that of what z is computed from. Every
other equation that took d_z led to an input of z's equation, so it takes d_own_z instead: where z
is held nothing flows back, as with autograd and `torch.where`. `web/edits.js` does the same.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from torch import Tensor

from explainer.engine.expression import rename_leaves
from explainer.engine.network import Network
from explainer.engine.quantity import Quantity, ancestors, equation, leaf


def held_or_own(free: Tensor, own: Tensor, held: Tensor) -> Tensor:
    """Held where it is held, and elsewhere what its equation makes."""
    return free * own + held


def where_free(free: Tensor, d: Tensor) -> Tensor:
    """Where the quantity is held, nothing flows back to what it is computed from."""
    return free * d


def holdable(net: Network) -> tuple[str, ...]:
    """Return which quantities can be held: all that the logits are computed from, and they.

    But not h_prev, which is h one time step later. What comes after the logits can't be held: the
    gradient of softmax and cross-entropy is one equation.
    """
    found = ancestors(net.forward, "logits")
    return tuple(q.name for q in net.forward if q.name in found)


@lru_cache(maxsize=64)
def hold(net: Network, names: tuple[str, ...]) -> Network:
    """Return a network in which these quantities can be held.

    Args:
        net: equations of both passes.
        names: some of `holdable(net)`, in that order.

    Returns:
        A network that is given free_ and set_ of each of them besides.
    """
    gradients = {f"d_{name}": f"d_own_{name}" for name in names}

    def forward(q: Quantity) -> tuple[Quantity, ...]:
        if q.name not in names:
            return (q,)
        own = replace(
            q,
            name=f"own_{q.name}",
            symbol=rf"\overline{{{q.symbol}}}",
            description=f"What {q.name} would be by itself, were it not held.",
        )
        make = equation(
            symbol=q.symbol,
            dims=" ".join(q.dims),
            name=q.name,
            inputs=(f"free_{q.name}", own.name, f"set_{q.name}"),
            description=q.description,
            role=q.role,
            part=q.part,
        )
        return own, make(held_or_own)

    def backward(q: Quantity) -> tuple[Quantity, ...]:
        renamed = replace(
            q,
            inputs=tuple(gradients.get(n, n) for n in q.inputs),
            expression=q.expression and rename_leaves(q.expression, gradients),
        )
        if q.name not in gradients:
            return (renamed,)
        make = equation(
            symbol=rf"\overline{{{q.symbol}}}",
            dims=" ".join(q.dims),
            name=gradients[q.name],
            inputs=(f"free_{q.name.removeprefix('d_')}", q.name),
            role=q.role,
            part=q.part,
        )
        return renamed, make(where_free)

    def given(q: Quantity) -> tuple[Quantity, ...]:
        dims = " ".join(q.dims)
        free = f"1 where {q.name} is by itself, 0 where it is held."
        held = f"The numbers at which {q.name} is held; 0 where it is by itself."
        return (
            leaf(f"free_{q.name}", rf"\mathrm{{free}}\,{q.symbol}", dims, free, "mask", q.part),
            leaf(f"set_{q.name}", rf"\mathrm{{set}}\,{q.symbol}", dims, held, q.role, q.part),
        )

    return replace(
        net,
        forward=tuple(new for q in net.forward for new in forward(q)),
        backward=tuple(new for q in net.backward for new in backward(q)),
        on_demand=tuple(new for q in net.on_demand for new in backward(q)),
        held=tuple(new for q in net.forward if q.name in names for new in given(q)),
    )
