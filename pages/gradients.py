"""Gradients: how every number shares the blame for the loss."""

import math

import streamlit as st

from explainer.analysis.time_contributions import norms
from explainer.app.page import Page, lazy_expander, show_chapter
from explainer.app.panels.contributions_panel import sum_over_time
from explainer.app.panels.influence_panel import past
from explainer.plots.heatmap import NOTHING
from explainer.stage.scene import lane

# most numbers of a weight's shares over time that a page computes
MOST_SHARES = 4_000_000


def body(page: Page) -> None:
    """Show the backward pass at one time step, and a weight's gradient as a sum over time."""
    page.text(
        "The backward pass asks of every number: if it were a little larger, how much would the "
        "loss grow? It goes from the loss back to the text, and through time from the last time "
        "step to the first. Every formula here is written by hand and checked against autograd."
    )
    if page.equal_head:
        page.note(
            "**Everything below the head is exactly zero**, and that is right: all rows of the "
            "head are equal, so a change of the state changes all logits alike and no probability. "
            "Only the head learns in this update. (Where a number such as 1e−17 stands, it is "
            "the rounding of a sum that is zero.) Choose random initial values to break the "
            "symmetry."
        )
    after = page.run.settings.variant == "reset_after"
    reset = ["d_a_n ⊙ a_hn = d_r"] if after else ["d_a_hn | W_hn = d_h_reset ⊙ h_prev = d_r"]
    candidate_way = "+ d_a_hn | W_hn" if after else "+ d_h_reset ⊙ r"
    weight = page.parameter("weight", "W_hz")
    share = f"d_{weight}_t"
    shared = math.prod(page.trace.shape(share)) <= MOST_SHARES
    turn = "ᵀ" if weight.startswith("W_") else ""
    page.stage(
        lane("From the loss to the scores", "d_logits", "{(} p − y{)} {/ (B · T) =} d_logits"),
        lane(
            "To the state",
            "h",
            "d_logits | W_o = d_h_out",
            "⊙ mask_h {/ (1 − q) +} d_h_next = d_h",
        ),
        lane("To the candidate", "n", "d_h {⊙ (1 −} z{)} = d_n {⊙ (1 −} n{²)} = d_a_n"),
        lane(
            "To the update gate",
            "z",
            "d_h {⊙ (} h_prev − n{)} = d_z",
            "⊙ z {⊙ (1 − z) =} d_a_z",
        ),
        lane("To the reset gate", "r", *reset, "⊙ r {⊙ (1 − r) =} d_a_r"),
        lane(
            "Back to the old state",
            "h",
            *("d_h ⊙ z", "+ d_a_hr | W_hr", "+ d_a_hz | W_hz", candidate_way, "= d_h_prev"),
        ),
        lane(
            "Back to the input",
            "x",
            *("d_a_ir | W_ir", "+ d_a_iz | W_iz", "+ d_a_in | W_in"),
            "= d_x ⊙ mask_x {/ (1 − q) =} d_e",
        ),
        lane(
            f"The gradient of {weight}: this time step's share, and the sum over all"
            if shared
            else f"The gradient of {weight}",
            weight,
            *([f"= d_{weight}_t{turn}"] if shared else []),
            f"Σ d_{weight}{turn}",
        ),
    )
    lazy_expander("How far does the past matter? The GRU beside an ordinary RNN", past, page)
    page.over_time("d_h")
    st.subheader("A weight's gradient is a sum over time")
    page.formula(share)
    page.formula(f"d_{weight}")
    if not shared:
        page.note(
            f"Each time step's share in d_{weight} would be {math.prod(page.trace.shape(share)):,} "
            f"numbers in all; up to {MOST_SHARES:,} are shown. Choose a shorter context or a "
            f"smaller hidden size to see them."
        )
        return
    shares = page.trace[share]
    sum_over_time(page, weight, shares)
    title = f"norm of each time step's share in d_{weight}"
    lengths = norms(shares)
    if lengths.max() >= NOTHING:
        page.bars("norms", lengths, page.tokens(), title)


show_chapter("gradients", body)
