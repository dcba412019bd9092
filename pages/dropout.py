"""Dropout: what it does to the numbers."""

from explainer.app.page import Page, show_chapter
from explainer.stage.scene import lane


def body(page: Page) -> None:
    """Show mask and survivors on the input and on the hidden states."""
    settings, trace = page.run.settings, page.trace
    q = float(trace["dropout"])
    if not settings.training:
        page.text(
            "When **evaluating**, nothing is dropped: the mask is all ones and x equals e. Choose "
            "*training mode* under *More settings* to see dropout at work."
        )
    elif q == 0:
        page.text("Dropout is 0 here, so x equals e. Set it under *More settings*.")
    else:
        kept = float(trace["mask_x"].mean())
        page.text(
            f"Each number is dropped with probability q = {q:g}. The survivors are multiplied by "
            f"1 / (1 − q) = **{1 / (1 - q):.4f}**, so that on average nothing gets smaller. In "
            f"this draw {kept:.1%} of the input's numbers survive."
        )
    page.stage(
        lane("On the input", "x", first=("e",)),
        lane("On the hidden states", "h_out", first=("h",)),
    )
    if q == 0:
        page.text("The masks have a number for every feature and unit, and all of them are 1.")
    elif settings.dropout_kind == "locked":
        page.text(
            "The mask is **locked** (variational dropout): one mask for all time steps, so a "
            "feature that is dropped is missing from the first token to the last."
        )
    else:
        page.text("The mask is drawn anew for every number of every time step.")
        page.note(
            "The notebook explains variational dropout, one mask for all time steps, but its code "
            "draws element by element. Lock the mask under *More settings* to see what it "
            "describes."
        )
    page.over_time("mask_x", "x")
    page.text("The hidden states go through a mask of their own before the output head reads them:")
    page.over_time("mask_h", "h_out")
    if settings.dropout == 0.1 and settings.initial == "constant":
        page.note(
            "The notebook prints 1.2346 and not 1.1111 for an embedding of ones: its dropout cell "
            "was run twice, and 1.1111² = 1.2346."
        )


show_chapter("dropout", body)
