"""How far the past matters: each target's gradient on the way back, for the GRU and an RNN."""

from __future__ import annotations

from statistics import fmean

import streamlit as st

from explainer.analysis.influence import (
    growth,
    influence,
    memory_length,
    rnn_influence,
    token_influence,
)
from explainer.app.address import bound
from explainer.app.cache import shared_training
from explainer.app.current_run import network_at
from explainer.app.header import escape_markdown
from explainer.app.page import Page
from explainer.engine.trace import Array
from explainer.engine.training import History, RNNTraining
from explainer.engine.training_state import TrainingState
from explainer.errors import InvalidValueError
from explainer.plots.charts import influence_map
from explainer.plots.heatmap import Panel
from explainer.settings import Settings


def past(page: Page) -> None:
    """Show the influence of every hidden state on every target's loss."""
    page.text(
        "Take the loss of one target alone, at time step t. How much does it depend on each "
        "earlier state h_k? Each row is a target, each column a state, each number the norm of "
        "the gradient. The right of the diagonal is empty: a loss can't depend on later states. "
        "Beside it, the same for an ordinary tanh RNN with the same sizes, text and seed."
    )
    tokens = page.tokens()
    if len(tokens) == 1:
        page.note(
            "A sequence of one time step has no past: there is nothing to measure. Choose a "
            "longer *context*."
        )
        return
    try:
        of_gru = influence(page.run, page.sequence)
    except InvalidValueError as error:
        st.error(escape_markdown(str(error)))
        return
    if memory_length(of_gru) is None:
        page.note(
            "No state has any influence on the loss, because all rows of the head are equal: there "
            "is nothing to measure. Choose random initial values."
        )
        return
    columns = st.columns(2)
    with columns[0]:
        show_map(page, "GRU", of_gru)
    both = True
    with columns[1]:
        try:
            rnn = trained_beside(page.run.settings)
            show_map(page, "ordinary RNN", rnn_influence(page.run, page.sequence, rnn))
        except InvalidValueError as error:
            both = False
            st.error(escape_markdown(f"The ordinary RNN: {error}"))
    page.text(how_trained(page.run.settings, both))
    T = len(tokens)
    t = st.slider(**bound("target", max_value=T - 1, value=T - 1))
    found = token_influence(page.run, page.sequence, t)
    title = f"influence of each token on target {t}"
    page.matrices(
        "past-tokens",
        [Panel.of(page.trace.quantities["d_x"], title, found[None, :], [""], tokens)],
        alt=f"norm of the gradient of target {t}'s loss at each earlier input",
    )


def show_map(page: Page, name: str, norms: Array) -> None:
    """Show one network's influences and say how far they reach."""
    st.plotly_chart(
        influence_map(norms, page.tokens(), name, page.theme),
        key=f"past-{name}",
        alt=f"{name}: norm of the gradient of each target's loss at each state",
        config={"displayModeBar": False},
    )
    page.text(influence_summary(norms))


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


def influence_summary(norms: Array) -> str:
    """Say how far back an influence map reaches, and how it shrinks or grows."""
    memory, factor = memory_length(norms), growth(norms)
    if memory is None:
        return "Nothing to measure."
    at_least = "at least " if memory.cut else ""
    words = (
        f"On average, {at_least}**{memory.length:.1f} time steps** back the gradient is down to a "
        f"tenth ({memory.targets} targets"
    )
    words += f"; for {memory.cut} the sequence is too short)." if memory.cut else ")."
    if factor is not None:
        kind = "vanishing" if factor < 1 else "exploding"
        words += f" Each time step back multiplies the gradient by **{factor:.2f}**: {kind}."
    return words
