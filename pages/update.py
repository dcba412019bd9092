"""Update: what one update changes, and whether it helps."""

from dataclasses import replace

import streamlit as st

from explainer.app.page import Page, show_chapter
from explainer.plots import tables
from explainer.presets import PRESETS
from explainer.stage.scene import lane


def body(page: Page) -> None:
    """Show every parameter before and after, and the loss of the second pass."""
    run = page.run
    update, settings = run.update, run.settings
    page.text(
        "Gradient descent takes one small step against the gradient, for every parameter at once. "
        "How far is the learning rate's choice."
    )
    name = page.parameter("parameter", "W_o")
    page.stage(
        lane("Learning rate × gradient", f"lr_d_{name}"),
        lane("Before, and after", f"new_{name}"),
    )
    st.subheader("Every parameter")
    st.dataframe(tables.parameters_changed(update, dict(update.after)), hide_index=True)
    if "scale" in update:
        st.subheader("Clipping")
        page.formula("scale", update)
        norm, scale = float(update["norm"]), float(update["scale"])
        long = f"All gradients together have the length {norm:.4f}; the limit is "
        so = (
            f"so every gradient is multiplied by **{scale:.4f}**" if scale < 1 else "so none is cut"
        )
        page.text(f"{long}{float(update['clip_norm']):g}, {so}.")
    st.subheader("Did it help? The second pass")
    before, after = float(run.trace["loss"]), float(run.second["loss"])
    promised = float(update["predicted_change"])
    left, middle, right = st.columns(3)
    left.metric("loss before", f"{before:.4f}")
    middle.metric("loss after", f"{after:.4f}", f"{after - before:.4f}", "inverse")
    right.metric("the slope alone promised", f"{before + promised:.4f}", f"{promised:.4f}", "off")
    change = (after - before) / before if before else 0.0
    page.text(f"On the same batch the loss changes by **{change:+.1%}**.".replace("-", "−"))
    page.formula("predicted_change", update)
    if settings.redraw_masks and float(run.trace["dropout"]):
        page.text(
            "The second pass draws new dropout masks, as the notebook does, so a part of the "
            "difference is chance."
        )
    notebook, tutorial = PRESETS["linear_algebra"], PRESETS["math"]
    if replace(settings, hidden_size=notebook.hidden_size) == notebook:
        page.note(
            "The notebook says that the loss falls “by about 6 %”. With its own code and H = 2 it "
            "falls by **3.0 %** (3.5835 to 3.4771 without dropout). At H = 4 it is 5.2 %, at 8 "
            "8.1 %, at 32 13 %: move the **hidden size**."
        )
    if page.equal_head:
        page.note(
            "Only the head changes: every gradient below it is exactly zero, since all rows of the "
            "head are equal."
        )
    if replace(settings, batch_index=0, updates=0) == tutorial:
        page.note(
            "The tutorial's printed training log (0.0619 to 0.0575) is not that of its first 100 "
            "epochs. From its first weights epoch 1 ends at 1.3024 and epoch 91 at 1.0163; the log "
            "fits epochs 2,797 to 2,887, so the cell had been run about 28 times."
        )


show_chapter("update", body)
