"""GRU Explainer: the menu first, then the settings, then the page."""

import streamlit as st

from explainer.app.navigation import navigation


def main() -> None:
    """Show the page that was asked for."""
    st.set_page_config(page_title="GRU Explainer", page_icon="🧠", layout="wide")
    page = navigation()
    # imported after the menu, since the first visitor would wait for it
    from explainer.app.header import header
    from explainer.app.sidebar import sidebar

    header(page.url_path, *sidebar())
    page.run()


main()
