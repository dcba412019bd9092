"""Numbers on their way to the browser: all arrays of a page in one row of bytes."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from explainer.engine.trace import Array

THUMBNAIL = 70_000
"""Largest matrix that is sent in colours, one byte each, where its numbers are too many."""
THUMBNAILS = 400_000
"""Most bytes of all thumbnails of a page."""


@dataclass
class Buffer:
    """All numbers of a page in one row; each array says where it begins."""

    pieces: list[Array] = field(default_factory=list)
    length: int = 0
    quantised: bytes = b""

    def add(self, numbers: Array) -> int:
        """Append numbers; return where they begin."""
        start = self.length
        self.pieces.append(numbers)
        self.length += numbers.size
        return start

    def encode(self, array: Array) -> dict[str, Any]:
        """Append an array in the shortest of three ways, and say which."""
        flat = np.ascontiguousarray(array, np.float64).reshape(-1)
        bits = flat.view(np.int64)  # 0.0 and -0.0 are equal, and written differently
        if flat.size and (bits == bits[0]).all():
            return {"constant": float(flat[0])}
        zeros = (0.0, -0.0)
        alike = [bits == np.float64(zero).view(np.int64) for zero in zeros]
        most = int(alike[1].sum() > alike[0].sum())
        rest = zeros[most]
        (places,) = (~alike[most]).nonzero()
        if 2 * places.size < flat.size:
            start = self.add(places.astype(np.float64))
            self.add(flat[places])
            return {"sparse": start, "count": int(places.size), "rest": rest}
        return {"at": self.add(flat)}

    def thumbnail(self, value: Array) -> dict[str, Any]:
        """Append a large matrix as one byte a number, for its colours; say where it begins."""
        if value.size > THUMBNAIL or len(self.quantised) + value.size > THUMBNAILS:
            return {}
        start = len(self.quantised)
        limit = float(np.abs(value).max(initial=0.0)) or 1.0
        self.quantised += (np.rint(value / limit * 127) + 128).astype(np.uint8).tobytes()
        return {"quantised": start, "limit": limit}

    def text(self) -> dict[str, str]:
        """Return the numbers as base64 of little-endian float64, and the thumbnails."""
        whole = np.concatenate([*self.pieces, np.zeros(0)]).astype("<f8")
        return {
            "numbers": base64.b64encode(whole.tobytes()).decode("ascii"),
            "quantised": base64.b64encode(self.quantised).decode("ascii"),
        }
