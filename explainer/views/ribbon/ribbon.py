"""A row of tokens, coloured by id: a sequence to step through, or a text as it was cut.

A component, since token text is the reader's: the browser gets it as data and shows it as text.
"""

from collections.abc import Callable
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


def ribbon(
    key: str,
    tokens: list[str],
    ids: list[int],
    current: int | None = None,
    on_choose: Callable[[], None] = lambda: None,
) -> None:
    """Show tokens in a row.

    Args:
        key: names the row on its page; `st.session_state[key]["chosen"]` is the token clicked.
        tokens: their text, already made visible.
        ids: their ids, which choose the colours.
        current: the token to frame; with None the row is a text and can't be clicked.
        on_choose: called when a token is clicked.
    """
    data = {"tokens": tokens[:MOST_TOKENS], "ids": ids[:MOST_TOKENS], "current": current}
    _ribbon(key=key, data=data, on_chosen_change=on_choose)
