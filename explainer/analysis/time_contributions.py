"""A parameter's gradient as the sum of its time steps' contributions."""

from __future__ import annotations

import math

import numpy as np

from explainer.engine.trace import Array, Trace
from explainer.errors import ConstraintError

MOST_CONTRIBUTIONS = 4_000_000
"""Most numbers of a weight's contributions over time that a page or a check computes."""


def too_many(trace: Trace, parameter: str) -> ConstraintError | None:
    """Return what is said where a parameter's contributions over time are too many to compute."""
    numbers = math.prod(trace.shape(f"d_{parameter}_t"))
    if numbers <= MOST_CONTRIBUTIONS:
        return None
    return ConstraintError(
        f"d_{parameter}_t",
        f"at most {MOST_CONTRIBUTIONS:,} are computed",
        f"The time steps' contributions to d_{parameter} would be {numbers:,} numbers",
        "Use a shorter context or a smaller hidden size.",
    )


def norms(contributions: Array) -> Array:
    """Return the Euclidean (Frobenius) norm of each time step's contribution.

    Args:
        contributions: (T, ...), one contribution to a weight or a bias for each time step.

    Returns:
        (T,).
    """
    return np.asarray(np.linalg.norm(contributions.reshape(len(contributions), -1), axis=1))
