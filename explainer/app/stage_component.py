"""The stage: one time step in the user's hands.

A component that computes all numbers of its page: stepping, playing, pointing, opening and editing
happen in the browser.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from explainer.app.cache import kept_stage
from explainer.app.comparison import forget, keep, kept_state, ready_pairs, show_pair
from explainer.app.current_run import kept_run
from explainer.app.position import follow_stage, position
from explainer.app.session import session
from explainer.app.stage_files import mount_stage
from explainer.engine.batch_run import Run
from explainer.engine.layer_trace import LayerRun
from explainer.engine.trace import Trace
from explainer.errors import InvalidValueError
from explainer.plots import tables
from explainer.settings import Settings
from explainer.stage.chapters import Chapter
from explainer.stage.place import Place
from explainer.stage.scene import LaneSpec
from explainer.stage.staged import scene_on, staged
from explainer.url_edits import EDITS_IN_LINK

MOST_IN_TABLE = 100_000
"""Most numbers of a table in the place of the stage."""


@st.fragment
def stage(
    settings: Settings,
    edit: str,
    chapter: Chapter,
    lanes: tuple[LaneSpec, ...],
    without: str,
    drawn: Place,
    influence: str = "",
) -> None:
    """Draw the stage of a chapter.

    Args:
        settings: what was run; a fragment keeps its arguments, and a run may be large.
        edit: what is changed and held in it, as in an address.
        chapter: gives slug, and which way time runs.
        lanes: what stands on the stage.
        without: a quantity that is too large to be computed.
        drawn: the place that the rest of the page shows.
        influence: how far back the past matters there, as the stage takes it.
    """
    own = session()
    if own.edited:  # what stands around the stage shows the edits, too
        own.edited = False
        st.rerun()
    bar = st.empty()  # always there: the stage, which comes later, would else be made anew
    run = kept_run(settings, bar=bar)
    with_edits = (kept_run(settings, edit, bar), edit) if edit else None
    sizes = dict(run.trace.sizes)  # a callback that held the run would keep it

    def asked() -> None:
        wish = heard("ask")
        if isinstance(wish, Mapping):
            follow_stage(chapter.slug, wish, sizes)

    def edited() -> None:
        said = heard("edit")
        if isinstance(said, str) and len(said) <= EDITS_IN_LINK:
            st.session_state["edit"] = said
            own.edited = True

    def failed() -> None:
        own.no_stage = settings

    def kept() -> None:
        said = heard("keep")
        if isinstance(said, str) and len(said) <= EDITS_IN_LINK:
            keep(settings, said)
        else:
            forget()

    def paired() -> None:
        said = heard("pair")
        ready = ready_pairs(kept_run(settings), edit, position(chapter.slug, sizes))
        if type(said) is int and 0 <= said < len(ready):
            show_pair(ready[said], settings)
            own.edited = True

    here = position(chapter.slug, sizes)
    number_is_open = st.session_state.get("open-number", False)
    if here.sequence != drawn.sequence or (number_is_open and here.t != drawn.t):
        st.rerun()  # what stands below shows that place, too
    titles = tuple(pair.title for pair in ready_pairs(run, edit, here))
    sent = kept_stage(run, with_edits, chapter, lanes, without, titles)
    if not sent:
        st.warning(
            "This run is too large to be sent to a browser; here are its numbers as tables. Use a "
            "smaller hidden size, vocabulary or context length to have them on the stage."
        )
        numbers(with_edits[0] if with_edits else run, chapter, lanes, without, here)
        return
    mount_stage(
        key="stage",
        data={
            **sent,
            "place": json.dumps({"sequence": here.sequence, "t": here.t}),
            "edit": st.session_state.get("edit") or "",
            "against": compared_with(chapter, lanes, without),
            "influence": influence,
        },
        on_ask_change=asked,
        on_edit_change=edited,
        on_failed_change=failed,
        on_keep_change=kept,
        on_pair_change=paired,
    )
    if own.no_stage == settings:  # others may fit
        st.warning("The stage could not be drawn in this browser; here are its numbers as tables.")
        numbers(run, chapter, lanes, without, here)


def heard(event: str, stage: str = "stage") -> Any:
    """Return what the browser said; None where its stage left with its page meanwhile."""
    return st.session_state.get(stage, {}).get(event)


@st.fragment
def layer_stage(
    trace: Trace, chapter: Chapter, page: Chapter | None = None, layer: str = ""
) -> None:
    """Draw a layer from elsewhere; what is changed in it stays in the browser and its link.

    Args:
        trace: of the layer, small enough for the browser to compute.
        chapter: gives lanes, slug, and which way time runs.
        page: on which it stands, if the link has its place.
        layer: which network and layer it is; edits of one are not taken to another.
    """
    own = session()
    lanes = tuple(lane.of("W_hz") for lane in chapter.scene)
    about: dict[str, Any] = {}
    query = ""
    if page:
        about = {"inside": "own-place", "page": page.slug, "layer": layer}
        query, own.own_jump = own.own_jump, ""
    sent = staged(LayerRun(trace), chapter, lanes, linked=False, **about)

    def kept() -> None:
        said = heard("keep", "own-stage")
        own.own_kept = said if isinstance(said, str) and len(said) <= EDITS_IN_LINK else None

    edit = own.own_kept
    against = "" if edit is None else json.dumps({"query": "", "edit": edit, "sent": sent})
    place = json.dumps({"sequence": 0, "t": 0})
    mount_stage(
        key="own-stage",
        data={
            **sent,
            "place": place,
            "edit": "",
            "against": against,
            "query": query,
        },
        on_ask_change=lambda: None,
        on_edit_change=lambda: None,
        on_failed_change=lambda: None,
        on_keep_change=kept,
        on_pair_change=lambda: None,
    )


def compared_with(chapter: Chapter, lanes: tuple[LaneSpec, ...], without: str) -> str:
    """Return state A as the stage takes it, or why it can't be shown; empty where there is none."""
    kept, problems = kept_state()
    if kept is None:
        return json.dumps({"problem": f"Compared with: {problems[0]}"}) if problems else ""
    try:
        run = kept_run(kept.settings)
        if kept.edit:
            kept_run(kept.settings, kept.edit)  # it must be possible
    except InvalidValueError as error:
        return json.dumps({"problem": f"Compared with: {error}"})
    sent = kept_stage(run, None, chapter, lanes, without, ())
    if not sent:
        return json.dumps({"problem": "A is too large to be sent to a browser."})
    return json.dumps({"query": kept.query, "edit": kept.edit, "sent": sent})


def numbers(
    run: Run, chapter: Chapter, lanes: tuple[LaneSpec, ...], without: str, here: Place
) -> None:
    """Show what would stand on the stage as tables, where a browser can't draw it."""
    for name in dict.fromkeys(n for lane in scene_on(run, lanes, without) for n in lane.names):
        trace = run.trace if name in run.trace else run.update
        st.caption(f"{name}: {trace.quantities[name].description}")
        table = tables.matrix(trace, name, run.batch, here.sequence, here.t)
        if table.size > MOST_IN_TABLE:
            st.caption(f"{table.shape[0]:,} × {table.shape[1]:,} numbers are too many for a table.")
        else:
            st.dataframe(table)
