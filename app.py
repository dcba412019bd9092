"""GRU Explainer: the menu, then the way of the data: link, settings, run, chapter.

A server imports this file once, for `app`, and runs it as a script for each visitor.
"""

import streamlit as st

from explainer.app.navigation import navigation
from explainer.app.server import lifespan, prepare_process, routes, stage_ahead
from explainer.stage.chapters import chapter_at


def main() -> None:
    """Show the page that was asked for."""
    st.set_page_config(page_title="GRU Explainer", page_icon="🧠", layout="wide")
    page = navigation()
    chapter = chapter_at(page.url_path)
    # imported after the menu, and torch after the title, since the first visitor would wait
    from explainer.app.header import problems_and_network, title
    from explainer.app.paper import fit_to_paper
    from explainer.app.sidebar import sidebar

    title(chapter)
    with stage_ahead(chapter):
        settings, edit, problems = sidebar()
        prepare_process()
        from explainer.app.current_run import current_run

        bar = st.empty()  # always there: what comes later would else be made anew
        run, refused = current_run(settings, edit, bar)
        problems_and_network(chapter, run, problems + refused)
        page.run()
    fit_to_paper()


if __name__ == "__main__":
    main()
else:
    app = st.App(__file__, lifespan=lifespan, routes=routes())
