"""Which chapter tells which story."""

from __future__ import annotations

from collections.abc import Callable

from explainer.engine.batch_run import Run
from explainer.stage.prose.batch_stories import batches_story
from explainer.stage.prose.blocks import Block, Stage, Text
from explainer.stage.prose.input_stories import dropout_story, embedding_story
from explainer.stage.prose.loss_stories import gradients_story, loss_story, update_story
from explainer.stage.prose.state_stories import cell_story, prediction_story, time_story
from explainer.stage.prose.token_stories import tokens_story

HOME_WORDS = Text(
    "A gated recurrent unit reads a text token by token and keeps a small state, its memory. Here "
    "is one at work, with **every number** inside it. Each column is a time step, each row a "
    "chapter. Point at a number to read it, click it to see where it comes from, drag a weight up "
    "or down: everything follows."
)


def home_story(_run: Run, _sequence: int) -> list[Block]:
    """Tell what is seen on the first page."""
    return [HOME_WORDS, Stage()]


STORIES: dict[str, Callable[[Run, int], list[Block]]] = {
    "home": home_story,
    "tokens": tokens_story,
    "batches": batches_story,
    "embedding": embedding_story,
    "dropout": dropout_story,
    "cell": cell_story,
    "time": time_story,
    "prediction": prediction_story,
    "loss": loss_story,
    "gradients": gradients_story,
    "update": update_story,
}
"""The story of each chapter that can be a file, for a run and one of its sequences."""
