"""The pieces of a chapter's story, which the app's page and a file each draw in their own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from explainer.engine.batch_run import Run
from explainer.engine.trace import Array
from explainer.plots.tables import axis_labels

NOTHING = 1e-12
"""Numbers that are all smaller are as good as zero."""


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Attributes:
        text: Markdown of emphasis, code and links; what a user wrote is escaped in it.
        measured: whether it tells numbers of the run, which other numbers would change.
    """

    text: str
    measured: bool = False


@dataclass(frozen=True)
class Note:
    """A surprise, or a slip in a source, pointed out where the user meets it."""

    text: str


@dataclass(frozen=True)
class Caption:
    """A line about what stands beside it; Markdown."""

    text: str


@dataclass(frozen=True)
class Heading:
    """A heading of what follows; plain text."""

    text: str


@dataclass(frozen=True)
class Bars:
    """One number for each label, such as a time step; titles and labels are plain text."""

    key: str
    title: str
    labels: Sequence[str]
    values: Array


@dataclass(frozen=True)
class Figures:
    """A few numbers that stand out, each with what it is; plain text."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Sheet:
    """A table; its cells are plain text or numbers.

    Attributes:
        frame: the table.
        named: whether its rows have names.
    """

    frame: pd.DataFrame
    named: bool = True


@dataclass(frozen=True)
class Ribbon:
    """Tokens in a row, coloured by id; their text is the user's, made visible."""

    key: str
    tokens: Sequence[str]
    ids: Sequence[int]


@dataclass(frozen=True)
class Stage:
    """Where the stage stands."""


Block = Text | Note | Caption | Heading | Bars | Figures | Sheet | Ribbon | Stage


def token_labels(run: Run, sequence: int) -> list[str]:
    """Return a sequence's tokens with their places."""
    return axis_labels("T", run.batch.ids.shape[1], run.batch, sequence)


def equal_head(run: Run) -> bool:
    """Tell whether all rows of the head are equal, so that no logit tells anything of the state."""
    return float(np.ptp(run.trace["W_o"], axis=0).max()) < NOTHING


def equal_logits(run: Run) -> bool:
    """Tell whether all logits are equal at each time step, because all rows of the head are."""
    return equal_head(run) and float(np.ptp(run.trace["logits"], axis=-1).max()) < NOTHING
