"""The guided tour: the station that is shown, on the stage."""

from __future__ import annotations

import json

import streamlit as st

from explainer.app.cache import weigh_again
from explainer.app.current_run import kept_run
from explainer.app.navigation import ensure_routed, file
from explainer.app.session import session
from explainer.app.stage_files import mount_stage
from explainer.errors import InvalidValueError
from explainer.stage.chapters import chapter
from explainer.stage.staged import staged
from explainer.stage.tour.learning_stations import STATIONS
from explainer.url import VIEW, read_field

PLACE = "station"
"""Name of the station in an address."""


def show_tour() -> None:
    """Show the page of the tour."""
    ensure_routed()
    tour_stage()


@st.fragment
def tour_stage() -> None:
    """Draw a station on the stage, and the way to its chapter."""
    own = session()
    number = station_number()
    station = STATIONS[number - 1]
    page = station.page()
    with st.container():  # where a bar may come and go, and the stage stays where it is
        run = kept_run(station.run_settings(own.shown[0].variant))

    def moved() -> None:
        said = st.session_state.get("tour-stage", {}).get("station")
        if type(said) is int and 1 <= said <= len(STATIONS):
            own.station, own.station_seen = said, st.query_params.get(PLACE)

    titles = tuple(each.title for each in STATIONS)
    sent = staged(run, page, station.lanes, station=station.as_json(number, titles))
    mount_stage(
        key="tour-stage",
        data={
            **sent,
            "place": json.dumps({"sequence": 0, "t": station.t}),
            "edit": "",
            "against": "",
        },
        on_station_change=moved,
    )
    there = chapter(station.chapter)
    st.page_link(file(there), label=f"More about it: **{there.title}** → {there.question}")
    st.caption(
        "The tour has small examples of its own. Of the settings only *Reset gate* (before or "
        "after the product) counts here. The address keeps the station and your answers."
    )
    weigh_again(run, "")


def station_number() -> int:
    """Return which station is shown: the one that the address says, or what was said since."""
    own = session()
    said = st.query_params.get(PLACE)
    if said != own.station_seen:
        own.station_seen = said
        if said is not None:
            try:
                own.station = min(int(read_field(VIEW[PLACE], said)), len(STATIONS))
            except InvalidValueError as error:
                own.station = 1
                st.error(str(error))
    return own.station
