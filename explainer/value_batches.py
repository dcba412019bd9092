"""Batches of numbers of one's own: sequences cut into pieces, rows of a batch."""

from __future__ import annotations

import numpy as np

from explainer.batch_data import Batch
from explainer.errors import ConstraintError, in_range
from explainer.number_table import NumberTable
from explainer.own_values import IGNORED
from explainer.settings import Settings


def value_batch(settings: Settings, values: NumberTable, index: int) -> Batch:
    """Return a batch of numbers: B pieces of at most T time steps, as `windows` says.

    in_order: piece after piece; sequential: row b reads on in its own B-th part of them; random:
    drawn from seed and index; shuffled: in an order that is drawn for each epoch.

    Args:
        settings: sizes, and the order.
        values: the numbers.
        index: which batch.

    Raises:
        ValueError: there is no such batch, or no answer is asked for in it.
    """
    B, T = settings.batch_size, settings.context_length
    pieces = values.pieces(T)
    count = max(len(pieces) // B, 1)
    if settings.windows == "random":
        index = in_range("batch_index", index, int, 0, 2**32 - 1)
        rows = np.random.default_rng((settings.seed, index)).integers(0, len(pieces), B).tolist()
    elif settings.windows == "shuffled":
        index = in_range("batch_index", index, int, 0, 2**32 - 1)
        epoch, nth = divmod(index, count)
        order = np.random.default_rng((settings.seed, epoch)).permutation(len(pieces)).tolist()
        rows = order[nth * B : (nth + 1) * B]
    else:
        are = f"The numbers make {count:,} {'batches' if count > 1 else 'batch'} of {B} × {T}."
        index = in_range("batch_index", index, int, 0, count - 1, are)
        apart = count if settings.windows == "sequential" else 1
        first = index if settings.windows == "sequential" else index * B
        rows = [first + b * apart for b in range(B)]
    wanted = values.wanted()
    x, y = np.zeros((B, T, values.x.shape[2])), np.full((B, T, wanted.shape[2]), np.nan)
    steps, lengths = np.zeros((B, T), dtype=np.int64), []
    for b, (sequence, start, length) in enumerate(pieces[i] for i in rows):
        x[b, :length] = values.x[sequence, start : start + length]
        y[b, :length] = wanted[sequence, start : start + length]
        steps[b] = np.arange(start, start + T)
        lengths.append(length)
    counted = ~np.isnan(y).any(-1)
    if settings.answers == "last":
        ends = T - 1 - counted[:, ::-1].argmax(1)
        counted &= np.arange(T) == ends[:, None]
    if not counted.any():
        raise ConstraintError(
            "values",
            "at least one target must be there",
            f"Batch {index:,} of the numbers has none",
            "Choose another batch or a longer context.",
        )
    asked = np.where(np.isnan(y), 0.0, y)
    ids = np.where(np.isnan(y[..., 0]), IGNORED, asked[..., 0]).astype(np.int64)
    targets = ids if values.classes else np.zeros_like(steps)
    return Batch(
        ids=steps,
        targets=targets,
        vocabulary=values.outputs,
        index=index,
        count=count,
        lengths=tuple(lengths),
        counted=counted,
        features=values.features,
        values=x,
        wanted=None if values.classes else asked,
    )
