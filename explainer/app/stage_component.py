"""The stage: one time step in the user's hands.

A component that has all numbers of its page: stepping, playing, pointing and opening happen in
the browser. Python is asked only for what a large run was too large to send.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import streamlit as st

from explainer.app.session import run_at_hand
from explainer.engine.batch_run import Run
from explainer.plots import tables
from explainer.settings import Settings
from explainer.stage.chapters import Chapter
from explainer.stage.payload import Place, answer, payload
from explainer.stage.scene import Scene
from explainer.stage.script import WEB, link
from explainer.url import view_table

MOST_ANSWERS = 8
"""How many explained numbers stay with a user whose run is too large for the browser."""


_stage = st.components.v2.component(
    "stage",
    html=(WEB / "stage.html").read_text(encoding="utf-8"),
    css=(WEB / "stage.css").read_text(encoding="utf-8"),
    js=link("stage"),
)


@st.fragment
def stage(settings: Settings, chapter: Chapter, scene: Scene, wired: bool) -> None:
    """Draw the stage of a chapter.

    Args:
        settings: what was run; a fragment keeps its arguments, and a run may be large.
        chapter: gives slug, and which way time runs.
        scene: what stands on the stage.
        wired: draw the data's way between the lanes.
    """
    state = st.session_state
    run = run_at_hand(settings)

    def asked() -> None:
        wish = state["stage"].get("ask")
        if isinstance(wish, Mapping):
            state["stage-place"] = dict(wish)
            if opened := opening(wish):
                state["stage-open"] = [*state.get("stage-open", []), opened][-MOST_ANSWERS:]

    here = where(run)
    if here.sequence != state.setdefault("stage-sequence", here.sequence):
        # the pictures below show one sequence, too
        state["stage-sequence"] = here.sequence
        st.rerun()
    sent = payload(
        run,
        scene,
        here,
        slug=chapter.slug,
        timed=chapter.timed,
        backwards=chapter.slug == "gradients",
        learning=chapter.slug in ("prediction", "loss", "gradients", "update"),
        ranking=chapter.slug == "prediction",
        wired=wired,
        address=view_table(),
    )
    answers = []
    for name, index, digits in state.get("stage-open", []):
        try:
            answers.append(answer(run, name, index, digits))
        except (KeyError, ValueError):
            continue  # a number of other settings
    _stage(
        key="stage",
        data={**sent, "answers": json.dumps(answers, allow_nan=False)},
        on_ask_change=asked,
        on_failed_change=lambda: state.update({"stage-failed": settings}),
    )
    if state.get("stage-failed") == settings:  # others may fit
        numbers(run, scene, here)


def numbers(run: Run, scene: Scene, here: Place) -> None:
    """Show what is on the stage as tables, where a browser can't draw it."""
    st.warning("The stage could not be drawn in this browser; here are its numbers as tables.")
    for name in dict.fromkeys(n for lane in scene for n in lane.names):
        trace = run.trace if name in run.trace else run.update
        st.caption(f"{name}: {trace.quantities[name].description}")
        st.dataframe(tables.matrix(trace, name, run.batch, here.sequence, here.t))


def stage_place(wish: Mapping[str, Any], sizes: Mapping[str, int]) -> Place:
    """Return a place that there is, from what a browser or a link says."""

    def within(value: Any, size: int) -> int:
        # both as the stage does it: where it was before is kept as near as there is, and what a
        # link can't have is 0
        if type(value) is int:
            return min(max(value, 0), size - 1)
        plain = isinstance(value, str) and re.fullmatch("[0-9]{1,6}", value) is not None
        return int(value) if plain and int(value) < size else 0

    focus = wish.get("focus")
    focus = focus if isinstance(focus, Mapping) else {}
    return Place(
        within(wish.get("sequence"), sizes["B"]),
        within(wish.get("t"), sizes["T"]),
        {d: within(focus[d], n) for d, n in sizes.items() if d in focus},
    )


def opening(wish: Mapping[str, Any]) -> tuple[str, tuple[int, ...], int | None] | None:
    """Return which number a browser wants explained."""
    wanted = wish.get("open")
    if not (isinstance(wanted, list | tuple) and len(wanted) == 2 and isinstance(wanted[0], str)):
        return None
    index = wanted[1]
    if not isinstance(index, list | tuple):
        return None
    if not all(type(i) is int or (type(i) is float and i.is_integer()) for i in index):
        return None
    digits = wish.get("digits")
    return wanted[0], tuple(int(i) for i in index), 4 if digits is not None else None


def where(run: Run) -> Place:
    """Return where this user is: what the stage last said, else what the link says."""
    state = st.session_state
    if "stage-place" not in state:
        first = stage_place(st.query_params.to_dict(), run.trace.sizes)
        state["stage-place"] = {"t": first.t, "sequence": first.sequence}
    return stage_place(state["stage-place"], run.trace.sizes)
