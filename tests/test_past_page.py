"""How far the past matters, on its page, beside an RNN trained as long."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from app_pages import (
    VARIANTS,
    components,
    figures,
    newcomer,
    notes,
    page_of,
    run_of,
    sentences,
)
from training_cases import said

from explainer import PRESETS, History
from explainer.analysis.influence import rnn_influence
from explainer.engine.training import RNNTraining
from explainer.errors import NotFiniteError
from explainer.stage.influence_maps import influence_summary

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("nobody_trained_before")]


def maps(at):
    """The maps that the stage was sent, by title: in words."""
    sent = json.loads(components(at)["stage"]["influence"])
    return {one["title"]: one["says"] for one in sent["maps"] if one["norms"]}


def past(**query):
    at = newcomer(**query)
    at.session_state["open-past"] = True
    at = at.switch_page(page_of("gradients")).run()
    assert not at.exception
    assert not at.error
    return at


@pytest.mark.parametrize(("preset", "variant"), list(product(("start", "math", "story"), VARIANTS)))
def test_the_past_is_drawn_for_both_networks(preset, variant):
    at = past(preset=preset, variant=variant)
    assert list(maps(at)) == ["GRU", "ordinary RNN"]
    assert "past-tokens" in figures(at)
    assert "nothing to measure" not in notes(at)
    assert all("time steps back it is down to a tenth" in words for words in maps(at).values())
    at.slider(key="target").set_value(1).run()
    assert not at.exception


@pytest.mark.parametrize("variant", VARIANTS)
def test_without_influence_there_is_a_note(variant):
    at = past(preset="linear_algebra", variant=variant)
    assert "all rows of the head are equal" in notes(at)
    assert maps(at) == {}
    assert "past-tokens" not in figures(at)
    trained_at = past(preset="linear_algebra", variant=variant, updates=5)
    assert "GRU" in maps(trained_at), "training parts the rows of the head"


def test_the_rnn_beside_is_trained_as_long():
    settings = replace(PRESETS["start"], updates=60)
    at = past(updates=60)
    each = {"GRU": History(settings), "ordinary RNN": RNNTraining(settings)}
    for name, training in each.items():
        for _ in range(60):
            training.step()
        mean = np.mean(training.losses[-training.batches :])
        assert f"{name} **{mean:.4f}**" in said(at)
    assert "trained for 60 updates" in said(at)
    beside = rnn_influence(run_of(at), 0, each["ordinary RNN"].state_at(60))
    first = rnn_influence(run_of(at), 0)
    assert np.abs(beside - first).max() > 1e-3
    assert maps(at)["ordinary RNN"] == influence_summary(beside) != influence_summary(first)


def test_an_rnn_that_cannot_be_trained_leaves_the_gru_its_picture(monkeypatch):
    def diverge(self):
        raise NotFiniteError("h", "only finite numbers can be shown", "h is inf")

    monkeypatch.setattr(RNNTraining, "step", diverge)
    at = newcomer(updates=5)
    at.session_state["open-past"] = True
    at = at.switch_page(page_of("gradients")).run()
    assert not at.exception
    assert sentences(at) == ["The ordinary RNN: h is inf; only finite numbers can be shown."]
    assert list(maps(at)) == ["GRU"]
    assert "past-tokens" in figures(at)


def test_one_time_step_has_no_past():
    at = past(context_length=1)
    assert "rows of the head" not in notes(at), "they differ"
    assert "no past" in notes(at)
