"""Many updates, one after the other, and a way back to each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from explainer.model import (
    Run,
    backward_pass,
    check_size,
    forward_pass,
    known_values,
    run,
    update_pass,
)
from explainer.network import network
from explainer.parameters import draw_masks, effective_dropout, initial_parameters
from explainer.settings import Settings
from explainer.text import batch, read

KEPT = 64
"""Most moments of a training that are kept; others are computed again from the one before."""


@dataclass(frozen=True)
class Moment:
    """A network between two updates: its parameters, and the state that its batch begins with."""

    parameters: Mapping[str, Tensor]
    h_0: Tensor


class History:
    """A training: its losses, and the run at every update.

    Attributes:
        settings: what was trained.
        losses: loss of each update's batch, before the update, in order.
    """

    def __init__(self, settings: Settings, losses: list[float], kept: Mapping[int, Moment]) -> None:
        self.settings = settings
        self.losses = tuple(losses)
        self._kept = dict(kept)

    def at(self, i: int) -> Run:
        """Return the run at update `i`, from 0, with every number.

        Raises:
            IndexError: the training had no such update.
        """
        if not 0 <= i < len(self.losses):
            raise IndexError(
                f"update {i} is not in this training; possible: 0 to {len(self.losses) - 1}. "
                f"Train for longer or choose an earlier one."
            )
        nearest = max(k for k in self._kept if k <= i)
        moment = self._kept[nearest]
        for k in range(nearest, i):
            _, moment = advance(self.settings, moment, k)
        count = batch(self.settings, 0).count
        here = replace(self.settings, batch_index=i % count)
        return run(here, moment.parameters, moment.h_0, draw=i)


def train(settings: Settings, epochs: int) -> History:
    """Train by SGD over all batches of the text, `epochs` times.

    With `carry_state`, a batch begins with the state that the one before left behind, cut off
    from its past (detached), and an epoch begins with zeros. The matrices tutorial carries the
    state on without cutting it off, which PyTorch now refuses; cut off, its numbers come out.

    Args:
        settings: what to train; every choice but `batch_index` counts.
        epochs: passes over the text, 1 or more.

    Raises:
        ValueError: no epochs, the text is too short, or a number stops being finite; the
            message says at which update.
    """
    if epochs < 1:
        raise ValueError(f"epochs is {epochs}; possible: 1 and more. Train for at least one epoch.")
    count = batch(settings, 0).count
    V = len(read(settings)[0])
    sizes = check_size(settings, V)
    zeros = torch.zeros(sizes["B"], sizes["H"], dtype=torch.float64)
    moment = Moment(initial_parameters(settings, V), zeros)
    losses: list[float] = []
    kept: dict[int, Moment] = {}
    every = 1
    for i in range(epochs * count):
        if i % every == 0:
            kept[i] = moment
            if len(kept) > KEPT:
                every *= 2
                kept = {k: m for k, m in kept.items() if k % every == 0}
        try:
            loss, moment = advance(settings, moment, i)
        except ValueError as error:
            raise ValueError(f"update {i}: {error}") from None
        losses.append(loss)
    return History(settings, losses, kept)


def advance(settings: Settings, moment: Moment, i: int) -> tuple[float, Moment]:
    """Do update `i` of a training, and nothing that is not needed for it.

    Returns:
        The loss before the update, and the network after it.
    """
    chosen = batch(settings, i % batch(settings, 0).count)
    sizes = check_size(settings, len(chosen.vocabulary))
    net = network(settings)
    masks = draw_masks(settings, sizes, i)
    known = known_values(chosen, effective_dropout(settings), masks, moment.h_0)
    values = {**known, **moment.parameters}
    values |= forward_pass(net.forward, values)
    values |= backward_pass(net.backward, values)
    _, updated = update_pass(settings, net, values, sizes)
    last = chosen.index == chosen.count - 1
    h = values["h"][:, -1] if settings.carry_state and not last else torch.zeros_like(moment.h_0)
    after = Moment({q.name: updated[f"new_{q.name}"] for q in net.parameters}, h)
    return float(values["loss"]), after
