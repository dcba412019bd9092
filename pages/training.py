"""Training: what many updates do to the loss and to the text."""

import math

import streamlit as st

from explainer.app.page import Page, show_chapter
from explainer.app.panels.checkpoint_panel import downloads
from explainer.app.panels.training_panel import watch

FAST = 3.0
"""A learning rate that is large for a long training."""


def body(page: Page) -> None:
    """Train in the page, look at any update, let the network write."""
    settings = page.run.settings
    page.text(
        "One update changes little. Many of them, each on the next batch, teach the network to "
        "expect the text. Every update here is the one of the chapter before, by the same "
        "equations; nothing else happens."
    )
    watch(settings)
    if settings.learning_rate >= FAST:
        page.note(
            f"A learning rate of {settings.learning_rate:g} makes one update easy to see. In a "
            "long training it jumps about: try about 1."
        )
    if settings.carry_state:
        page.note(
            "The state is carried on from batch to batch, but **cut off** from its past "
            "(detached). Without the cut, the second batch's backward pass would run into the "
            "first one's, whose values PyTorch has already freed: “Trying to backward through "
            "the graph a second time”. The tutorial's notebook runs only since its older PyTorch "
            "let that pass."
        )
    blind = len(page.run.batch.vocabulary)
    page.text(
        f"**Perplexity** is exp(loss): between how many tokens the network wavers. Guessing "
        f"blindly it is V = {blind}, that is a loss of ln V = {math.log(blind):.4f}; 1 would be "
        f"knowing."
    )
    st.subheader("Take the network away")
    downloads(page.run)


show_chapter("training", body)
