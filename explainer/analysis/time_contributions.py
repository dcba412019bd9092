"""A parameter's gradient as the sum of its time steps' contributions: which of them is largest."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from explainer.engine.trace import Array, Trace
from explainer.errors import ConstraintError

MOST_CONTRIBUTIONS = 4_000_000
"""Most numbers of a weight's contributions over time that a page or a check computes."""


@dataclass(frozen=True)
class Contribution:
    """How the time steps' contributions make up a gradient.

    Attributes:
        t: the time step whose contribution has the largest norm, the first of several.
        norm: norm of that contribution.
        sum_of_norms: the norms of all contributions, added up.
        norm_of_sum: norm of the sum of all contributions; never more than `sum_of_norms`.
    """

    t: int
    norm: float
    sum_of_norms: float
    norm_of_sum: float


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


def largest_contribution(contributions: Array) -> Contribution:
    """Return which time step contributes most, and how much of all contributions the sum keeps.

    Args:
        contributions: (T, ...), one contribution to a weight or a bias for each time step.
    """
    found = norms(contributions)
    t = int(found.argmax())
    norm_of_sum = float(np.linalg.norm(contributions.sum(0)))
    return Contribution(t, float(found[t]), float(found.sum()), norm_of_sum)


def largest_contributions(norms: Array, most: int) -> list[int]:
    """Return the time steps with the largest norms, at most so many, in the order of time.

    Args:
        norms: (T,).
        most: how many.
    """
    return sorted(np.argsort(-norms, kind="stable")[:most].tolist())
