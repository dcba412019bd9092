"""The cell: each gate's matrices at one time step."""

import streamlit as st

from explainer.views.page import Page, show
from explainer.views.sidebar import BOUND


def gate(page: Page, title: str, g: str, meaning: str) -> None:
    """Show a gate: input part, past part, what its activation sees, the gate."""
    after = page.run.settings.variant == "reset_after"
    st.subheader(title)
    page.say(meaning)
    out = "n" if g == "n" else g
    page.formula(out)
    activation = "tanh→" if g == "n" else "σ→"
    lines = (
        [f"x · W_i{g} + b_i{g} = a_i{g}", f"h_prev · W_h{g} + b_h{g} = a_h{g}"]
        if after
        else [f"x · W_i{g} + b_{g} = a_i{g}", f"h_prev · W_h{g} = a_h{g}"]
    )
    if g != "n":
        lines.append(f"a_i{g} + a_h{g} = a_{g} {activation} {out}")
    elif after:
        lines.append(f"a_in + r ⊙ a_hn = a_n {activation} n")
    else:
        lines[1:] = ["r ⊙ h_prev = h_reset", "h_reset · W_hn = a_hn"]
        lines.append(f"a_in + a_hn = a_n {activation} n")
    page.matrices(
        f"gate-{g}",
        *lines,
        alt=f"{title}: input part, past part, pre-activation and result at time step {page.t}",
    )


def body(page: Page) -> None:
    """Show reset gate, update gate, candidate and new state."""
    after = page.run.settings.variant == "reset_after"
    page.say(
        "At each time step the cell gets the input x and its own last state. Two **gates**, "
        "numbers between 0 and 1, decide what happens: the reset gate how much of the past the "
        "new **candidate** may see, the update gate how much of the old state is kept. Products "
        "are shown as row vectors, x Wᵀ + b."
    )
    gate(page, "Reset gate r", "r", "How much of the past may the candidate see?")
    gate(page, "Update gate z", "z", "How much of the old state is kept?")
    gate(page, "Candidate n", "n", "What would the cell write?")
    if after:
        page.note(
            "Here the reset gate is applied **after** the recurrent product, as in PyTorch and "
            "cuDNN: r ⊙ (h Wᵀ + b). The papers, the tutorial, the library and the lecture apply it "
            "**before**: (r ⊙ h) Wᵀ. The explainer notebook prints the formulas of *before* above "
            "code that computes *after*, and writes ⊙ where a matrix product is meant."
        )
    else:
        page.note(
            "Here the reset gate is applied **before** the recurrent product, (r ⊙ h) Wᵀ, as in "
            "the papers, the tutorial, the library and the lecture. PyTorch and cuDNN apply it "
            "**after**: r ⊙ (h Wᵀ + b). The lecture's own training uses PyTorch's."
        )
    st.subheader("New state h")
    other = st.toggle(
        "Show the other convention, z′ = 1 − z (Chung et al. 2014, Wikipedia)",
        key="convention",
        bind=BOUND,
    )
    if other:
        page.say("Some texts let the gate say how much of the **new** is taken. Same numbers:")
        page.formula("z_other")
        page.formula("h_other")
        line = "z_other , h_prev , n → h"
    else:
        page.formula("h")
        line = "z , h_prev , n → h"
    page.matrices("state", line, alt="update gate, old state, candidate and new state")


show("cell", body)
