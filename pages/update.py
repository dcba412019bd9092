"""Update: what one update changes, and whether it helps."""

from dataclasses import replace

import streamlit as st

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.plots import tables
from explainer.presets import PRESETS


def second_pass(page: Page) -> None:
    """Say whether the update helped, and what the slope promised."""
    run = page.run
    update, settings = run.update, run.settings
    st.markdown("#### Did it help? The second pass")
    before, after = float(run.trace["loss"]), float(run.second["loss"])
    promised = float(update["predicted_change"])
    change = (after - before) / before if before else 0.0
    words = (
        f"On the same batch the loss changes from {before:.4f} to {after:.4f}, by "
        f"**{change:+.1%}**. The slope alone promised {before + promised:.4f}."
    )
    page.text(words.replace("-", "−"))
    page.formula("predicted_change", update)
    if settings.redraw_masks and float(run.trace["dropout"]):
        page.text("The second pass draws new dropout masks, so part of the difference is chance.")


def body(page: Page) -> None:
    """Show every parameter before and after, and the loss of the second pass."""
    run = page.run
    update, settings = run.update, run.settings
    page.stage(page.parameter("parameter"))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown("#### Every parameter")
        table = tables.parameters_changed(update, dict(update.after))
        st.dataframe(table, hide_index=True, height="content", row_height=30)
    with right:
        second_pass(page)
        page.text(
            "Gradient descent moves every parameter a little against its gradient, all at once. "
            "The learning rate sets how far."
        )
    if "scale" in update:
        st.subheader("Clipping")
        page.formula("scale", update)
        norm, scale = float(update["norm"]), float(update["scale"])
        long = f"All gradients together have the norm {norm:.4f}; the limit is "
        so = (
            f"so every gradient is multiplied by **{scale:.4f}**"
            if scale < 1
            else "so nothing is clipped"
        )
        page.text(f"{long}{float(update['clip_norm']):g}, {so}.")
    notebook, tutorial = PRESETS["linear_algebra"], PRESETS["math"]
    if replace(settings, hidden_size=notebook.hidden_size) == notebook:
        page.note(
            "The notebook that this preset follows says that the loss falls “by about 6 %”. With "
            "its own code and H = 2 it falls by **3.0 %** (3.5835 to 3.4771 without dropout); with "
            "H = 4 by 5.2 %, with 8 by 8.1 %, with 32 by 13 %. Move the **hidden size** to see it."
        )
    if page.equal_head:
        page.note(
            "Only the head changes: every gradient below it is exactly zero, because all rows of "
            "the head are equal."
        )
    if replace(settings, batch_index=0, updates=0) == tutorial:
        page.note(
            "The training log printed in the tutorial that this preset follows (0.0619 to 0.0575) "
            "is not that of the first 100 epochs. From its initial weights, epoch 1 ends at 1.3024 "
            "and epoch 91 at 1.0163; the log fits epochs 2,797 to 2,887, so the notebook cell had "
            "been run about 28 times."
        )


show_chapter("update", body)
