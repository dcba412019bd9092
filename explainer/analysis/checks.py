"""Checks of this run: how far the numbers are from those of an independent computation.

Nothing here calls the equations. The references are torch.nn.GRU (a plain NumPy loop where
the reset gate comes before the product, one with torch.where where numbers are held), autograd,
F.cross_entropy, torch.optim.SGD, and for text and batches the definition itself. The time steps'
contributions are compared with their gradient, which autograd confirms in the line before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.optim.sgd import sgd

from explainer.analysis.references import (
    as_tensor,
    holds,
    linear,
    loop_with_held,
    mean_loss,
    plain_loop,
    scale_of_dropout,
    torch_logits,
    torch_states,
    where_held,
)
from explainer.analysis.time_contributions import too_many
from explainer.batches import tokenize
from explainer.engine.batch_run import Run
from explainer.engine.network import GATES
from explainer.engine.precision import dtype_of
from explainer.engine.trace import Array
from explainer.errors import ExplainerError
from explainer.tokenizer import END_OF_TEXT, normalize


@dataclass(frozen=True)
class Check:
    """One comparison.

    Attributes:
        what: what is compared.
        reference: with what.
        difference: the largest difference in this run; a whole number where it counts what
            is wrong; not a number where the check could not be made.
        problem: why it could not be made, as a sentence; else empty.
    """

    what: str
    reference: str
    difference: float
    problem: str = ""


def verify(run: Run, names: Iterable[str]) -> tuple[Check, ...]:
    """Return checks of a run by their names in `CHECKS`; one that can't be made says why."""
    return tuple(attempt(CHECKS[name], run) for name in names)


def attempt(make: Callable[[Run], Check], run: Run) -> Check:
    """Return a check, or why it can't be made: too large, or refused by the machine."""
    try:
        return make(run)
    except (ExplainerError, OSError, MemoryError, RuntimeError) as error:
        return Check("", "", math.nan, str(error) or type(error).__name__)


def largest_difference(a: Array | Tensor, b: Array | Tensor) -> float:
    """Return the largest difference between two arrays of one shape.

    Where there are numbers above 1, relative to the largest: a float64 holds no more than that.
    """
    first, second = (np.asarray(v.detach() if isinstance(v, Tensor) else v) for v in (a, b))
    return float(np.abs(first - second).max(initial=0.0) / np.abs(second).max(initial=1.0))


def check_tokens(run: Run) -> Check:
    """Ids back to text: every character that differs counts 1."""
    settings = run.settings
    if settings.values is not None:
        return without_tokens(run)
    tokenizer, ids = tokenize(settings)
    text = normalize(settings.text, settings.normalization, settings.end_of_text)
    decoded = tokenizer.decode(ids.tolist())
    if settings.end_of_text:
        text, decoded = text.replace(END_OF_TEXT, ""), decoded.replace(END_OF_TEXT, "")
    wrong = sum(a != b for a, b in zip(text, decoded, strict=False)) + abs(len(text) - len(decoded))
    return Check("characters that differ after encoding and decoding", "the text itself", wrong)


def without_tokens(run: Run) -> Check:
    """The numbers that go in are those of the table, each where its row says."""
    values = run.settings.values
    assert values is not None
    edit = run.edits.get("values")
    found = run.trace["values"] if edit is None or edit.before is None else edit.before
    table = torch.from_numpy(values.x.copy()).to(dtype_of(run.trace))
    rows = {tuple(row) for sequence in table.tolist() for row in sequence}
    given = zip(found.tolist(), run.trace.lengths, strict=True)
    wrong = sum(tuple(row) not in rows for sequence, n in given for row in sequence[:n])
    return Check("rows of numbers that are not in the table", "the table", wrong)


def check_batches(run: Run) -> Check:
    """Rows stand in the text, targets one place further: every row that doesn't counts 1.

    Where tokens were changed these are the rows before that.
    """
    if run.settings.values is not None:
        return without_tokens(run)
    text = as_characters(tokenize(run.settings)[1])
    edited = {n: e.before for n, e in run.edits.items() if e.before is not None}
    before = [edited.get(n, getattr(run.batch, n)).astype(int) for n in ("ids", "targets")]
    rows = zip(*before, strict=True)
    wrong = sum((x[1:] != y[:-1]).any() or as_characters([*x, y[-1]]) not in text for x, y in rows)
    changed = " before the edits" if edited.keys() & {"ids", "targets"} else ""
    what = f"rows{changed} whose targets are not what comes next"
    return Check(what, "the text's ids", int(wrong))


def as_characters(ids: Iterable[int]) -> str:
    """Return ids as one character each, so that Python can look for a row in a text."""
    return "".join(map(chr, ids))


def check_embedding(run: Run) -> Check:
    """The looked-up row is the one-hot row times the matrix."""
    t = run.trace
    if "values" in t:
        return without_tokens(run)
    product = t["one_hot"] @ t["E"] if "E" in t else t["one_hot"]
    return Check(
        "e",
        "one-hot times E" if "E" in t else "the one-hot rows",
        largest_difference(t["e"], where_held(t, "e", torch.from_numpy(product.copy()))),
    )


