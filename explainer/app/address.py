"""Widgets whose values the address has: Streamlit reads and writes it, the table says how."""

from typing import Any, Final

import streamlit as st
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

from explainer.url import VIEW, query_value

BOUND: Final = "query-params"
"""Binds a widget to the parameter of the address that has its key as name."""


def bound(name: str, **changed: Any) -> dict[str, Any]:
    """Return the arguments of a widget for a part of the view state.

    Args:
        name: its name in the address.
        changed: what this run or this page has in the table's place, such as a smaller bound.
    """
    f = VIEW[name]
    meta = f.metadata
    args: dict[str, Any] = {"label": meta["label"], "key": name, "bind": BOUND}
    if "options" in meta:
        options = list(meta["options"])
        args |= {"options": options, "index": options.index(f.default)}
    elif "low" in meta:
        args |= {"min_value": meta["low"], "max_value": meta["high"], "value": f.default}
        args["help"] = meta["help"]
    elif meta["kind"] is str:
        args |= {"value": f.default, "max_chars": meta["high"]}
    return args | changed


def unfolding(name: str) -> ExpanderContainer:
    """Return a part of a page that a user unfolds; a link may have it open.

    It is not bound: on the way to another page Streamlit takes a bound expander out of the
    address that Back leads to, and with it the place on the stage.
    """
    label = VIEW[name].metadata["label"]
    if st.query_params.get(name) == query_value(True):
        st.session_state.setdefault(name, True)

    def say() -> None:
        if st.session_state.get(name):
            st.query_params[name] = query_value(True)
        else:
            st.query_params.pop(name, None)

    return st.expander(label, key=name, on_change=say)
