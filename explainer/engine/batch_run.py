"""One run: parameters, a forward and a backward pass through time, an update, a second pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from explainer.batch_data import Batch
from explainer.batches import batch, output_names
from explainer.engine.equations import backward, gru, update
from explainer.engine.exports import Exports
from explainer.engine.expression import Leaf
from explainer.engine.network import Network, network
from explainer.engine.origin import NOWHERE, Origin
from explainer.engine.parameters import (
    checked_parameters,
    dim_sizes,
    draw_masks,
    effective_dropout,
    initial_parameters,
    real_numbers,
)
from explainer.engine.precision import in_precision
from explainer.engine.quantity import Quantity, depends, solve
from explainer.engine.trace import LARGEST_TRACE, Array, Trace, Update
from explainer.engine.unroll import backward_pass, forward_pass, known_values, last_states
from explainer.errors import ConstraintError, InvalidValueError, NotFiniteError, in_range
from explainer.settings import Settings

if TYPE_CHECKING:
    from explainer.engine.edits import Edit

BYTES = 25
"""Memory that a run takes for each number of its first pass, measured: 17 to 31."""
MOST_CARRIED = 2_000
"""Most batches that are computed for the state that one begins with."""


@dataclass(frozen=True, eq=False)
class Run(Exports):
    """Everything one batch does: forward, backward, update, and forward again.

    Attributes:
        settings: the choices that make it.
        batch: ids, targets, and the tokens they came from.
        trace: every quantity of the first pass, values and gradients.
        update: one SGD update by hand.
        second: the forward pass on the same batch with the updated parameters.
    """

    settings: Settings
    batch: Batch
    trace: Trace
    update: Update
    second: Trace

    def __repr__(self) -> str:
        """Return what a notebook shows: the network's kind and sizes, and the loss."""
        sizes = ", ".join(f"{d}={n}" for d, n in self.trace.sizes.items())
        loss, after = float(self.trace["loss"]), float(self.second["loss"])
        return f"Run({self.settings.variant}, {sizes}, loss {loss:.6g} → {after:.6g})"

    @property
    def edits(self) -> Mapping[str, Edit]:
        """What was changed or held, by name; empty where nothing was."""
        return self.trace.edits

    @property
    def nbytes(self) -> int:
        """Size of all kept values in bytes."""
        edits = sum(edit.values.nbytes + edit.where.nbytes for edit in self.edits.values())
        return self.trace.nbytes + self.update.nbytes + self.second.nbytes + edits


def recorded(net: Network, gradients: bool = True) -> tuple[Quantity, ...]:
    """Return what a pass computes and is given, in the order of the story."""
    forward = (*net.given, *net.held, *net.parameters, gru.h_prev, *net.forward)
    if not (gradients and net.backward):
        return forward
    return (*forward, net.arriving, backward.d_h_next, *net.backward)


def make_trace(
    net: Network,
    values: Mapping[str, Tensor],
    sizes: Mapping[str, int],
    gradients: bool = True,
    origin: Origin = NOWHERE,
) -> Trace:
    """Gather what was computed into a trace, in the order of the story."""
    declared = {q.name: q for q in recorded(net, gradients)}
    arrays = {n: values[n].to(torch.float64).numpy() for n in declared}
    if gradients:
        declared |= {q.name: q for q in net.on_demand}
    return Trace(declared, arrays, sizes, origin=origin)


def check_size(settings: Settings, V: int) -> dict[str, int]:
    """Return the length of each dim.

    Raises:
        ValueError: one trace would have too many numbers.
    """
    sizes, numbers = dim_sizes(settings, V), trace_numbers(settings, V)
    if numbers > LARGEST_TRACE:
        B, T, H, D = (sizes[d] for d in "BTHD")
        memory = f"{numbers * BYTES / 1e9:,.1f} GB of memory"
        ends = f"{D:,} features" if settings.values else f"a vocabulary of {V:,} tokens"
        fewer = "features" if settings.values else "different characters in the text"
        raise ConstraintError(
            "text",
            f"at most {LARGEST_TRACE:,} are possible",
            f"Batch size {B:,} × context length {T:,} with hidden size {H:,} "
            f"and {ends} makes {numbers:,} numbers, about {memory}",
            f"Use a smaller batch, a shorter context, fewer units or fewer {fewer}.",
        )
    return sizes


def trace_numbers(settings: Settings, V: int) -> int:
    """Return how many numbers the first pass has."""
    sizes = dim_sizes(settings, V)
    # what only passes a value on, as d_a_hr does, has no numbers of its own
    own = (q for q in recorded(network(settings)) if not isinstance(q.expression, Leaf))
    return sum(prod(sizes[d] for d in q.dims) for q in own)


def run_batch(
    settings: Settings,
    parameters: Mapping[str, Tensor | Array] | None = None,
    h_0: Tensor | Array | None = None,
    draw: int = 0,
    on_carried: Callable[[int], object] | None = None,
) -> Run:
    """Run one batch: forward, backward by hand, one SGD update by hand, forward again.

    Args:
        settings: every choice but `updates`; equal settings give equal numbers.
        parameters: values to use instead of the initial ones, by name, shapes as in the trace;
            arrays or tensors, such as another run's `update.after`.
        h_0: (B, H) state to begin with, an array or a tensor; None takes zeros, or with
            `carry_state` what the batches before this one leave behind, batch i with draw i.
        draw: which draw of the dropout masks, from 0.
        on_carried: called before each batch that is computed for `h_0`, with its number.

    Returns:
        The run, all values in float64 arrays.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: the text is too short or has too many different characters, what was passed
            does not fit, or a number stops being finite; the message says what to do.
    """
    draw = in_range("draw", draw, int, 0, 2**32 - 1)
    V = len(output_names(settings))
    sizes = check_size(settings, V)
    chosen = batch(settings)
    net = network(settings)
    if parameters is None:
        own = initial_parameters(settings, V)
    else:
        own = checked_parameters(settings, parameters, V)
    if h_0 is None:
        h_0 = carried_state(settings, net, own, sizes, on_carried)
    h_0 = real_numbers("h_0", h_0)
    if tuple(h_0.shape) != (sizes["B"], sizes["H"]):
        expected = f"an array of shape {sizes['B'], sizes['H']}, one row for each sequence, or None"
        raise InvalidValueError("h_0", expected, f"shape {tuple(h_0.shape)}")
    dropout = effective_dropout(settings)
    known = known_values(chosen, dropout, draw_masks(settings, sizes, draw), h_0) | own
    redrawn = draw_masks(settings, sizes, draw + 1) if settings.redraw_masks else {}
    return solve_run(settings, net, chosen, known, redrawn, sizes)


