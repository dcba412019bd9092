"""Many updates, one after the other, and a way back to each of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import RLock
from typing import Any

import torch
from torch import Tensor

from explainer.batches import batch, output_names
from explainer.engine.batch_run import Run, check_size, run_batch, smaller_update
from explainer.engine.network import Network, network, rnn_network
from explainer.engine.parameters import initial_parameters, rnn_parameters
from explainer.engine.precision import dtype_of
from explainer.engine.training_state import TrainingState, batch_number, train_step
from explainer.errors import (
    InvalidValueError,
    NotFiniteError,
    OutOfRangeError,
    in_range,
    must_be,
    place,
    shorten,
)
from explainer.settings import Settings, must_be_settings

KEPT = 64
"""Most states of a training that are kept; others are computed again from the one before."""
KEPT_BYTES = 64 * 2**20
"""Most memory for them; of a large network there are fewer, but two at least."""


class Training:
    """A training by SGD: its losses, and the network at every update.

    With `carry_state`, a batch begins with the state that the one before left behind, cut off
    from its past (detached), and an epoch begins with zeros. The matrices tutorial carries the
    state on without cutting it off, which PyTorch now refuses; cut off, its numbers come out.

    Equal settings give equal trainings, so that one may serve several users; a step is done by
    one of them at a time.

    Args:
        settings: what to train on and how; `batch_index` and `updates` don't count.
        net: the network.
        parameters: its first values by name.
        dtype: of all numbers in the training. Float32 is faster.

    Raises:
        ValueError: the text is too short.
    """

    def __init__(
        self,
        settings: Settings,
        net: Network,
        parameters: Mapping[str, Tensor],
        dtype: torch.dtype = torch.float64,
    ) -> None:
        self.settings = replace(settings, batch_index=0, updates=0)
        self.lock = RLock()
        self.batches = batch(self.settings).count
        """Batches of an epoch."""
        self._net = net
        zeros = torch.zeros(settings.batch_size, settings.hidden_size, dtype=dtype, device="cpu")
        self._now = TrainingState({n: v.to(dtype) for n, v in parameters.items()}, zeros)
        self._kept = {0: self._now}
        self._replayed = (0, self._now)
        self._most = max(2, min(KEPT, KEPT_BYTES // self._now.nbytes))
        self._every = 1
        self._losses: list[float] = []

    def __repr__(self) -> str:
        """Return what a notebook shows: the kind, how far it is, and the last loss."""
        last = f", last loss {self._losses[-1]:.6g}" if self._losses else ""
        return f"{type(self).__name__}({self.updates} updates{last})"

    def __getstate__(self) -> dict[str, Any]:
        """Return what copy and pickle take: everything but the lock."""
        with self.lock:
            state = {**vars(self), "_kept": dict(self._kept), "_losses": [*self._losses]}
        del state["lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Be what was taken, with a lock of its own."""
        vars(self).update(state, lock=RLock())

    @property
    def losses(self) -> tuple[float, ...]:
        """Loss of each update's batch, before the update, in order."""
        return tuple(self._losses)

    @property
    def updates(self) -> int:
        """How many updates were done."""
        return len(self._losses)

    @property
    def nbytes(self) -> int:
        """Most memory that its states take, in bytes."""
        return (self._most + 2) * self._now.nbytes

    def step(self) -> float:
        """Do one more update; return the loss of its batch before it.

        Raises:
            ValueError: a number stops being finite; the message says where and at which update.
        """
        with self.lock:
            i = self.updates
            try:
                loss, now = train_step(self.settings, self._net, self._now, i)
            except NotFiniteError as error:
                raise self._where_it_began(i, error) from None
            self._now = now
            self._losses.append(loss)
            if self.updates % self._every == 0:
                self._kept[self.updates] = now
                if len(self._kept) > self._most:
                    self._every *= 2
                    self._kept = {k: m for k, m in self._kept.items() if k % self._every == 0}
            return loss

    def step_towards(self, updates: int) -> None:
        """Do one more update, unless so many were done meanwhile, by whoever shares it.

        Raises:
            ValueError: as `step`.
        """
        with self.lock:
            if self.updates < updates:
                self.step()

    def _where_it_began(self, i: int, found: NotFiniteError) -> NotFiniteError:
        """Return what is said of update `i`, in which something that is not finite was found."""
        return found.within(f"at update {i:,}", smaller_update(self.settings) if i else "")

    def latest(self) -> tuple[int, TrainingState]:
        """Return how many updates were done, and a copy of the network after them."""
        with self.lock:
            return self.updates, self._now.copy()

    def state_at(self, i: int) -> TrainingState:
        """Return a copy of the network after `i` updates, computed again where it was not kept.

        Raises:
            IndexError: the training did not come so far, or `i` is below 0.
            TypeError: `i` is no integer.
        """
        with self.lock:
            i = place("updates", i, self.updates + 1, "Train for longer to look further.")
        ((_, found),) = deque(self.replay_to(i), maxlen=1)  # the last
        return found.copy()

    def replay_to(self, i: int) -> Iterator[tuple[int, TrainingState]]:
        """Yield how many updates were done, and the network then, up to `i` of those done so far.

        It begins where the nearest one was kept, at `i` itself if that was. How far it came is
        kept, too, so that the same way is not gone twice.
        """
        with self.lock:
            known = {**self._kept, self._replayed[0]: self._replayed[1], self.updates: self._now}
        k = max(k for k in known if k <= i)
        found = known[k]
        yield k, found
        while k < i:
            _, found = train_step(self.settings, self._net, found, k)
            k += 1
            with self.lock:
                self._replayed = k, found
            yield k, found


