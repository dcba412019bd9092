"""A quantity over all time steps and units in one small picture: blocks and their means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from explainer.plots.colours import SCALES

MOST_ACROSS, MOST_DOWN = 400, 64
"""Most blocks of a picture, over time and over the units."""


def block_sizes(T: int, H: int) -> tuple[int, int]:
    """Return how many time steps and how many units a block has, so that few are enough."""
    return -(-T // MOST_ACROSS), -(-H // MOST_DOWN)


def block_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each block, (units, time steps), of (T, H) numbers.

    The last blocks are smaller where the sizes are no multiples.
    """
    across, down = block_sizes(*values.shape)
    T, H = (np.arange(0, n, size) for n, size in zip(values.shape, (across, down), strict=True))
    sums = np.add.reduceat(np.add.reduceat(values, T, 0), H, 1)
    counts = np.diff([*T, len(values)])[:, None] * np.diff([*H, values.shape[1]])
    means: NDArray[np.float64] = (sums / counts).T
    return means


def overview(values: NDArray[np.float64], theme: str) -> NDArray[np.uint8]:
    """Return the picture of (T, H) numbers, (units, time steps, 3): orange below 0, blue above.

    Args:
        values: of one sequence.
        theme: "light" or "dark".
    """
    means = block_means(values)
    places = means / (2 * max(np.abs(means).max(initial=0.0), 1e-300)) + 0.5
    at, hues = zip(*SCALES[theme]["signed"], strict=True)
    parts = np.array([[int(hue[i : i + 2], 16) for i in (1, 3, 5)] for hue in hues])
    channels = [np.interp(places, at, parts[:, i]) for i in range(3)]
    return np.stack(channels, -1).round().astype(np.uint8)