def solve_run(
    settings: Settings,
    net: Network,
    chosen: Batch,
    known: Mapping[str, Tensor],
    redrawn: Mapping[str, Tensor],
    sizes: Mapping[str, int],
) -> Run:
    """Solve everything from what is given.

    Args:
        settings: learning rate and clipping.
        net: the equations.
        chosen: the batch.
        known: parameters and `known_values`.
        redrawn: masks of the second pass that are not those of the first.
        sizes: length of each dim.

    Raises:
        ValueError: a number stops being finite.
    """
    known, redrawn = in_precision(settings, known), in_precision(settings, redrawn)
    values = {**known, **forward_pass(net.forward, known)}
    values |= backward_pass(net.backward, values)
    masks = {n: m.to(torch.float64).numpy() for n, m in redrawn.items()}
    plain = Origin(chosen.lengths, names=chosen.names, precision=settings.precision)
    origin = replace(plain, settings=settings, redrawn=masks)
    trace = make_trace(net, values, sizes, origin=origin)
    updated, new = update_pass(settings, net, values, sizes)
    again = {**known, **redrawn, **{q.name: new[f"new_{q.name}"] for q in net.parameters}}
    again |= forward_pass(net.forward, again)
    try:
        second = make_trace(net, again, sizes, False, plain)
    except NotFiniteError as error:
        raise error.within("after the update", smaller_update(settings)) from None
    return Run(settings, chosen, trace, updated, second)


def batches_before(settings: Settings) -> int:
    """Return how many batches are computed for the state that the chosen one begins with."""
    carried = settings.carry_state and not settings.draws_windows
    return settings.batch_index if carried else 0


def carried_state(
    settings: Settings,
    net: Network,
    parameters: Mapping[str, Tensor],
    sizes: Mapping[str, int],
    on_carried: Callable[[int], object] | None = None,
) -> Tensor:
    """Return the state before the batch: zeros, or what the batches before leave behind.

    Raises:
        ValueError: there are too many of them.
    """
    h = torch.zeros(sizes["B"], sizes["H"], dtype=torch.float64, device="cpu")
    if batches_before(settings) > MOST_CARRIED:
        raise ConstraintError(
            "batch_index",
            f"at most {MOST_CARRIED:,} are possible",
            f"With carry_state, batch_index {settings.batch_index:,} needs the state of as many "
            f"batches before it",
            "Use an earlier batch, or don't carry the state.",
        )
    for i in range(batches_before(settings)):
        if on_carried is not None:
            on_carried(i)
        masks = draw_masks(settings, sizes, i)  # as in a training
        before = batch(settings, i)
        known = known_values(before, effective_dropout(settings), masks, h)
        known = in_precision(settings, {**known, **parameters})
        found = forward_pass(net.forward, known, ("h",))
        h = last_states(found["h"], before.lengths)
    return h


def update_pass(
    settings: Settings, net: Network, values: Mapping[str, Tensor], sizes: Mapping[str, int]
) -> tuple[Update, dict[str, Tensor]]:
    """Return one SGD update as a trace and as tensors."""
    known = update_values(settings, net, values)
    equations = update.update_equations(net.parameters, settings.clip_norm is not None)
    solved = solve(equations, known)
    gradients = {q.name: q for q in net.backward}
    rates = (update.learning_rate, update.clip_norm)
    declared = {q.name: q for q in (*rates, *net.parameters) if q.name in known}
    for q in net.parameters:  # here they are given; the first pass's trace says how they came about
        declared[f"d_{q.name}"] = replace(
            gradients[f"d_{q.name}"], function=None, inputs=(), expression=None
        )
    declared |= {q.name: q for q in equations}
    arrays = {n: (known | solved)[n].to(torch.float64).numpy() for n in declared}
    try:
        return Update(declared, arrays, sizes, origin=Origin(precision=settings.precision)), solved
    except NotFiniteError as error:
        if error.field in depends(equations, "learning_rate"):
            raise error.within("", smaller_update(settings)) from None
        raise


def smaller_update(settings: Settings) -> str:
    """Return the advice for numbers that an update has made too large."""
    clip = "" if settings.clip_norm is not None else " or clip the gradient norm"
    return f"Use a smaller learning rate{clip}."


def update_values(
    settings: Settings, net: Network, values: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return what an update is given: rates, parameters, gradients."""
    rates = {"learning_rate": settings.learning_rate}
    if settings.clip_norm is not None:
        rates["clip_norm"] = settings.clip_norm
    known = {
        n: torch.tensor(v, dtype=values["loss"].dtype, device=values["loss"].device)
        for n, v in rates.items()
    }
    for q in net.parameters:
        known |= {q.name: values[q.name], f"d_{q.name}": values[f"d_{q.name}"]}
    return known
