"""The tour: each station takes right answers and refuses wrong ones, in Python and JavaScript."""

import json
import re

import pytest
from test_engine_js import ROOT, node
from tour_answers import answers, change

from explainer.engine.edits import edited_run
from explainer.stage.chapters import chapter
from explainer.stage.staged import staged
from explainer.stage.tour.assess import assess, untouched_run
from explainer.stage.tour.learning_stations import STATIONS
from explainer.stage.tour.station import read_value
from explainer.url import VIEW
from explainer.url_edits import parse_edits

VARIANTS = ("reset_after", "reset_before")


def trace_of(station, variant):
    """The first pass of a station's run, before any answer."""
    plain = untouched_run(station.run_settings(variant))
    return (edited_run(plain, parse_edits(station.edit)[0]) if station.edit else plain).trace


def test_a_link_asks_for_the_stations_there_are():
    assert VIEW["station"].metadata["high"] == len(STATIONS)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("station", STATIONS, ids=lambda s: s.title)
def test_a_station_takes_right_answers_and_refuses_wrong_ones_with_a_hint(station, variant):
    right, wrong = answers(station.title, trace_of(station, variant))
    assert right
    assert len(wrong) >= 3
    for attempt in right:
        found = assess(station, attempt, variant)
        assert found.right, (attempt, found)
        assert found.text
        assert not re.search("[{}]|= nan", found.text)
    for attempt in wrong:
        found = assess(station, attempt, variant)
        assert not found.right, (attempt, found)
        assert found.text
        assert not re.search("[{}]|= nan", found.text)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("station", [s for s in STATIONS if s.edit], ids=lambda s: s.title)
def test_a_station_is_not_answered_from_the_start(station, variant):
    if station.kind == "change":
        assert not assess(station, change(station.edit), variant).right


def test_the_browser_says_of_every_answer_what_python_says():
    said, cases = [], []
    for number, station in enumerate(STATIONS, 1):
        for variant in VARIANTS:
            right, wrong = answers(station.title, trace_of(station, variant))
            attempts = [*right, *wrong]
            said.append([assess(station, attempt, variant) for attempt in attempts])
            plain = untouched_run(station.run_settings(variant))
            about = station.as_json(number, ())
            sent = staged(plain, station.page(), station.lanes, station=about)
            cases.append({"data": sent, "attempts": list(map(attempt_as_json, attempts))})
    found = json.loads(node(ROOT / "tests/web/assess.js", sent=json.dumps(cases)))
    for station_said, station_found in zip(said, found, strict=True):
        for python, browser in zip(station_said, station_found, strict=True):
            assert (browser["right"], browser["failed"]) == (python.right, python.failed), python
            assert browser["values"].keys() == python.values.keys()
            for name, value in python.values.items():
                assert browser["values"][name] == pytest.approx(value, rel=1e-9, abs=1e-12)


def attempt_as_json(attempt):
    """An answer as the browser has it; what is not answered is left out."""
    place = attempt.place and {"name": attempt.place[0], "index": attempt.place[1]}
    given = {"place": place, "edit": attempt.edit or None, "number": attempt.number}
    return {name: value for name, value in given.items() if value is not None}


def test_values_are_read_as_they_are_written():
    assert read_value("max before.z[0,T,:]") == ["max", ["at", "before", "z", [0, "T", ":"]]]
    assert read_value("h - 0.5") == ["sub", "h", 0.5]
    assert read_value("loss[]") == ["at", "now", "loss", []]


@pytest.mark.parametrize("station", STATIONS, ids=lambda s: s.title)
def test_a_station_fits_the_table_of_the_address_and_leads_to_a_chapter(station):
    assert len(STATIONS) <= VIEW["station"].metadata["high"]
    assert chapter(station.chapter).slug == station.chapter
    assert station.kind in ("point", "change", "type")
    assert bool(station.among) == (station.kind != "type")
    assert station.question.rstrip(")").endswith((".", "?"))
