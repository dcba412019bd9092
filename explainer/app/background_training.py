"""A training outside the script's thread: bounded, watched, and ended when its user leaves."""

from __future__ import annotations

import logging
import time
from threading import BoundedSemaphore, Event, Thread

from explainer.engine.training import History
from explainer.errors import ConstraintError, InvalidValueError

AT_ONCE = 2
"""Trainings that run on this server at the same time."""
SECONDS = 120.0
"""Longest time of one start; a user may resume."""
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
            self.problem = str(server_is_full())
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
                "The server has no thread left to train in. Press the button again in a moment."
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
                        f"The training stopped after {self.history.updates:,} updates, as its "
                        f"page was not open. Press resume to go on."
                    )
                    return
                if now - self._started > SECONDS:
                    self.problem = (
                        f"The training stopped after {SECONDS:.0f} seconds, so that others have "
                        f"their turn. Press resume to go on."
                    )
                    return
                self.history.step_towards(self.until)
                time.sleep(BREATH)
        except InvalidValueError as error:
            self.problem = str(error)
        except Exception as error:
            logging.getLogger(__name__).exception("a training ended")
            self.problem = (
                f"The training stopped after {self.history.updates:,} updates by a fault of the "
                f"program ({type(error).__name__}). Press resume, or use a smaller network."
            )
        finally:
            PLACES.release()


def server_is_full() -> ConstraintError:
    """Return what is said to who wants to train while no place is free."""
    return ConstraintError(
        "updates",
        f"at most {AT_ONCE} can run at once",
        f"{AT_ONCE} trainings are running on this server",
        "Try again when one has ended.",
    )
