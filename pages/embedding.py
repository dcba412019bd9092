"""Embedding: how a token becomes a vector."""

import numpy as np

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page


def body(page: Page) -> None:
    """Show the lookup, and that it is a one-hot row times the matrix."""
    if page.has("values"):
        page.text(
            "Numbers need no embedding: the features of a time step *are* the vector that goes in."
        )
        page.stage()
        return
    if not page.has("E"):
        page.stage()
        page.text(
            "Without an embedding the input *is* the one-hot vector: one feature for each token of "
            "the vocabulary, a 1 at the token's id. A weight matrix times such a vector picks out "
            "one column, so the cell's input weights do the work of an embedding."
        )
        return
    page.stage()
    page.text(
        "The embedding is a matrix with one row for each token of the vocabulary. Looking up the "
        "row at the token's id is the same as multiplying its one-hot vector by the matrix: every "
        "other row is multiplied by 0."
    )
    if np.ptp(page.trace["E"], axis=0).max() == 0:
        page.note(
            "This run starts with an embedding of ones, so every token looks the same to the cell. "
            "Choose other initial values under *More settings* to tell them apart."
        )


show_chapter("embedding", body)
