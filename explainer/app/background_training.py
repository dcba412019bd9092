"""A training outside the script's thread: bounded, watched, and ended when its user leaves."""

from __future__ import annotations

import logging
import time
from threading import BoundedSemaphore, Event, Thread

from explainer.engine.training import History

AT_ONCE = 2
"""Trainings that run on this server at the same time."""
SECONDS = 120.0
"""Longest time of one start; a user may resume."""
FULL = (
    f"{AT_ONCE} trainings are running on this server; possible: {AT_ONCE} at once. "
    "Wait until one has ended, then press the button again."
)
PATIENCE = 8.0
"""Seconds without a sign of the user after which a training ends."""
BREATH = 0.001
"""Pause after each update, in seconds, in which other users' pages come first."""

PLACES = BoundedSemaphore(AT_ONCE)
"""Taken by each training while it runs."""


class Trainer:
    """One user's training of a history up to some update.

    Attributes:
        history: what is trained.
        until: the update at which it stops.
        problem: a sentence, if it had to stop early.
        began: how many updates there were at the last start.
        starts: how often this user has started it.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.until = history.updates
        self.problem = ""
        self.began = history.updates
        self.starts = 0
        self._started = 0.0
        self._seen = 0.0
        self._halt = Event()
        self._thread: Thread | None = None

    @property
    def running(self) -> bool:
        """Whether it is at work."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def rate(self) -> float:
        """Updates per second since the last start; 0 before the first."""
        took = time.monotonic() - self._started
        return (self.history.updates - self.began) / took if self._started and took > 0 else 0.0

    @property
    def seconds_left(self) -> float:
        """How long it may go on before it ends by itself."""
        return max(SECONDS - (time.monotonic() - self._started), 0.0)

    def see(self) -> None:
        """Note that the user is still there."""
        self._seen = time.monotonic()

    def start(self, until: int) -> None:
        """Train on, up to an update; a sentence in `problem` where that can't be."""
        if self.running:
            return
        self.problem = ""
        if not PLACES.acquire(blocking=False):
            self.problem = FULL
            return
        self.until, self.began = until, self.history.updates
        self._started = self._seen = time.monotonic()
        self._halt = Event()
        thread = Thread(target=self._work, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            PLACES.release()
            self.problem = (
                "The server has no thread left to train in; possible: to wait until it has. "
                "Press the button again in a moment."
            )
            return
        self._thread = thread
        self.starts += 1

    def pause(self) -> None:
        """Stop after the current update."""
        self._halt.set()
        if self._thread is not None:
            self._thread.join(5)

    def _work(self) -> None:
        try:
            while self.history.updates < self.until and not self._halt.is_set():
                now = time.monotonic()
                if now - self._seen > PATIENCE:
                    self.problem = (
                        f"The training ended at update {self.history.updates:,}, since nobody "
                        f"looked at it; possible: to train while its page is open. Press resume "
                        f"to go on."
                    )
                    return
                if now - self._started > SECONDS:
                    self.problem = (
                        f"The training has taken {SECONDS:.0f} seconds; possible: so many at a "
                        f"time, so that others have their turn. Press resume to go on."
                    )
                    return
                self.history.step_towards(self.until)
                time.sleep(BREATH)
        except ValueError as error:
            self.problem = str(error)
        except Exception as error:
            logging.getLogger(__name__).exception("a training ended")
            self.problem = (
                f"The training ended at update {self.history.updates:,} by a fault of the program "
                f"({type(error).__name__}); possible: to go on from there. Press resume, or choose "
                f"a smaller network."
            )
        finally:
            PLACES.release()
