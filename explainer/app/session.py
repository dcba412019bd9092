"""Runs, kept for all users of this server, within a bound."""

import gc
import time
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock

import streamlit as st
import torch
from cachetools import LRUCache, cached
from cachetools.keys import hashkey

from explainer.analysis.checks import Check, verify
from explainer.app.background_training import PLACES, server_is_full
from explainer.app.cache import shared_training
from explainer.engine.batch_run import Run
from explainer.engine.run import run, trained_parameters
from explainer.engine.training import History, Training
from explainer.errors import ConstraintError, InvalidValueError
from explainer.settings import Settings

MOST_BYTES = 64 * 2**20
"""Memory for kept runs. One that is larger is computed anew each time."""
LONGEST_WAIT = 60.0
"""Longest training for one page, in seconds."""
FEW = 25
"""Updates between two looks at how far it is; so many alone are not worth a word."""
WITH_USER = 4 * 2**20
"""Largest run that stays with a user between two clicks, even if it is kept no more."""

# several users get more done in all when each computes on one core
torch.set_num_threads(1)
# what is imported by now stays for good; going through it again and again takes 180 ms each time
gc.freeze()


KEPT_RUNS = Lock()


@cached(LRUCache(MOST_BYTES, getsizeof=lambda kept: kept.nbytes), lock=KEPT_RUNS)
def kept_run(settings: Settings) -> Run:
    """Return the run of these settings; computed once, then shared, since nobody can change it."""
    if settings.updates:
        parameters = trained_parameters(shared_training(History, settings), settings)
        return run(settings, parameters)
    return run(settings)


def weigh_again(run: Run) -> None:
    """Count a kept run as it is by now: what was computed on demand stays in it.

    One that has become larger than all memory for them is kept no more.
    """
    with KEPT_RUNS, suppress(ValueError):
        if kept_run.cache.pop(kept_run.cache_key(run.settings), None) is run:
            kept_run.cache[kept_run.cache_key(run.settings)] = run


@cached(LRUCache(512), key=lambda run, slug: hashkey(run.settings, slug), lock=Lock())
def kept_checks(run: Run, slug: str) -> tuple[Check, ...]:
    """Return a chapter's proofs for this run."""
    return verify(run, slug)


def current(settings: Settings) -> tuple[Run, str]:
    """Return the run of the settings, and a sentence if they can't be run.

    Then the run is the last one that worked for this user, or the preset `start`.
    """
    try:
        if kept_run.cache_key(settings) not in kept_run.cache:
            reach(settings)
        result = kept_run(settings)
    except InvalidValueError as error:
        return kept_run(last_good()), str(error)
    st.session_state["last_good"] = settings
    return result, ""


def run_at_hand(settings: Settings) -> Run:
    """Return the page's own run while the page is made, and later on the kept one."""
    result: Run | None = st.session_state.get("run")
    return result if result is not None and result.settings == settings else kept_run(settings)


def reach(settings: Settings) -> None:
    """Train as far as the settings ask, and say how far that is.

    Raises:
        ValueError: it takes too long, too many trainings run already, or a number stops being
            finite.
    """
    if settings.updates:
        train_up_to(settings.updates, shared_training(History, settings))


def train_up_to(updates: int, training: Training, what: str = "Training") -> None:
    """Go on with a training, or back to what was not kept, with a bar that shows how far it is.

    Raises:
        ValueError: it takes too long, too many trainings run already, or a number stops being
            finite.
    """
    steps = missing_steps(updates, training)
    missing = next(steps)
    if missing <= FEW:  # so many are done while one looks
        for _ in steps:
            pass
        return
    if not PLACES.acquire(blocking=False):
        raise server_is_full()
    try:
        bar = st.empty()
        start = time.monotonic()
        for left in steps:
            if time.monotonic() - start > LONGEST_WAIT:
                raise ConstraintError(
                    "updates",
                    f"{updates:,} were asked for",
                    f"After {LONGEST_WAIT:.0f} seconds {updates - left:,} updates are done",
                    "Open the page again to go on, or use fewer.",
                )
            if left % FEW == 0:
                bar.progress(
                    1 - left / missing, f"{what}: {updates - left:,} of {updates:,} updates"
                )
        bar.empty()
    finally:
        PLACES.release()


def missing_steps(updates: int, training: Training) -> Iterator[int]:
    """Lead to the network after so many updates, one at a time; yield how many are missing."""
    while training.updates < updates:
        yield updates - training.updates
        training.step_towards(updates)
    for done, _ in training.replay_to(updates):
        yield updates - done


def last_good() -> Settings:
    """Return the last settings of this user that could be run."""
    from explainer.presets import PRESETS

    good: Settings = st.session_state.get("last_good", PRESETS["start"])
    return good
