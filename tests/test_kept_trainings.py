"""What is kept of a training, how the rest is found again, and who shares it."""

import gc
import time
import weakref
from dataclasses import replace
from threading import Event, Thread

import numpy as np
import pytest
import torch
from test_properties import assert_same_numbers
from training_cases import SMALL, TINY, TRAINED, wait

from explainer import History, train
from explainer.app import current_run as runs
from explainer.app import gate as gates
from explainer.app.cache import BUDGET, CACHE, Cache, shared_training
from explainer.engine.at_once import solve_at_once
from explainer.engine.network import network, without_dropout
from explainer.engine.quantity import solve
from explainer.engine.training import RNNTraining
from explainer.engine.training_state import TrainingState, train_step
from explainer.engine.unroll import (
    learning_plans,
)

pytestmark = pytest.mark.usefixtures("nobody_trained_before")


def test_a_training_outlives_a_look_at_many_other_settings():
    first = shared_training(History, SMALL)
    first.step()
    for seed in range(100, 140):
        shared_training(History, replace(SMALL, seed=seed))
        shared_training(RNNTraining, replace(SMALL, seed=seed))
    assert shared_training(History, SMALL) is first


def test_trainings_of_large_networks_keep_fewer_moments(monkeypatch):
    size = History(SMALL).state_at(0).nbytes
    monkeypatch.setattr("explainer.engine.training.KEPT_BYTES", 5 * size)
    history, wanted = History(SMALL), train(SMALL, epochs=6)
    for _ in range(30):
        history.step()
        assert len(history._kept) <= 5
    assert history.nbytes == 7 * size, "kept ones, the last, and the last one looked back at"
    for k in (0, 7, 29, 30):
        for name, value in history.state_at(k).parameters.items():
            assert torch.equal(value, wanted.state_at(k).parameters[name])
    monkeypatch.setattr("explainer.engine.training.KEPT_BYTES", 0)
    history = History(SMALL)
    for _ in range(5):
        history.step()
    assert_same_numbers(history.next_run(3), wanted.next_run(3))
    monkeypatch.setattr("explainer.app.cache.CACHE", cache := Cache(10_000_000))
    for seed in range(20):
        shared_training(History, replace(SMALL, seed=seed))
        assert 0 < cache.nbytes <= 10_000_000


@pytest.fixture
def forgetful(monkeypatch):
    """A training that has kept hardly anything, what it should know, and updates done again."""
    wanted = train(SMALL, epochs=12)
    monkeypatch.setattr("explainer.engine.training.KEPT_BYTES", 0)
    history = train(SMALL, epochs=12)
    assert set(history._kept) == {0, 32}
    done = []

    def counted(settings, net, state, i):
        done.append(i)
        return train_step(settings, net, state, i)

    monkeypatch.setattr("explainer.engine.training.train_step", counted)
    return history, wanted, done


def test_the_same_way_back_is_not_gone_twice(forgetful):
    history, wanted, done = forgetful
    for i in range(history.updates + 1):
        for name, value in history.state_at(i).parameters.items():
            assert torch.equal(value, wanted.state_at(i).parameters[name])
    # from each to the next; but for those that were kept
    assert done == [i for i in range(history.updates) if i not in (31, history.updates - 1)]
    done.clear()
    for _ in range(3):
        history.state_at(20)
    history.at(20)
    assert done == list(range(20))
    history.state_at(23)
    assert done[20:] == [20, 21, 22]


def test_who_looks_back_for_long_may_leave_and_come_back(forgetful):
    history, _, done = forgetful

    def work(goal, tell):
        for steps, _ in history.replay_to(goal):
            tell(steps)

    ticket = gates.Gate(CACHE).enter("back", work, 31)
    wait(lambda: len(done) > 3)
    ticket.leave()
    time.sleep(0.1)
    assert len(done) < 31
    runs.network_at(31, history)
    assert done == list(range(31)), "nothing twice"


def test_a_training_larger_than_all_memory_for_them_is_shared_alone(monkeypatch):
    small = shared_training(History, TINY)
    monkeypatch.setattr(History, "nbytes", 10 * BUDGET)
    large = shared_training(History, SMALL)
    assert shared_training(History, SMALL) is large, "while somebody holds it"
    assert shared_training(History, TINY) is small
    forgotten = weakref.ref(large)
    del large
    assert forgotten() is None


