"""The page of the training: watched, looked back at, begun again."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from app_pages import (
    VARIANTS,
    array,
    figures,
    page_of,
    run_of,
    sentences,
    stage,
    visit,
)
from test_payload import assert_sent_as_computed
from test_properties import assert_same_numbers
from training_cases import SAME, button, code, said, to_do, train_on_page, wait

from explainer import PRESETS, History, run, train
from explainer.app import gate as gates
from explainer.engine.sampling import continue_text
from explainer.errors import NotFiniteError

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("nobody_trained_before")]


def test_a_reader_looks_on_where_they_looked_while_another_trains():
    at = visit("training")
    train_on_page(at, 6)
    history = at.session_state["session"].trainer.history
    other = visit("training")
    assert "No updates done yet." in said(other), "as its link says"
    train_on_page(other, 6)
    assert other.slider(key="look-at").value == 6
    for reader, chosen in ((at, 4), (other, 5)):
        reader.slider(key="look-at").set_value(chosen).run()
        history.step()  # somebody else goes on
        reader.run()
        assert reader.slider(key="look-at").value == chosen
        assert f"After {chosen} updates the network continues" in said(reader)
        reader.run()
        assert not reader.slider(key="look-at").proto.set_value, "who moves it is not moved back"
    train_on_page(other, 3)
    assert other.slider(key="look-at").value == 9, "what came out"


def test_a_look_at_the_page_computes_no_update_again(monkeypatch):
    monkeypatch.setattr("explainer.engine.training.KEPT_BYTES", 0)
    at = visit("training", updates=31, seed=77)
    history = at.session_state["session"].trainer.history
    for _ in range(30):
        history.step()
    assert 31 not in history._kept
    monkeypatch.setattr("explainer.engine.training.train_step", None)  # none may be done again
    at.run()
    assert not at.exception
    assert not at.error


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_reader_who_comes_back_looks_where_they_looked(everywhere):
    at = visit("training", updates=3)
    train_on_page(at, 5)
    at.slider(key="look-at").set_value(4).run()
    if everywhere:
        button(at, "show it everywhere").click().run()
    at.switch_page("pages/cell.py").run()
    assert run_of(at).settings.updates == (4 if everywhere else 3)
    at.switch_page("pages/training.py").run()
    assert at.slider(key="look-at").value == 4


@pytest.mark.long
@pytest.mark.parametrize(("preset", "variant"), list(product(PRESETS, VARIANTS)))
def test_a_reader_trains_looks_back_and_begins_again(preset, variant):
    settings = replace(PRESETS[preset], variant=variant)
    at = visit("training", preset=preset, variant=variant)
    assert run_of(at).settings == settings
    assert not at.error
    assert "No updates done yet." in said(at)
    assert figures(at).keys() <= {"learning-rates"}
    assert button(at, "start training")
    assert button(at, "pause").disabled
    assert button(at, "reset").disabled
    train_on_page(at, 6)
    assert not at.error
    assert "6 updates done." in said(at)
    assert button(at, "resume training")
    history = History(settings)
    losses = [history.step() for _ in range(6)]
    for key, wanted in (("curve-loss", losses), ("curve-perplexity", np.exp(losses))):
        (line,) = figures(at)[key]["data"]
        np.testing.assert_allclose(line["y"], wanted, **SAME)
    last = losses[-history.batches :]
    mean = np.mean(last)
    assert f"the last {len(last)}: **{mean:.4f}**, perplexity **{np.exp(mean):.4g}**" in said(at)
    assert "show the network **after 0 updates**" in said(at), "until it is shown"
    assert "files contain the network **after 0 updates**" in said(at)
    assert at.slider(key="look-at").value == 6, "one wants to see what came out"
    prefix = at.text_input(key="prefix").value
    greedy = continue_text(settings, history.state_at(6).parameters, prefix, 60)
    assert code(at)[0] == f"{prefix}|{greedy}"
    at.slider(key="look-at").set_value(4).run()
    button(at, "show it everywhere").click().run()
    assert run_of(at).settings == replace(settings, updates=4)
    assert at.query_params["updates"] in ("4", ["4"])
    assert "files contain the network **after 4 updates**" in said(at)
    assert at.slider(key="look-at").value == 4
    assert_same_numbers(run_of(at), run(settings, history.state_at(4).parameters))
    prefix = at.text_input(key="prefix").value
    greedy = continue_text(settings, history.state_at(4).parameters, prefix, 60)
    assert code(at)[0] == f"{prefix}|{greedy}"
    downloads = [d.proto.label for d in at.get("download_button")]
    assert len(downloads) == 1 + (variant == "reset_after")
    assert any("load_file" in c for c in code(at)) == (variant == "reset_after")
    cell = at.switch_page(page_of("cell")).run()
    assert not cell.exception
    assert_sent_as_computed(stage(cell), run(replace(settings, updates=4)))
    other = visit("training", preset=preset, variant=variant)
    assert "No updates done yet." in said(other), "each user sees those they asked for"
    to_do(other, 5).run()
    button(other, "start training").click().run()
    assert "5 updates done." in said(other), "at once, since others have done them"
    at = cell.switch_page(page_of("training")).run()
    button(at, "reset").click().run()
    assert not at.exception
    assert run_of(at).settings == settings
    assert "No updates done yet." in said(at)
    assert "updates" not in at.query_params
    assert "5 updates done." in said(other.run()), "a reset is one's own"


def test_a_link_with_updates_shows_that_network():
    settings = replace(PRESETS["start"], updates=50)
    for _ in range(2):  # the second one finds the run ready
        at = visit("training", updates=50)
        assert not at.exception
        assert not at.error
        assert "**after 50 updates**" in said(at)
        assert "After 50 updates the network continues" in said(at)
        assert run_of(at).settings == settings
        button(visit("training", updates=50), "reset").click().run()
    trained = train(settings, epochs=10).state_at(50).parameters
    assert_same_numbers(run_of(at), run(replace(settings, updates=0), trained))


def test_what_stands_in_the_fields_is_there_after_another_chapter():
    at = visit("training")
    at.text_input(key="prefix").set_value("alg").run()
    train_on_page(at, 3)
    at = at.switch_page(page_of("cell")).run()
    at = at.switch_page(page_of("training")).run()
    assert at.text_input(key="prefix").value == "alg"
    assert at.number_input(key="to-do").value == 3
    at = at.switch_page(page_of("home")).run()
    button(at, "The tutorial with matrices").click().run()
    at = at.switch_page(page_of("training")).run()
    assert at.text_input(key="prefix").value == PRESETS["math"].text[:8].strip()
    assert not at.error


def test_worse_than_guessing_is_said():
    at = visit("training", learning_rate=1000.0)
    train_on_page(at, 40)
    assert "Uniform guessing has the perplexity 36, so this is worse than guessing" in said(at)
    at = visit("training")
    train_on_page(at, 40)
    assert "worse" not in said(at)


def test_a_run_that_is_kept_needs_no_training(monkeypatch):
    at = visit("training", updates=40)
    monkeypatch.setattr("explainer.app.current_run.train_up_to", None)
    at = at.switch_page(page_of("cell")).run()
    assert not at.exception
    assert not at.error
    assert run_of(at).settings.updates == 40


def test_a_prefix_with_unknown_characters_says_which():
    at = visit("training")
    at.text_input(key="prefix").set_value("aß漢").run()
    (sentence,) = sentences(at)
    assert sentence.startswith("The prefix has 'ß', '漢'; the vocabulary has only the characters ")
    at.text_input(key="prefix").set_value("").run()
    assert sentences(at) == ["prefix must be at least one character of the vocabulary; got ''."]
    at.text_input(key="prefix").set_value("linear").run()
    assert not at.error
    assert code(at)[0].startswith("linear|")


def test_other_settings_end_a_training():
    at = visit("training")
    to_do(at, 20_000).run()
    button(at, "start training").click().run()
    first = at.session_state["session"].trainer
    assert first.running
    assert any("of 20,000 updates" in p.proto.text for p in at.get("progress"))
    at.number_input(key="seed").set_value(9).run()
    assert not at.exception
    assert not first.running
    second = at.session_state["session"].trainer
    assert second is not first
    assert second.history.settings == replace(PRESETS["start"], seed=9)
    wait(lambda: not gates.GATE._jobs)


# Learning rates in one chart.


def test_learning_rates_are_tried_before_one_trains():
    at = visit("training", learning_rate=2)
    curves = figures(at)["learning-rates"]["data"]
    assert [curve["name"] for curve in curves] == ["0.2", "0.6", "2 (chosen)", "6"]
    for curve in curves:
        rate = float(curve["name"].split()[0])
        history = train(replace(PRESETS["start"], learning_rate=rate), epochs=2)
        np.testing.assert_allclose(array(curve["y"]), history.losses[:40], rtol=1e-12)
    assert "No updates done yet." in said(at), "they are not the reader's training"


@pytest.mark.parametrize("query", [{"learning_rate": 0}, {"hidden_size": 256, "preset": "story"}])
def test_no_learning_rates_are_tried_where_that_says_nothing_or_takes_long(query):
    assert "learning-rates" not in figures(visit("training", **query))


def test_a_learning_rate_that_diverges_ends_early(monkeypatch):
    def diverge(self):
        raise NotFiniteError("h", "only finite numbers can be shown", "h is inf")

    monkeypatch.setattr(History, "step", diverge)
    curves = figures(visit("training", seed=77))["learning-rates"]["data"]
    assert all(array(curve["y"]).size == 0 for curve in curves)
