"""What a reader does with what was trained: look back, let it write, take it away."""

from __future__ import annotations

from threading import Lock

import streamlit as st
import torch
from cachetools import LRUCache, cached

from explainer.export import safetensors, snippet, state_dict
from explainer.model import Run
from explainer.sampling import continue_text
from explainer.settings import Settings
from explainer.training import History
from explainer.views.header import as_it_is
from explainer.views.trainer import Trainer


def show_everywhere(updates: int) -> None:
    """Let every chapter look at the network after so many updates; for a button's callback."""
    st.session_state["updates"] = updates
    st.session_state["moved"] = True


def scrub(own: Trainer, settings: Settings) -> int:
    """Let the reader look at any update, here or in all chapters; return which one."""
    done = own.history.updates
    state = st.session_state
    if state.get("looked-up-to") != (own.history.settings, done) and not own.running:
        # what a training has just come to is what one wants to see; at first, what the link says
        state["look-at"] = min(settings.updates, done) if not own.started else done
        state["looked-up-to"] = (own.history.settings, done)

    def look() -> None:
        show_everywhere(int(state["look-at"]))

    left, right = st.columns([4, 1], vertical_alignment="bottom")
    at = left.slider("Look at the network after so many updates", 0, done, key="look-at")
    here = at == settings.updates
    right.button(
        "show it everywhere",
        on_click=look,
        key="look",
        width="stretch",
        type="secondary" if here else "primary",
        disabled=here or own.running,
        help="Let every chapter show that network, and the link say so.",
    )
    st.markdown(
        f"The other chapters show the network **after {settings.updates:,} updates**; the link "
        "says so, too."
    )
    return int(at)


def writing(own: Trainer, settings: Settings, at: int) -> None:
    """Let the network after some updates write on: the likeliest tokens, and drawn ones."""
    left, middle, right = st.columns([2, 1, 1])
    state = st.session_state
    some = settings.text[:8].strip() or settings.text[:1]

    def typed() -> None:
        state["typed"] = (settings.text, state["prefix"])

    text, last = state.get("typed", ("", ""))
    prefix = left.text_input(
        "A prefix to warm up on",
        last if text == settings.text else some,
        max_chars=200,
        key="prefix",
        on_change=typed,
    )
    temperature = middle.slider("Temperature", 0.1, 2.0, 0.8, 0.1, key="temperature")
    tokens = right.slider("Tokens", 10, 200, 60, 10, key="tokens")
    history = own.history
    st.caption(f"What the network writes after {at:,} updates:")
    try:
        greedy = written(history, at, prefix, tokens, 0.0)
        drawn = written(history, at, prefix, tokens, temperature)
    except ValueError as error:
        st.error(as_it_is(str(error)))
        return
    st.code(f"{prefix}|{greedy}", language=None, wrap_lines=True)
    st.caption(f"and drawn at temperature {temperature:g}:")
    st.code(f"{prefix}|{drawn}", language=None, wrap_lines=True)


@cached(
    LRUCache(256),
    key=lambda history, at, *choices: (history.settings, at, *choices),
    lock=Lock(),
)
def written(history: History, at: int, prefix: str, tokens: int, temperature: float) -> str:
    """Return what the network writes after some updates; equal choices write the same."""
    parameters = history.moment(at).parameters
    return continue_text(history.settings, parameters, prefix, tokens, temperature, at)


def take_away(run: Run) -> None:
    """Offer the parameters of the run as files, and the code that loads them."""
    settings = run.settings
    parameters = {n: torch.from_numpy(v.copy()) for n, v in run.update.before.items()}
    updates = settings.updates
    st.caption(
        f"These files hold the network **after {updates:,} updates**, as every chapter shows it. "
        "To take another one, choose it above and press *show it everywhere*."
    )
    left, right = st.columns(2)
    left.download_button(
        "parameters by their names here (safetensors)",
        lambda: safetensors(parameters),
        file_name="parameters.safetensors",
        key="download-parameters",
        on_click="ignore",
        width="stretch",
    )
    if settings.variant != "reset_after":
        right.caption(
            "torch.nn.GRU applies the reset gate after the product; with *after* there is a file "
            "for it, too."
        )
        return
    right.download_button(
        "for torch.nn.GRU and torch.nn.Linear (safetensors)",
        lambda: safetensors(state_dict(settings, parameters)),
        file_name="gru.safetensors",
        key="download-gru",
        on_click="ignore",
        width="stretch",
    )
    with st.expander("Load it in PyTorch"):
        st.code(snippet(settings, "gru.safetensors"), language="python")
