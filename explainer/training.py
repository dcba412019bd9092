"""Many updates, one after the other, and a way back to each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import RLock

import torch
from cachetools import LRUCache
from torch import Tensor

from explainer.equations.update import update_equations
from explainer.model import Run, check_size, run, update_values
from explainer.network import network
from explainer.parameters import draw_masks, effective_dropout, initial_parameters
from explainer.passes import backward_pass, forward_pass, known_values
from explainer.quantity import ancestors, leading_to, solve
from explainer.settings import Settings
from explainer.text import batch, read
from explainer.trace import refuse_not_finite

KEPT = 64
"""Most moments of a training that are kept; others are computed again from the one before."""


@dataclass(frozen=True)
class Moment:
    """A network between two updates: its parameters, and the state that its batch begins with."""

    parameters: Mapping[str, Tensor]
    h_0: Tensor


class History:
    """A training by SGD: its losses, and the run at every update.

    With `carry_state`, a batch begins with the state that the one before left behind, cut off
    from its past (detached), and an epoch begins with zeros. The matrices tutorial carries the
    state on without cutting it off, which PyTorch now refuses; cut off, its numbers come out.

    Equal settings give equal histories, so that one may serve several readers; it is advanced by
    one of them at a time.

    Args:
        settings: what to train; `batch_index` and `updates` don't count.
        dtype: of all numbers in the training. Float32 is faster; a run computes in float64
            whatever it is.

    Raises:
        ValueError: the text is too short.
    """

    def __init__(self, settings: Settings, dtype: torch.dtype = torch.float64) -> None:
        self.settings = settings = replace(settings, batch_index=0, updates=0)
        self.lock = RLock()
        V = len(read(settings)[0])
        sizes = check_size(settings, V)
        self.batches = batch(settings).count
        """Batches of an epoch."""
        zeros = torch.zeros(sizes["B"], sizes["H"], dtype=dtype)
        parameters = {n: v.to(dtype) for n, v in initial_parameters(settings, V).items()}
        self._now = Moment(parameters, zeros)
        self._kept = {0: self._now}
        self._every = 1
        self._losses: list[float] = []

    @property
    def losses(self) -> tuple[float, ...]:
        """Loss of each update's batch, before the update, in order."""
        return tuple(self._losses)

    @property
    def updates(self) -> int:
        """How many updates were done."""
        return len(self._losses)

    def advance(self) -> float:
        """Do one more update; return the loss of its batch before it.

        Raises:
            ValueError: a number stops being finite; the message says where and at which update.
        """
        with self.lock:
            i = self.updates
            try:
                loss, now = advance(self.settings, self._now, i)
            except ValueError as error:
                raise ValueError(f"update {i}: {self._where_it_began(i, error)}") from None
            self._now = now
            self._losses.append(loss)
            if self.updates % self._every == 0:
                self._kept[self.updates] = now
                if len(self._kept) > KEPT:
                    self._every *= 2
                    self._kept = {k: m for k, m in self._kept.items() if k % self._every == 0}
            return loss

    def _where_it_began(self, i: int, error: ValueError) -> ValueError:
        """Return what the run at update `i` says, since only that looks at every number."""
        try:
            self.next_run(i)
        except ValueError as earlier:
            return earlier
        return error

    def moment(self, i: int) -> Moment:
        """Return the network after `i` updates."""
        with self.lock:
            if i == self.updates:
                return self._now
            nearest = max(k for k in self._kept if k <= i)
            found = self._kept[nearest]
        for k in range(nearest, i):
            _, found = advance(self.settings, found, k)
        return found

    def at(self, i: int) -> Run:
        """Return the run at update `i`, from 0, with every number.

        Raises:
            IndexError: the training had no such update.
        """
        if not 0 <= i < self.updates:
            raise IndexError(
                f"update {i} is not in this training; possible: 0 to {self.updates - 1}. "
                f"Train for longer or choose an earlier one."
            )
        return self.next_run(i)

    def next_run(self, i: int) -> Run:
        """Return what comes after `i` updates: the batch then, and the update it leads to."""
        moment = self.moment(i)
        here = replace(self.settings, batch_index=batch_number(self.settings, i))
        return run(here, moment.parameters, moment.h_0, draw=i)


def train(settings: Settings, epochs: int) -> History:
    """Train by SGD over all batches of the text, `epochs` times; see `History`.

    Args:
        settings: what to train; every choice but `batch_index` and `updates` counts.
        epochs: passes over the text, 1 or more.

    Raises:
        ValueError: no epochs, the text is too short, or a number stops being finite; the
            message says at which update.
    """
    if epochs < 1:
        raise ValueError(f"epochs is {epochs}; possible: 1 and more. Train for at least one epoch.")
    history = History(settings)
    for _ in range(epochs * history.batches):
        history.advance()
    return history


_histories: LRUCache[Settings, History] = LRUCache(8)
_histories_lock = RLock()


def shared_history(settings: Settings, fresh: bool = False) -> History:
    """Return the history of these settings that everybody in this process shares.

    Args:
        settings: what is trained.
        fresh: begin a new one; who holds the old one keeps it.

    Raises:
        ValueError: the text is too short.
    """
    key = replace(settings, batch_index=0, updates=0)
    with _histories_lock:
        if fresh or key not in _histories:
            _histories[key] = History(key)
        return _histories[key]


def trained_run(settings: Settings) -> Run:
    """Return the run after `settings.updates` updates, trained from the seed where needed.

    Raises:
        ValueError: a number stops being finite on the way there.
    """
    history = shared_history(settings)
    while history.updates < settings.updates:
        history.advance()
    return replace(history.next_run(settings.updates), settings=settings)


def batch_number(settings: Settings, i: int) -> int:
    """Return which batch update `i` takes: in order, again and again, or the i-th drawn."""
    if settings.windows == "random":
        return i
    return i % batch(settings, 0).count


def advance(settings: Settings, moment: Moment, i: int) -> tuple[float, Moment]:
    """Do update `i` of a training, and nothing that is not needed for it.

    Returns:
        The loss before the update, and the network after it.

    Raises:
        ValueError: a number of the update is not finite.
    """
    chosen = batch(settings, batch_number(settings, i))
    sizes = check_size(settings, len(chosen.vocabulary))
    net = network(settings)
    masks = draw_masks(settings, sizes, i)
    known = known_values(chosen, effective_dropout(settings), masks, moment.h_0)
    values = {**known, **moment.parameters}
    gradients = [f"d_{q.name}" for q in net.parameters]
    for_gradients = ancestors(net.backward, *gradients)
    forward = for_gradients & {"h_prev", *(q.name for q in net.forward)}
    values |= forward_pass(net.forward, values, {"loss", "h", *forward})
    values |= backward_pass(net.backward, values, gradients)

    equations = leading_to(
        update_equations(net.parameters, settings.clip_norm is not None),
        *("norm", *(f"new_{q.name}" for q in net.parameters)),
    )
    updated = solve(equations, update_values(settings, net, values))
    declared = {q.name: q for q in equations}
    refuse_not_finite(declared, {n: v.numpy() for n, v in updated.items()})
    last = chosen.index == chosen.count - 1
    carried = settings.carry_state and settings.windows != "random" and not last
    h = values["h"][:, -1] if carried else torch.zeros_like(moment.h_0)
    after = Moment({q.name: updated[f"new_{q.name}"] for q in net.parameters}, h)
    return float(values["loss"]), after
