"""The cell: each gate's matrices at one time step."""

from explainer.app.page import Page, show_chapter
from explainer.stage.scene import lane


def body(page: Page) -> None:
    """Show reset gate, update gate, candidate and new state."""
    page.text(
        "At each time step the cell gets the input x and its own last state. Two **gates**, "
        "numbers between 0 and 1, decide what happens: the reset gate how much of the past the "
        "new **candidate** may see, the update gate how much of the old state is kept. Each "
        "column is one hidden unit: read it downwards. A number of x stands beside the row of "
        "weights it multiplies, as in the row-vector product x Wᵀ + b."
    )
    page.stage(
        lane("What comes in", first=("x", "h_prev"), hue="x"),
        lane("Reset gate r", "a_ir", "a_hr", "a_r", "r"),
        lane("Update gate z", "a_iz", "a_hz", "a_z", "z"),
        lane("Candidate n", "a_in", "h_reset", "a_hn", "a_n", "n"),
        lane("New state h", "h"),
        wired=True,
    )
    if page.run.settings.variant == "reset_after":
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
