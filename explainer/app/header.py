"""What stands above every page: title, question, what is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from explainer.settings import Settings
from explainer.stage.chapters import CHAPTERS, HOME

if TYPE_CHECKING:
    from explainer.engine.batch_run import Run

STYLE = Path(__file__).with_name("page.css")


def header(slug: str, settings: Settings, problems: list[str]) -> None:
    """Draw the head of a page, and put its run where the page finds it."""
    chapter = next((c for c in CHAPTERS if c.slug == slug), HOME)
    st.html(STYLE)
    st.title(chapter.title if chapter is not HOME else "GRU Explainer")
    st.markdown(f"##### {chapter.question}")
    from explainer.app.session import current  # torch is slow to import; the title comes first

    instead = "the last settings that worked" if "last_good" in st.session_state else "`start`"
    result, problem = current(settings)
    st.session_state["run"] = result
    for sentence in [*problems, *([problem] if problem else [])]:
        # code spans show a user's words as they are
        st.error(escape_markdown(sentence))
    if problems or problem:
        st.caption(f"Shown below: {instead}.")
    if chapter.shows and result.settings.updates:
        st.markdown(trained_before(result))


def trained_before(result: Run) -> str:
    """Say which network and which batch a page shows, where updates were done before."""
    batch, updates = result.batch, result.settings.updates
    last = "" if result.settings.windows == "random" else f" of 0 to {batch.count - 1:,}"
    return (
        f"Shown is the network **after {updates:,} update{'s' if updates > 1 else ''}**, on batch "
        f"{batch.index:,}{last}. For its initial values on the same batch, set *Training updates "
        "done* to 0 under *More settings*."
    )


def escape_markdown(text: str) -> str:
    """Return text so that Markdown shows it as it is."""
    # a joiner that nobody sees keeps addresses, icons and arrows from being made of it
    text = re.sub(r":(?=\S)|www(?=\.)|.(?=@)|[-<>=~](?=[-<>=~])", "\\g<0>\u2060", text)
    special = "\\`*_{}[]()#+-.!|~<>:$&"
    return "".join(f"\\{c}" if c in special else c for c in text)
