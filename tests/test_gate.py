"""The gate for heavy work: once, in turn, within bounds, and only while somebody wants it."""

import threading
import time
from dataclasses import replace

import pytest
from app_pages import visit

from explainer import PRESETS, History
from explainer.app import current_run, gate
from explainer.app.cache import BUDGET, CACHE, Cache, shared_training
from explainer.app.gate import AbandonedError, Gate
from explainer.batches import tokenize
from explainer.engine.batch_run import batches_before, run_batch, trace_numbers
from explainer.errors import ConstraintError


class Result:
    """Something that can be held."""


class Steps:
    """Work that goes on, step by step, when it is told to."""

    def __init__(self):
        self.calls = 0
        self.reached = 0
        self.go_on = threading.Event()

    def __call__(self, goal, tell):
        self.calls += 1
        while self.reached < goal:
            self.go_on.wait(10)
            self.reached += 1
            if self.reached < goal:
                tell(self.reached)
        return Result()


@pytest.fixture
def small():
    """A gate with one place and little memory."""
    return Gate(Cache(1_000), at_once=1, memory=100)


def finish(ticket, seconds=10.0):
    assert ticket.wait(seconds)
    ticket.leave()
    return ticket.result()


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    assert condition()


def test_equal_work_is_done_once_and_takes_one_place(small):
    work = Steps()
    tickets = [small.enter("key", work, 3) for _ in range(30)]
    assert {ticket.before for ticket in tickets} == {None}
    work.go_on.set()
    assert len({id(finish(ticket)) for ticket in tickets}) == 1
    assert work.calls == 1


def test_the_queue_is_in_order_and_says_how_many_come_first(small):
    order = []

    def named(name, wait):
        def work(goal, tell):
            wait.wait(10)
            order.append(name)

        return work

    go_on = threading.Event()
    tickets = [small.enter(name, named(name, go_on)) for name in "abcd"]
    assert [ticket.before for ticket in tickets] == [None, 0, 1, 2]
    tickets[1].leave()
    assert [ticket.before for ticket in tickets[2:]] == [0, 1]
    go_on.set()
    for ticket in (tickets[0], *tickets[2:]):
        finish(ticket)
    assert order == ["a", "c", "d"]


def test_who_wants_more_of_the_same_does_not_begin_anew(small):
    work = Steps()
    short, far = small.enter("key", work, 2), small.enter("key", work, 5)
    work.go_on.set()
    finish(short)
    finish(far)
    assert work.reached == 5


def test_work_ends_when_the_last_user_left(small):
    reached, ended = [], threading.Event()

    def work(goal, tell):
        try:
            for i in range(goal):
                tell(i)
                reached.append(i)
        finally:
            ended.set()

    both = [small.enter("key", work, 10**9) for _ in range(2)]
    both[0].leave()
    until(lambda: len(reached) > 10)
    both[1].leave()
    assert ended.wait(5)
    assert finish(small.enter("other", lambda goal, tell: 3)) == 3


def test_who_is_not_seen_has_left(small, monkeypatch):
    monkeypatch.setattr(gate, "PATIENCE", 0.2)

    def work(goal, tell):
        for i in range(goal):
            tell(i)

    gone = small.enter("key", work, 10**9)
    next_one = small.enter("other", lambda goal, tell: 3)
    queued = small.enter("third", lambda goal, tell: 4)
    assert queued.before == 1
    until(lambda: next_one.wait(0.05))
    assert next_one.result() == 3
    with pytest.raises(AbandonedError):
        gone.result()


def test_long_work_lets_others_go_first(small, monkeypatch):
    monkeypatch.setattr(gate, "TURN", 0.05)
    long = small.enter("long", lambda goal, tell: [tell(i) for i in range(goal)], 10**9)
    # sooner than the long one would be given up
    assert finish(small.enter("short", lambda goal, tell: 3), gate.PATIENCE / 2) == 3
    before = long.steps
    until(lambda: long.wait(0.01) or long.steps > before)
    assert not long.done
    long.leave()


def test_what_goes_wrong_is_said_to_all_and_tried_again(small):
    def work(goal, tell):
        raise ConstraintError("text", "so it is", "Too short", "Use more.")

    for _ in range(2):
        both = [small.enter("key", work) for _ in range(2)]
        for ticket in both:
            assert ticket.wait(5)
            with pytest.raises(ConstraintError, match="Too short"):
                ticket.result()


