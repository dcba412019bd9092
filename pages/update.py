"""Update: what one update changes, and whether it helps."""

import streamlit as st

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.plots import tables
from explainer.stage.prose.loss_stories import DESCENT, chance, clipping, second_pass, update_notes


def body(page: Page) -> None:
    """Show every parameter before and after, and the loss of the second pass."""
    run, update = page.run, page.run.update
    page.stage(page.parameter("parameter"))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown("#### Every parameter")
        table = tables.parameters_changed(update, dict(update.after))
        st.dataframe(table, hide_index=True, height="content", row_height=30)
    with right:
        st.markdown("#### Did it help? The second pass")
        page.tell([second_pass(run)])
        page.formula("predicted_change", update)
        page.tell([*chance(run), DESCENT])
    if "scale" in update:
        st.subheader("Clipping")
        page.formula("scale", update)
        page.tell([clipping(run)])
    page.tell(update_notes(run))


show_chapter("update", body)
