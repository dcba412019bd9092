"""One batch: what goes in at each time step, and what should come out."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Batch:
    """One batch: a window of B times T tokens and, shifted by one, what follows each.

    Attributes:
        ids: (B, T) ids of the inputs, 0 to V - 1.
        targets: (B, T) ids of the tokens that come next.
        vocabulary: V tokens, each at the place of its id.
        index: which batch of the text this is, from 0; below `count` unless drawn at random.
        count: how many batches the text has, at least 1.
        lengths: how many time steps each sequence has; empty where all have T. What comes after
            is padding.
        counted: (B, T) which answers count in the loss; None where all do.
        features: names of the numbers that go in, where these are no tokens. Then ids are the rows
            of each sequence, and the vocabulary has the names of what comes out.
        values: (B, T, D) these numbers.
        wanted: (B, T, V) the numbers that should come out, where the targets are no classes.
    """

    ids: Ids
    targets: Ids
    vocabulary: tuple[str, ...] = field(repr=False)
    index: int
    count: int
    lengths: tuple[int, ...] = ()
    counted: Marks | None = None
    features: tuple[str, ...] = ()
    values: NDArray[np.float64] | None = field(default=None, repr=False)
    wanted: NDArray[np.float64] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Lock the ids, which batches of one text share."""
        for value in (self.ids, self.targets, self.counted, self.values, self.wanted):
            if value is not None:
                value.setflags(write=False)

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Labels by dim, as far as these are no tokens."""
        return {"D": self.features} if self.features else {}

    def labels(self, sequence: int) -> list[str]:
        """Return what each time step of a sequence is called: its token or row; "·" is padding."""
        named = self.vocabulary if self.values is None else None
        row = [named[i] if named else str(i) for i in self.ids[sequence]]
        length = self.lengths[sequence] if self.lengths else len(row)
        return [*row[:length], *["·"] * (len(row) - length)]

    def __reduce__(self) -> tuple[type[Batch], tuple[object, ...]]:
        """Tell copy and pickle to make it anew, locked."""
        return Batch, tuple(getattr(self, f.name) for f in fields(self))
