"""Memory that is used again, since what is new the system clears first, which takes time."""

from __future__ import annotations

import weakref
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LARGE = 2**20
"""From how many bytes on memory is used again; what is smaller is new each time."""
MOST_SPARE = 96 * 2**20
"""Most bytes that are kept for that, of all sizes together."""

_spare: dict[int, list[NDArray[np.uint8]]] = {}  # by size


def lend(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Return a tensor with any numbers in it.

    Its memory serves again once neither it nor any view of it is there any more.
    """
    nbytes = prod(shape) * dtype.itemsize
    if nbytes < LARGE:
        return torch.empty(shape, dtype=dtype, device="cpu")
    try:
        memory = _spare.get(nbytes, []).pop()
    except IndexError:
        # NumPy's large arrays come in large pages, which the system hands out sooner
        memory = np.empty(nbytes, np.uint8)
    lent = memory[:]  # the tensor's own, so that its end is that of the tensor and its views
    weakref.finalize(lent, _give_back, memory).atexit = False
    return torch.from_numpy(lent).view(dtype).view(shape)


def _give_back(memory: NDArray[np.uint8]) -> None:
    _spare.setdefault(memory.nbytes, []).append(memory)
    if sum(nbytes * len(of_size) for nbytes, of_size in tuple(_spare.items())) > MOST_SPARE:
        _spare.clear()
