"""Gradients: how every number shares the blame for the loss."""

import streamlit as st

from explainer.analysis.time_contributions import too_many
from explainer.app.chapter_page import lazy_expander, show_chapter
from explainer.app.page import Page
from explainer.app.panels.influence_panel import influence_here, past
from explainer.stage.influence_maps import influence_json
from explainer.stage.prose.inline_markup import escape_markdown
from explainer.stage.prose.loss_stories import BACKWARD_PASS, gradients_answer


def body(page: Page) -> None:
    """Show which gradient is largest, how it fades, then the backward pass at one time step."""
    maps = influence_here(page)
    answer, *notes = gradients_answer(page.run, page.sequence, maps)
    left, right = st.columns([3, 1], vertical_alignment="bottom", gap="medium")
    with left:
        page.tell([answer])
    with right:
        weight = page.parameter("weight")
    page.tell(notes)
    share = f"d_{weight}_t"
    problem = too_many(page.trace, weight)
    if problem:
        page.note(escape_markdown(str(problem)))
    page.stage(
        weight,
        without=share if problem else "",
        influence=influence_json(maps, page.sequence, page.edit),
    )
    left, right = st.columns(2, vertical_alignment="center", gap="medium")
    with left:
        page.tell([BACKWARD_PASS])
    with right:
        page.formula(share)
    lazy_expander("open-past", past, page)


show_chapter("gradients", body)
