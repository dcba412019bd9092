"""The run of some settings: one batch, after as many updates as they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from explainer.engine.batch_run import Run, run_batch
from explainer.engine.trace import Array
from explainer.engine.training import History
from explainer.settings import Settings, in_range, must_be_settings


def run(
    settings: Settings,
    parameters: Mapping[str, Tensor | Array] | None = None,
    h_0: Tensor | Array | None = None,
    draw: int = 0,
) -> Run:
    """Run one batch: forward, backward by hand, one SGD update by hand, forward again.

    Args:
        settings: every choice; equal settings give equal numbers. With `updates`, the network
            is trained so far first, and the batch is the one whose turn it is then.
        parameters: values to use instead of the initial ones, by name, shapes as in the trace;
            arrays or tensors, such as another run's `update.after`.
        h_0: (B, H) state to begin with, an array or a tensor; None takes zeros, or with
            `carry_state` what the batches before this one leave behind, batch i with draw i.
        draw: which draw of the dropout masks, from 0.

    Returns:
        The run, all values float64.

    Raises:
        ValueError: the text is too short or has too many different characters, what was passed
            does not fit, or a number stops being finite; the message says what to do.
    """
    must_be_settings(settings)
    draw = in_range("draw", draw, int, 0, 2**32 - 1, "no training is longer")
    if settings.updates and parameters is None:
        if h_0 is not None or draw:
            raise ValueError(
                f"updates is {settings.updates:,}, and the training up to there has its own h_0 "
                f"and draw; possible: yours with updates 0, or with parameters of yours. Leave "
                f"them out, or choose one of these."
            )
        return trained_run(History(settings), settings)
    return run_batch(settings, parameters, h_0, draw)


def trained_run(history: History, settings: Settings) -> Run:
    """Return the run after `settings.updates` updates, trained from the seed where needed.

    Raises:
        ValueError: a number stops being finite on the way there.
    """
    while history.updates < settings.updates:
        history.step_towards(settings.updates)
    return replace(history.next_run(settings.updates), settings=settings)
