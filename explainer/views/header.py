"""What stands above every page: title, question, what is wrong, and the way through time."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from explainer.chapters import CHAPTERS, HOME, Chapter
from explainer.settings import Settings
from explainer.tables import visible
from explainer.text import Batch
from explainer.views.sidebar import BOUND

STYLE = Path(__file__).with_name("page.css")


def header(slug: str, settings: Settings, problems: list[str]) -> None:
    """Draw the head of a page, and put its run where the page finds it."""
    chapter = next((c for c in CHAPTERS if c.slug == slug), HOME)
    st.html(STYLE)
    st.title(chapter.title if chapter is not HOME else "GRU Explainer")
    st.markdown(f"##### {chapter.question}")
    from explainer.views.runs import current  # torch is slow to import; the title comes first

    result, problem = current(settings)
    st.session_state["run"] = result
    for sentence in [*problems, *([problem] if problem else [])]:
        # code spans show a reader's words as they are
        st.error(as_it_is(sentence))
    if problems or problem:
        st.caption("Shown below: the last settings that worked.")
    if chapter.timed:
        strip(chapter, result.batch)


def as_it_is(text: str) -> str:
    """Return text so that Markdown shows it as it is."""
    # a joiner that nobody sees keeps addresses, icons and arrows from being made of it
    text = re.sub(r":(?=\S)|www(?=\.)|.(?=@)|[-<>=~](?=[-<>=~])", "\\g<0>\u2060", text)
    special = "\\`*_{}[]()#+-.!|~<>:$&"
    return "".join(f"\\{c}" if c in special else c for c in text)


def strip(chapter: Chapter, batch: Batch) -> None:
    """Draw the way through time: sequence, back, slider, next, and the tokens to click."""
    from explainer.views.ribbon.ribbon import ribbon

    B, T = batch.ids.shape
    for key, size in (("sequence", B), ("t", T)):
        # kept beside the widget, which forgets its value on pages without it
        value = st.session_state.get(key, st.session_state.get(f"kept_{key}"))
        if value is not None:
            st.session_state[key] = min(int(value), size - 1)

    def go(step: int) -> None:
        st.session_state["t"] = min(max(st.session_state["t"] + step, 0), T - 1)

    def choose() -> None:
        chosen = st.session_state["ribbon"]["chosen"]
        if isinstance(chosen, int) and 0 <= chosen < T:
            st.session_state["t"] = chosen

    left, back, middle, forward, view = st.columns([1.6, 2, 4, 2, 1.2], vertical_alignment="bottom")
    t = 0
    if T > 1:
        t = middle.slider("Time step t", 0, T - 1, 0, key="t", bind=BOUND)
        back.button("previous time step", on_click=go, args=[-1], disabled=t == 0, width="stretch")
        forward.button(
            "next time step", on_click=go, args=[1], disabled=t == T - 1, width="stretch"
        )
    sequence = 0
    if B > 1:
        sequence = left.number_input(
            f"Sequence (0 to {B - 1})", 0, B - 1, 0, key="sequence", bind=BOUND
        )
    with view.popover("View", width="stretch"):
        st.radio(
            "Colour range",
            ["matrix", "time", "run"],
            captions=["this matrix", "over time", "whole run"],
            key="range",
            bind=BOUND,
        )
        st.radio("Digits", ["2", "4", "full"], key="digits", bind=BOUND)
    st.session_state["kept_t"], st.session_state["kept_sequence"] = t, sequence
    ids = batch.ids[sequence].tolist()
    ribbon("ribbon", [visible(batch.vocabulary[i]) for i in ids], ids, t, choose)
