"""Training: what many updates do to the loss and to the text."""

import math

import streamlit as st

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.app.panels.checkpoint_panel import downloads
from explainer.app.panels.rates_panel import learning_rates
from explainer.app.panels.training_panel import watch_training

FAST = 3.0
"""A learning rate that is large for a long training."""


def body(page: Page) -> None:
    """Train in the page, look at any update, let the network write."""
    settings = page.run.settings
    page.text(
        "One update changes little. Many of them, each on the next batch, teach the network to "
        "say what should come out. Every update is computed as in the previous chapter, by the "
        "same equations."
    )
    if not st.context.is_embedded:
        learning_rates(settings)
    watch_training(settings)
    if settings.learning_rate >= FAST:
        page.note(
            f"A learning rate of {settings.learning_rate:g} makes one update easy to see. In a "
            "long training the loss jumps about: try about 1."
        )
    if settings.carry_state:
        page.note(
            "The state is carried over from batch to batch, but **detached**: gradients stop "
            "there. Otherwise the second batch's backward pass would continue into the first "
            "batch's graph, which PyTorch has already freed: “Trying to backward through the graph "
            "a second time”."
        )
    if not page.has("p"):
        st.subheader("Download the network")
        downloads(page.run)
        return
    blind = len(page.run.batch.vocabulary)
    choices = "tokens" if page.run.settings.values is None else "classes"
    page.text(
        f"**Perplexity**, exp(loss), is the effective number of {choices} the model is choosing "
        f"between. Uniform guessing has the perplexity V = {blind}, a loss of ln V = "
        f"{math.log(blind):.4f}; 1 would mean certainty."
    )
    st.subheader("Download the network")
    downloads(page.run)


show_chapter("training", body)
