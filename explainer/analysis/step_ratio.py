"""Whether one update changes the loss as its slope promises."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from explainer.analysis.findings import Finding
from explainer.engine.batch_run import Run
from explainer.engine.trace import Trace
from explainer.errors import InvalidValueError, in_range, must_be
from explainer.interop.recording import Recording

LEAST_RATIO = 0.5
"""Below this part of what the slope promises a step is too long."""


def step_findings(
    of: Trace | Run | Recording, learning_rate: float | None, optimizer: Any
) -> Iterator[Finding]:
    """Look at one update: change of the loss over what its slope promises, ΔL / Σ g·Δθ.

    Args:
        of: a run, whose update is looked at, or a recording with a loss.
        learning_rate: of an SGD update of a recording.
        optimizer: a torch.optim optimizer of the recorded module's parameters.

    Raises:
        ValueError: an update was asked for, and there is no loss.
    """
    if isinstance(of, Run):
        if learning_rate is not None or optimizer is not None:
            advice = "A run makes the update of its own settings."
            raise InvalidValueError("learning_rate", "None for a run", "a number", advice)
        promised = sum(
            float((of.trace[f"d_{name}"] * (of.update.after[name] - value)).sum())
            for name, value in of.update.before.items()
        )
        came = float(of.second["loss"] - of.trace["loss"])
        yield from ratio_finding(promised, came, "the update")
        return
    if learning_rate is None and optimizer is None:
        return
    if not isinstance(of, Recording) or not of.again or not of.again.loss or of.loss is None:
        expected = "a recording with a loss, as of record(model, x, loss=…)"
        raise InvalidValueError("of", expected, "one without")
    given, gradients = of.again.parameters, of.again.gradients
    before = {n: p.detach() for n, p in given.items()}
    if optimizer is not None:
        after, what = after_optimizer(optimizer, given, gradients), type(optimizer).__name__
    else:
        rate = in_range("learning_rate", learning_rate, float, 0.0, 1e6)
        after = {n: before[n] - rate * g for n, g in gradients.items()}
        what = f"one update with learning rate {rate:g}"
    promised = sum(float((g * (after[n] - before[n])).sum()) for n, g in gradients.items())
    yield from ratio_finding(promised, of.again.loss(after) - of.loss, what)


def after_optimizer(
    optimizer: Any, before: Mapping[str, Tensor], gradients: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return the parameters after an optimizer's next update, which it does not make itself.

    Raises:
        TypeError: it is no optimizer.
        ValueError: it has none of the module's parameters.
    """
    must_be("optimizer", optimizer, torch.optim.Optimizer, "a torch.optim optimizer")
    names = {id(p): n for n, p in before.items()}
    own = [p for group in optimizer.param_groups for p in group["params"]]
    other = copy.deepcopy(optimizer)
    theirs = [p for group in other.param_groups for p in group["params"]]
    pairs = {
        names[id(p)]: q for p, q in zip(own, theirs, strict=True) if names.get(id(p)) in gradients
    }
    if not pairs:
        raise InvalidValueError("optimizer", "one of the module's parameters", "one of others")
    for q in theirs:
        q.grad = None
    for name, q in pairs.items():
        q.grad = gradients[name].clone()
    other.step()
    return {n: before[n].detach() for n in gradients} | {n: q.detach() for n, q in pairs.items()}


def ratio_finding(promised: float, came: float, what: str) -> Iterator[Finding]:
    """Warn of an update that does less than half of what its slope promises."""
    if promised == 0:
        return
    ratio = came / promised if np.isfinite(came) else float("-inf")
    if ratio < LEAST_RATIO:
        text = (
            f"{what} should change the loss by {promised:.3g}, as its slope promises, and changes "
            f"it by {came:.3g}: the step is too long."
        )
        advice = "Use a smaller learning rate."
        yield Finding("warning", "step", ratio, LEAST_RATIO, text, advice)
