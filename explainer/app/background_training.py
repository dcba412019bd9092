"""One user's training on its page: watched, shared at the gate, and ended when they leave."""

from __future__ import annotations

import logging
import time

from explainer.app.current_run import enter_training
from explainer.app.gate import AbandonedError, Ticket
from explainer.engine.training import History
from explainer.errors import InvalidValueError


class Trainer:
    """How far one user has got with a training.

    Equal settings give equal numbers, so the training itself is everybody's; each user sees as
    many of its updates as they have asked for.

    Attributes:
        history: the training.
        until: how many of its updates the user has asked for.
        problem: a sentence, if it had to stop early.
        began: how many updates there were at the last start.
        starts: how often this user has started it.
    """

    def __init__(self, history: History, updates: int = 0) -> None:
        self.history = history
        self.until = updates
        self.problem = ""
        self.began = updates
        self.starts = 0
        self._started = 0.0
        self._ticket: Ticket[None] | None = None

    @property
    def updates(self) -> int:
        """How many updates this user sees."""
        return min(self.history.updates, self.until)

    @property
    def running(self) -> bool:
        """Whether the user waits for more of them."""
        return self._ticket is not None and not self._ticket.done

    @property
    def before(self) -> int | None:
        """How many others' work comes first; None once it is at work."""
        return self._ticket.before if self._ticket is not None else None

    @property
    def rate(self) -> float:
        """Updates per second since the last start; 0 before the first."""
        took = time.monotonic() - self._started
        return (self.updates - self.began) / took if self._started and took > 0 else 0.0

    def see(self) -> None:
        """Note that the user is still there, and what the training came to."""
        if self._ticket is None:
            return
        self._ticket.see()
        if self._ticket.before is not None:
            self._started = time.monotonic()
        if self._ticket.done:
            error = self._ticket.error
            self.pause()
            if error is not None:
                self.problem = self._reason(error)

    def start(self, until: int) -> None:
        """Train on, up to an update."""
        if self.running:
            return
        self.problem = ""
        self.began, self.until = self.updates, until
        self._started = time.monotonic()
        self.starts += 1
        if self.history.updates < until:
            self._ticket = enter_training(until, self.history)

    def pause(self) -> None:
        """Stop after the current update."""
        if self._ticket is not None:
            self._ticket.leave()
            self._ticket = None
        self.until = self.updates

    def _reason(self, error: Exception) -> str:
        """Return what is said of a training that ended early."""
        if isinstance(error, InvalidValueError):
            return str(error)
        stopped = f"The training stopped after {self.updates:,} updates"
        if isinstance(error, AbandonedError):
            return f"{stopped}, as its page was not open. Press resume to go on."
        logging.getLogger(__name__).error("a training ended", exc_info=error)
        return (
            f"{stopped} by a fault of the program ({type(error).__name__}). Press resume, or use "
            f"a smaller network."
        )
