"""What the chapters from the cell to the prediction say."""

from __future__ import annotations

import numpy as np

from explainer.engine.batch_run import Run
from explainer.engine.equations.activation import ACTIVATIONS, USUAL
from explainer.plots.tables import visible
from explainer.presets import LINEAR_ALGEBRA
from explainer.stage.prose.blocks import (
    NOTHING,
    Bars,
    Block,
    Note,
    Stage,
    Text,
    equal_logits,
    token_labels,
)


def cell_story(run: Run, _sequence: int) -> list[Block]:
    """Tell of reset gate, update gate, candidate and new state."""
    settings = run.settings
    gates, candidate = (ACTIVATIONS[name] for name in settings.activations)
    story: list[Block] = [
        Stage(),
        Text(
            "At each time step the cell mixes the input x with its previous state. Two **gates**, "
            f"vectors of numbers{' between 0 and 1' if gates.is_share else ''}, control the "
            "mixing: the reset gate, how much of the past the new **candidate** sees; the update "
            "gate, how much of the old state is kept. Each column is one hidden unit: read it from "
            "top to bottom. Each number of x stands beside the row of weights that it multiplies, "
            "as in x Wᵀ + b."
        ),
    ]
    if settings.activations != USUAL:
        small = "" if gates.is_share else " Gates of any size no longer mix: states may grow."
        story.append(
            Note(
                f"Here the gates are a **{gates.words}** of what comes in, the candidate a "
                f"**{candidate.words}**; torch.nn.GRU has sigmoid and tanh.{small}"
            )
        )
    if settings.variant == "reset_after":
        story.append(
            Note(
                "Here the reset gate is applied **after** the recurrent product, as in PyTorch and "
                "cuDNN: r ⊙ (h Wᵀ + b). The original papers and most textbooks apply it "
                "**before**: (r ⊙ h) Wᵀ."
            )
        )
        if settings.text == LINEAR_ALGEBRA:
            story.append(
                Note(
                    "The notebook that this text comes from prints the formulas of *before* above "
                    "code that computes *after*, and writes ⊙ where it means a matrix product."
                )
            )
    else:
        story.append(
            Note(
                "Here the reset gate is applied **before** the recurrent product, (r ⊙ h) Wᵀ, as "
                "in the original papers and most textbooks. PyTorch and cuDNN apply it **after**: "
                "r ⊙ (h Wᵀ + b)."
            )
        )
    story.append(
        Text(
            "Some texts define the update gate as the share of the **candidate** (Chung et al. "
            "2014, Wikipedia): switch on *z′ = 1 − z* above. A different convention, the same h."
        )
    )
    return story


def time_story(run: Run, sequence: int) -> list[Block]:
    """Tell of r, z, n and h of one sequence over all time steps."""
    z = run.trace["z"][sequence].mean(-1)
    title = "mean of z: how much of the old state is kept"
    story: list[Block] = [
        Stage(),
        Text(
            "The same weights are used at every time step; only the state is passed on. Read each "
            "picture from left to right: each row is one hidden unit, each column one time step."
        ),
        Text(
            "Gates have three jobs: **store** something early for later (z stays near 1), **skip** "
            "what carries no meaning (z near 1 just there), **reset** where something new begins "
            "(r or z near 0)."
        ),
        Bars("mean-z", title, token_labels(run, sequence), z),
    ]
    if run.trace.sizes["H"] > 1 and np.ptp(run.trace["h"], axis=-1).max() < NOTHING:
        story.append(
            Note(
                "All units have the same weights, so all rows are equal. Choose random initial "
                "values to tell the units apart."
            )
        )
    return story


def prediction_story(run: Run, sequence: int) -> list[Block]:
    """Tell of the way from the state to probabilities, and of the targets' probabilities."""
    if "p" not in run.trace:
        return [
            Stage(),
            Text(
                "The output head turns the state into one number for each output: a weighted sum "
                "of the hidden units. They are compared with the numbers that should come out."
            ),
        ]
    numbers = "values" in run.trace
    one, all_of_them = ("class", "") if numbers else ("token", " of the vocabulary")
    chance = 1 / len(run.batch.vocabulary)
    story: list[Block] = [
        Stage(),
        Text(
            f"The output head turns the state into one score for each {one}{all_of_them}, the "
            "**logits**. Softmax turns the logits into probabilities that add up to 1."
        ),
        Text(f"Uniform guessing gives every {one} the probability {chance:.4f}."),
    ]
    if equal_logits(run):
        story.append(
            Note(
                "All rows of the head are equal, so all logits are equal, and every "
                f"{one} gets a probability of exactly 1 in V."
            )
        )
    story.append(Text("The probability of the target at every time step:"))
    return [*story, *target_bars(run, sequence)]


def target_bars(run: Run, sequence: int) -> list[Block]:
    """Return the probability of the target at each time step where an answer counts."""
    batch, trace = run.batch, run.trace
    counted = trace["counted"][sequence] if "counted" in trace else None
    rows = np.arange(batch.ids.shape[1]) if counted is None else np.flatnonzero(counted)
    if not len(rows):
        return []
    targets = trace["targets"][sequence, rows].astype(int)
    tokens = token_labels(run, sequence)
    labels = [
        f"{tokens[t]} → {visible(batch.vocabulary[target])}"
        for t, target in zip(rows, targets, strict=True)
    ]
    read = "time step → class" if "values" in trace else "token read → target"
    title = f"probability of the target: {read}"
    return [Bars("target-p", title, labels, trace["p"][sequence, rows, targets])]
