"""Where a user is in a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where a user is, as far as the server must know.

    Attributes:
        sequence: which sequence of the batch.
        t: which time step.
    """

    sequence: int = 0
    t: int = 0
