"""GRU Explainer: the menu first, then the settings, then the page."""

import streamlit as st

from explainer.views.router import navigation

st.set_page_config(page_title="GRU Explainer", page_icon="🧠", layout="wide")
page = navigation()

# after the menu, since this is slow the first time
from explainer.views.header import header  # noqa: E402
from explainer.views.sidebar import sidebar  # noqa: E402

header(page.url_path, *sidebar())
page.run()
