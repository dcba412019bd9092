"""What the chapters embedding and dropout say."""

from __future__ import annotations

import numpy as np

from explainer.engine.batch_run import Run
from explainer.presets import LINEAR_ALGEBRA
from explainer.stage.prose.blocks import Block, Note, Stage, Text


def embedding_story(run: Run, _sequence: int) -> list[Block]:
    """Tell of the lookup, and that it is a one-hot row times the matrix."""
    if "values" in run.trace:
        return [
            Text(
                "Numbers need no embedding: the features of a time step *are* the vector that "
                "goes in."
            ),
            Stage(),
        ]
    if "E" not in run.trace:
        return [
            Stage(),
            Text(
                "Without an embedding the input *is* the one-hot vector: one feature for each "
                "token of the vocabulary, a 1 at the token's id. A weight matrix times such a "
                "vector picks out one column, so the cell's input weights do the work of an "
                "embedding."
            ),
        ]
    story: list[Block] = [
        Stage(),
        Text(
            "The embedding is a matrix with one row for each token of the vocabulary. Looking up "
            "the row at the token's id is the same as multiplying its one-hot vector by the "
            "matrix: every other row is multiplied by 0."
        ),
    ]
    if np.ptp(run.trace["E"], axis=0).max() == 0:
        story.append(
            Note(
                "This run starts with an embedding of ones, so every token looks the same to the "
                "cell. Choose other initial values under *More settings* to tell them apart."
            )
        )
    return story


def dropout_rate(run: Run) -> Text:
    """Tell what dropout does to the numbers of this run."""
    q = float(run.trace["dropout"])
    if not run.settings.training:
        return Text(
            "In **evaluation mode** nothing is dropped: the mask is all ones, and x equals e. Turn "
            "on *training mode* under *More settings* to see dropout at work."
        )
    if q == 0:
        return Text("The dropout rate is 0, so x equals e. Set it under *More settings*.")
    kept = float(run.trace["mask_x"].mean())
    return Text(
        f"Dropout sets each number to 0 with probability q = {q:g}, so that the network cannot "
        "rely on any single one. The numbers that are kept are multiplied by 1 / (1 − q) = "
        f"**{1 / (1 - q):.4f}**: the expected value stays the same, and nothing has to be "
        f"rescaled when dropout is off. In this draw, {kept:.1%} of the input's numbers are kept."
    )


def dropout_story(run: Run, _sequence: int) -> list[Block]:
    """Tell of mask and survivors on the input and on the hidden states."""
    settings = run.settings
    story: list[Block] = [Stage(), dropout_rate(run)]
    if float(run.trace["dropout"]) == 0:
        story.append(
            Text("The masks have one number for each feature and unit; all of them are 1.")
        )
    elif settings.dropout_kind == "locked":
        story.append(
            Text(
                "The mask is **locked** (variational dropout): one mask for all time steps, so a "
                "dropped feature is missing from the first token to the last."
            )
        )
    else:
        story.append(Text("Each number at each time step is dropped independently of the others."))
        if settings.text == LINEAR_ALGEBRA:
            story.append(
                Note(
                    "The notebook that this text comes from explains variational dropout, one mask "
                    "for all time steps, but its code draws element by element. Lock the mask "
                    "under *More settings* to see what it describes."
                )
            )
    story.append(
        Text("The hidden states get a mask of their own before the output head reads them.")
    )
    if settings.dropout == 0.1 and settings.initial == "constant":
        story.append(
            Note(
                "For an embedding of ones, the notebook that this preset follows prints 1.2346, "
                "not 1.1111: its dropout cell had been run twice, and 1.1111² = 1.2346."
            )
        )
    return story
