"""Runs, kept for all readers of this server, within a bound."""

from threading import Lock

import streamlit as st
import torch
from cachetools import LRUCache, cached

from explainer.model import Run, run
from explainer.proof import Proof, prove
from explainer.settings import Settings

MOST_BYTES = 64 * 2**20
"""Memory for kept runs. One that is larger is computed anew each time."""
WITH_READER = 4 * 2**20
"""Largest run that stays with a reader between two clicks, even if it is kept no more."""

# several readers get more done in all when each computes on one core
torch.set_num_threads(1)


@cached(LRUCache(MOST_BYTES, getsizeof=lambda kept: kept.nbytes), lock=Lock())
def kept_run(settings: Settings) -> Run:
    """Return the run of these settings; computed once, then shared, since nobody can change it."""
    return run(settings)


@cached(LRUCache(512), lock=Lock())
def kept_proof(settings: Settings, slug: str) -> tuple[Proof, ...]:
    """Return a chapter's proofs for these settings."""
    return prove(kept_run(settings), slug)


def current(settings: Settings) -> tuple[Run, str]:
    """Return the run of the settings, and a sentence if they can't be run.

    Then the run is the last one that worked for this reader, or the preset `start`.
    """
    try:
        result = kept_run(settings)
    except ValueError as error:
        return kept_run(last_good()), str(error)
    st.session_state["last_good"] = settings
    return result, ""


def last_good() -> Settings:
    """Return the last settings of this reader that could be run."""
    from explainer.presets import PRESETS

    good: Settings = st.session_state.get("last_good", PRESETS["start"])
    return good
