"""Batches: which tokens go in, and what should come out."""

import streamlit as st

from explainer.app.page import Page, show_chapter
from explainer.plots import tables

WINDOWS = {
    "in_order": (
        "The text is read in windows of B·T + 1 = {B} · {T} + 1 = **{window}** tokens, and each "
        "window fills its rows one after the other."
    ),
    "sequential": (
        "The text is cut into B = {B} parts of equal length, and each row reads on in its own part "
        "from batch to batch (the lecture's sequential partitioning)."
    ),
    "random": (
        "Each row begins at a place of the text drawn anew for every batch, whatever was drawn "
        "before: an epoch reads some tokens more than once and others not at all."
    ),
}


def of_text(page: Page) -> str:
    """Return how many batches there are, and where this one stands in the text."""
    batch, windows = page.run.batch, page.run.settings.windows
    B, T = batch.ids.shape
    if windows == "random":
        return f"as it was drawn; an epoch counts {batch.count:,}."
    length, of = (T, " of each part") if windows == "sequential" else (B * T, "")
    return (
        f"of this text, which has {batch.count:,} (0 to {batch.count - 1:,}): tokens "
        f"{batch.index * length:,} to {(batch.index + 1) * length:,}{of}."
    )


def body(page: Page) -> None:
    """Show the windows, the shift by one, the triangle of next-token pairs."""
    batch, settings = page.run.batch, page.run.settings
    B, T = batch.ids.shape
    page.text(
        f"A batch is B = {B} {'rows' if B > 1 else 'row'} of T = {T} "
        f"{'tokens' if T > 1 else 'token'}, its **inputs**. The **targets** are the same "
        "one place further in the text: for every token the one that really comes next. "
        + WINDOWS[settings.windows].format(B=B, T=T, window=B * T + 1)
    )
    st.caption(f"Batch {batch.index} {of_text(page)}")
    st.subheader("Inputs: token (id)")
    st.dataframe(tables.batch_table(batch, batch.ids))
    st.subheader("Targets: the same, one place further")
    st.dataframe(tables.batch_table(batch, batch.targets))
    st.subheader("One row is T exercises")
    sequence = st.number_input(f"Sequence (0 to {B - 1})", 0, B - 1, 0, key="row") if B > 1 else 0
    page.text(
        "At each time step the network has seen the row up to there and should say what comes "
        "next. So a row of T tokens is a triangle of T exercises, and none of them is wasted."
    )
    st.dataframe(tables.next_token_pairs(batch, int(sequence)))
    if settings.carry_state and settings.windows == "in_order":
        page.note(
            "Here the state is carried on: each row of a batch begins with the state that the same "
            "row of the batch before left behind. As in the tutorial, batches are filled row after "
            f"row, so a row of the next batch begins B · T = {B * T:,} tokens further: with more "
            "than one row the carried state skips the text in between. With *sequential* windows "
            "it does not."
        )
    elif settings.carry_state and settings.windows == "sequential":
        page.note(
            "Here the state is carried on: each row of a batch begins with the state that the same "
            "row of the batch before left behind, and its text goes on just there."
        )
    else:
        page.text("Every batch begins with a state of zeros.")


show_chapter("batches", body)
