"""What can be done with a trained network: look back, let it write, download it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import streamlit as st
import torch
from torch import Tensor

from explainer.app.address import bound, unfolding
from explainer.app.background_training import Trainer
from explainer.app.cache import kept_text
from explainer.app.current_run import network_at
from explainer.app.navigation import file
from explainer.app.own_link import NAME, TRAINED
from explainer.app.session import session
from explainer.engine.batch_run import Run
from explainer.engine.sampling import continue_text
from explainer.engine.training_state import TrainingState
from explainer.errors import InvalidValueError
from explainer.interop.pytorch import safetensors, snippet, state_dict
from explainer.settings import Settings
from explainer.stage.chapters import chapter
from explainer.stage.prose.inline_markup import escape_markdown


def show_everywhere(updates: int) -> None:
    """Let every chapter look at the network after so many updates; for a button's callback."""
    st.session_state["updates"] = updates
    session().moved = True


def checkpoint_slider(own: Trainer, settings: Settings) -> int:
    """Let the user look at any update, here or in all chapters; return which one."""
    done = own.updates
    state, remembered = st.session_state, session()
    start = own.history.settings, own.starts
    if not own.running:
        # on a page that was left Streamlit forgets where the slider stood
        last = remembered.looked_at
        at = state.get("look-at", settings.updates if last is None else last)
        if remembered.looked_from != start:
            # what a training has just come to is what one wants to see; else what is shown already
            at = done if own.starts else settings.updates
            remembered.looked_from = start
        # with another end it is a new slider; else a user who is moving it would be moved back
        if (min(at, done), done) != (state.get("look-at"), remembered.looked_end):
            state["look-at"], remembered.looked_end = min(at, done), done

    def look() -> None:
        show_everywhere(int(state["look-at"]))

    left, right = st.columns([4, 1], vertical_alignment="bottom")
    at = left.slider(
        "Show the network after this many updates", 0, done, key="look-at", disabled=own.running
    )
    remembered.looked_at = int(at)
    here = at == settings.updates
    right.button(
        "show it everywhere",
        on_click=look,
        key="look",
        width="stretch",
        type="secondary" if here else "primary",
        disabled=here or own.running,
        help="Show this network in every chapter, and in the link.",
    )
    st.markdown(
        f"The other chapters, and the link, show the network **after {settings.updates:,} "
        "updates**."
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
    if settings.values is not None:  # there are no tokens to write
        return
    left, middle, right = st.columns([2, 1, 1])
    remembered = session()
    some = settings.text[:8].strip() or settings.text[:1]
    if remembered.prefix_of not in (None, settings.text):  # the last one was for another text
        st.session_state["prefix"] = some
    remembered.prefix_of = settings.text
    prefix = left.text_input(**bound("prefix", value=some))
    temperature = middle.slider(**bound("temperature", step=0.1))
    tokens = right.slider(**bound("tokens", step=10))
    history = own.history

    @cache
    def parameters() -> Mapping[str, Tensor]:
        # looking for it may mean many updates, so only once, and not for what is kept
        if network is not None:
            return network.parameters
        return network_at(at, history).parameters

    def write(heat: float) -> str:
        def make() -> str:
            return continue_text(history.settings, parameters(), prefix, tokens, heat, at)

        return kept_text((at, prefix, tokens, heat), history.settings, make)

    st.caption(f"After {at:,} updates the network continues, always with the most likely token:")
    try:
        greedy, drawn = write(0.0), write(temperature)
    except InvalidValueError as error:
        st.error(escape_markdown(str(error)))
        return
    st.code(f"{prefix}|{greedy}", language=None, wrap_lines=True)
    st.caption(f"and with tokens sampled at temperature {temperature:g}:")
    st.code(f"{prefix}|{drawn}", language=None, wrap_lines=True)


def downloads(run: Run) -> None:
    """Offer the parameters of the run as files, and the code that loads them."""
    settings = run.settings
    parameters = {n: torch.from_numpy(v.copy()) for n, v in run.update.before.items()}
    updates = settings.updates
    st.caption(
        f"These files contain the network **after {updates:,} updates**, the one that every "
        "chapter shows. For another one, choose it above and press *show it everywhere*."
    )
    there = chapter("own")
    label = f"Open this network: **{there.title}** → {there.question}"
    st.page_link(file(there), label=label, query_params={NAME: TRAINED})
    left, right = st.columns(2)
    left.download_button(
        "parameters, named as here (safetensors)",
        lambda: safetensors(parameters, run.batch.vocabulary),
        file_name="parameters.safetensors",
        key="download-parameters",
        on_click="ignore",
        width="stretch",
    )
    if not settings.is_torch_gru:
        right.caption(
            "torch.nn.GRU applies the reset gate after the product, and has sigmoid at the gates "
            "and tanh at the candidate; with these settings there is a file for it, too."
        )
        return
    right.download_button(
        "for torch.nn.GRU and torch.nn.Linear (safetensors)",
        lambda: safetensors(state_dict(settings, parameters), run.batch.vocabulary),
        file_name="gru.safetensors",
        key="download-gru",
        on_click="ignore",
        width="stretch",
    )
    with unfolding("open-code"):
        st.code(snippet(settings, "gru.safetensors"), language="python")
