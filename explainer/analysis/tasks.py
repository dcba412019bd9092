"""What gates are for: networks that learn three small tasks in seconds.

One network reads one-hot symbols, and a linear head on its last state answers. It is trained with
PyTorch's own modules: Adam on the cross-entropy of fresh examples, gradients by autograd and
clipped by their norm. Gates are then computed by the equations of this package.

Every random number comes from a generator of its own: `torch.manual_seed` is shared by all users
of one server. Numbers are float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim.adam import adam

from explainer.analysis.task_data import (
    TASKS,
    Examples,
    Task,
    check_task,
    generator_of,
    make,
)
from explainer.engine.layer_trace import layer_forward, layer_trace
from explainer.engine.network import GATES, layer_network
from explainer.engine.origin import Origin
from explainer.engine.trace import Array, Trace
from explainer.errors import ConstraintError, InvalidValueError, in_range, must_be, one_of

__all__ = ["TASKS", "Examples", "Learned", "Measure", "Task", "gate_measure", "learn", "make"]
__all__ += ["measure"]

Kind = Literal["gru", "rnn"]
KINDS: dict[Kind, type[nn.GRU] | type[nn.RNN]] = {"gru": nn.GRU, "rnn": nn.RNN}

PARTS = {"W_i": "weight_ih", "W_h": "weight_hh", "b_i": "bias_ih", "b_h": "bias_hh"}
"""Parameters by their names here and in PyTorch, which packs those of r, z and n."""

LAYER = layer_network(after=True, gradients=False)
"""The equations of a trained cell."""
HIDDEN = 8
"""Hidden units of every network."""
BATCH = 64
"""Fresh examples for each update."""
UPDATES = 300
"""Updates of a training, unless one asks for others."""
LEARNING_RATE = 0.02
CLIP_NORM = 1.0
KEEP_BIAS = 2.0
"""Added to the first bias of z, so that a GRU begins with keeping: for a long sequence the gradient
would vanish before it reaches the first symbol (for an LSTM, the forget gate's bias does the same).
A tanh network has no such bias."""
FRESH = 1000
"""Examples on which accuracy is measured."""
SOLVED = 0.95
"""Least accuracy of a network that has solved its task."""
CLEAR = 0.1
"""Least difference between two means that is called one."""


@dataclass(frozen=True)
class Measure:
    """A gate's mean over units, where a task marks time steps and elsewhere.

    Attributes:
        name: the gate, r or z.
        value: mean where marked, 0 to 1.
        other: mean elsewhere, 0 to 1.
        difference: value - other.
        says: one sentence on what that means, for or against the gate's purpose.
    """

    name: str
    value: float
    other: float
    difference: float
    says: str


@dataclass(frozen=True, eq=False)
class Learned:
    """A trained network.

    Attributes:
        task: what it was trained for.
        kind: gru or rnn.
        losses: cross-entropy of each update's batch, before the update.
        accuracy: share of right answers on fresh examples, 0 to 1.
        state: its parameters, float64: `cell.` with the names of torch.nn.GRU or torch.nn.RNN,
            `head.` with those of torch.nn.Linear.
    """

    task: Task
    kind: Kind
    losses: tuple[float, ...]
    accuracy: float
    state: Mapping[str, Tensor]

    @property
    def solved(self) -> bool:
        """Whether almost every fresh example is answered rightly."""
        return self.accuracy >= SOLVED

    def gates(self, examples: Examples) -> dict[str, Array]:
        """Return r, z, n and h, each (N, T, H), by the equations of this package.

        Raises:
            ValueError: the network is no GRU, or an id is no symbol of its task.
        """
        trace = self.layer(examples)
        return {name: trace[name] for name in ("r", "z", "n", "h")}

    def layer(self, examples: Examples, labels: Sequence[str] = ()) -> Trace:
        """Return every number of the cell as the trace of a layer; labels are of time steps.

        Raises:
            ValueError: the network is no GRU, or an id is no symbol of its task.
        """
        if self.kind != "gru":
            raise InvalidValueError("kind", "'gru', since an RNN has no gates", repr(self.kind))
        V, ids = len(self.task.symbols), examples.ids
        if ids.min() < 0 or ids.max() >= V:
            raise InvalidValueError(
                "examples",
                f"of the task that was learned, with ids from 0 to {V - 1}",
                f"ids from {ids.min()} to {ids.max()}",
            )
        known: dict[str, Tensor] = {}
        for name, part in PARTS.items():
            packed = self.state[f"cell.{part}_l0"].chunk(3)
            known |= {f"{name}{g}": values for g, values in zip(GATES, packed, strict=True)}
        start = torch.zeros(len(ids), len(known["b_ir"]), dtype=torch.float64, device="cpu")
        values = layer_forward(LAYER, known, one_hot(torch.from_numpy(ids.copy()), V), start)
        names = {"D": tuple(self.task.symbols)} | ({"T": tuple(labels)} if labels else {})
        return layer_trace(LAYER, values, origin=Origin(names=names))


def one_hot(ids: Tensor, V: int) -> Tensor:
    """Return (N, T, V) float64 with a 1 at each id of (N, T)."""
    return nn.functional.one_hot(ids, V).to(torch.float64)


def learn(
    task: Task,
    kind: Kind,
    length: int,
    seed: int,
    updates: int = UPDATES,
    on_update: Callable[[int, float], bool] | None = None,
) -> Learned:
    """Train a network on a task, and measure it on fresh examples.

    Parameters begin as PyTorch draws them, uniform up to 1 / sqrt(H), but for z's `KEEP_BIAS`.

    Args:
        task: one of `TASKS`.
        kind: "gru", or "rnn" for a tanh network of as many hidden units.
        length: symbols in each sequence, 5 to 60.
        seed: decides first parameters and all examples, 0 to 2**30 - 1.
        updates: 1 to 2,000.
        on_update: called after each update with its number, from 0, and its loss; returning
            False stops the training.

    Raises:
        ValueError: an argument is outside its range; the message says what is possible.
    """
    length, seed = check_task(task, length, seed)
    updates = in_range("updates", updates, int, 1, 2_000)
    kind = one_of("kind", kind, KINDS)
    network = _Network(task, kind, generator_of(seed, 1))
    parameters: list[Tensor] = list(network.parameters())
    means, squares = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
    counts = [torch.zeros((), dtype=torch.float32, device="cpu") for _ in parameters]
    generator = generator_of(seed, 2)
    losses: list[float] = []
    for i in range(updates):
        drawn = task.draw(length, BATCH, generator)
        loss = cross_entropy(network(drawn.ids), drawn.answers)
        network.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, CLIP_NORM)
        # What torch.optim.Adam calls. Making the object imports PyTorch's compiler, which takes
        # seconds and needs a folder for temporary files.
        with torch.no_grad():
            adam(
                parameters,
                [p.grad for p in parameters if p.grad is not None],
                means,
                squares,
                [],
                counts,
                lr=LEARNING_RATE,
                beta1=0.9,
                beta2=0.999,
                eps=1e-8,
                weight_decay=0.0,
                amsgrad=False,
                maximize=False,
            )
        losses.append(loss.item())
        if on_update is not None and not on_update(i, losses[-1]):
            break
    fresh = task.draw(length, FRESH, generator_of(seed, 3))
    with torch.no_grad():
        right = network(fresh.ids).argmax(-1) == fresh.answers
    accuracy = right.double().mean().item()
    return Learned(task, kind, tuple(losses), accuracy, dict(network.state_dict()))


def measure(task: Task, learned: Learned, examples: Examples, gate: str = "z") -> Measure:
    """Compare a gate where the task marks time steps with the same gate elsewhere.

    Args:
        task: the one that was learned.
        learned: a GRU.
        examples: of the same task; any length.
        gate: one that the task makes a claim about.

    Raises:
        ValueError: the network is no GRU or learned another task, or the task says nothing
            about the gate.
    """
    must_be("task", task, Task, "a task, such as TASKS['store']")
    must_be("learned", learned, Learned, "a network, as learn() returns")
    must_be("examples", examples, Examples, "examples, as make() returns")
    if learned.task.name != task.name:
        raise InvalidValueError("learned", f"a network that learned {task.name}", learned.task.name)
    gate = one_of("gate", gate, task.claims)
    return gate_measure(task, gate, learned.gates(examples)[gate], examples.marks, learned.solved)


def gate_measure(
    task: Task, gate: str, values: Array, marks: NDArray[np.bool_], solved: bool
) -> Measure:
    """Return the measure of a gate's values (N, T, H), marked at (N, T).

    Raises:
        ValueError: no time step is marked, or every one.
    """
    if marks.all() or not marks.any():
        raise ConstraintError(
            "marks",
            "to compare, some must be and some not",
            f"{marks.sum():,} of {marks.size:,} time steps are marked",
            "Make the examples with make().",
        )
    value, other = float(values[marks].mean()), float(values[~marks].mean())
    difference = value - other
    claim = task.claims[gate]
    if not solved:
        meaning = "but this network has not learned the task, so that says nothing about it"
    elif difference * task.expected >= CLEAR:
        meaning = f"this network solved it, {claim}"
    elif abs(difference) < CLEAR:
        meaning = (
            f"hardly a difference, so the mean over all units does not show the network {claim}; "
            "single units may, in the picture"
        )
    else:
        meaning = f"the other way round; here the network solved it without {claim}"
    marked, rest = task.steps
    says = f"Mean {gate} is {value:.2f} {marked} and {other:.2f} {rest}: {meaning}."
    return Measure(gate, value, other, difference, says)


class _Network(nn.Module):
    """A recurrent cell, and a linear head on its last state."""

    def __init__(self, task: Task, kind: Kind, generator: Generator) -> None:
        """Begin with values of the given generator."""
        super().__init__()
        # made without memory first, since modules draw their values from the shared generator
        self.V, K = len(task.symbols), len(task.answers)
        self.cell = KINDS[kind](
            self.V, HIDDEN, batch_first=True, device="meta", dtype=torch.float64
        )
        self.head = nn.Linear(HIDDEN, K, device="meta", dtype=torch.float64)
        self.to_empty(device="cpu")
        for values in self.parameters():
            nn.init.uniform_(values, -(HIDDEN**-0.5), HIDDEN**-0.5, generator=generator)
        if kind == "gru":
            with torch.no_grad():
                self.get_parameter("cell.bias_ih_l0")[HIDDEN : 2 * HIDDEN] += KEEP_BIAS

    def forward(self, ids: Tensor) -> Tensor:
        """Return the logits (N, K) of every answer to ids (N, T)."""
        states, _ = self.cell(one_hot(ids, self.V))
        logits: Tensor = self.head(states[:, -1])
        return logits
