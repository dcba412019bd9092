"""What one run of the script does, and does not do."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.runtime.state.session_state import SessionState
from streamlit.testing.v1 import AppTest

from explainer import PRESETS, run
from explainer.app import cache, state_by_key
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
