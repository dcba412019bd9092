"""A parameter's gradient as the sum of its time steps' shares: which of them paid most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explainer.engine.trace import Array


@dataclass(frozen=True)
class Payment:
    """How the time steps' shares make up a gradient.

    Attributes:
        t: the time step whose share has the largest norm, the first of several.
        share: norm of that share.
        together: the norms of all shares, added up.
        left: norm of the sum of all shares; never more than `together`.
    """

    t: int
    share: float
    together: float
    left: float


def norms(shares: Array) -> Array:
    """Return the Euclidean (Frobenius) norm of each time step's share.

    Args:
        shares: (T, ...), one share of a weight or a bias for each time step.

    Returns:
        (T,).
    """
    return np.asarray(np.linalg.norm(shares.reshape(len(shares), -1), axis=1))


def payment(shares: Array) -> Payment:
    """Return which time step paid most, and how much of all shares the sum has left.

    Args:
        shares: (T, ...), one share of a weight or a bias for each time step.
    """
    found = norms(shares)
    t = int(found.argmax())
    left = float(np.linalg.norm(shares.sum(0)))
    return Payment(t, float(found[t]), float(found.sum()), left)


def largest_shares(norms: Array, most: int) -> list[int]:
    """Return the time steps with the largest norms, at most so many, in the order of time.

    Args:
        norms: (T,).
        most: how many.
    """
    return sorted(np.argsort(-norms, kind="stable")[:most].tolist())
