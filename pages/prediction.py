"""Prediction: which token the network expects next."""

import numpy as np

from explainer.app.chapter_page import show_chapter
from explainer.app.page import NOTHING, Page
from explainer.plots.tables import visible


def body(page: Page) -> None:
    """Show the way from the state to probabilities, and the likeliest tokens."""
    batch = page.run.batch
    page.stage()
    if not page.has("p"):
        page.text(
            "The output head turns the state into one number for each output: a weighted sum of "
            "the hidden units. They are compared with the numbers that should come out."
        )
        return
    one, all_of_them = ("class", "") if page.has("values") else ("token", " of the vocabulary")
    page.text(
        f"The output head turns the state into one score for each {one}{all_of_them}, the "
        "**logits**. Softmax turns the logits into probabilities that add up to 1."
    )
    chance = 1 / len(batch.vocabulary)
    page.text(f"Uniform guessing gives every {one} the probability {chance:.4f}.")
    if page.equal_head and np.ptp(page.trace["logits"], axis=-1).max() < NOTHING:
        page.note(
            "All rows of the head are equal, so all logits are equal, and every "
            f"{one} gets a probability of exactly 1 in V."
        )
    page.text("The probability of the target at every time step:")
    counted = page.trace["counted"][page.sequence] if page.has("counted") else None
    rows = np.arange(batch.ids.shape[1]) if counted is None else np.flatnonzero(counted)
    targets = page.trace["targets"][page.sequence, rows].astype(int)
    if not len(rows):
        return
    found = page.trace["p"][page.sequence, rows, targets]
    labels = [
        f"{read} → {visible(batch.vocabulary[target])}"
        for read, target in zip([page.tokens()[t] for t in rows], targets, strict=True)
    ]
    read = "time step → class" if page.has("values") else "token read → token to predict"
    page.bars("target-p", found, labels, f"probability of the target: {read}")


show_chapter("prediction", body)
