"""One pass through the network and through time, forward or backward."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from explainer.batches import Batch
from explainer.engine.expression import Leaf
from explainer.engine.network import Network, without_dropout
from explainer.engine.quantity import Quantity, ancestors, depends, leading_to, solve

ByTime = Mapping[str, Sequence[Tensor]]
"""Values by name, one tensor (B, ...) for each time step."""


def unroll(
    equations: Iterable[Quantity],
    known: Mapping[str, Tensor],
    carry: tuple[str, str],
    start: Tensor,
    order: Iterable[int],
    wanted: Collection[str] | None = None,
) -> dict[str, Tensor]:
    """Solve equations of which some need a value that another time step makes.

    What does not depend on that value is solved for all time steps at once, before; what it
    does not depend on, after; only the recurrent part between goes one time step at a time.

    Args:
        equations: in the order they are computed.
        known: values by name; those with a time axis have it second, (B, T, ...).
        carry: (output, input), such as ("h", "h_prev"): what a time step makes, and the name
            under which the next one in `order` needs it.
        start: (B, H), what the first time step in `order` gets.
        order: the time steps, 0 to T - 1 or backwards.
        wanted: names to return. None returns every name, and so records everything; else only
            what leads to these is solved, and what nothing needs any more is forgotten.

    Returns:
        Every new value by name, among them the input, stacked over time.
    """
    values, by_time = unroll_lists(equations, known, {}, carry, start, order, wanted)
    return values | {n: torch.stack(v, 1) for n, v in by_time.items()}


@torch.inference_mode()
def unroll_lists(
    equations: Iterable[Quantity],
    known: Mapping[str, Tensor],
    known_by_time: ByTime,
    carry: tuple[str, str],
    start: Tensor,
    order: Iterable[int],
    wanted: Collection[str] | None = None,
) -> tuple[dict[str, Tensor], dict[str, list[Tensor]]]:
    """Do what `unroll` does, but stack nothing that no equation needs of all time steps.

    Args:
        equations: in the order they are computed.
        known: values by name.
        known_by_time: others by name, one for each time step, not stacked.
        carry: as in `unroll`.
        start: as there.
        order: as there.
        wanted: as there.

    Returns:
        New values as whole tensors, and the others one for each time step.
    """
    output, input_ = carry
    equations = tuple(equations)
    if wanted is not None:
        equations = leading_to(equations, output, *wanted)
    later = depends(equations, input_)
    recurrent_names = later & ancestors(equations, output)
    before = [q for q in equations if q.name not in later]
    recurrent = [q for q in equations if q.name in recurrent_names]
    # what only passes a value on, as d_a_hr does, does so for all time steps, without a copy
    passing = [q for q in recurrent if isinstance(q.expression, Leaf)]
    after = [*passing, *(q for q in equations if q.name in later - recurrent_names)]
    new = [input_, *(q.name for q in recurrent if not isinstance(q.expression, Leaf))]
    if wanted is not None:
        used = {*wanted, *(n for q in after for n in q.inputs)}
        new = [n for n in new if n in used]

    of_all = {n for q in (*before, *after) for n in q.inputs}
    values = {**known, **{n: torch.stack([*v], 1) for n, v in known_by_time.items() if n in of_all}}
    values |= solve(before, values)
    outside = {n for q in recurrent for n in q.inputs} - recurrent_names - {input_}
    timed: dict[str, Sequence[Tensor]] = {n: v for n, v in known_by_time.items() if n in outside}
    rest = outside - timed.keys()
    timed |= {n: values[n].unbind(1) for n in rest if values[n].dim() == 3}
    fixed = {n: values[n] for n in outside - timed.keys()}
    solved_at: dict[int, dict[str, Tensor]] = {}
    carried = start
    for t in order:
        here = {n: v[t] for n, v in timed.items()}
        solved = {input_: carried, **solve(recurrent, {**fixed, **here, input_: carried})}
        solved_at[t] = {n: solved[n] for n in new}
        carried = solved[output]
    by_time = {n: [solved_at[t][n] for t in sorted(solved_at)] for n in new}
    values |= {n: torch.stack(v, 1) for n, v in by_time.items() if n in of_all}
    values |= solve(after, values)
    kept = [*values, *by_time] if wanted is None else wanted
    return (
        {n: values[n] for n in kept if n in values and n not in known},
        {n: by_time[n] for n in kept if n in by_time and n not in values},
    )


def known_values(
    batch: Batch, dropout: float, masks: Mapping[str, Tensor], h_0: Tensor
) -> dict[str, Tensor]:
    """Return what a pass is given, besides parameters: data, masks, first state.

    All of it has the dtype of `h_0`, but for the ids.
    """
    V = len(batch.vocabulary)
    # a copy: torch warns of read-only arrays, and ids are shared
    ids, targets = (torch.from_numpy(a.copy()) for a in (batch.ids, batch.targets))
    return {
        "ids": ids,
        "targets": targets,
        "one_hot": torch.nn.functional.one_hot(ids, V).to(h_0.dtype),
        "y": torch.nn.functional.one_hot(targets, V).to(h_0.dtype),
        "h_0": h_0,
        "dropout": torch.tensor(dropout, dtype=h_0.dtype),
        **{name: mask.to(h_0.dtype) for name, mask in masks.items()},
    }


FORWARD = ("h", "h_prev")
BACKWARD = ("d_h_prev", "d_h_next")


def forward_pass(
    equations: tuple[Quantity, ...],
    known: Mapping[str, Tensor],
    wanted: Collection[str] | None = None,
) -> dict[str, Tensor]:
    """Compute the forward quantities; `known` holds parameters and `known_values`."""
    T = known["ids"].shape[1]
    return unroll(equations, known, FORWARD, known["h_0"], range(T), wanted)


def backward_pass(
    equations: tuple[Quantity, ...], known: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Compute the gradients by hand; `known` holds the forward pass too."""
    T = known["ids"].shape[1]
    start = torch.zeros_like(known["h_0"])
    first = {"d_loss": torch.ones_like(known["loss"])}
    order = range(T - 1, -1, -1)
    return first | unroll(equations, {**known, **first}, BACKWARD, start, order)


def learning_pass(net: Network, known: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Compute what one update needs, and record nothing on the way.

    Args:
        net: the network.
        known: parameters and `known_values`.

    Returns:
        Loss, hidden states, and the gradient of each parameter.
    """
    if known["dropout"] == 0:
        net = without_dropout(net)
    T = known["ids"].shape[1]
    gradients = [f"d_{q.name}" for q in net.parameters]
    needed = ancestors(net.backward, *gradients) & {"h_prev", *(q.name for q in net.forward)}
    wanted = {"loss", "h", *needed}
    values, by_time = unroll_lists(net.forward, known, {}, FORWARD, known["h_0"], range(T), wanted)
    known = {**known, **values, "d_loss": torch.ones_like(values["loss"])}
    start, order = torch.zeros_like(known["h_0"]), range(T - 1, -1, -1)
    found, _ = unroll_lists(net.backward, known, by_time, BACKWARD, start, order, gradients)
    return {"loss": values["loss"], "h": values["h"], **found}
