"""The run of some settings: their batch, after as many updates as they ask for."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from explainer.engine.batch_run import Run, run_batch
from explainer.engine.edits import Edits, edited_run
from explainer.engine.trace import Array
from explainer.engine.training import History
from explainer.errors import in_range
from explainer.settings import Settings, must_be_settings


def run(
    settings: Settings,
    parameters: Mapping[str, Tensor | Array] | None = None,
    h_0: Tensor | Array | None = None,
    draw: int = 0,
    edits: Edits | None = None,
) -> Run:
    """Run one batch: forward, backward by hand, one SGD update by hand, forward again.

    Args:
        settings: every choice; equal settings give equal numbers. With `updates`, the network
            is trained so far first; batch, masks and first state are chosen as without, so that
            the same batch can be compared before and after training.
        parameters: values to use instead of the initial ones, by name, shapes as in the trace;
            arrays or tensors, such as another run's `update.after`.
        h_0: (B, H) state to begin with, an array or a tensor; None takes zeros, or with
            `carry_state` what the batches before this one leave behind, batch i with draw i.
        draw: which draw of the dropout masks, from 0.
        edits: given numbers to change and computed ones to hold, by name: a number for all, an
            array, or numbers by index as in `trace[name]`, None for all of an axis, such as
            {"W_hz": {(0, 1): 0.5}, "z": {(None, None, 2): 1.0}, "n": 0.25}. What came before the
            batch (training, a carried state) is not edited.

    Returns:
        The run, all values in float64 arrays.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: the text is too short or has too many different characters, what was passed
            does not fit, or a number stops being finite; the message says what to do.
        TypeError: the edits have something that is no name, index or number.
    """
    must_be_settings(settings)
    draw = in_range("draw", draw, int, 0, 2**32 - 1)
    if settings.updates and parameters is None:
        parameters = trained_parameters(History(settings), settings)
    found = run_batch(settings, parameters, h_0, draw)
    return found if edits is None else edited_run(found, edits)


def trained_parameters(history: History, settings: Settings) -> Mapping[str, Tensor]:
    """Return the parameters after `settings.updates` updates, trained from the seed where needed.

    Raises:
        ValueError: a number stops being finite on the way there.
    """
    while history.updates < settings.updates:
        history.step_towards(settings.updates)
    return history.state_at(settings.updates).parameters
