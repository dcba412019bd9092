"""What one run of the script does, and does not do."""

from pathlib import Path

import pytest
from streamlit.runtime.state.session_state import SessionState
from streamlit.testing.v1 import AppTest

from explainer.app import state_by_key
from explainer.app.state_by_key import ALL, StateByKey

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
