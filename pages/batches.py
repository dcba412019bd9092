"""Batches: which tokens go in, and what should come out."""

import streamlit as st

from explainer import tables
from explainer.views.page import Page, show


def body(page: Page) -> None:
    """Show the windows, the shift by one, the triangle of next-token pairs."""
    batch, settings = page.run.batch, page.run.settings
    B, T = batch.ids.shape
    page.say(
        f"The tokens are read in windows of B·T + 1 = {B} · {T} + 1 = **{B * T + 1}**. All but the "
        "last are the **inputs**, row after row; all but the first are the **targets**: for every "
        "token the one that really comes next."
    )
    st.caption(
        f"Batch {batch.index} of this text, which has {batch.count:,} "
        f"(0 to {batch.count - 1:,}): tokens {batch.index * B * T:,} to "
        f"{(batch.index + 1) * B * T:,}."
    )
    st.subheader("Inputs: token (id)")
    st.dataframe(tables.batch_table(batch, batch.ids))
    st.subheader("Targets: the same, one place further")
    st.dataframe(tables.batch_table(batch, batch.targets))
    st.subheader("One row is T exercises")
    sequence = st.number_input(f"Sequence (0 to {B - 1})", 0, B - 1, 0, key="row") if B > 1 else 0
    page.say(
        "At each time step the network has seen the row up to there and should say what comes "
        "next. So a row of T tokens is a triangle of T exercises, and none of them is wasted."
    )
    st.dataframe(tables.next_token_pairs(batch, int(sequence)))
    if settings.carry_state:
        page.note(
            "Here the state is carried on: each row of a batch begins with the state that the same "
            "row of the batch before left behind. As in the tutorial, batches are filled row after "
            f"row, so row 0 of the next batch begins {B} windows further: with more than one row "
            "the carried state skips the text in between."
        )
    else:
        page.say("Every batch begins with a state of zeros.")


show("batches", body)
