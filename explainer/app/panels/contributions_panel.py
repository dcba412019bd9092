"""A parameter's gradient as a sum over time: the strip, and which time step contributes most."""

from __future__ import annotations

from itertools import product

import numpy as np
import streamlit as st

from explainer.analysis.time_contributions import Contribution, largest_contribution
from explainer.app.header import escape_markdown
from explainer.app.page import MOST_CELLS, Page
from explainer.engine.trace import Array
from explainer.plots import tables
from explainer.plots.gradient_sum import (
    MOST_SIDE,
    MOST_TERMS,
    REST,
    Summand,
    short,
    strip,
    summands,
)
from explainer.plots.heatmap import NOTHING

LESS = {
    "H": "a smaller hidden size",
    "D": "a smaller embedding",
    "V": "a text with fewer different tokens",
}
"""What makes a dim shorter."""


def sum_over_time(page: Page, parameter: str, shares: Array) -> None:
    """Draw every time step's contribution to a gradient, and say which is the largest.

    Args:
        page: the user's page.
        parameter: a weight or a bias.
        shares: (T, ...), each time step's share in its gradient.
    """
    name, tokens = f"d_{parameter}", page.tokens()
    total, dims = page.trace[name], page.trace.quantities[name].dims
    labels = [
        tables.axis_labels(d, n, page.run.batch)[:MOST_SIDE]
        for d, n in zip(dims, total.shape, strict=True)
    ]
    places = np.array([" · ".join(place) for place in product(*labels)], object)
    places = places.reshape([len(names) for names in labels])
    if len(dims) == 1:  # a bias lies
        shares, total, places = shares[:, None], total[None], places[None]
    elif parameter.startswith("W_"):  # turned, as on the stage
        shares, total, places = shares.swapaxes(1, 2), total.T, places.T
    turn = "ᵀ" if parameter.startswith("W_") else ""
    drawn = summands(shares, total, tokens, name + turn, MOST_CELLS)
    largest = largest_contribution(shares)
    page.text(contributions_summary(largest, tokens, page.sequence))
    page.picture(
        "shares",
        strip(drawn, places.tolist(), page.theme),
        alt=f"each time step's contribution to {name}, a small matrix with its norm, and their sum",
    )
    if largest.norm >= NOTHING:
        st.caption(strip_legend(drawn, page))
    if len(drawn) <= len(tokens) or max(page.trace.shape(name)) > MOST_SIDE:
        page.note(what_is_left_out(page, name, drawn))


def contributions_summary(largest: Contribution, tokens: list[str], sequence: int) -> str:
    """Say which time step contributes most, and how much cancels in the sum."""
    if largest.norm < NOTHING:
        return "Every contribution is zero, apart from rounding."
    if len(tokens) == 1:
        return "There is only one time step: its contribution is the whole gradient."
    token = escape_markdown(tokens[largest.t].partition(" ")[2])
    kept = largest.norm_of_sum / largest.sum_of_norms
    words = (
        f"**Time step {largest.t}** (“{token}” in sequence {sequence}) contributes most: its norm "
        f"is **{short(largest.norm)}**, that of the sum {short(largest.norm_of_sum)}. The "
        f"{len(tokens)} norms add up to {short(largest.sum_of_norms)}; **{kept:.0%}** of that "
        f"remains in the sum: "
    )
    if kept > 0.95:
        return words + "all contributions point in almost the same direction."
    return words + "contributions in different directions partly cancel."


def strip_legend(drawn: list[Summand], page: Page) -> str:
    """Say how to read the strip."""
    B = page.run.settings.batch_size
    several = f"; a contribution adds up all {B} sequences" if B > 1 else ""
    others = "the sum and the rest have" if any(d.label == REST for d in drawn) else "the sum has"
    return (
        f"Above each contribution, its time step and token (of sequence {page.sequence}{several}); "
        f"below it, its norm. All contributions share one colour scale, up to "
        f"±{short(drawn[0].limit)}; {others} another, up to "
        f"±{short(drawn[-1].limit)}. Point at a cell for its number."
    )


def what_is_left_out(page: Page, name: str, drawn: list[Summand]) -> str:
    """Say what there is no room for, and which settings make room."""
    T, shape = page.trace.sizes["T"], page.trace.shape(name)
    by_themselves = sum(term.label != REST for term in drawn) - 1
    parts, less = [], []
    if by_themselves < T:
        parts.append(f"the {by_themselves} with the largest norms, the others as one")
        less.append("a shorter context")
    large = [
        d for d, n in zip(page.trace.quantities[name].dims, shape, strict=True) if n > MOST_SIDE
    ]
    if large:
        size = " × ".join(str(min(n, MOST_SIDE)) for n in shape)
        parts.append(f"the first {size} numbers of each (norms include all)")
        # one-hot rows are as wide as the vocabulary
        less += sorted({LESS["V" if d == "D" and not page.has("E") else d] for d in large})
    return (
        f"There are {T} contributions of {' × '.join(map(str, shape))} numbers; at most "
        f"{MOST_TERMS} matrices of {MOST_SIDE} × {MOST_SIDE}, {MOST_CELLS:,} numbers in all, fit. "
        f"Drawn: {'; '.join(parts)}. Use {' or '.join(less)} to see all."
    )
