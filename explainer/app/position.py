"""Where the user is in the run: what the address says, or what the stage has said since."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import streamlit as st

from explainer.app.session import session
from explainer.stage.place import Place
from explainer.url import VIEW, query_value


def position(slug: str, sizes: Mapping[str, int]) -> Place:
    """Return where the user is on a chapter, within the sizes of the run.

    Moving on the stage writes the address without a run of the script, so the address is asked
    first. On the way to another chapter the browser drops that part of it: what it does not say
    then is as it was.
    """
    own = session().location
    query = st.query_params
    said = slug, query.get("sequence"), query.get("t")
    if said != own.seen:
        arrived = own.seen is None or own.seen[0] != slug
        own.sequence = from_query(said[1], sizes["B"], own.sequence if arrived else 0)
        own.t = from_query(said[2], sizes["T"], own.t if arrived else 0)
        own.seen = said
    return Place(min(own.sequence, sizes["B"] - 1), min(own.t, sizes["T"] - 1))


def follow_stage(slug: str, wish: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
    """Take over the place that a stage tells; its address follows a moment later."""
    own, place = session().location, stage_place(wish, sizes)
    own.sequence, own.t = place.sequence, place.t
    own.seen = slug, st.query_params.get("sequence"), st.query_params.get("t")


def stage_place(wish: Mapping[str, Any], sizes: Mapping[str, int]) -> Place:
    """Return a place that there is, as near as can be to what a browser says."""
    return Place(
        from_browser(wish.get("sequence"), sizes["B"]), from_browser(wish.get("t"), sizes["T"])
    )


def show_sequence(sequence: int) -> None:
    """Look at another sequence of the batch, and let the address say so."""
    session().location.sequence = sequence
    if sequence == VIEW["sequence"].default:
        st.query_params.pop("sequence", None)
    else:
        st.query_params["sequence"] = query_value(sequence)


def from_query(value: str | None, size: int, otherwise: int) -> int:
    """Return an index from an address; 0, as the stage does it, where there is no such."""
    if value is None:
        return otherwise
    return int(value) if re.fullmatch("[0-9]{1,6}", value) and int(value) < size else 0


def from_browser(value: Any, size: int) -> int:
    """Return an index from a browser's message, as near as there is."""
    return min(max(value, 0), size - 1) if type(value) is int else 0
