"""The living picture of the first page: rows are chapters, columns are time steps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class PictureRow:
    """One row: a quantity at every time step, and the parameters that make it.

    Attributes:
        slug: the chapter that it leads to.
        title: what it is called.
        words: what happens there, in a few words.
        names: the quantity; of several, those that a run has stand side by side.
        form: how a time step is drawn: "token", "units" as colours, "number" written out, "target"
            the target's number alone; "update" stands for the row after the last time step.
        weights: parameters that stand beside it.
        way: which way it goes from time step to time step: "", "forward" or "back".
    """

    slug: str
    title: str
    words: str
    names: tuple[str, ...]
    form: str
    weights: tuple[str, ...] = ()
    way: str = ""


PICTURE = (
    PictureRow("tokens", "Tokens", "what goes in", ("ids",), "token"),
    PictureRow("tokens", "Numbers", "what goes in", ("values",), "units"),
    PictureRow("embedding", "Embedding e", "a vector for each token", ("e",), "units", ("E",)),
    PictureRow("dropout", "Dropout x", "some numbers become 0", ("x",), "units"),
    PictureRow(
        "cell", "Reset gate r", "how much of the past is used", ("r",), "units", ("W_ir", "W_hr")
    ),
    PictureRow("cell", "Update gate z", "how much is kept", ("z",), "units", ("W_iz", "W_hz")),
    PictureRow("cell", "Candidate n", "what could be written", ("n",), "units", ("W_in", "W_hn")),
    PictureRow("time", "State h", "the memory, handed on", ("h",), "units", way="forward"),
    PictureRow("prediction", "Prediction p", "of the target, 0 to 1", ("p",), "target", ("W_o",)),
    PictureRow("prediction", "Output", "one number for each", ("logits",), "units", ("W_o",)),
    PictureRow("batches", "Target", "the number that should come out", ("y",), "units"),
    PictureRow("batches", "Target", "what comes next in the text", ("targets",), "token"),
    PictureRow("loss", "Loss", "−ln p of the target, averaged", ("ce_3",), "number"),
    PictureRow("loss", "Loss", "squared error, averaged", ("se_3",), "number"),
    PictureRow("gradients", "Gradient of h", "back through time", ("d_h",), "units", way="back"),
    PictureRow("update", "Update", "one step downhill", ("learning_rate", "loss"), "update"),
)
"""The rows, from the text to the update."""


def picture_of(names: Collection[str], dropout: bool) -> tuple[PictureRow, ...]:
    """Return the rows of a run, with what it has.

    Args:
        names: the quantities of the run.
        dropout: whether anything is dropped from the input.
    """
    rows = []
    for row in PICTURE:
        if row.slug == "dropout" and not dropout:
            continue
        if row.names in (("logits",), ("y",)) and "p" in names:
            continue  # of classes, the target's probability and name say it
        if row.names == ("targets",) and "values" in names:
            row = replace(row, words="the class that should come out")
        have = tuple(name for name in row.names if name in names)
        weights = tuple(name for name in row.weights if name in names)
        if have:
            rows.append(replace(row, names=have, weights=weights))
    return tuple(rows)
