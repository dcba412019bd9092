"""What stands above every page: title, question, what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from explainer.app.session import session
from explainer.stage.chapters import HOME, Chapter
from explainer.stage.prose.inline_markup import escape_markdown
from explainer.url_edits import parse_edits

if TYPE_CHECKING:
    from explainer.engine.batch_run import Run

MOST_EDITS = 8
"""Most edits that are named above a page."""
MENU = '[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"]'
"""The menu with the settings, and the button that opens it."""
STYLE = f"<style>{Path(__file__).with_name('page.css').read_text(encoding='utf-8')}</style>"


def title(chapter: Chapter) -> None:
    """Draw the title of a chapter and its question."""
    st.html(STYLE)
    if st.context.is_embedded:  # the piece alone, in somebody's own page
        st.html(f"<style>{MENU} {{ display: none }}</style>")
    st.title(chapter.title if chapter is not HOME else "GRU Explainer")
    st.markdown(f"##### {chapter.question}")


def problems_and_network(chapter: Chapter, shown: Run, problems: list[str]) -> None:
    """Say what could not be used, and which network is shown."""
    for sentence in problems:
        # code spans show a user's words as they are
        st.error(escape_markdown(sentence))
    if (chapter.shows or chapter is HOME) and shown.settings.updates:
        st.markdown(trained_before(shown))
    # always there: what comes later, the stage too, would else be made anew
    with st.container(horizontal=True, vertical_alignment="center", key="edits"):
        if shown.edits and not chapter.scene and chapter is not HOME:  # a stage has a bar for them
            active_edits(shown)


def active_edits(shown: Run) -> None:
    """Say which numbers are changed or held, and let the user take that back."""
    edits, _ = parse_edits(session().shown[1])
    held = {name for name, edit in shown.edits.items() if edit.before is None}
    said = [
        f"`{edit_text(name, index)}` {'held at' if name in held else 'changed to'} {value:g}"
        for name, places in edits.items()
        for index, value in places.items()
    ]
    more = f" · and {len(said) - MOST_EDITS} more" if len(said) > MOST_EDITS else ""

    def reset() -> None:
        st.session_state["edit"] = ""

    text = " · ".join(said[:MOST_EDITS]).replace("-", "−")
    st.markdown(f"**What if:** {text}{more}", width="content")
    st.button("Reset all", key="reset-edits", on_click=reset)


def edit_text(name: str, index: tuple[int | None, ...]) -> str:
    """Return the name and place of an edit, such as "z[*,*,2]"."""
    at = ",".join("*" if i is None else str(i) for i in index)
    return f"{name}[{at}]" if at else name


def trained_before(result: Run) -> str:
    """Say which network and which batch a page shows, where updates were done before."""
    batch, updates = result.batch, result.settings.updates
    last = "" if result.settings.draws_windows else f" of 0–{batch.count - 1:,}"
    return (
        f"This is the network **after {updates:,} update{'s' if updates > 1 else ''}**, on batch "
        f"{batch.index:,}{last}. For its initial values on the same batch, set *Training updates "
        "done* to 0 under *More settings*."
    )
