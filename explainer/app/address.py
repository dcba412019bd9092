"""Widgets whose values the address has: Streamlit reads and writes it, the table says how."""

from typing import Any, Final

from explainer.url import VIEW

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
        args |= {"options": list(meta["options"])}
    elif "low" in meta:
        args |= {"min_value": meta["low"], "max_value": meta["high"], "value": f.default}
        args["help"] = meta["help"]
    elif meta["kind"] is str:
        args |= {"value": f.default, "max_chars": meta["high"]}
    return args | changed
