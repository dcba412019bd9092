"""One pass through the network and through time, forward or backward."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import torch
from torch import Tensor

from explainer.expression import Leaf
from explainer.quantity import Quantity, ancestors, depends, leading_to, solve
from explainer.text import Batch


@torch.inference_mode()
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

    values = {**known, **solve(before, known)}
    outside = {n for q in circle for n in q.needs} - circle_names - {needed}
    timed = {n: values[n].unbind(1) for n in outside if values[n].dim() == 3}
    fixed = {n: values[n] for n in outside if n not in timed}
    moments: dict[int, dict[str, Tensor]] = {}
    carried = start
    for t in order:
        here = {n: v[t] for n, v in timed.items()}
        solved = {needed: carried, **solve(circle, {**fixed, **here, needed: carried})}
        moments[t] = {n: solved[n] for n in new}
        carried = solved[made]
    values |= {n: torch.stack([moments[t][n] for t in sorted(moments)], 1) for n in new}
    values |= solve(after, values)
    kept = values.keys() if wanted is None else wanted
    return {n: values[n] for n in kept if n not in known}


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


def forward_pass(
    equations: tuple[Quantity, ...],
    known: Mapping[str, Tensor],
    wanted: Collection[str] | None = None,
) -> dict[str, Tensor]:
    """Compute the forward quantities; `known` holds parameters and `known_values`."""
    T = known["ids"].shape[1]
    return through_time(equations, known, ("h", "h_prev"), known["h_0"], range(T), wanted)


def backward_pass(
    equations: tuple[Quantity, ...],
    known: Mapping[str, Tensor],
    wanted: Collection[str] | None = None,
) -> dict[str, Tensor]:
    """Compute the gradients by hand; `known` holds the forward pass too."""
    T = known["ids"].shape[1]
    start = torch.zeros_like(known["h_0"])
    known = {**known, "d_loss": torch.ones_like(known["loss"])}
    order = range(T - 1, -1, -1)
    return {
        "d_loss": known["d_loss"],
        **through_time(equations, known, ("d_h_prev", "d_h_next"), start, order, wanted),
    }
