"""Dropout: what it does to the numbers."""

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.presets import LINEAR_ALGEBRA


def body(page: Page) -> None:
    """Show mask and survivors on the input and on the hidden states."""
    settings, trace = page.run.settings, page.trace
    q = float(trace["dropout"])
    page.stage()
    if not settings.training:
        page.text(
            "In **evaluation mode** nothing is dropped: the mask is all ones, and x equals e. Turn "
            "on *training mode* under *More settings* to see dropout at work."
        )
    elif q == 0:
        page.text("The dropout rate is 0, so x equals e. Set it under *More settings*.")
    else:
        kept = float(trace["mask_x"].mean())
        page.text(
            f"Dropout sets each number to 0 with probability q = {q:g}, so that the network cannot "
            "rely on any single one. The numbers that are kept are multiplied by 1 / (1 − q) = "
            f"**{1 / (1 - q):.4f}**: the expected value stays the same, and nothing has to be "
            f"rescaled when dropout is off. In this draw, {kept:.1%} of the input's numbers are "
            "kept."
        )
    if q == 0:
        page.text("The masks have one number for each feature and unit; all of them are 1.")
    elif settings.dropout_kind == "locked":
        page.text(
            "The mask is **locked** (variational dropout): one mask for all time steps, so a "
            "dropped feature is missing from the first token to the last."
        )
    else:
        page.text("Each number at each time step is dropped independently of the others.")
        if settings.text == LINEAR_ALGEBRA:
            page.note(
                "The notebook that this text comes from explains variational dropout, one mask for "
                "all time steps, but its code draws element by element. Lock the mask under *More "
                "settings* to see what it describes."
            )
    page.text("The hidden states get a mask of their own before the output head reads them.")
    if settings.dropout == 0.1 and settings.initial == "constant":
        page.note(
            "For an embedding of ones, the notebook that this preset follows prints 1.2346, not "
            "1.1111: its dropout cell had been run twice, and 1.1111² = 1.2346."
        )


show_chapter("dropout", body)
