"""GRU Explainer: the menu, then the way of the data: link, settings, run, chapter."""

import streamlit as st

from explainer.app.navigation import navigation
from explainer.stage.chapters import chapter_at


def main() -> None:
    """Show the page that was asked for."""
    st.set_page_config(page_title="GRU Explainer", page_icon="🧠", layout="wide")
    page = navigation()
    chapter = chapter_at(page.url_path)
    # imported after the menu, and torch after the title, since the first visitor would wait
    from explainer.app.header import problems_and_network, title
    from explainer.app.sidebar import sidebar
    from explainer.app.stage_files import stage_ahead

    settings, edit, problems = sidebar()
    title(chapter)
    with stage_ahead(chapter):
        from explainer.app.current_run import current_run, prepare_process

        prepare_process()
        run, refused = current_run(settings, edit)
    problems_and_network(chapter, run, problems + refused)
    page.run()


main()