def check_dropout(run: Run) -> Check:
    """Survivors have the scale that torch.nn.functional.dropout gives them."""
    t = run.trace
    scale = scale_of_dropout(float(t["dropout"]))

    def off(name: str, mask: str, source: str) -> float:
        kept = np.where(t[mask] == 1, t[source] * scale, 0.0)
        return largest_difference(t[name], where_held(t, name, torch.from_numpy(kept)))

    return Check(
        "x and h_out",
        "the masked numbers with the scale of F.dropout",
        max(off("x", "mask_x", "e" if "e" in t else "values"), off("h_out", "mask_h", "h")),
    )


def check_cell(run: Run) -> Check:
    """Hidden states against torch.nn.GRU, or a plain loop for what that can't compute."""
    t, used = run.trace, run.settings.activations
    if holds(t):
        states, _ = loop_with_held(t, {n: as_tensor(t, n) for n in run.update.before}, used)
        return Check("h", "a plain loop with torch.where", largest_difference(t["h"], states))
    if not run.settings.is_torch_gru:
        return Check("h", "a plain NumPy loop", largest_difference(t["h"], plain_loop(t, used)))
    return Check("h", "torch.nn.GRU", largest_difference(t["h"], torch_states(t)))


def check_same_equations(run: Run) -> Check:
    """What computes the gates of the tasks, too, at the settings that all chapters show."""
    return replace(check_cell(run), what="h by the same equations, for the settings in the sidebar")


def check_convention(run: Run) -> Check:
    """The other z convention gives the same states."""
    t = run.trace
    z_other = 1 - t["z"]
    h = t["h_prev"] + z_other * (t["n"] - t["h_prev"])
    by_itself = t["own_h"] if "own_h" in t else t["h"]
    worst = max(largest_difference(h, by_itself), largest_difference(h, t["h_other"]))
    return Check("h", "h in the other convention", worst)


def check_prediction(run: Run) -> Check:
    """Probabilities against torch.softmax of a torch.nn.Linear."""
    t = run.trace
    logits = linear(t)
    if "p" not in t:
        return Check("logits", "F.linear", largest_difference(t["logits"], logits))
    return Check(
        "p", "torch.softmax of F.linear", largest_difference(t["p"], torch.softmax(logits, -1))
    )


def check_loss(run: Run) -> Check:
    """The three terms and their mean against F.cross_entropy."""
    expected = mean_loss(run.trace, linear(run.trace))
    return Check("loss", loss_name(run), largest_difference(run.trace["loss"], expected))


def loss_name(run: Run) -> str:
    """Return the function of PyTorch's that computes the loss."""
    return "F.cross_entropy" if "targets" in run.trace else "F.mse_loss"


def check_gradients(run: Run) -> Check:
    """Every parameter's gradient against autograd, through a forward pass of PyTorch's own."""
    t = run.trace
    leaf = {n: as_tensor(t, n).requires_grad_() for n in run.update.before}
    mean_loss(t, torch_logits(t, leaf, run.settings.activations)).backward()
    worst = max(
        largest_difference(t[f"d_{n}"], v.grad if v.grad is not None else torch.zeros_like(v))
        for n, v in leaf.items()
    )
    return Check("all gradients of parameters", "autograd", worst)


def check_contributions(run: Run) -> Check:
    """The time steps' contributions add up to the gradient."""
    t = run.trace
    for g in GATES:
        if problem := too_many(t, f"W_h{g}"):
            raise problem
    worst = max(largest_difference(t[f"d_W_h{g}_t"].sum(0), t[f"d_W_h{g}"]) for g in GATES)
    return Check("recurrent gradients", "the sum of their time steps' contributions", worst)


def check_update(run: Run) -> Check:
    """Updated parameters against torch.optim.SGD."""
    update, names = run.update, list(run.update.before)
    leaf = [torch.nn.Parameter(as_tensor(update, n)) for n in names]
    for n, v in zip(names, leaf, strict=True):
        v.grad = as_tensor(run.trace, f"d_{n}")
    if "clip_norm" in update:
        torch.nn.utils.clip_grad_norm_(leaf, float(update["clip_norm"]))
    # What torch.optim.SGD calls. Making the object imports PyTorch's compiler, which takes seconds
    # and needs a folder for temporary files.
    with torch.no_grad():
        gradients = [v.grad for v in leaf if v.grad is not None]
        sgd(
            list(leaf),
            gradients,
            [None] * len(leaf),
            lr=float(update["learning_rate"]),
            momentum=0.0,
            dampening=0.0,
            weight_decay=0.0,
            nesterov=False,
            maximize=False,
        )
    worst = max(largest_difference(update.after[n], v) for n, v in zip(names, leaf, strict=True))
    clipped = " after clip_grad_norm_" if "clip_norm" in update else ""
    return Check("all updated parameters", f"torch.optim.SGD{clipped}", worst)


def check_second_pass(run: Run) -> Check:
    """The loss after the update against F.cross_entropy, from the updated parameters on."""
    after = {n: as_tensor(run.update, f"new_{n}") for n in run.update.after}
    logits = torch_logits(run.second, after, run.settings.activations)
    expected = mean_loss(run.second, logits)
    return Check(
        "loss after the update", loss_name(run), largest_difference(run.second["loss"], expected)
    )


CHECKS: Mapping[str, Callable[[Run], Check]] = {
    f.__name__.removeprefix("check_"): f
    for f in (
        check_tokens,
        check_batches,
        check_embedding,
        check_dropout,
        check_cell,
        check_convention,
        check_prediction,
        check_loss,
        check_gradients,
        check_contributions,
        check_update,
        check_second_pass,
        check_same_equations,
    )
}
"""Every check by its name."""
