"""The run whose first pass a trace is, as it was before anything was changed or held in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from explainer.batches import batch
from explainer.engine.batch_run import Run, solve_run
from explainer.engine.edits import followed
from explainer.engine.network import network
from explainer.engine.trace import Trace
from explainer.engine.unroll import known_values


def unedited_run(trace: Trace) -> Run:
    """Return the run whose first pass a trace is, without its edits.

    Parameters, masks and the first state are those of the trace, whatever they were made from.

    Args:
        trace: the first pass of a run; `trace.origin.settings` says which.
    """
    settings = trace.origin.settings
    assert settings is not None
    net = network(settings)
    changed = {n: edit.before for n, edit in trace.edits.items() if edit.before is not None}
    # copies, since torch warns of read-only arrays
    known = {
        q.name: torch.from_numpy(changed.get(q.name, trace[q.name]).copy())
        for q in (*net.given, *net.parameters)
    }
    numbers: dict[str, Any] = {n: known[n].long().numpy() for n in followed(net).values()}
    chosen = replace(batch(settings), **numbers)
    masks = {name: known[name] for name in ("mask_x", "mask_h")}
    known |= known_values(chosen, float(known["dropout"]), masks, known["h_0"])
    redrawn = {n: torch.from_numpy(mask.copy()) for n, mask in trace.origin.redrawn.items()}
    return solve_run(settings, net, chosen, known, redrawn, trace.sizes)
