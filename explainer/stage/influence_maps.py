"""How far back the past matters, as the stage draws it: the GRU's gradients beside an RNN's."""

from __future__ import annotations

import json
from dataclasses import dataclass

from explainer.analysis.influence import growth, influence, memory_length, rnn_influence
from explainer.engine.batch_run import Run
from explainer.engine.trace import Array
from explainer.engine.training_state import TrainingState
from explainer.errors import InvalidValueError

MOST_STEPS = 128
"""Most time steps of a map; of a longer sequence it has the first ones."""
DIGITS = 3
"""Significant digits of a map's numbers."""

NO_INFLUENCE = "No state has any influence on the loss: there is nothing to measure."
"""What is said where all rows of the head are equal."""


@dataclass(frozen=True)
class InfluenceMap:
    """How each state of a sequence influences each target's loss, in one network.

    Attributes:
        title: whose it is.
        factor: by what a time step back multiplies the gradient; None where nothing is measured.
        says: how far back it reaches, in words; or why there is no map.
        norms: (T, T) norms, a row for each target; None where there is no map.
    """

    title: str
    factor: float | None
    says: str
    norms: Array | None

    @classmethod
    def of(cls, title: str, norms: Array) -> InfluenceMap:
        """Return a map with its words."""
        measured = memory_length(norms) is not None
        return cls(title, growth(norms), influence_summary(norms), norms if measured else None)


def influence_maps(
    run: Run, sequence: int, rnn: TrainingState | None = None, beside: bool = True
) -> tuple[InfluenceMap, ...]:
    """Return the GRU's map and, beside it, that of an ordinary RNN.

    Args:
        run: any run.
        sequence: which sequence of the batch.
        rnn: the RNN's network; None for its initial values.
        beside: whether there is to be an RNN.
    """
    if run.trace.sizes["T"] == 1:
        return ()
    found = []
    for title in ("GRU", "ordinary RNN") if beside else ("GRU",):
        try:
            gru = title == "GRU"
            norms = influence(run, sequence) if gru else rnn_influence(run, sequence, rnn)
            found.append(InfluenceMap.of(title, norms))
        except InvalidValueError as error:
            found.append(InfluenceMap(title, None, str(error), None))
    return tuple(found)


def influence_json(maps: tuple[InfluenceMap, ...], sequence: int, edit: str = "") -> str:
    """Return maps as the stage takes them.

    Args:
        maps: what `influence_maps` returned.
        sequence: which sequence they are of.
        edit: the edits of their run, as in an address.
    """
    sent = [
        {"title": m.title, "says": m.says, "norms": [] if m.norms is None else rows_of(m.norms)}
        for m in maps
    ]
    found = {"sequence": sequence, "edit": edit, "maps": sent}
    return json.dumps(found, allow_nan=False, separators=(",", ":"))


def rows_of(norms: Array) -> list[list[float]]:
    """Return the rows of a map up to the diagonal, in few digits."""
    shown = norms[:MOST_STEPS, :MOST_STEPS]
    return [
        [float(f"{v:.{DIGITS}g}") for v in row[: t + 1]] for t, row in enumerate(shown.tolist())
    ]


def influence_summary(norms: Array) -> str:
    """Say how far back an influence map reaches, and how it shrinks or grows."""
    memory, factor = memory_length(norms), growth(norms)
    if memory is None:
        return NO_INFLUENCE
    words = ""
    if factor is not None:
        kind = "vanishing" if factor < 1 else "exploding"
        words = f"Each time step back multiplies the gradient by {factor:.2f}: {kind}. "
    at_least = "at least " if memory.cut else ""
    words += (
        f"On average, {at_least}{memory.length:.1f} time steps back it is down to a tenth "
        f"({memory.targets} targets"
    )
    return words + (f"; for {memory.cut} the sequence is too short)." if memory.cut else ").")
