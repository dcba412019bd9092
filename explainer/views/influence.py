"""How far the past matters: each target's gradient on the way back, for the GRU and an RNN."""

from __future__ import annotations

import streamlit as st

from explainer.influence import growth, influence, memory_length, rnn_influence, token_influence
from explainer.panels import Panel
from explainer.trace import Array
from explainer.views.header import as_it_is
from explainer.views.page import Page


def past(page: Page) -> None:
    """Show the influence of every hidden state on every target's loss."""
    page.say(
        "Take the loss of one target alone, at time step t, and ask of every earlier state h_k: "
        "how much would it change that loss? Each row is a target, each column a state; the "
        "number is the length of the gradient. To the right of the diagonal there is nothing: "
        "the future can't matter. Beside it the same for an ordinary tanh network with the same "
        "sizes, text and seed."
    )
    tokens = page.tokens()
    if len(tokens) == 1:
        page.note(
            "There is nothing to measure: a sequence of one time step has no past. Choose a "
            "longer *context*."
        )
        return
    try:
        maps = [
            ("GRU", influence(page.run, page.sequence)),
            ("ordinary RNN", rnn_influence(page.run, page.sequence)),
        ]
    except ValueError as error:
        st.error(as_it_is(str(error)))
        return
    if memory_length(maps[0][1]) is None:
        page.note(
            "There is nothing to measure: no state has any influence on the loss, since all rows "
            "of the head are equal. Choose random initial values."
        )
        return
    for column, (name, norms) in zip(st.columns(2), maps, strict=True):
        with column:
            page.matrices(
                f"past-{name}",
                [Panel("d_h", name, norms, tokens, tokens, whole=True)],
                alt=f"{name}: length of the gradient of each target's loss at each state",
            )
            page.say(in_words(norms))
    page.say(
        "Neither is trained by these pictures: the ordinary network always has its first values. "
        "Choose *orthogonal* initial values, a larger *hidden size*, or look again after "
        "training: which of the two reaches further is decided by numbers, not by name."
    )
    T = len(tokens)
    t = st.slider("Target of time step", 0, T - 1, T - 1, key="past-target")
    found = token_influence(page.run, page.sequence, t)
    page.matrices(
        "past-tokens",
        [Panel("d_x", f"influence of each token on target {t}", found[None, :], [""], tokens)],
        alt=f"length of the gradient of target {t}'s loss at each earlier input",
    )


def in_words(norms: Array) -> str:
    """Say how far back an influence map reaches, and how it shrinks or grows."""
    memory, factor = memory_length(norms), growth(norms)
    if memory is None:
        return "Nothing to measure."
    at_least = "at least " if memory.cut else ""
    words = (
        f"On average {at_least}**{memory.length:.1f} time steps** back until a tenth is left "
        f"({memory.targets} targets"
    )
    words += f", {memory.cut} of them not faded where the sequence begins)." if memory.cut else ")."
    if factor is not None:
        kind = "vanishing" if factor < 1 else "exploding"
        words += f" Each time step back multiplies by **{factor:.2f}**: {kind}."
    return words
