"""What the browser's engine is given: the equations as trees, and the numbers nobody computes.

From these `web/engine.js` computes every quantity of a run, as `run` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from explainer.engine.batch_run import Run
from explainer.engine.edits import FOLLOWING, Limits, followed
from explainer.engine.equations import backward, gru, update
from explainer.engine.layer_trace import LayerRun
from explainer.engine.network import Network
from explainer.engine.quantity import Quantity
from explainer.engine.trace import Array
from explainer.stage.trees import as_json

DERIVED = {"one_hot": ["one_hot", None, "ids"], "y": ["one_hot", None, "targets"], "d_loss": 1.0}
"""Trees of what follows from given numbers alone, so that it need not be sent."""


def network_as_json(net: Network, bounds: Mapping[str, Limits]) -> dict[str, list[dict[str, Any]]]:
    """Return the equations of a run as `web/plan.js` has them.

    Args:
        net: equations of both passes.
        bounds: which given numbers are possible, as `limits` has them.
    """
    clipped, updated = update.clip_norm.name in bounds, update.learning_rate.name in bounds
    rates = [q for q in (update.learning_rate, update.clip_norm) if q.name in bounds]
    arriving = (net.arriving,) if net.backward else ()
    parts = {
        "given": (*net.given, *net.parameters, *rates, *arriving, *net.held),
        "forward": (gru.h_prev, *net.forward),
        "backward": (backward.d_h_next, *net.backward) if net.backward else (),
        "update": update.update_equations(net.parameters, clipped) if updated else (),
        "on_demand": net.on_demand,
    }
    trees = derived(net)
    return {
        name: [_equation(q, bounds, trees) for q in equations] for name, equations in parts.items()
    }


def derived(net: Network) -> dict[str, Any]:
    """Return the trees of what follows from given numbers alone in a network."""
    without = FOLLOWING.keys() - followed(net).keys()
    return {name: tree for name, tree in DERIVED.items() if name not in without}


def _equation(
    q: Quantity, bounds: Mapping[str, Limits], trees: Mapping[str, Any]
) -> dict[str, Any]:
    tree = trees.get(q.name, as_json(q.expression))
    limits = {"limits": asdict(bounds[q.name])} if q.name in bounds else {}
    return {"name": q.name, "dims": list(q.dims), "tree": tree, **limits}


def given_numbers(run: Run | LayerRun, net: Network) -> dict[str, Array]:
    """Return every number of a run that nobody computes, by name.

    Among them are ids, targets, dropout masks, parameters and rates; `second.mask_x` and
    `second.mask_h` where the second pass has masks of its own.
    """
    given = (*net.given, *net.parameters, *((net.arriving,) if net.backward else ()))
    names = [q.name for q in given if q.name not in derived(net)]
    found = {name: run.trace[name] for name in names}
    found |= {n: run.update[n] for n in ("learning_rate", "clip_norm") if n in run.update}
    if isinstance(run, Run) and run.settings.redraw_masks:
        found |= {f"second.{name}": run.second[name] for name in ("mask_x", "mask_h")}
    return found