def test_a_long_text_keeps_nobody_else_waiting():
    begun, go_on = Event(), Event()

    class Slow(History):
        def __init__(self, settings):
            begun.set()
            assert go_on.wait(10)
            super().__init__(settings)

    thread = Thread(target=shared_training, args=(Slow, SMALL))
    thread.start()
    assert begun.wait(10)
    other = Thread(target=shared_training, args=(History, TINY))
    other.start()
    other.join(10)
    assert not other.is_alive()
    go_on.set()
    thread.join(10)


def test_nobody_can_change_a_training_from_outside():
    history = train(SMALL, epochs=1)
    for k in (0, 3, 5):
        before = train(SMALL, epochs=1).next_run(k)
        state = history.state_at(k)
        state.h_0.fill_(9)
        for value in state.parameters.values():
            value.fill_(9)
        assert_same_numbers(history.next_run(k), before)


@pytest.mark.parametrize("settings", [*TRAINED.values(), replace(SMALL, variant="reset_before")])
def test_an_update_solves_no_more_than_it_needs(settings, monkeypatch):
    solved = set()

    def tell(function):
        def solve_and_tell(*args):
            found = function(*args)
            solved.update(found)
            return found

        return solve_and_tell

    monkeypatch.setattr("explainer.engine.unroll.solve_at_once", tell(solve_at_once))
    monkeypatch.setattr("explainer.engine.training_state.solve", tell(solve))
    History(settings).step()
    assert {"loss", "d_W_hr", "norm", "new_W_hr"} <= solved
    assert not solved & {"d_log_p", "d_ce_1", "predicted_change", "lr_d_W_hr"}
    assert ("d_x" in solved) == (settings.input == "embedding")


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_an_update_does_no_dropout_where_nothing_is_dropped(dropout, monkeypatch):
    needed = set()

    def solve_and_tell(equations, known):
        equations = tuple(equations)
        needed.update(n for q in equations for n in q.inputs)
        return solve(equations, known)

    monkeypatch.setattr("explainer.engine.at_once.solve", solve_and_tell)
    History(replace(SMALL, dropout=dropout)).step()
    assert ("mask_h" in needed) == (dropout > 0)


def test_an_update_records_only_what_an_equation_needs_of_all_time_steps():
    forward, backward = learning_plans(without_dropout(network(SMALL)))
    # beside these z, r, n and a_hn, whose slopes are computed for all time steps at once
    assert {*forward.recorded} == {"h_prev", "h", "r", "z", "n", "a_hn"}
    # what arrives at r, z, n and at the past's part of n
    assert {*backward.recorded} == {"d_a_r", "d_a_z", "d_a_n", "d_a_hn"}


def test_two_readers_of_one_training_do_not_pass_its_end():
    for _ in range(5):
        history = History(TINY)
        readers = [
            Thread(target=lambda h=history: [h.step_towards(50) for _ in range(60)])
            for _ in range(4)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        assert history.updates == 50


def test_the_latest_network_is_not_computed_again(monkeypatch):
    history = train(SMALL, epochs=30)
    monkeypatch.setattr("explainer.engine.training.train_step", None)
    updates, state = history.latest()
    assert updates == history.updates
    assert state.parameters.keys() == history.state_at(updates).parameters.keys()
    with pytest.raises(IndexError, match=r"an integer from 0 to \d+; got 10000\."):
        history.state_at(10_000)


def test_a_reader_who_begins_at_the_same_time_gets_the_same_training():
    made = []

    class Slow(History):
        def __init__(self, settings):
            time.sleep(0.2)
            super().__init__(settings)
            made.append(self)

    found = []
    readers = [Thread(target=lambda: found.append(shared_training(Slow, SMALL))) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(10)
    assert len(made) == 1
    assert found == made * 4


# What is kept.


def moments_alive():
    return sum(type(thing) is TrainingState for thing in gc.get_objects())


@pytest.mark.long
def test_a_long_training_keeps_few_moments_and_finds_all():
    before = moments_alive()
    history = History(TINY)
    most = 0
    for i in range(2000):
        history.step()
        if i in (63, 64, 127, 128, 1000):
            most = max(most, moments_alive() - before)
    assert history.updates == len(history.losses) == 2000
    assert 32 <= moments_alive() - before <= 65
    assert most <= 66  # kept ones, and the last
    for k in (0, 1, 63, 64, 65, 777, 1984, 1999):
        assert float(history.at(k).trace["loss"]) == history.losses[k]
    for name, values in history.at(1999).update.after.items():
        np.testing.assert_array_equal(values, history.state_at(2000).parameters[name])
    for k in (2000, -1):
        with pytest.raises(IndexError, match=rf"update must be .* 0 to 1,999; got {k}\. Train for"):
            history.at(k)
