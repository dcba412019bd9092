"""Gradients: how every number shares the blame for the loss."""

import numpy as np
import streamlit as st

from explainer.analysis.time_contributions import norms, too_many
from explainer.app.chapter_page import lazy_expander, show_chapter
from explainer.app.header import escape_markdown
from explainer.app.page import NOTHING, Page
from explainer.app.panels.influence_panel import fading, influence_here, past
from explainer.stage.influence_maps import influence_json
from explainer.stage.payload import is_computed_in_browser


def largest_gradient(page: Page) -> str:
    """Say which parameter has the largest gradient, and which time step contributes most to it."""
    names = page.run.update.before
    norm = {n: float(np.sqrt((page.trace[f"d_{n}"] ** 2).sum())) for n in names}
    name = max(norm, key=lambda n: norm[n])
    words = f"The largest gradient is that of `{name}`: its norm is **{norm[name]:.4f}**."
    if norm[name] >= NOTHING and not too_many(page.trace, name):
        lengths = norms(page.trace[f"d_{name}_t"])
        t = int(lengths.argmax())
        words += (
            f" The largest part of it comes from time step {escape_markdown(page.tokens()[t])}: "
            f"that contribution alone has the norm {lengths[t]:.4f}."
        )
    return words


def body(page: Page) -> None:
    """Show which gradient is largest, how it fades, then the backward pass at one time step."""
    maps = influence_here(page)
    page.text(f"{largest_gradient(page)} {fading(maps)}".strip())
    if page.equal_head:
        page.note(
            "**Everything below the head is exactly zero**, and that is correct: all rows of the "
            "head are equal, so a change in the state changes all logits alike, and no "
            "probability. Only the head learns in this update. (A number such as 1e−17 is the "
            "rounding error of a sum that is zero.) Choose random initial values to break the "
            "symmetry."
        )
    weight = page.parameter("weight")
    share = f"d_{weight}_t"
    problem = too_many(page.trace, weight)
    if problem:
        page.note(escape_markdown(str(problem)))
    elif not is_computed_in_browser(page.run):
        page.note(
            "This run is too large to be computed in the browser: its gradients are not drawn as "
            "sums over time. Use a smaller hidden size, batch or context length to see that."
        )
    page.stage(
        weight,
        without=share if problem else "",
        influence=influence_json(maps, page.sequence, page.edit),
    )
    page.text(
        "The backward pass asks of every number: if it grew a little, how much would the loss "
        "grow? It runs from the loss back to the input, and through time from the last time step "
        "to the first. Every formula here is derived by hand and checked against autograd."
    )
    left, right = st.columns(2)
    with left:
        page.formula(share)
    with right:
        page.formula(f"d_{weight}")
    lazy_expander("open-past", past, page)


show_chapter("gradients", body)
