"""What a browser draws as wide as the screen, made as wide as a sheet of paper."""

from pathlib import Path

import streamlit as st

_paper = st.components.v2.component(
    "paper", js=Path(__file__).with_name("paper.js").read_text(encoding="utf-8")
)


def fit_to_paper() -> None:
    """Have charts and tables fit a sheet while a page is printed."""
    _paper(key="paper", data={}, height=0)
