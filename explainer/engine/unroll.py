"""One pass through the network and through time, forward or backward."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from explainer.batches import Batch
from explainer.engine.expression import Leaf
from explainer.engine.network import Network, without_dropout
from explainer.engine.quantity import Quantity, ancestors, depends, leading_to, solve

Moments = Mapping[str, Sequence[Tensor]]
"""Values by name, one tensor (B, ...) for each time step."""


def through_time(
    equations: Iterable[Quantity],
    known: Mapping[str, Tensor],
    carry: tuple[str, str],
    start: Tensor,
    order: Iterable[int],
    wanted: Collection[str] | None = None,
) -> dict[str, Tensor]:
    """Solve equations of which some need a value that another time step makes.

    What does not depend on that value is solved for all time steps at once, before; what it
    does not depend on, after; only the circle between goes one time step at a time.

    Args:
        equations: in the order they are computed.
        known: values by name; those with a time axis have it second, (B, T, ...).
        carry: (made, needed), such as ("h", "h_prev"): what a time step makes, and the name
            under which the next one in `order` needs it.
        start: (B, H), what the first time step in `order` gets.
        order: the time steps, 0 to T - 1 or backwards.
        wanted: names to return. None returns every name, and so records everything; else only
            what leads to these is solved, and what nothing needs any more is forgotten.

    Returns:
        Every new value by name, among them the needed one, stacked over time.
    """
    values, moments = step_by_step(equations, known, {}, carry, start, order, wanted)
    return values | {n: torch.stack(v, 1) for n, v in moments.items()}


@torch.inference_mode()
def step_by_step(
    equations: Iterable[Quantity],
    known: Mapping[str, Tensor],
    known_moments: Moments,
    carry: tuple[str, str],
    start: Tensor,
    order: Iterable[int],
    wanted: Collection[str] | None = None,
) -> tuple[dict[str, Tensor], dict[str, list[Tensor]]]:
    """Do what `through_time` does, but stack nothing that no equation needs of all time steps.

    Args:
        equations: in the order they are computed.
        known: values by name.
        known_moments: others by name, one for each time step, not stacked.
        carry: as in `through_time`.
        start: as there.
        order: as there.
        wanted: as there.

    Returns:
        New values as whole tensors, and the others one for each time step.
    """
    made, needed = carry
    equations = tuple(equations)
    if wanted is not None:
        equations = leading_to(equations, made, *wanted)
    later = depends(equations, needed)
    circle_names = later & ancestors(equations, made)
    before = [q for q in equations if q.name not in later]
    circle = [q for q in equations if q.name in circle_names]
    # what only passes a value on, as d_a_hr does, does so for all time steps, without a copy
    passing = [q for q in circle if isinstance(q.expression, Leaf)]
    after = [*passing, *(q for q in equations if q.name in later - circle_names)]
    new = [needed, *(q.name for q in circle if not isinstance(q.expression, Leaf))]
    if wanted is not None:
        used = {*wanted, *(n for q in after for n in q.needs)}
        new = [n for n in new if n in used]

    of_all = {n for q in (*before, *after) for n in q.needs}
    values = {**known, **{n: torch.stack([*v], 1) for n, v in known_moments.items() if n in of_all}}
    values |= solve(before, values)
    outside = {n for q in circle for n in q.needs} - circle_names - {needed}
    timed: dict[str, Sequence[Tensor]] = {n: v for n, v in known_moments.items() if n in outside}
    rest = outside - timed.keys()
    timed |= {n: values[n].unbind(1) for n in rest if values[n].dim() == 3}
    fixed = {n: values[n] for n in outside - timed.keys()}
    solved_at: dict[int, dict[str, Tensor]] = {}
    carried = start
    for t in order:
        here = {n: v[t] for n, v in timed.items()}
        solved = {needed: carried, **solve(circle, {**fixed, **here, needed: carried})}
        solved_at[t] = {n: solved[n] for n in new}
        carried = solved[made]
    moments = {n: [solved_at[t][n] for t in sorted(solved_at)] for n in new}
    values |= {n: torch.stack(v, 1) for n, v in moments.items() if n in of_all}
    values |= solve(after, values)
    kept = [*values, *moments] if wanted is None else wanted
    return (
        {n: values[n] for n in kept if n in values and n not in known},
        {n: moments[n] for n in kept if n in moments and n not in values},
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
    return through_time(equations, known, FORWARD, known["h_0"], range(T), wanted)


def backward_pass(
    equations: tuple[Quantity, ...], known: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Compute the gradients by hand; `known` holds the forward pass too."""
    T = known["ids"].shape[1]
    start = torch.zeros_like(known["h_0"])
    first = {"d_loss": torch.ones_like(known["loss"])}
    order = range(T - 1, -1, -1)
    return first | through_time(equations, {**known, **first}, BACKWARD, start, order)


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
    values, moments = step_by_step(net.forward, known, {}, FORWARD, known["h_0"], range(T), wanted)
    known = {**known, **values, "d_loss": torch.ones_like(values["loss"])}
    start, order = torch.zeros_like(known["h_0"]), range(T - 1, -1, -1)
    found, _ = step_by_step(net.backward, known, moments, BACKWARD, start, order, gradients)
    return {"loss": values["loss"], "h": values["h"], **found}
