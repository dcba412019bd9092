"""What stands above every page: title, question, what is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from explainer.app.session import session
from explainer.stage.chapters import HOME, Chapter

if TYPE_CHECKING:
    from explainer.engine.batch_run import Run

STYLE = Path(__file__).with_name("page.css")


def title(chapter: Chapter) -> None:
    """Draw the title of a chapter and its question."""
    st.html(STYLE)
    st.title(chapter.title if chapter is not HOME else "GRU Explainer")
    st.markdown(f"##### {chapter.question}")


def problems_and_network(chapter: Chapter, shown: Run, problems: list[str]) -> None:
    """Say what could not be used, what is shown instead, and which network that is."""
    for sentence in problems:
        # code spans show a user's words as they are
        st.error(escape_markdown(sentence))
    if problems:
        worked = session().last_good is not None
        st.caption(f"Shown below: {'the last settings that worked' if worked else '`start`'}.")
    if chapter.shows and shown.settings.updates:
        st.markdown(trained_before(shown))


def trained_before(result: Run) -> str:
    """Say which network and which batch a page shows, where updates were done before."""
    batch, updates = result.batch, result.settings.updates
    last = "" if result.settings.windows == "random" else f" of 0–{batch.count - 1:,}"
    return (
        f"This is the network **after {updates:,} update{'s' if updates > 1 else ''}**, on batch "
        f"{batch.index:,}{last}. For its initial values on the same batch, set *Training updates "
        "done* to 0 under *More settings*."
    )


def escape_markdown(text: str) -> str:
    """Return text so that Markdown shows it as it is."""
    # a joiner that nobody sees keeps addresses, icons and arrows from being made of it
    text = re.sub(r":(?=\S)|www(?=\.)|.(?=@)|[-<>=~](?=[-<>=~])", "\\g<0>\u2060", text)
    special = "\\`*_{}[]()#+-.!|~<>:$&"
    return "".join(f"\\{c}" if c in special else c for c in text)
