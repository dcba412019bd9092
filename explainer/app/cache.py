"""Trainings that all users of one server share, since equal settings give equal numbers."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TypeVar

from cachetools import LRUCache

from explainer.engine.training import History, RNNTraining, Training
from explainer.settings import Settings

SHARED_BYTES = 256 * 2**20
"""Memory for them, each counted as large as it may become; a larger one is kept alone."""

Kind = TypeVar("Kind", History, RNNTraining)
_shared: LRUCache[tuple[type[Training], Settings], Training] = LRUCache(
    SHARED_BYTES, lambda kept: min(kept.nbytes, SHARED_BYTES)
)
_lock = Lock()


def shared_training(kind: type[Kind], settings: Settings, fresh: bool = False) -> Kind:
    """Return the training of these settings that everybody in this process shares.

    Args:
        kind: `History` or `RNNTraining`.
        settings: what is trained.
        fresh: begin a new one; who holds the old one keeps it.

    Raises:
        ValueError: the text is too short.
    """
    key = (kind, replace(settings, batch_index=0, updates=0))
    with _lock:
        found = None if fresh else _shared.get(key)
    if found is None:
        new = kind(settings)  # outside the lock, since cutting a long text into tokens takes long
        with _lock:
            found = new if fresh else _shared.get(key, new)
            _shared[key] = found
    assert isinstance(found, kind)
    return found
