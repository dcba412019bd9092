"""A text as it was cut into tokens, coloured by id.

A component, since token text is the user's: the browser gets it as data and shows it as text.
"""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
MOST_TOKENS = 4_000
"""Most tokens in one row; more would keep the browser waiting."""

_ribbon = st.components.v2.component(
    "ribbon",
    html='<div class="ribbon" role="group" aria-label="tokens"></div>',
    css=(HERE / "ribbon.css").read_text(encoding="utf-8"),
    js=(HERE / "ribbon.js").read_text(encoding="utf-8"),
)


def ribbon(key: str, tokens: list[str], ids: list[int]) -> None:
    """Show tokens in a row.

    Args:
        key: names the row on its page.
        tokens: their text, already made visible.
        ids: their ids, which choose the colours.
    """
    _ribbon(key=key, data={"tokens": tokens[:MOST_TOKENS], "ids": ids[:MOST_TOKENS]})
