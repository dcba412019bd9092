"""The cell: each gate's matrices at one time step."""

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.engine.equations.activation import ACTIVATIONS, USUAL
from explainer.presets import LINEAR_ALGEBRA


def body(page: Page) -> None:
    """Show reset gate, update gate, candidate and new state."""
    page.stage()
    settings = page.run.settings
    gates, candidate = (ACTIVATIONS[name] for name in settings.activations)
    page.text(
        "At each time step the cell mixes the input x with its previous state. Two **gates**, "
        f"vectors of numbers{' between 0 and 1' if gates.is_share else ''}, control the mixing: "
        "the reset gate, how much of the past the new **candidate** sees; the update gate, how "
        "much of the old state is kept. Each column is one hidden unit: read it from top to "
        "bottom. Each number of x stands beside the row of weights that it multiplies, as in "
        "x Wᵀ + b."
    )
    if settings.activations != USUAL:
        small = "" if gates.is_share else " Gates of any size no longer mix: states may grow."
        page.note(
            f"Here the gates are a **{gates.words}** of what comes in, the candidate a "
            f"**{candidate.words}**; torch.nn.GRU has sigmoid and tanh.{small}"
        )
    if settings.variant == "reset_after":
        page.note(
            "Here the reset gate is applied **after** the recurrent product, as in PyTorch and "
            "cuDNN: r ⊙ (h Wᵀ + b). The original papers and most textbooks apply it **before**: "
            "(r ⊙ h) Wᵀ."
        )
        if settings.text == LINEAR_ALGEBRA:
            page.note(
                "The notebook that this text comes from prints the formulas of *before* above code "
                "that computes *after*, and writes ⊙ where it means a matrix product."
            )
    else:
        page.note(
            "Here the reset gate is applied **before** the recurrent product, (r ⊙ h) Wᵀ, as in "
            "the original papers and most textbooks. PyTorch and cuDNN apply it **after**: "
            "r ⊙ (h Wᵀ + b)."
        )
    page.text(
        "Some texts define the update gate as the share of the **candidate** (Chung et al. 2014, "
        "Wikipedia): switch on *z′ = 1 − z* above. A different convention, the same h."
    )


show_chapter("cell", body)
