"""Gradients: how every number shares the blame for the loss."""

import numpy as np
import streamlit as st

from explainer.analysis.time_contributions import norms, too_many
from explainer.app.chapter_page import lazy_expander, show_chapter
from explainer.app.header import escape_markdown
from explainer.app.page import Page
from explainer.app.panels.contributions_panel import sum_over_time
from explainer.app.panels.influence_panel import past
from explainer.plots.heatmap import NOTHING


def largest_gradient(page: Page) -> None:
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
    page.text(words)


def body(page: Page) -> None:
    """Show the backward pass at one time step, and a weight's gradient as a sum over time."""
    largest_gradient(page)
    page.text(
        "The backward pass asks of every number: if it grew a little, how much would the loss "
        "grow? It runs from the loss back to the input, and through time from the last time step "
        "to the first. Every formula here is derived by hand and checked against autograd."
    )
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
    page.stage(weight, without=share if problem else "")
    lazy_expander("open-past", past, page)
    st.subheader("A weight's gradient is a sum over time")
    page.formula(share)
    page.formula(f"d_{weight}")
    if problem:
        page.note(escape_markdown(str(problem)))
        return
    shares = page.trace[share]
    sum_over_time(page, weight, shares)
    title = f"norm of each time step's contribution to d_{weight}"
    lengths = norms(shares)
    if lengths.max() >= NOTHING:
        page.bars("norms", lengths, page.tokens(), title)


show_chapter("gradients", body)
