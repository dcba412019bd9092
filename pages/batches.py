"""Batches: which tokens go in, and what should come out."""

import streamlit as st

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.number_table import NumberTable
from explainer.plots import tables

WINDOWS = {
    "in_order": (
        "The text is read in windows of B·T + 1 = {B} · {T} + 1 = **{window}** tokens. Each window "
        "fills the rows of its batch one after the other."
    ),
    "sequential": (
        "The text is cut into B = {B} parts of equal length. From batch to batch, each row reads "
        "on in its own part (sequential partitioning)."
    ),
    "random": (
        "Each row starts at a random position in the text, drawn with replacement for every batch: "
        "an epoch reads some tokens more than once and others not at all."
    ),
    "shuffled": (
        "The text is cut into windows of T = {T} tokens side by side, and these are drawn into "
        "batches without putting any back: an epoch reads each window once. The next epoch cuts "
        "the text in other places and draws another order."
    ),
}


def of_text(page: Page) -> str:
    """Return which batch this is, of how many, and which part of the text it covers."""
    batch, windows = page.run.batch, page.run.settings.windows
    B, T = batch.ids.shape
    if windows == "shuffled":
        epoch, nth = divmod(batch.index, batch.count)
        return f"Batch {batch.index:,}: {nth:,} of 0–{batch.count - 1:,} of epoch {epoch:,}."
    if windows == "random":
        return f"Batch {batch.index}, drawn at random; an epoch has {batch.count:,} batches."
    length, of = (T, " of each part") if windows == "sequential" else (B * T, "")
    return (
        f"Batch {batch.index:,} of 0–{batch.count - 1:,}: tokens "
        f"{batch.index * length:,} to {(batch.index + 1) * length:,}{of}."
    )


def numbers(page: Page, values: NumberTable) -> None:
    """Show what goes in and what should come out, where these are numbers."""
    batch, trace = page.run.batch, page.trace
    B, T = batch.ids.shape
    out = "the values of the next row"
    if values.targets is not None:
        out = "the class in the column `target`" if values.classes else "the column `target`"
    page.text(
        f"A batch is B = {B} {'sequences' if B > 1 else 'sequence'} of up to T = {T} time steps: "
        "each sequence of the table, cut into pieces where it is longer. At each time step the "
        f"features go in, and what should come out is {out}."
    )
    st.caption(f"Batch {batch.index:,} of 0–{batch.count - 1:,}.")
    page.choose_sequence()
    st.subheader("What goes in")
    st.dataframe(tables.matrix(trace, "values", batch, page.sequence))
    st.subheader("What should come out")
    st.dataframe(tables.wanted(batch, page.sequence))
    page.note(
        f"{int(trace['answers']):,} of {trace['counted'].size:,} answers count in the loss: none "
        "where a target is missing, or after the end of a sequence (·)."
    )


def body(page: Page) -> None:
    """Show the windows, the shift by one, the triangle of next-token pairs."""
    batch, settings = page.run.batch, page.run.settings
    if settings.values is not None:
        numbers(page, settings.values)
        return
    B, T = batch.ids.shape
    page.text(
        f"A batch is B = {B} {'rows' if B > 1 else 'row'} of T = {T} "
        f"{'tokens' if T > 1 else 'token'}: the **inputs**. The **targets** are the same text, "
        "shifted by one: for every token, the one that actually comes next. "
        + WINDOWS[settings.windows].format(B=B, T=T, window=B * T + 1)
    )
    st.caption(of_text(page))
    st.subheader("Inputs: token (id)")
    st.dataframe(tables.batch_table(batch, batch.ids))
    st.subheader("Targets: the same tokens, shifted by one")
    st.dataframe(tables.batch_table(batch, batch.targets))
    st.subheader("Each row gives T training examples")
    page.choose_sequence()
    page.text(
        "At each time step the network has read the row up to that point and must predict the "
        "next token. So one row of T tokens gives a triangle of T training examples."
    )
    st.dataframe(tables.next_token_pairs(batch, page.sequence))
    if settings.lengths:
        page.note(
            f"The rows are {', '.join(map(str, settings.lengths))} time steps long. What comes "
            "after (·) is padding: it is computed with the others, as in a padded tensor, but no "
            "answer counts there and no gradient comes back."
        )
    if settings.answers == "last":
        page.note(
            "Only the answer at each row's last time step counts in the loss: one target for each."
        )
    if settings.carry_state and settings.windows == "in_order":
        page.note(
            "The state is carried over: each row starts with the state that the same row of the "
            "previous batch ended with. But batches are filled row by row here, so the same row of "
            f"the next batch starts B · T = {B * T:,} tokens further on: with more than one row, "
            "the carried state skips the text in between. With *sequential* windows it does not."
        )
    elif settings.carry_state and settings.windows == "sequential":
        page.note(
            "The state is carried over: each row starts with the state that the same row of the "
            "previous batch ended with, and its text continues exactly there."
        )
    else:
        page.text("Every batch starts with a state of zeros.")


show_chapter("batches", body)
