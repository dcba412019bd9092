"""Where a user is in the run, on every page; and what stands there where no stage can."""

from dataclasses import replace

import numpy as np
import pytest
from app_pages import START, array, ask, at_place, figures, page_of, run_of, say, stage, visit
from test_payload import STAGED, assert_sent_as_computed

from explainer.app.cache import CACHE
from explainer.stage import payload

pytestmark = pytest.mark.page


@pytest.mark.parametrize("event", ["ask", "edit", "keep", "pair", "failed"])
def test_a_stage_that_has_left_may_still_say_something(event):
    """Its page was left while what it said was on the way."""
    at = visit("cell")
    (component,) = (c for c in at.get("bidi_component") if c.key == "stage")
    values = at.session_state._state._state
    values._new_widget_state.states.pop(component.proto.id, None)
    values._old_state.pop(component.proto.id, None)
    say(at, event, {"t": 1, "sequence": 0} if event == "ask" else None)
    assert not at.exception, at.exception[0].value


# Time.


def test_pictures_and_tables_follow_the_sequence_on_the_stage():
    at = visit("time")
    for sequence in (0, 1, 0):
        ask(at, t=3, sequence=sequence)
        trace = run_of(at).trace
        assert at_place(at) == (sequence, 3)
        mean = array(figures(at)["mean-z"]["data"][0]["y"])
        np.testing.assert_allclose(mean, trace["z"][sequence].mean(-1))
        np.testing.assert_array_equal(at.dataframe[-1].value.to_numpy(), trace["r"][sequence])


def test_a_time_step_beyond_the_end_becomes_the_last_one():
    at = visit("cell", t="7", sequence="1")
    assert at_place(at) == (1, 7)
    at.number_input(key="context_length").set_value(4).run()
    assert not at.error
    assert at_place(at) == (1, 3)
    at.number_input(key="batch_size").set_value(1).run()
    assert run_of(at).settings == replace(START, context_length=4, batch_size=1)
    assert at_place(at) == (0, 3)
    at.number_input(key="context_length").set_value(1).run()
    assert at_place(at) == (0, 0)


@pytest.mark.parametrize("value", ["8", "99", "-1", "abc", "1e9", "", "nan", "9" * 5000])
def test_a_link_with_an_impossible_place_opens(value):
    at = visit("embedding", t=value, sequence=value, hidden_size="3")
    assert run_of(at).settings == replace(START, hidden_size=3)
    assert not at.error
    sequence, t = at_place(at)
    assert sequence in (0, 1)
    assert 0 <= t <= 7


def test_a_time_step_that_is_left_on_a_chapter_without_time_is_kept():
    at = ask(visit("cell"), t=5)
    for slug in ("tokens", "home", "update"):
        at.switch_page(page_of(slug)).run()
    at.switch_page(page_of("loss")).run()
    assert at_place(at) == (0, 5)


NONSENSE = {
    "no wish": None,
    "a text": "t=3",
    "a list": [1, 2],
    "other kinds": {"t": [3], "sequence": {"a": 1}},
    "no such place": {"t": 10**30, "sequence": -4},
    "infinite": {"t": 1e400, "sequence": -1e400},
}


@pytest.mark.parametrize("wish", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_from_a_browser_changes_nothing(wish):
    at = say(visit("cell"), "ask", wish)
    assert run_of(at).settings == START
    assert not at.error
    sequence, t = at_place(at)
    assert sequence in (0, 1)
    assert 0 <= t <= 7
    assert_sent_as_computed(stage(at), run_of(at))


def test_a_large_run_is_sent_with_what_adds_its_sequences_up():
    at = visit("cell", preset="story", hidden_size="256", context_length="128")
    ask(at, t=100, sequence=3)
    assert at_place(at) == (3, 100)
    assert "million products" in stage(at).meta["large"]
    assert_sent_as_computed(stage(at), run_of(at))


@pytest.fixture
def little_is_sent(monkeypatch):
    monkeypatch.setattr(payload, "MOST_GIVEN", 1_000)
    CACHE.clear()
    yield
    CACHE.clear()


def test_a_run_that_can_not_be_sent_is_shown_in_tables(little_is_sent):
    at = visit("cell", preset="story", hidden_size="256", context_length="128")
    assert "too large to be sent to a browser" in at.warning[0].value
    assert len(at.dataframe) >= 20


@pytest.mark.parametrize("slug", STAGED)
def test_where_a_stage_can_not_be_drawn_there_are_tables(slug):
    at = visit(slug)
    tables = len(at.dataframe)
    say(at, "failed", "TypeError: root is null")
    run_of(at)
    assert "could not be drawn in this browser" in at.warning[0].value
    assert len(at.dataframe) == tables + len(stage(at).named())
