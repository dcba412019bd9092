"""State A in a link, and the pairs that are offered."""

from dataclasses import replace

import numpy as np
import pytest

from explainer import PRESETS, run
from explainer.app.comparison import KeptState, read_state
from explainer.settings import Settings
from explainer.stage.pairs import pairs
from explainer.url_edits import parse_edits

START = PRESETS["start"]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("edit", ["", "z.*.*.1:1;W_hz.0.1:-0.5"])
def test_a_state_comes_back_from_its_link(preset, edit):
    state = KeptState(replace(PRESETS[preset], seed=7, hidden_size=3), edit)
    assert read_state(state.query) == (state, [])


@pytest.mark.parametrize("query", ["preset=none", "hidden_size=x", "edit=W_hz", "seed=1&edit=;;1"])
def test_a_state_that_can_not_be_is_told(query):
    state, problems = read_state(query)
    assert state is None
    assert problems


@pytest.mark.parametrize("preset", PRESETS)
def test_both_states_of_every_pair_can_be_run(preset):
    settings = PRESETS[preset]
    for pair in pairs(settings, "", "ids.0.0:1"):
        for changes, edit in ((pair.a, pair.edit_a), (pair.b, pair.edit_b)):
            edits, problems = parse_edits(edit)
            assert not problems
            if not changes.get("updates"):
                run(replace(settings, **changes), edits=edits)


def sides(title, settings: Settings = START):
    (pair,) = [p for p in pairs(settings, "", "ids.0.3:1") if p.title.startswith(title)]
    return tuple(
        run(replace(settings, **changes), edits=parse_edits(edit)[0]).trace
        for changes, edit in ((pair.a, pair.edit_a), (pair.b, pair.edit_b))
    )


def test_the_reset_gates_place_is_all_that_differs():
    after, before = sides("reset gate")
    for name in ("E", "W_ir", "W_iz", "W_in", "W_hr", "W_hz", "W_hn", "W_o"):
        assert np.array_equal(after[name], before[name])
    # without a past there is nothing to reset
    assert np.array_equal(after["h"][:, 0], before["h"][:, 0])
    assert not np.array_equal(after["h"][:, 1], before["h"][:, 1])


def test_float32_is_float64_rounded():
    exact, rounded = sides("float64 and float32")
    for name in exact.arrays:
        assert (rounded[name] == rounded[name].astype(np.float32)).all()
        size = np.abs(exact[name]).max(initial=1.0)
        np.testing.assert_allclose(rounded[name], exact[name], atol=1e-5 * size)
    assert (rounded["h"] != exact["h"]).any()


def test_an_ordinary_rnn_is_a_gru_with_its_gates_held():
    _, rnn = sides("GRU and ordinary RNN")
    h = np.tanh(
        rnn["x"] @ rnn["W_in"].T + rnn["b_in"] + rnn["h_prev"] @ rnn["W_hn"].T + rnn["b_hn"]
    )
    np.testing.assert_allclose(rnn["h"], h, atol=1e-14)
