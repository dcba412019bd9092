"""Prediction: which token the network expects next."""

import streamlit as st

from explainer import tables
from explainer.tables import visible
from explainer.views.page import Page, show


def body(page: Page) -> None:
    """Show the way from the state to probabilities, and the likeliest tokens."""
    batch = page.run.batch
    target = int(batch.targets[page.sequence, page.t])
    page.say(
        "The output head turns the state into one score for every token of the vocabulary, the "
        "**logits**; softmax turns scores into probabilities that add up to 1."
    )
    page.matrices(
        "head-in",
        "h ⊙ mask_h → h_out",
        alt="hidden state, mask, and what the head sees",
    )
    page.formula("logits")
    page.formula("p")
    logits, p = page.panel("logits"), page.panel("p")
    page.matrices("head-out", [logits], [p], alt="logits and probabilities of every token")
    st.subheader("The likeliest next tokens")
    table = tables.likeliest(page.trace, batch, page.sequence, page.t)
    st.dataframe(table, hide_index=True)
    chance = 1 / len(batch.vocabulary)
    own = float(page.trace["p"][page.sequence, page.t, target])
    page.say(f"The target has probability **{own:.4f}**; guessing blindly would give {chance:.4f}.")
    st.code(f"target: {visible(batch.vocabulary[target])} (id {target})", language=None)
    if page.run.settings.initial == "constant":
        page.note(
            "All rows of the head are equal here, so all logits are equal and every token gets "
            "exactly 1 in V."
        )
    page.say("The target's probability over the whole sequence:")
    rows = range(batch.ids.shape[1])
    found = page.trace["p"][page.sequence, rows, batch.targets[page.sequence]]
    page.bars("target-p", found, page.tokens(), "probability of the target")


show("prediction", body)
