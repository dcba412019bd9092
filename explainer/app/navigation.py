"""The menu, and a guard for pages that Streamlit runs without it."""

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from explainer.app.session import session
from explainer.stage.chapters import CHAPTERS, HOME, TOUR, Chapter


def file(chapter: Chapter) -> str:
    """Return the page file of a chapter."""
    return f"pages/{chapter.slug}.py"


def navigation() -> StreamlitPage:
    """Show the menu of all chapters and return the page that was asked for."""
    own = session()
    own.routed = True
    own.pages = own.pages or pages()
    return st.navigation(own.pages, expanded=True)


def pages() -> list[StreamlitPage]:
    """Return a page for each entry of the menu; each looks for its file, which takes a while."""
    home = st.Page(file(HOME), title=HOME.title, url_path="welcome", default=True)
    # the default page is served at / alone; this one answers to /home, too
    named = st.Page(file(HOME), title=HOME.title, url_path=HOME.slug, visibility="hidden")
    story = [st.Page(file(c), title=c.title, url_path=c.slug) for c in (TOUR, *CHAPTERS)]
    return [home, *story, named]


def ensure_routed() -> None:
    """Start again through app.py if this page was run on its own.

    On a new server Streamlit runs a file in pages/ by itself when its address is opened first;
    one call to st.navigation makes it use app.py from then on.
    """
    # taken away, so that each run of a page shows that app.py came before it
    own = session()
    if not own.routed:
        navigation()
        st.rerun()
    own.routed = False
