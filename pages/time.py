"""Through time: what the cell keeps, and for how long."""

import numpy as np

from explainer.app.chapter_page import show_chapter
from explainer.app.page import NOTHING, Page


def body(page: Page) -> None:
    """Show r, z, n and h of one sequence over all time steps."""
    page.stage()
    page.text(
        "The same weights are used at every time step; only the state is passed on. Read each "
        "picture from left to right: each row is one hidden unit, each column one token."
    )
    page.text(
        "Gates have three jobs: **store** something early for later (z stays near 1), **skip** "
        "what carries no meaning (z near 1 just there), **reset** where something new begins (r or "
        "z near 0)."
    )
    z = page.trace["z"][page.sequence].mean(-1)
    page.bars(
        "mean-z", z, page.tokens(), "mean of z over the units: how much of the old state is kept"
    )
    if page.trace.sizes["H"] > 1 and np.ptp(page.trace["h"], axis=-1).max() < NOTHING:
        page.note(
            "All units have the same weights, so all rows are equal. Choose random initial values "
            "to tell the units apart."
        )


show_chapter("time", body)
