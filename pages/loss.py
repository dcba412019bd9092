"""Loss: how wrong the prediction is, as one number."""

import math

import numpy as np
import streamlit as st

from explainer.panels import Panel
from explainer.tables import labels
from explainer.views.page import Page, show


def body(page: Page) -> None:
    """Show the three terms of cross-entropy and their mean."""
    trace, batch = page.trace, page.run.batch
    B, T = batch.ids.shape
    page.say(
        "Cross-entropy looks only at the probability of the token that really came. It is taken "
        "apart here into the three terms of the matrices tutorial, and their mean."
    )
    st.subheader("First term: the target's row times ln p")
    page.formula("log_p")
    page.formula("ce_1")
    page.matrices("term-1", "p", "log_p", "y", "ce_1", alt="p, ln p, target row and first term")
    times, rows = labels("T", T, batch, page.sequence), labels("B", B, batch)
    st.subheader("Second term: added up over the vocabulary")
    page.formula("ce_2")
    mark = page.t
    page.matrices(
        "term-2",
        [Panel("ce_2", "ce_2", trace["ce_2"], rows, times, None, mark)],
        alt="second term: one number for each sequence and time step",
    )
    st.subheader("Third term: minus the mean over the sequences")
    page.formula("ce_3")
    page.matrices(
        "term-3",
        [Panel("ce_3", "ce_3", np.atleast_2d(trace["ce_3"]), [""], times, None, mark)],
        alt="third term: one number for each time step",
    )
    page.note(
        "The tutorial calls these numbers the loss of each *sequence*. After the mean over the "
        "sequences, the axis that is left is the **time step**: one number for each place in the "
        "text."
    )
    st.subheader("Their mean: the loss")
    page.formula("loss")
    loss = float(trace["loss"])
    left, middle, right = st.columns(3)
    left.metric("loss", f"{loss:.4f}")
    middle.metric("perplexity exp(loss)", f"{math.exp(min(loss, 700.0)):.2f}")
    right.metric("guessing blindly, ln V", f"{math.log(len(batch.vocabulary)):.4f}")
    if page.run.settings.initial == "constant":
        page.note(
            "Whatever dropout does, the loss is ln V: all logits of a row are equal, so every "
            "token gets probability 1/V."
        )


show("loss", body)
