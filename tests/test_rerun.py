"""What one run of the script does, and does not do."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.runtime.state.session_state import SessionState
from streamlit.testing.v1 import AppTest

from explainer import PRESETS, run
from explainer.app import cache, current_run, state_by_key
from explainer.app.cache import CACHE
from explainer.app.state_by_key import ALL, StateByKey
from explainer.stage.chapters import chapter
from explainer.stage.staged import staged

CELL = chapter("cell"), chapter("cell").scene
APP = str(Path(__file__).parent.parent / "app.py")


@pytest.fixture(scope="module")
def at():
    return AppTest.from_file(APP, default_timeout=60).switch_page("pages/cell.py").run()


def test_a_session_answers_by_key_what_streamlit_answers_at_once(at):
    state = at.session_state._state._state
    assert type(state.filtered_state) is StateByKey
    every = ALL.__get__(state)
    assert dict(state.filtered_state) == every
    assert len(state.filtered_state) == len(every)
    assert "seed" in every
    assert "session" in every
    for unseen in ("nothing", *state._old_state.keys() - every.keys()):
        assert unseen not in state.filtered_state
    assert str(state.filtered_state) == str(every)


def test_no_widget_has_the_whole_session_copied(at, monkeypatch):
    copies = []

    class Counted(property):
        def __get__(self, state, kind=None):
            copies.append(state)
            return ALL.__get__(state, kind)

    monkeypatch.setattr(state_by_key, "ALL", Counted())
    at.number_input(key="seed").set_value(8).run()
    assert not at.exception
    assert not copies
    assert len(StateByKey(SessionState())) == 0
    assert len(copies) == 1


def test_what_a_stage_is_sent_is_made_once(at, monkeypatch):
    made = []

    def counted(run, *args, **also):
        made.append(run.settings.seed)
        return staged(run, *args, **also)

    monkeypatch.setattr(cache, "staged", counted)
    seed = at.number_input(key="seed")
    for value in (11, 12, 11):
        seed.set_value(value).run()
        (stage,) = (c for c in at.get("bidi_component") if c.key == "stage")
        sent = json.loads(stage.proto.json)
        result = run(replace(PRESETS["start"], seed=value))
        assert sent["numbers"] == staged(result, *CELL)["numbers"]
    assert made == [11, 12]
    at.text_input(key="edit").set_value("W_hz.0.1:0.5").run()
    assert made == [11, 12, 11]


def place_of(block, key, path=()):
    """Where a component stands on a page."""
    for i, child in getattr(block, "children", {}).items():
        if getattr(child, "key", None) == key:
            return (*path, i)
        if found := place_of(child, key, (*path, i)):
            return found
    return None


def test_the_stage_is_where_it_was_while_one_waits_for_its_run(at, monkeypatch):
    """Elsewhere a browser would make it anew, and what a user has begun there would be gone."""
    CACHE.clear()
    at_once = place_of(at.main, "stage")
    assert at_once
    waited = []
    compute, progress = current_run.run_batch, current_run.progress

    def slow(*args, **also):
        time.sleep(0.2)
        return compute(*args, **also)

    def seen(*args):
        waited.append(args)
        return progress(*args)

    monkeypatch.setattr(current_run, "LOOK", 0.01)
    monkeypatch.setattr(current_run, "FEW_NUMBERS", 0)
    monkeypatch.setattr(current_run, "run_batch", slow)
    monkeypatch.setattr(current_run, "progress", seen)
    for change in (at.select_slider(key="hidden_size"), at.number_input(key="seed")):
        change.set_value(13).run()
        assert not at.exception
        assert waited
        assert place_of(at.main, "stage") == at_once
        waited.clear()
