"""Loss: how wrong the prediction is, as one number."""

import math

import numpy as np
import streamlit as st

from explainer.app.chapter_page import show_chapter
from explainer.app.page import NOTHING, Page


def squared(page: Page) -> None:
    """Show the squared error of outputs that are numbers."""
    trace = page.trace
    page.text(
        "The answers are numbers, so the loss is the **mean squared error**: the difference "
        "between what comes out and what should, squared; the mean over the outputs; the mean "
        "over the answers that count. It is computed in three steps, so that each can be checked."
    )
    title = "third term: each time step's part of the loss"
    page.bars("se_3", trace["se_3"], page.tokens(), title)
    page.note(f"Of {trace['counted'].size:,} answers **{int(trace['answers']):,}** count.")
    st.subheader("The loss")
    left, right = st.columns(2)
    left.metric("mean squared error", f"{float(trace['loss']):.4g}")
    right.metric("its root", f"{math.sqrt(float(trace['loss'])):.4g}")


def body(page: Page) -> None:
    """Show the three terms of cross-entropy and their mean."""
    trace, batch = page.trace, page.run.batch
    page.stage()
    if page.has("se_3"):
        squared(page)
        return
    some = page.has("counted")
    right = "the class that is right" if page.has("values") else "the token that actually came next"
    mean = (
        "take minus the mean over the answers that count"
        if some
        else "take minus the mean over the sequences"
    )
    page.text(
        f"Cross-entropy looks only at the probability of {right}. It is "
        "computed here in the “three terms” of the tutorial *GRUs explained with matrices*. They "
        "are three **steps**, each made from the one before: pick ln p of the target, add up over "
        f"the vocabulary, {mean}. Taken apart, each step can be "
        "checked by itself, and the loss of every single token is seen before it is averaged."
    )
    part = "each time step's part of the loss" if some else "the mean loss at each time step"
    page.bars("ce_3", trace["ce_3"], page.tokens(), f"third term: {part}")
    if some:
        page.note(
            f"Of {trace['counted'].size:,} answers **{int(trace['answers']):,}** count: where "
            "`counted` is 0, nothing is added to the loss and no gradient comes back. On the stage "
            "a number of `counted` can be flipped."
        )
    else:
        page.note(
            "The tutorial calls these numbers the loss of each *sequence*. But after the mean over "
            "the sequences, the axis that remains is the **time step**: one number for each "
            "position."
        )
    st.subheader("The loss")
    loss = float(trace["loss"])
    left, middle, last = st.columns(3)
    left.metric("loss", f"{loss:.4f}")
    middle.metric("perplexity exp(loss)", f"{math.exp(min(loss, 700.0)):.2f}")
    last.metric("uniform guessing, ln V", f"{math.log(len(batch.vocabulary)):.4f}")
    if page.equal_head and np.ptp(trace["logits"], axis=-1).max() < NOTHING:
        page.note(
            "Whatever dropout does, the loss is ln V: all logits are equal at each time step, so "
            "every token gets the probability 1/V."
        )


show_chapter("loss", body)
