"""What a user does with what was trained: look back, let it write, take it away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock

import streamlit as st
import torch
from cachetools import LRUCache, cached
from torch import Tensor

from explainer.app.background_training import Trainer
from explainer.app.header import escape_markdown
from explainer.app.session import train_up_to
from explainer.engine.batch_run import Run
from explainer.engine.sampling import continue_text
from explainer.engine.training_state import TrainingState
from explainer.errors import InvalidValueError
from explainer.interop.pytorch import safetensors, snippet, state_dict
from explainer.settings import Settings


def show_everywhere(updates: int) -> None:
    """Let every chapter look at the network after so many updates; for a button's callback."""
    st.session_state["updates"] = updates
    st.session_state["moved"] = True


def checkpoint_slider(own: Trainer, settings: Settings) -> int:
    """Let the user look at any update, here or in all chapters; return which one."""
    done = own.history.updates
    state = st.session_state
    start = own.history.settings, own.starts
    if not own.running:
        # on a page that was left Streamlit forgets where the slider stood
        at = state.get("look-at", state.get("looked-at", settings.updates))
        if state.get("looked-at-start") != start:
            # what a training has just come to is what one wants to see; else what is shown already
            at = done if own.starts else settings.updates
            state["looked-at-start"] = start
        # with another end it is a new slider; else a user who is moving it would be moved back
        if (min(at, done), done) != (state.get("look-at"), state.get("look-at-end")):
            state["look-at"], state["look-at-end"] = min(at, done), done

    def look() -> None:
        show_everywhere(int(state["look-at"]))

    left, right = st.columns([4, 1], vertical_alignment="bottom")
    at = left.slider(
        "Look at the network after so many updates", 0, done, key="look-at", disabled=own.running
    )
    state["looked-at"] = at
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


def writing(own: Trainer, settings: Settings, at: int, network: TrainingState | None) -> None:
    """Let the network after some updates write on: the likeliest tokens, and drawn ones.

    Args:
        own: this user's trainer.
        settings: those of the page.
        at: after how many updates.
        network: the network then; None where it has to be looked for.
    """
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

    @cache
    def parameters() -> Mapping[str, Tensor]:
        # looking for it may mean many updates, so only once, and not for what is kept
        if network is not None:
            return network.parameters
        train_up_to(at, history, "Looking back")
        return history.state_at(at).parameters

    st.caption(f"What the network writes after {at:,} updates:")
    try:
        greedy = written(history.settings, at, prefix, tokens, 0.0, parameters)
        drawn = written(history.settings, at, prefix, tokens, temperature, parameters)
    except InvalidValueError as error:
        st.error(escape_markdown(str(error)))
        return
    st.code(f"{prefix}|{greedy}", language=None, wrap_lines=True)
    st.caption(f"and drawn at temperature {temperature:g}:")
    st.code(f"{prefix}|{drawn}", language=None, wrap_lines=True)


@cached(
    LRUCache(256),
    key=lambda *choices: choices[:-1],
    lock=Lock(),
)
def written(
    settings: Settings,
    at: int,
    prefix: str,
    tokens: int,
    temperature: float,
    parameters: Callable[[], Mapping[str, Tensor]],
) -> str:
    """Return what the network writes after some updates; equal choices write the same."""
    return continue_text(settings, parameters(), prefix, tokens, temperature, at)


def downloads(run: Run) -> None:
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
