"""The run of a user's settings, trained as far as they ask, with a bar that shows how far it is."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import streamlit as st
import torch

from explainer.app.background_training import PLACES, server_is_full
from explainer.app.cache import CACHE, kept_run, run_key, shared_training
from explainer.app.session import session
from explainer.engine.batch_run import Run
from explainer.engine.training import History, Training
from explainer.errors import ConstraintError, InvalidValueError
from explainer.settings import Settings

LONGEST_WAIT = 60.0
"""Longest training for one page, in seconds."""
FEW = 25
"""Updates between two looks at how far it is; so many alone are not worth a word."""


@st.cache_resource(show_spinner=False)
def prepare_process() -> None:
    """Make this process a server of many users; done once."""
    # several users get more done in all when each computes on one core
    torch.set_num_threads(1)
    # what is imported by now stays for good; going through it again and again takes 180 ms
    gc.freeze()


def current_run(settings: Settings, edit: str) -> tuple[Run, list[str]]:
    """Return the run of the settings with their edits, and what is wrong if they can't be run.

    Then the run is the one without edits, the last one that worked for this user, or the preset
    `start`.

    Args:
        settings: every choice.
        edit: what is changed and held, as in an address.
    """
    own = session()
    try:
        if run_key(settings) not in CACHE:
            reach(settings)
        result = kept_run(settings)
    except InvalidValueError as error:
        return kept_run(*own.shown), [str(error)]
    own.last_good = settings, ""
    if not edit:
        return result, []
    try:
        result = kept_run(settings, edit)
    except InvalidValueError as error:
        return result, [str(error.also("The numbers without edits are shown."))]
    own.last_good = settings, edit
    return result, []


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
