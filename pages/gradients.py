"""Gradients: how every number shares the blame for the loss."""

import numpy as np
import streamlit as st

from explainer.panels import NOTHING, Panel
from explainer.views.page import Page, show


def body(page: Page) -> None:
    """Show the backward pass at one time step, and a weight's gradient as a sum over time."""
    page.say(
        "The backward pass asks of every number: if it were a little larger, how much would the "
        "loss grow? It goes from the loss back to the text, and through time from the last time "
        "step to the first. Every formula here is written by hand and checked against autograd."
    )
    if np.abs(page.trace["d_h_out"]).max() < NOTHING:
        page.note(
            "**Everything below the head is exactly zero**, and that is right: all rows of the "
            "head are equal, so a change of the state changes all logits alike and no probability. "
            "Only the head learns in this update. (Where a number such as 1e−17 stands, it is "
            "the rounding of a sum that is zero.) Choose random initial values to break the "
            "symmetry."
        )
    st.subheader("From the loss to the state")
    page.formula("d_logits")
    page.matrices("d-logits", "d_logits", alt="gradient of the logits")
    page.formula("d_h_out")
    page.formula("d_h")
    page.matrices(
        "d-h",
        [
            page.panel("d_h_out", "d_h_out, from the output", sign="+"),
            page.panel("d_h_next", "d_h_next, from later", sign="="),
            page.panel("d_h"),
        ],
        alt="the state's gradient: from the output, from later, together",
    )
    st.subheader("Through the gates")
    for name in ("d_n", "d_z", "d_a_n", "d_a_z", "d_r", "d_a_r"):
        page.formula(name)
    page.matrices(
        "d-gates",
        "d_n , d_z , d_r",
        "d_a_n , d_a_z , d_a_r",
        alt="gradients of candidate and gates, and of what their activations see",
    )
    st.subheader("Back to the time step before, and to the input")
    page.formula("d_h_prev")
    page.formula("d_x")
    page.matrices("d-back", "d_h_prev , d_x , d_e", alt="gradients of old state and input")
    page.over_time("d_h")
    st.subheader("A weight's gradient is a sum over time")
    weights = [n for n in page.run.update.before if n[:2] in ("W_", "b_") or n == "E"]
    name = st.selectbox("Parameter", weights, weights.index("W_hz"), key="weight")
    total, share = f"d_{name}", f"d_{name}_t"
    page.formula(share)
    page.formula(total)
    shares = page.trace[share]
    whole = page.panel(total)
    here = np.atleast_2d(shares[page.t])
    here = here.T if name.startswith("W_") else here
    page.matrices(
        "share",
        [
            Panel(total, f"share of t = {page.t}", here, whole.rows, whole.columns, whole.limit),
            whole,
        ],
        alt=f"share of time step {page.t} in the gradient of {name}, and the whole gradient",
    )
    norms = np.sqrt((shares.reshape(len(shares), -1) ** 2).sum(-1))
    page.bars("norms", norms, page.tokens(), f"length of each time step's share in d_{name}")


show("gradients", body)
