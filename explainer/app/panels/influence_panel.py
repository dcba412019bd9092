"""How far the past matters: each target's gradient on the way back, for the GRU and an RNN."""

from __future__ import annotations

from statistics import fmean

import streamlit as st

from explainer.analysis.influence import token_influence
from explainer.app.address import bound
from explainer.app.cache import kept_influence, shared_training
from explainer.app.current_run import network_at
from explainer.app.page import Page
from explainer.engine.training import History, RNNTraining
from explainer.engine.training_state import TrainingState
from explainer.errors import InvalidValueError
from explainer.settings import Settings
from explainer.stage.influence_maps import NO_INFLUENCE, InfluenceMap
from explainer.stage.prose.inline_markup import escape_markdown


def influence_here(page: Page) -> tuple[InfluenceMap, ...]:
    """Return how far back the past matters in the sequence that is looked at.

    A trained GRU stands beside a trained RNN, which takes as long to train: once it is asked for.
    """
    settings = page.run.settings
    beside = not settings.updates or bool(st.session_state.get("open-past"))
    try:
        rnn = trained_beside(settings) if beside else None
    except InvalidValueError:  # said where it was asked for
        rnn, beside = None, False
    return kept_influence(page.run, page.edit, page.sequence, rnn, beside)


def past(page: Page) -> None:
    """Say how both networks came about, and show the influence of every token on one target."""
    page.text(
        "Take the loss of one target alone, at time step t. How much does it depend on each "
        "earlier state h_k? That is the norm of its gradient there. The right of the diagonal is "
        "empty: a loss can't depend on later states. Beside it stands an ordinary tanh RNN with "
        "the same sizes, text and seed."
    )
    if page.run.settings.precision == "float32":
        page.note(
            "The run is in float32; its gradients are sent back in float64 here, so that one that "
            "fades does not end in rounding."
        )
    tokens = page.tokens()
    if len(tokens) == 1:
        page.note(
            "A sequence of one time step has no past: there is nothing to measure. Choose a "
            "longer *context*."
        )
        return
    if influence_here(page)[0].says == NO_INFLUENCE:
        page.note(
            "No state has any influence on the loss, because all rows of the head are equal: there "
            "is nothing to measure. Choose random initial values."
        )
        return
    both = True
    try:
        trained_beside(page.run.settings)
    except InvalidValueError as error:
        both = False
        st.error(escape_markdown(f"The ordinary RNN: {error}"))
    page.text(how_trained(page.run.settings, both))
    T = len(tokens)
    t = st.slider(**bound("target", max_value=T - 1, value=T - 1))
    try:
        found = token_influence(page.run, page.sequence, t)
    except InvalidValueError as error:
        st.error(escape_markdown(str(error)))
        return
    page.bars(
        "past-tokens",
        found,
        tokens,
        f"target {t}'s loss: norm of its gradient at each x",
    )


def trained_beside(settings: Settings) -> TrainingState | None:
    """Return the ordinary RNN after as many updates as the GRU had; None where that is none.

    Raises:
        ValueError: a number stops being finite.
    """
    if not settings.updates:
        return None
    training = shared_training(RNNTraining, settings)
    return network_at(settings.updates, training, "Training the ordinary RNN")


def how_trained(settings: Settings, both: bool) -> str:
    """Say what the GRU, or both networks, have learned so far, and what to try."""
    numbers = "which of the two reaches further back depends on the weights, not on the name."
    updates = settings.updates
    if not updates:
        others = "" if settings.initial == "orthogonal" else "*orthogonal* initial values or "
        return (
            f"Both have their initial values. Choose {others}a larger *hidden size*, or train: "
            f"{numbers}"
        )
    if not both:
        return f"The GRU was trained for {updates:,} updates."
    trainings = {
        "GRU": shared_training(History, settings),
        "ordinary RNN": shared_training(RNNTraining, settings),
    }
    words = f"Both were trained for {updates:,} updates on the same batches. "
    # the GRU's run may be kept for longer than its training
    if all(each.updates >= updates for each in trainings.values()):
        last = min(updates, trainings["GRU"].batches)
        means = (
            f"{name} **{fmean(each.losses[updates - last : updates]):.4f}**"
            for name, each in trainings.items()
        )
        words += f"Mean loss of the last {last:,}: {', '.join(means)}. "
    return f"{words}How well they learn is one thing, how far back they reach another: {numbers}"
