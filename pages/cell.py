"""The cell: each gate's matrices at one time step."""

from explainer.app.page import Page, show_chapter
from explainer.stage.scene import lane


def body(page: Page) -> None:
    """Show reset gate, update gate, candidate and new state."""
    after = page.run.settings.variant == "reset_after"
    page.text(
        "At each time step the cell gets the input x and its own last state. Two **gates**, "
        "numbers between 0 and 1, decide what happens: the reset gate how much of the past the "
        "new **candidate** may see, the update gate how much of the old state is kept. Each "
        "column is one hidden unit: read it downwards. A number of x stands beside the row of "
        "weights it multiplies, as in the row-vector product x Wᵀ + b."
    )
    gates = [
        lane(
            f"{title} {g}",
            g,
            f"x | W_i{g}ᵀ + {f'b_i{g}' if after else f'b_{g}'} = a_i{g}",
            f"h_prev | W_h{g}ᵀ {f'+ b_h{g} ' if after else ''}= a_h{g}",
            f"{{+ a_i{g} =}} a_{g} σ {g}",
        )
        for title, g in (("Reset gate", "r"), ("Update gate", "z"))
    ]
    if after:
        candidate = [
            "x | W_inᵀ + b_in = a_in",
            "h_prev | W_hnᵀ + b_hn = a_hn",
            "⊙ r {+ a_in =} a_n tanh n",
        ]
    else:
        candidate = [
            "x | W_inᵀ + b_n = a_in",
            "r ⊙ h_prev = h_reset",
            "h_reset | W_hnᵀ = a_hn",
            "{+ a_in =} a_n tanh n",
        ]
    page.stage(
        lane("What comes in", "x", "x", "h_prev"),
        *gates,
        lane("Candidate n", "n", *candidate),
        lane("New state h", "h", "z ⊙ h_prev {+ (1 − z) ⊙} n = h"),
        wired=True,
    )
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
    page.text(
        "Some texts let the update gate say how much of the **new** is taken (Chung et al. 2014, "
        "Wikipedia): switch on *z′ = 1 − z* above. Other words, the same numbers in h."
    )


show_chapter("cell", body)
