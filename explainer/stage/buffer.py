"""Numbers on their way to the browser: all arrays of a page in one row of bytes."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from explainer.engine.trace import Array

KINDS = ("u1", "<f4", "<f8")
"""Kinds of numbers that are sent, the shortest first."""
ALIGNED = 8
"""Every array begins at a multiple of so many bytes, as a typed array must."""


@dataclass
class Buffer:
    """All numbers of a page in one row; each array says where it begins."""

    content: bytearray = field(default_factory=bytearray)

    def add(self, numbers: Array) -> dict[str, Any]:
        """Append numbers in the shortest kind that has them exactly; return where and in which."""
        found = next(kind for kind in KINDS if is_exact(numbers, kind))
        self.content += bytes(-len(self.content) % ALIGNED)
        start = len(self.content)
        self.content += numbers.astype(found).tobytes()
        return {"at": start, "kind": found.removeprefix("<")}

    def encode(self, array: Array) -> dict[str, Any]:
        """Append an array in the shortest of three ways, and say which."""
        flat = np.ascontiguousarray(array, np.float64).reshape(-1)
        bits = flat.view(np.int64)  # 0.0 and -0.0 are equal, and written differently
        if flat.size and (bits == bits[0]).all():
            return {"constant": float(flat[0])}
        zeros = (0.0, -0.0)
        alike = [bits == np.float64(zero).view(np.int64) for zero in zeros]
        most = int(alike[1].sum() > alike[0].sum())
        (places,) = (~alike[most]).nonzero()
        if 2 * places.size < flat.size:
            return {
                "places": self.add(places.astype(np.float64)),
                "values": self.add(flat[places]),
                "count": int(places.size),
                "rest": zeros[most],
            }
        return self.add(flat)

    def text(self) -> str:
        """Return the numbers as base64, little-endian."""
        return base64.b64encode(self.content).decode("ascii")


def is_exact(numbers: Array, kind: str) -> bool:
    """Tell whether numbers come back bit for bit from a kind that may be shorter."""
    with np.errstate(invalid="ignore", over="ignore"):
        back = numbers.astype(kind).astype(np.float64)
    return bool((back.view(np.int64) == numbers.view(np.int64)).all())
