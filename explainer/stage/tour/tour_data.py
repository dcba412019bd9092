"""The tour as a file holds it: all stations, and once what several of them have."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from explainer.engine.run import run
from explainer.stage.staged import staged
from explainer.stage.tour.learning_stations import STATIONS
from explainer.url import write_view
from explainer.view_state import ViewState


def tour_data(variant: str, view: ViewState) -> dict[str, Any]:
    """Return what the browser is given of the tour.

    Args:
        variant: where the reset gate is.
        view: the station that is shown first, and what is answered.
    """
    return {"query": urlencode(write_view(view)), **packed_stations(variant)}


@lru_cache(maxsize=2)
def packed_stations(variant: str) -> dict[str, Any]:
    """Return what each station's stage is sent.

    Args:
        variant: where the reset gate is.

    Returns:
        The stations, and "shared", every value of their descriptions once. Where a value has
        others in it, as a list or an object, their places in "shared" stand for them; a
        station's "meta" is the place of its description.
    """
    shared: dict[str, int] = {}

    def place(value: Any) -> int:
        if isinstance(value, dict):
            value = {key: place(each) for key, each in value.items()}
        elif isinstance(value, list):
            value = [place(each) for each in value]
        return shared.setdefault(json.dumps(value, ensure_ascii=False), len(shared))

    titles = tuple(each.title for each in STATIONS)
    stations = []
    for number, station in enumerate(STATIONS, 1):
        about = station.as_json(number, titles)
        own = run(station.run_settings(variant))
        sent = staged(own, station.page(), station.lanes, station=about)
        meta = place(json.loads(sent["meta"]))
        here = json.dumps({"sequence": 0, "t": station.t})
        stations.append({**sent, "meta": meta, "place": here})
    return {"shared": list(map(json.loads, shared)), "stations": stations}