class History(Training):
    """A training of the GRU, and the run at every update.

    Args:
        settings: what to train; `batch_index` and `updates` don't count.
        dtype: of all numbers in the training, whatever the settings' precision says, in which
            each run is computed; None takes that.

    Raises:
        ValueError: the text is too short, or the dtype is another one.
    """

    def __init__(self, settings: Settings, dtype: torch.dtype | None = None) -> None:
        must_be_settings(settings)
        dtype = dtype_of(settings) if dtype is None else dtype
        must_be("dtype", dtype, torch.dtype, "torch.float32 or torch.float64")
        if dtype not in (torch.float32, torch.float64):
            expected = "torch.float32 or torch.float64"
            raise InvalidValueError("dtype", expected, shorten(dtype))
        V = vocabulary_size(settings)
        super().__init__(settings, network(settings), initial_parameters(settings, V), dtype)

    def _where_it_began(self, i: int, found: NotFiniteError) -> NotFiniteError:
        """Return what the run at update `i` says, since only that looks at every number."""
        try:
            self.next_run(i)
        except NotFiniteError as earlier:
            return earlier
        return super()._where_it_began(i, found)

    def at(self, i: int) -> Run:
        """Return the run at update `i`, from 0, with every number.

        Raises:
            IndexError: the training had no such update.
            TypeError: `i` is no integer.
        """
        if not self.updates:
            raise OutOfRangeError("update", "one that was done, and none was", shorten(i))
        return self.next_run(place("update", i, self.updates, "Train for longer to look further."))

    def next_run(self, i: int) -> Run:
        """Return what comes after `i` updates: the batch then, and the update it leads to."""
        state = self.state_at(i)
        here = replace(self.settings, batch_index=batch_number(self.settings, i))
        try:
            return run_batch(here, state.parameters, state.h_0, draw=i)
        except NotFiniteError as error:
            raise Training._where_it_began(self, i, error) from None


class RNNTraining(Training):
    """The same training of an ordinary RNN in the GRU's place, from its own first values.

    Args:
        settings: what to train; `variant`, `batch_index` and `updates` don't count.

    Raises:
        ValueError: the text is too short.
    """

    def __init__(self, settings: Settings) -> None:
        V = vocabulary_size(settings)
        dtype = dtype_of(settings)
        super().__init__(settings, rnn_network(settings), rnn_parameters(settings, V), dtype)


def vocabulary_size(settings: Settings) -> int:
    """Return V, once it is sure that these settings can be run.

    Raises:
        ValueError: one trace would have too many numbers.
    """
    V = len(output_names(settings))
    check_size(settings, V)
    return V


def train(settings: Settings, epochs: int) -> History:
    """Train by SGD over all batches of the text, `epochs` times; see `History`.

    Args:
        settings: what to train; every choice but `batch_index` and `updates` counts.
        epochs: passes over the text, 1 to 1,000,000.

    Raises:
        ValueError: no epochs, the text is too short, or a number stops being finite; the
            message says at which update.
    """
    epochs = in_range("epochs", epochs, int, 1, 1_000_000)
    history = History(settings)
    for _ in range(epochs * history.batches):
        history.step()
    return history
