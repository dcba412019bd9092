"""A network between two updates, and the update that leads to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from explainer.batches import batch
from explainer.engine.batch_run import update_values
from explainer.engine.equations.update import update_equations
from explainer.engine.network import Network
from explainer.engine.not_finite import refuse_not_finite
from explainer.engine.parameters import dim_sizes, draw_masks, effective_dropout
from explainer.engine.quantity import leading_to, solve
from explainer.engine.unroll import known_values, last_states, learning_pass
from explainer.settings import Settings


@dataclass(frozen=True)
class TrainingState:
    """A network between two updates: its parameters, and the state that its batch begins with."""

    parameters: Mapping[str, Tensor]
    h_0: Tensor

    @property
    def nbytes(self) -> int:
        """Size of all numbers in bytes."""
        return self.h_0.nbytes + sum(v.nbytes for v in self.parameters.values())

    def copy(self) -> TrainingState:
        """Return the same numbers in memory of their own."""
        return TrainingState({n: v.clone() for n, v in self.parameters.items()}, self.h_0.clone())


def batch_number(settings: Settings, i: int) -> int:
    """Return which batch update `i` takes: in order, again and again, or drawn."""
    if settings.draws_windows:
        return i
    return i % batch(settings, 0).count


def train_step(
    settings: Settings, net: Network, state: TrainingState, i: int
) -> tuple[float, TrainingState]:
    """Do update `i` of a training, and nothing that is not needed for it.

    Returns:
        The loss before the update, and the network after it.

    Raises:
        ValueError: a number of the update is not finite.
    """
    chosen = batch(settings, batch_number(settings, i))
    sizes = dim_sizes(settings, len(chosen.vocabulary))
    masks = draw_masks(settings, sizes, i)
    known = known_values(chosen, effective_dropout(settings), masks, state.h_0)
    values = {**known, **state.parameters}
    values |= learning_pass(net, values)

    equations = leading_to(
        update_equations(net.parameters, settings.clip_norm is not None),
        *("norm", *(f"new_{q.name}" for q in net.parameters)),
    )
    updated = solve(equations, update_values(settings, net, values))
    declared = {q.name: q for q in equations}
    refuse_not_finite(declared, {n: v.numpy() for n, v in updated.items()})
    last = chosen.index == chosen.count - 1
    carried = settings.carry_state and not settings.draws_windows and not last
    h = last_states(values["h"], chosen.lengths) if carried else torch.zeros_like(state.h_0)
    after = TrainingState({q.name: updated[f"new_{q.name}"] for q in net.parameters}, h)
    return float(values["loss"]), after
