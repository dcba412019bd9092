"""The process's default device and dtype change no number."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch

from explainer import PRESETS, explain, run, train
from explainer.analysis.checks import verify
from explainer.analysis.influence import influence, rnn_influence, token_influence
from explainer.analysis.task_data import TASKS
from explainer.analysis.tasks import learn
from explainer.engine.sampling import continue_text
from explainer.engine.training import RNNTraining
from explainer.interop.pytorch import state_dict
from explainer.stage.chapters import CHAPTERS

START = PRESETS["start"]
SETTINGS = {
    "uniform": START,
    "normal, carried, trained": replace(
        START, initial="normal", carry_state=True, batch_index=1, updates=2, redraw_masks=True
    ),
    "orthogonal, clipped, locked": replace(
        START, initial="orthogonal", clip_norm=0.5, head_bias=True, dropout_kind="locked"
    ),
    "constant, one-hot, before": replace(
        START, initial="constant", input="one_hot", variant="reset_before"
    ),
}


@contextmanager
def default_device():
    torch.set_default_device("meta")
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def default_dtype():
    torch.set_default_dtype(torch.float16)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


DEFAULTS = {
    "device": default_device,
    "device in a context": lambda: torch.device("meta"),
    "dtype": default_dtype,
}


def everything(settings):
    """Numbers of all that computes with torch."""
    result = run(settings)
    yield from result.trace.values()
    yield from result.update.values()
    yield from result.second.values()
    yield influence(result, 0)
    yield rnn_influence(result, 0)
    yield token_influence(result, 1, 3)
    yield explain(result.trace, "z", (0, 2, 1)).value
    for chapter in CHAPTERS:
        yield from (check.difference for check in verify(result, chapter.checks))
    for history in (train(replace(settings, batch_index=0), 1), RNNTraining(settings)):
        yield history.step()
        state = history.state_at(history.updates)
        yield from (v.numpy() for v in state.parameters.values())
    yield history.losses
    if settings.variant == "reset_after":
        yield from (v.numpy() for v in state_dict(settings, result.update.after).values())
    written = continue_text(settings, result.update.after, settings.text[:4], 8, 1.0)
    yield np.array(list(map(ord, written)))


@pytest.mark.parametrize("default", DEFAULTS.values(), ids=DEFAULTS)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_default_changes_no_number(settings, default):
    expected = list(everything(settings))
    with default():
        found = list(everything(settings))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("default", DEFAULTS.values(), ids=DEFAULTS)
def test_a_default_changes_no_task(default):
    expected = learn(TASKS["store"], "gru", 5, 1, updates=5).losses
    with default():
        assert learn(TASKS["store"], "gru", 5, 1, updates=5).losses == expected
