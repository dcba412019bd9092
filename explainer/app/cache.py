"""What all users of one server share, since equal settings give equal numbers: one budget for all.

Runs, what a stage is sent of them, trainings, checks, the networks of the tasks, and what a
network wrote. Each is made once, whoever asks for it at the same time waits, and what was not
looked at for longest leaves first.
What takes long to make goes through the gate (`gate.py`).
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Hashable
from dataclasses import replace
from threading import Lock
from typing import Any, TypeVar, cast
from weakref import WeakValueDictionary

from cachetools import LRUCache

from explainer.analysis.checks import Check, verify
from explainer.analysis.tasks import Kind, Learned, Task
from explainer.analysis.trained_tasks import shipped_task
from explainer.engine.batch_run import Run
from explainer.engine.sampling import continue_text
from explainer.engine.training import History, RNNTraining
from explainer.engine.training_state import TrainingState
from explainer.settings import Settings
from explainer.stage.chapters import Chapter
from explainer.stage.influence_maps import InfluenceMap, influence_maps
from explainer.stage.payload import is_computed_in_browser
from explainer.stage.scene import LaneSpec
from explainer.stage.staged import staged

BUDGET = 384 * 2**20
"""Memory for everything that is kept, in bytes."""
OBJECTS = 120_000
"""What the objects around the arrays of a run or a training take, in bytes."""
LOSSES = 32 * 20_000
"""What the losses of the longest training take, in bytes."""

Value = TypeVar("Value")
Trained = TypeVar("Trained", History, RNNTraining)


class Cache:
    """Values by key within one budget.

    A value larger than a quarter of the budget would drive out too many others: it is shared
    only as long as somebody holds it.

    Args:
        budget: most bytes of all values and keys together.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._kept: LRUCache[Hashable, tuple[Any, int]] = LRUCache(budget, lambda pair: pair[1])
        self._alive: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
        self._making: dict[Hashable, Lock] = {}
        self._lock = Lock()

    @property
    def nbytes(self) -> int:
        """How many bytes are kept."""
        return int(self._kept.currsize)

    def __contains__(self, key: Hashable) -> bool:
        """Tell whether there is a value for this key."""
        with self._lock:
            return key in self._kept or key in self._alive

    def get(
        self, key: Hashable, make: Callable[[], Value], nbytes: Callable[[Value], int]
    ) -> Value:
        """Return the value of a key.

        Args:
            key: equal keys have equal values.
            make: makes the value where there is none; others who ask for it wait.
            nbytes: the size of the value and its key in bytes.
        """
        with self._lock:
            found = self._find(key)
            if found is not None:
                return cast(Value, found)
            turn = self._making.setdefault(key, Lock())
        with turn:
            with self._lock:
                found = self._find(key)
            if found is not None:
                return cast(Value, found)
            try:
                value = make()
                self.put(key, value, nbytes(value))
            finally:
                with self._lock:
                    self._making.pop(key, None)
            return value

    def peek(self, key: Hashable) -> Any:
        """Return the value of a key, None where there is none."""
        with self._lock:
            return self._find(key)

    def put(self, key: Hashable, value: Any, nbytes: int) -> None:
        """Keep a value in the place of the one before; who holds that one keeps it."""
        with self._lock:
            self._kept.pop(key, None)
            if nbytes <= self._budget // 4:
                self._kept[key] = value, nbytes
            if hasattr(value, "__weakref__"):
                self._alive[key] = value

    def keeps(self, key: Hashable) -> bool:
        """Tell whether a value stays when nobody holds it."""
        with self._lock:
            return key in self._kept

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._alive.clear()

    def _find(self, key: Hashable) -> Any:
        if key in self._kept:
            return self._kept[key][0]
        return self._alive.get(key)


CACHE = Cache(BUDGET)
"""The cache of this process."""


def give_back() -> None:
    """Give memory that was freed back to the system, where the platform can."""
    if sys.platform == "linux":
        try:
            ctypes.CDLL(None).malloc_trim(0)
        except AttributeError:  # another C library than glibc
            return