def test_results_that_nothing_keeps_count_as_long_as_they_live():
    two = Gate(Cache(1_000), at_once=3, memory=100)
    made = finish(two.enter("a", lambda goal, tell: Result(), memory=60))
    waits = two.enter("b", lambda goal, tell: Result(), memory=60)
    free = two.enter("c", lambda goal, tell: 3)
    assert finish(free) == 3, "what needs no memory goes first"
    assert not waits.wait(0.2)
    assert waits.before == 0
    del made
    finish(waits)


def test_results_that_are_kept_are_counted_by_the_cache():
    cache = Cache(1_000)
    kept = Gate(cache, memory=100)
    for key in "abc":

        def work(goal, tell, key=key):
            return cache.get(key, Result, lambda _: 100)

        finish(kept.enter(key, work, memory=60))
    assert cache.nbytes == 300


def test_work_larger_than_all_memory_is_done_alone(small):
    first = finish(small.enter("a", lambda goal, tell: Result(), memory=10**6))
    other = small.enter("b", lambda goal, tell: Result(), memory=1)
    assert not other.wait(0.1)
    del first
    finish(other)


def test_many_users_at_random_are_all_served_and_nothing_is_left():
    busy = Gate(Cache(1_000), at_once=2, memory=100)
    at_work, most, served = [], [0], []

    def work(goal, tell):
        at_work.append(goal)
        most[0] = max(most[0], len(at_work))
        try:
            for i in range(goal):
                tell(i)
        finally:
            at_work.pop()
        return goal

    def user(i):
        for k in range(5):
            ticket = busy.enter((i + k) % 7, work, 3 + (i + k) % 7)
            try:
                if (i * k) % 5 != 4:
                    while not ticket.wait(0.05):
                        pass
                    served.append(ticket.result() == ticket.goal)
            finally:
                ticket.leave()

    users = [threading.Thread(target=user, args=(i,)) for i in range(20)]
    for each in users:
        each.start()
    for each in users:
        each.join(30)
    assert all(served)
    assert len(served) == sum((i * k) % 5 != 4 for i in range(20) for k in range(5))
    assert most[0] <= 2
    until(lambda: not busy._working and not busy._jobs and not busy._queue)


# The work of the app.


@pytest.fixture
def fresh(monkeypatch):
    """A process that has done nothing yet."""
    CACHE.clear()
    monkeypatch.setattr(current_run, "LOOK", 0.01)


def test_a_run_with_a_carried_state_is_what_the_package_computes(fresh, monkeypatch):
    settings = replace(
        PRESETS["start"], text=PRESETS["start"].text * 20, carry_state=True, batch_index=12
    )
    assert batches_before(settings) == 12
    monkeypatch.setattr(current_run, "FEW_NUMBERS", 0)
    found = current_run.kept_run(settings)
    assert (found.trace["h_0"] == run_batch(settings).trace["h_0"]).all()
    assert current_run.kept_run(settings) is found


def test_memory_of_a_run_is_not_underestimated(fresh):
    settings = replace(PRESETS["story"], hidden_size=64)
    numbers = trace_numbers(settings, len(tokenize(settings)[0]))
    assert run_batch(settings).nbytes <= current_run.BYTES * numbers
    assert current_run.BYTES * 40_000_000 <= gate.MEMORY
    assert gate.MEMORY + BUDGET <= 1_700 * 2**20, "beside 0.5 GB for the app and its sessions"


@pytest.mark.page
def test_who_waits_for_a_place_is_told_how_many_come_first(fresh, monkeypatch):
    said, go_on = [], threading.Event()
    plain = current_run.progress

    def progress(*given):
        share, words = plain(*given)
        said.append(words)
        go_on.set()
        return share, words

    monkeypatch.setattr(current_run, "progress", progress)
    others = [current_run.GATE.enter(i, lambda goal, tell: go_on.wait(10)) for i in range(3)]
    at = visit("cell", updates=60, seed=12)
    for other in others:
        other.leave()
    assert not at.exception
    assert not at.error
    assert said[0] == "Training: waiting for a place, 1 before you"
    assert at.session_state["session"].shown[0].updates == 60
    training = shared_training(History, replace(PRESETS["start"], seed=12))
    assert training.updates == 60


@pytest.mark.page
def test_keyed_widgets_follow_their_settings(fresh):
    at = visit("training")
    for preset in ("math", "story", "linear_algebra", "your_text", "start"):
        at.selectbox(key="preset").set_value(preset).run()
        assert not at.exception
        assert not at.error, preset
    at.text_area(key="text").set_value("zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich")
    at.run()
    assert not at.error
    assert at.text_input(key="prefix").value == "zwölf Bo"
