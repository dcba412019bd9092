"""A training in a thread: paused, resumed, in turns with others."""

import time
from dataclasses import replace

import numpy as np
import pytest
from app_pages import (
    visit,
)
from training_cases import DIVERGING, SMALL, TINY, button, said, to_do, wait

from explainer import History, run, train
from explainer.app import background_training as trainers
from explainer.app import gate as gates
from explainer.app.background_training import Trainer
from explainer.errors import NotFiniteError

pytestmark = pytest.mark.usefixtures("nobody_trained_before")


@pytest.fixture
def begin():
    """Begin a training; in the end none is left."""
    begun = []

    def begin(settings, until):
        own = Trainer(History(settings))
        begun.append(own)
        own.start(until)
        return own

    yield begin
    for own in begun:
        own.pause()
    wait(lambda: not gates.GATE._jobs and not gates.GATE._working)


def test_a_training_ends_where_it_should(begin):
    own = begin(SMALL, 40)
    wait(lambda: not own.running)
    assert (own.updates, own.problem, own.until, own.began) == (40, "", 40, 0)
    assert own.rate > 0
    assert own.history.losses == train(SMALL, epochs=8).losses
    assert Trainer(own.history).rate == 0


def test_a_training_is_paused_within_a_second_and_resumed(begin):
    own = begin(SMALL, 10**6)
    wait(lambda: own.history.updates > 5)
    own.start(3)  # it is at work already
    assert own.until == 10**6
    before = time.monotonic()
    own.pause()
    assert time.monotonic() - before < 1
    assert not own.running
    done = own.updates
    time.sleep(0.1)
    assert own.updates == done
    assert own.history.updates <= done + 1, "at most the one that was being done"
    assert own.problem == ""
    until = (done + 20) // 5 * 5
    own.start(until)
    assert own.began == done
    wait(lambda: not own.running)
    assert own.history.losses == train(SMALL, epochs=until // 5).losses


def test_a_third_training_waits_for_a_place_and_gets_it(begin):
    first, second = begin(SMALL, 10**6), begin(replace(SMALL, seed=2), 10**6)
    wait(lambda: first.before is None and second.before is None)
    third = begin(replace(SMALL, seed=3), 10)
    fourth = begin(replace(SMALL, seed=4), 10)
    assert (third.before, fourth.before) == (0, 1)
    assert third.running
    assert third.history.updates == 0
    second.pause()
    wait(lambda: not third.running and not fourth.running)
    assert (third.updates, fourth.updates) == (10, 10)
    assert first.running


def test_a_training_ends_when_nobody_looks(begin, monkeypatch):
    monkeypatch.setattr(gates, "PATIENCE", 0.4)
    own = begin(SMALL, 10**6)
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        own.see()
        time.sleep(0.02)
    assert own.running, "as long as somebody looks"
    wait(lambda: not own.running, 2)
    own.see()
    assert own.problem == (
        f"The training stopped after {own.updates:,} updates, as its page was not open. "
        "Press resume to go on."
    )


def test_trainings_take_turns(begin, monkeypatch):
    monkeypatch.setattr(gates, "TURN", 0.2)
    many = [begin(replace(SMALL, seed=seed), 10**6) for seed in range(4)]
    wait(lambda: all(own.updates > 30 for own in many))
    before = [own.updates for own in many]
    wait(lambda: all(own.updates > n for own, n in zip(many, before, strict=True)))


def test_a_diverging_training_says_at_which_update_and_where(begin):
    with pytest.raises(NotFiniteError, match="is the first to become") as caught:
        run(DIVERGING)
    assert "time step" in str(caught.value)
    own = begin(DIVERGING, 10)
    wait(lambda: not own.running, 30)
    own.see()
    assert own.problem == str(caught.value.within("at update 0")), "what the run says"
    assert own.problem.endswith("Begin with smaller parameters.")  # no update was done yet
    assert own.history.updates == 0


def test_trainings_do_not_disturb_each_other(begin):
    others = (replace(SMALL, dropout=0.4), replace(SMALL, windows="random", variant="reset_before"))
    both = [begin(s, 200) for s in others]
    alone = run(replace(SMALL, updates=30)).update.before  # a reader between them
    wait(lambda: not any(own.running for own in both))
    for own, settings in zip(both, others, strict=True):
        assert own.history.losses == train(settings, epochs=40).losses
    for name, value in train(SMALL, epochs=7).state_at(30).parameters.items():
        np.testing.assert_array_equal(alone[name], value, err_msg=name)


def test_two_trainings_of_one_history_are_one_training(begin):
    history = History(SMALL)
    both = Trainer(history), Trainer(history)
    for own in both:
        own.start(150)
    wait(lambda: not any(own.running for own in both))
    assert history.updates == 150, "exactly, though both wanted the last one"
    assert history.losses == train(SMALL, epochs=31).losses[:150]


def test_rate_and_time_left_count_from_the_last_start(begin, monkeypatch):
    own = begin(SMALL, 40)
    wait(lambda: not own.running)
    now = 1000.0
    monkeypatch.setattr(trainers.time, "monotonic", lambda: now)
    own.began, own._started = 30, now - 4.0
    assert own.rate == (40 - 30) / 4.0


def test_a_training_begins_once_a_thread_can_start(begin, monkeypatch):
    def start(_thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as changed:
        changed.setattr(gates.Thread, "start", start)
        own = begin(TINY, 5)
    assert own.before == 0
    own.see()
    wait(lambda: not own.running)
    assert own.updates == 5


@pytest.mark.page
def test_who_must_wait_for_a_place_sees_how_many_come_first(begin):
    at = visit("training")  # whose short trainings are done, then
    both = begin(SMALL, 10**6), begin(replace(SMALL, seed=2), 10**6)
    wait(lambda: all(own.updates for own in both))
    third = begin(replace(SMALL, seed=3), 10)
    for own in (*both, third):
        own.see()
    to_do(at, 3).run()
    button(at, "start training").click().run()
    assert not at.error
    (bar,) = at.get("progress")
    assert bar.proto.text == "Training: waiting for a place, 1 before you"
    both[0].pause()
    end = time.monotonic() + 20
    while at.session_state["session"].trainer.running and time.monotonic() < end:
        both[1].see()
        at.run()
    at.run()
    assert not at.error
    assert "3 updates done." in said(at)