def key_size(settings: Settings) -> int:
    """Return what settings take as a key, in bytes: their text, mostly."""
    values = settings.values
    numbers = 0 if values is None else 2 * values.x.nbytes
    return sys.getsizeof(settings.text) + sys.getsizeof(settings.alphabet) + numbers + 1_000


def run_key(settings: Settings, edit: str = "") -> Hashable:
    """Return the key of a run."""
    return Run, settings, edit


def run_size(result: Run) -> int:
    """Return what a run and its key take, in bytes."""
    return result.nbytes + OBJECTS + key_size(result.settings)


def weigh_again(result: Run, edit: str = "") -> None:
    """Count a run as it is by now: what was computed on demand stays in it."""
    key = run_key(result.settings, edit)
    if CACHE.peek(key) is result:
        CACHE.put(key, result, run_size(result))


def kept_checks(result: Run, edit: str, names: tuple[str, ...]) -> tuple[Check, ...]:
    """Return checks of a run, with its edits as in an address, by their names."""
    settings = result.settings
    return CACHE.get(
        (Check, settings, edit, names),
        lambda: verify(result, names),
        lambda found: 1_000 * len(found) + key_size(settings),
    )


def kept_influence(
    result: Run, edit: str, sequence: int, rnn: TrainingState | None, beside: bool
) -> tuple[InfluenceMap, ...]:
    """Return how far back the past matters in a run, with its edits as in an address."""
    settings = result.settings
    return CACHE.get(
        (InfluenceMap, settings, edit, sequence, rnn is None, beside),
        lambda: influence_maps(result, sequence, rnn, beside),
        lambda maps: sum(m.norms.nbytes for m in maps if m.norms is not None) + key_size(settings),
    )


def kept_stage(
    result: Run,
    edited: tuple[Run, str] | None,
    chapter: Chapter,
    lanes: tuple[LaneSpec, ...],
    without: str,
    pairs: tuple[str, ...],
) -> dict[str, str]:
    """Return what `staged` returns for a run and, if there are edits, for the run with them.

    It is empty where a browser can't compute the run.
    """

    def make() -> dict[str, str]:
        if not is_computed_in_browser(result):
            return {}
        return staged(result, chapter, lanes, without, pairs, edited=edited)

    settings, edit = result.settings, edited[1] if edited else ""
    return CACHE.get(
        (staged, settings, edit, chapter.slug, lanes, without, pairs),
        make,
        lambda made: sum(map(sys.getsizeof, made.values())) + OBJECTS + key_size(settings),
    )


def shared_training(kind: type[Trained], settings: Settings) -> Trained:
    """Return the training of these settings that everybody in this process shares.

    Args:
        kind: `History` or `RNNTraining`.
        settings: what is trained.

    Raises:
        ValueError: the text is too short.
    """
    key = kind, replace(settings, batch_index=0, updates=0)

    def nbytes(training: Trained) -> int:  # as large as it may become
        return training.nbytes + LOSSES + OBJECTS + key_size(settings)

    return CACHE.get(key, lambda: kind(settings), nbytes)


def kept_task(task: Task, kind: Kind, length: int, seed: int) -> Learned | None:
    """Return the network that was trained for a task, here or before; None where none was."""
    found: Learned | None = CACHE.peek((Learned, task.name, kind, length, seed))
    return found or shipped_task(task, kind, length, seed)


def keep_task(learned: Learned, length: int, seed: int) -> None:
    """Keep a network that was trained for a task."""
    numbers = sum(v.nbytes for v in learned.state.values()) + 32 * len(learned.losses)
    key = Learned, learned.task.name, learned.kind, length, seed
    CACHE.put(key, learned, numbers + OBJECTS)


def kept_text(key: Hashable, settings: Settings, write: Callable[[], str]) -> str:
    """Return what a network of these settings writes; `key` says which, and how."""
    return CACHE.get(
        (continue_text, settings, key),
        write,
        lambda text: sys.getsizeof(text) + 1_000 + key_size(settings),
    )
