"""The gate that all heavy work goes through.

Equal work is done once, for all who want it; in turn, within bounds of number and memory; and
only as long as somebody wants it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Hashable
from functools import partial
from threading import Condition, Event, Thread
from typing import Any, Generic, TypeVar, cast
from weakref import ref

from explainer.app.cache import CACHE, Cache, give_back

AT_ONCE = 2
"""Jobs at work at the same time."""
MEMORY = 1_300 * 2**20
"""Memory of all jobs at work, and of results that are too large to be kept, in bytes."""
TURN = 10.0
"""Seconds after which a job goes back to the end of the queue, where others wait."""
PATIENCE = 8.0
"""Seconds without a sign of a user after which they have left."""
BREATH = 0.001
"""Pause of a job each time it tells how far it is, in seconds, in which pages come first."""

Value = TypeVar("Value")
Tell = Callable[[int], None]
"""Called by work between two steps with how many are done; does not return if nobody waits."""
Work = Callable[[int, Tell], Value]
"""Does so many steps, and returns the result, once as many are done."""


class AbandonedError(Exception):
    """Nobody waits for this work any more."""


class Job:
    """Some work, and the users who wait for it.

    Attributes:
        key: equal keys are equal work.
        work: does it.
        memory: what it takes, in bytes.
        tickets: those who wait for it.
        done: how many steps are done.
        started: whether it has a thread.
        turn_began: when it got its place.
    """

    def __init__(self, key: Hashable, work: Work[Any], memory: int) -> None:
        self.key = key
        self.work = work
        self.memory = memory
        self.tickets: set[Ticket[Any]] = set()
        self.done = 0
        self.started = False
        self.turn_began = 0.0

    @property
    def goal(self) -> int:
        """How many steps somebody waits for."""
        return max((ticket.goal for ticket in self.tickets), default=0)

    def is_wanted(self) -> bool:
        """Let those go who have not been seen for long; tell whether somebody is left."""
        now = time.monotonic()
        for ticket in [t for t in self.tickets if now - t.seen > PATIENCE]:
            ticket.end(None, AbandonedError())
            self.tickets.remove(ticket)
        return bool(self.tickets)


class Ticket(Generic[Value]):
    """One user's wish that some work be done.

    Attributes:
        goal: how many of its steps the user waits for.
        error: what it ended with.
        seen: when the user was last there.
    """

    def __init__(self, gate: Gate, job: Job, goal: int) -> None:
        self.goal = goal
        self.error: Exception | None = None
        self.seen = time.monotonic()
        self._gate = gate
        self._job = job
        self._ended = False
        self._value: Value | None = None

    @property
    def steps(self) -> int:
        """How many steps are done."""
        return self._job.done

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self._ended or self._job.done >= self.goal

    @property
    def before(self) -> int | None:
        """How many jobs come before this one; None once it is at work."""
        return self._gate.before(self._job)

    def see(self) -> None:
        """Note that the user is still there."""
        self.seen = time.monotonic()
        self._gate.admit()

    def wait(self, seconds: float) -> bool:
        """Wait for so long at most; tell whether it is done."""
        self.see()
        return self._gate.wait(lambda: self.done, seconds)

    def result(self) -> Value:
        """Return what the work came to, or raise what it raised."""
        if self.error is not None:
            raise self.error
        return cast(Value, self._value)

    def leave(self) -> None:
        """Wait no longer; work that nobody else waits for ends."""
        self.error = None  # once raised, it holds the frames of who waited
        self._gate.leave(self, self._job)

    def end(self, value: Value | None, error: Exception | None) -> None:
        """Take what the work came to."""
        self._value, self.error, self._ended = value, error, True


class Gate:
    """A queue of jobs, with so many places and so much memory.

    Args:
        cache: keeps results; what it keeps is counted there.
        at_once: jobs at work at the same time.
        memory: most memory of jobs at work and of their results, in bytes; a job that takes more
            has it alone.
    """

    def __init__(self, cache: Cache, at_once: int = AT_ONCE, memory: int = MEMORY) -> None:
        self._cache = cache
        self._at_once = at_once
        self._memory = memory
        self._in_flight = 0
        self._jobs: dict[Hashable, Job] = {}
        self._queue: list[Job] = []
        self._working: list[Job] = []
        self._changed = Condition()

    def enter(
        self, key: Hashable, work: Work[Value], goal: int = 1, memory: int = 0
    ) -> Ticket[Value]:
        """Ask for some work; whoever asks must wait or be seen, and leave in the end.

        Args:
            key: equal keys are equal work. The cache has the result under it, if it has it at all.
            work: does so many steps as it is told, and tells after each. It may be called again
                with a higher goal, where somebody has asked for that meanwhile.
            goal: for how many steps this user waits.
            memory: what work and result take, in bytes.
        """
        with self._changed:
            job = self._jobs.get(key)
            if job is None:
                job = self._jobs[key] = Job(key, work, memory)
                self._queue.append(job)
            ticket: Ticket[Value] = Ticket(self, job, goal)
            job.tickets.add(ticket)
            self.admit()
        return ticket

    def before(self, job: Job) -> int | None:
        """Return how many jobs come before one in the queue; None where it is not in it."""
        with self._changed:
            return self._queue.index(job) if job in self._queue else None

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so, for so long at most; tell whether it is."""
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def leave(self, ticket: Ticket[Any], job: Job) -> None:
        """Let a user go."""
        with self._changed:
            job.tickets.discard(ticket)
            self.admit()

    def admit(self) -> None:
        """Give free places to those who are first in the queue."""
        with self._changed:
            for job in [*self._queue]:
                if not job.is_wanted():
                    self._end(job)
            memory_is_short = False
            for job in [*self._queue]:
                if len(self._working) >= self._at_once:
                    return
                if not job.started and job.memory:
                    after = self._in_flight + job.memory
                    memory_is_short |= self._in_flight > 0 and after > self._memory
                    if memory_is_short:  # those who need none may go first
                        continue
                if not self._start(job):
                    return
                job.turn_began = time.monotonic()
                self._queue.remove(job)
                self._working.append(job)
                self._changed.notify_all()

    def _start(self, job: Job) -> bool:
        """Give a job its thread, unless it has one; tell whether there was one."""
        if not job.started:
            try:
                Thread(target=self._perform, args=(job,), daemon=True).start()
            except RuntimeError:  # none is left; tried again when somebody looks
                return False
            job.started = True
            self._in_flight += job.memory
        return True

    def _perform(self, job: Job) -> None:
        """Do a job in its thread, and hold its memory as long as its result lives."""
        value: Any = None
        error: Exception | None = None
        try:
            while True:
                with self._changed:
                    goal = job.goal
                value = job.work(goal, partial(self._tell, job))
                with self._changed:
                    job.done = max(job.done, goal)
                    if job.goal <= goal:
                        self._end(job, value)
                        break
        except AbandonedError:
            pass
        except Exception as caught:
            error = caught.with_traceback(None)  # its frames hold what was computed
        if error is not None:
            with self._changed:
                self._end(job, None, error)
        gone = Event()
        if value is not None and job.memory and not self._cache.keeps(job.key):
            alive = ref(value, lambda _: gone.set())
            value = None
            while alive() is not None and not gone.wait(1.0):
                if self._queue:  # a page that was stopped may be held by its own traceback
                    gc.collect()
        value = None
        if job.memory:
            give_back()
        with self._changed:
            self._in_flight -= job.memory
            self.admit()

    def _tell(self, job: Job, done: int) -> None:
        """Note how far a job is; let others go first when its turn is over.

        Raises:
            AbandonedError: nobody waits for it.
        """
        with self._changed:
            job.done = done
            if any(ticket.goal <= done for ticket in job.tickets):
                self._changed.notify_all()
            if self._queue and time.monotonic() - job.turn_began > TURN:
                self._working.remove(job)
                self._queue.append(job)
                self.admit()
                while job in self._queue:
                    self._changed.wait(1.0)
                    self.admit()
            if not job.is_wanted():
                self._end(job)
            if job not in self._working:
                raise AbandonedError
        time.sleep(BREATH)

    def _end(self, job: Job, value: Any = None, error: Exception | None = None) -> None:
        """Take a job out, and give everybody who waits what it came to."""
        for jobs in (self._queue, self._working):
            if job in jobs:
                jobs.remove(job)
        if self._jobs.get(job.key) is job:
            del self._jobs[job.key]
        for ticket in job.tickets:
            ticket.end(value, error)
        job.tickets.clear()
        self.admit()
        self._changed.notify_all()


GATE = Gate(CACHE)
"""The gate of this process."""
