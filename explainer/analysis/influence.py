"""How far the past matters: what reaches an earlier state when only one target counts.

The loss of one target, minus ce_2, sent back through time by the same equations as the whole
loss. Its gradient's norm, time step by time step back, is what Hochreiter (1991) and Bengio et
al. (1994) call vanishing or exploding; an ordinary RNN of the same size stands beside the GRU.

All of it is in float64, of a float32 run, too: with 7 digits a fading gradient ends in rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explainer.engine.batch_run import Run
from explainer.engine.edits import network_of
from explainer.engine.network import rnn_network
from explainer.engine.parameters import rnn_parameters
from explainer.engine.quantity import Quantity, solve
from explainer.engine.trace import Array
from explainer.engine.training_state import TrainingState
from explainer.engine.unroll import BACKWARD, forward_pass, inputs_of, make_plan, time_steps
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    NotFiniteError,
    WrongTypeError,
    must_be,
    names_of,
    place,
    shorten,
)

LARGEST_INFLUENCE = 20_000_000
"""Most numbers that may be computed on the way, T · T · H: some seconds, not minutes."""
FADED = 0.1
"""An influence has faded where its norm is no more than this share of what it began with."""
ROUNDING = 1e-12
"""A gradient p - y of this size has lost most of its digits, since p has 16 of them at most."""


@dataclass(frozen=True)
class Memory:
    """How far back the influence on the targets of one sequence reaches.

    Attributes:
        length: time steps back until it has faded, the mean over the counted targets.
        targets: how many are counted: those with a past and a gradient to send there.
        cut: for how many of them it has not faded where the sequence begins, so that the
            real length is greater.
    """

    length: float
    targets: int
    cut: int


def influence(run: Run, sequence: int) -> Array:
    """Return how each hidden state of one sequence influences each target's loss.

    Args:
        run: any run; its dropout masks count.
        sequence: which sequence of the batch, from 0.

    Returns:
        (T, T): [t, k] is the Euclidean norm of the gradient of the loss of target t,
        minus ce_2[sequence, t], with respect to h[sequence, k]; 0 for k > t.

    Raises:
        IndexError: the batch has no such sequence.
        ValueError: T · T · H is too large, or a gradient stops being finite.
    """
    must_be_run(run)
    refuse_large(run)
    equations = network_of(run).backward
    known = one_sequence(run, sequence)
    return gradient_norms(equations, known, range(run.trace.sizes["T"]), "d_h")


def token_influence(run: Run, sequence: int, t: int) -> Array:
    """Return how each input of one sequence influences one target's loss.

    Args:
        run: any run; its dropout masks count.
        sequence: which sequence of the batch, from 0.
        t: which target, from 0.

    Returns:
        (T,): [k] is the Euclidean norm of the gradient of the loss of target t,
        minus ce_2[sequence, t], with respect to x[sequence, k]; 0 for k > t.

    Raises:
        IndexError: the batch has no such sequence, or the sequence no such target.
        ValueError: a gradient stops being finite.
    """
    must_be_run(run)
    t = place("t", t, run.trace.sizes["T"])
    known = one_sequence(run, sequence)
    return gradient_norms(network_of(run).backward, known, (t,), "d_x").reshape(-1)


def rnn_influence(run: Run, sequence: int, state: TrainingState | None = None) -> Array:
    """Return what `influence` returns, for an ordinary tanh RNN in the GRU's place.

    Args:
        run: any run; its batch and dropout masks count.
        sequence: which sequence of the batch, from 0.
        state: the RNN's network, as from an `RNNTraining`. None takes the run's own input and
            head, first values between them (`rnn_parameters`), and a state of zeros.

    Raises:
        IndexError: the batch has no such sequence.
        ValueError: T · T · H is too large, or a gradient stops being finite.
    """
    must_be_run(run)
    refuse_large(run)
    sizes, net = run.trace.sizes, rnn_network(run.settings)
    known = one_sequence(run, sequence)
    if state is None:
        known["h_0"] = torch.zeros(1, sizes["H"], dtype=torch.float64, device="cpu")
        first = rnn_parameters(run.settings, sizes["V"])
        parameters = {n: known.get(n, v) for n, v in first.items()}
    else:
        must_be("state", state, TrainingState, "None or the state of an RNNTraining")
        if set(state.parameters) != {q.name for q in net.parameters}:
            others = names_of(state.parameters)
            raise InvalidValueError("state", "the state of an RNNTraining", f"one with {others}")
        known["h_0"] = state.h_0[sequence : sequence + 1].double()
        parameters = {n: v.double() for n, v in state.parameters.items()}
    if "ids" in known:
        known["ids"] = known["ids"].long()  # a trace holds nothing but float64
    known = {q.name: known[q.name] for q in net.given} | parameters
    known |= forward_pass(net.forward, known)
    return gradient_norms(net.backward, known, range(sizes["T"]), "d_h")


def memory_length(norms: Array) -> Memory | None:
    """Return how many time steps back an influence reaches before it has faded.

    A target's influence has faded at the first time step, going back, where its norm is at most
    a tenth of that at the target's own time step.

    Args:
        norms: (T, T), from `influence` or `rnn_influence`.

    Returns:
        The mean over the targets and how many of them are cut off by the sequence's beginning;
        None where no target has both a past and a gradient that is more than rounding, as with
        equal rows of W_o.
    """
    rows = looking_back(norms)
    if not rows:
        return None
    faded = [np.flatnonzero(row[1:] <= FADED * row[0]) for row in rows]
    lengths = [f[0] if f.size else len(row) - 1 for f, row in zip(faded, rows, strict=True)]
    return Memory(float(np.mean(lengths)), len(rows), sum(not f.size for f in faded))


def growth(norms: Array) -> float | None:
    """Return the factor by which one time step back multiplies an influence.

    Args:
        norms: (T, T), from `influence` or `rnn_influence`.

    Returns:
        The geometric mean over all targets and time steps back, as far as norms are above 0:
        below 1 gradients vanish, above 1 they explode. None where nothing can be measured,
        as in `memory_length`, or where not one time step back is above 0.
    """
    logs = [np.diff(np.log(row[row > 0])) for row in looking_back(norms)]
    factors = np.concatenate(logs) if logs else np.empty(0)
    return float(np.exp(factors.mean())) if factors.size else None


def looking_back(norms: Array) -> list[Array]:
    """Return each target's norms from its own time step back to the first.

    Left out are the first target, which has no past, and those whose gradient is rounding.

    Raises:
        WrongTypeError: `norms` is no square array of real numbers.
    """
    real = isinstance(norms, np.ndarray) and norms.dtype.kind == "f"
    if not real or norms.shape != (len(norms),) * 2:
        raise WrongTypeError("norms", "an array (T, T), as influence() returns", shorten(norms))
    return [norms[t, t::-1] for t in range(1, len(norms)) if norms[t, t] > ROUNDING]


def one_sequence(run: Run, sequence: int) -> dict[str, Tensor]:
    """Return the forward pass of one sequence by name, (1, T, ...), and what all of them share.

    Raises:
        IndexError: the batch has no such sequence.
    """
    sequence = place("sequence", sequence, run.trace.sizes["B"])
    known = {}
    for name, value in run.trace.arrays.items():
        if run.trace.quantities[name].role != "gradient":
            own = run.trace.quantities[name].dims[:1] == ("B",)
            # copies, since torch warns of read-only arrays
            part = value[sequence : sequence + 1] if own else value
            known[name] = torch.from_numpy(part.copy())
    return known


def gradient_norms(
    equations: Iterable[Quantity], known: Mapping[str, Tensor], targets: Sequence[int], of: str
) -> Array:
    """Return the norms of a gradient, (targets, T): one row for each target's loss.

    Args:
        equations: a backward pass.
        known: the forward pass of one sequence, (1, T, ...), and parameters.
        targets: whose losses count, each alone.
        of: which gradient, such as "d_h".

    Raises:
        ValueError: a gradient stops being finite.
    """
    found = np.zeros((len(targets), known["logits"].shape[1]))
    for k, made in back_from_each(equations, known, targets, of):
        # not the root of squares, which are 0 or infinite long before the norm is
        with np.errstate(over="ignore", invalid="ignore"):
            found[:, k] = np.hypot.reduce(made[of].numpy(), axis=-1)
        if not np.isfinite(found[:, k]).all():
            t = targets[int(np.argmin(np.isfinite(found[:, k])))]
            raise NotFiniteError(
                of,
                "only finite numbers can be shown",
                f"The gradient of target {t} is no longer finite at time step {k}",
                "Use a shorter context or other initial values.",
            )
    return found


def back_from_each(
    equations: Iterable[Quantity], known: Mapping[str, Tensor], targets: Sequence[int], of: str
) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """Send the loss of each target alone back through time, all targets at once.

    Targets take the place of sequences: (targets, H) where a batch has (B, H). Only one time
    step's gradients exist at a time, so that T · T · H numbers need not be kept.

    Args:
        equations: a backward pass.
        known: the forward pass of one sequence, (1, T, ...), and parameters.
        targets: whose losses count, each alone.
        of: which gradient is wanted besides those that lead to d_h_prev.

    Yields:
        A time step, from the last to the first, and its gradients by name.
    """
    plan = make_plan(tuple(equations), BACKWARD, (of,))
    # a loss of a single target: no others share in the mean
    values = dict(known)
    if "targets" in known:
        values["targets"] = known["targets"][:, :1]
    if "counted" in known:
        values["answers"] = torch.ones((), dtype=torch.float64, device="cpu")
        values["d_loss"] = values["answers"]
    values |= solve(plan.before, values)
    outside = inputs_of((*plan.recurrent, *plan.after)) & values.keys()
    rows = torch.tensor(targets, device="cpu").unsqueeze(-1)

    def at(k: int) -> dict[str, Tensor]:
        here = {n: values[n][:, k] if values[n].dim() == 3 else values[n] for n in outside}
        return here | {"d_h_out": here["d_h_out"] * (rows == k)}

    start = torch.zeros(len(rows), values["d_h_out"].shape[-1], dtype=torch.float64, device="cpu")
    for k, solved in time_steps(plan, at, start, range(known["logits"].shape[1] - 1, -1, -1)):
        yield k, solved if of in solved else solved | solve(plan.after, {**at(k), **solved})


def refuse_large(run: Run) -> None:
    """Raise where every state's influence on every target would take too long.

    Raises:
        ValueError: T · T · H is too large.
    """
    T, H = run.trace.sizes["T"], run.trace.sizes["H"]
    if T * T * H > LARGEST_INFLUENCE:
        raise ConstraintError(
            "context_length",
            f"at most {LARGEST_INFLUENCE:,} are possible",
            f"Context length {T:,} × {T:,} with hidden size {H} makes {T * T * H:,} numbers",
            "Use a shorter context or a smaller hidden size.",
        )


def must_be_run(value: object) -> None:
    """Refuse what is no run.

    Raises:
        WrongTypeError: it is something else.
    """
    must_be("run", value, Run, "a Run, as run(settings) returns")
