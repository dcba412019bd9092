"""One pass through the network and through time, forward or backward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import torch
from torch import Tensor

from explainer.batch_data import Batch
from explainer.engine.at_once import Stage, solve_at_once, stage_of
from explainer.engine.expression import Leaf, rename_leaves
from explainer.engine.network import Network, without_dropout
from explainer.engine.quantity import Quantity, ancestors, depends, leading_to, solve
from explainer.engine.recurrence import Recurrence, step_memory
from explainer.engine.side_by_side import Block, Trees, blocks_of, groups_of, join_products

Values = Mapping[str, Tensor]

FORWARD = ("h", "h_prev")
BACKWARD = ("d_h_prev", "d_h_next")
"""What a time step hands on, and the name under which the next one in order takes it."""


@dataclass(frozen=True)
class Plan:
    """In which order equations are solved, where some need what another time step makes.

    Attributes:
        output: what a time step hands on.
        input: the name under which the next one takes it.
        before: equations that don't depend on it, solved for all time steps at once.
        recurrent: those that lead from input to output, solved one time step after the other.
        after: what else depends on it, solved for all time steps at once.
        recorded: what is kept of each time step.
        joined: the recurrent ones as trees, by name, with few products.
        stage_before, stage_after: what computes the others.
        blocks: what the recurrence makes and takes from another time step; names in one block
            stand side by side.
        wanted: the names to return; None returns all.
    """

    output: str
    input: str
    before: tuple[Quantity, ...]
    recurrent: tuple[Quantity, ...]
    after: tuple[Quantity, ...]
    recorded: tuple[str, ...]
    joined: Trees
    stage_before: Stage
    stage_after: Stage
    blocks: tuple[tuple[str, ...], ...]
    wanted: tuple[str, ...] | None


@lru_cache(maxsize=256)  # whoever holds quantities makes more networks
def make_plan(
    equations: tuple[Quantity, ...], carry: tuple[str, str], wanted: tuple[str, ...] | None = None
) -> Plan:
    """Return how to solve equations through time, found from their wiring.

    Args:
        equations: in the order they are computed.
        carry: (output, input), such as ("h", "h_prev").
        wanted: names to return. None returns every name, and so records everything; else only
            what leads to these is solved, and what nothing needs any more is forgotten.
    """
    output, input_ = carry
    if wanted is not None:
        equations = leading_to(equations, output, *wanted)
    later = depends(equations, input_)
    between = later & ancestors(equations, output)
    before = tuple(q for q in equations if q.name not in later)
    recurrent = tuple(q for q in equations if q.name in between)
    # what only passes a value on, as d_a_hr does, does so for all time steps, without a copy
    passing = tuple(q for q in recurrent if isinstance(q.expression, Leaf))
    after = (*passing, *(q for q in equations if q.name in later - between))
    recorded = (input_, *(q.name for q in recurrent if q not in passing))
    if wanted is not None:
        used = {*wanted, *inputs_of(after)}
        recorded = tuple(n for n in recorded if n in used)
    # what only passes a value on stands where that stands
    alias: dict[str, str] = {}
    for q in equations:
        if isinstance(q.expression, Leaf):
            alias[q.name] = alias.get(q.inputs[0], q.inputs[0])
    stages = [
        {q.name: rename_leaves(q.expression, alias) for q in stage if q.expression}
        for stage in ([q for q in recurrent if q not in passing], before, after)
    ]
    made = (input_, *stages[0])
    blocks: tuple[Block, ...] = ()
    for _ in range(2):  # the second time it is known what stands side by side
        order = [n for block in blocks for n in block]
        trees = [join_products(stage, made, order) for stage in stages]
        blocks = blocks_of((g for stage in trees for g in groups_of(stage)), made)
    joined, *others = trees
    return Plan(
        output,
        input_,
        before,
        recurrent,
        after,
        recorded,
        joined,
        stage_of(before, others[0]),
        stage_of(after, others[1]),
        blocks,
        wanted,
    )


def inputs_of(equations: Iterable[Quantity]) -> set[str]:
    """Return the names of everything that some equations take."""
    return {n for q in equations for n in q.inputs}


def time_steps(
    plan: Plan, at: Callable[[int], Values], start: Tensor, order: Iterable[int]
) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """Solve a plan's recurrent equations, one time step after the other.

    Args:
        plan: the plan.
        at: returns the values at a time step of what is outside the recurrence.
        start: (B, H), the input of the first time step in `order`.
        order: the time steps, 0 to T - 1 or backwards.

    Yields:
        A time step, and its input and new values by name.
    """
    carried = start
    for t in order:
        solved = {plan.input: carried}
        solved |= solve(plan.recurrent, {**at(t), **solved})
        yield t, solved
        carried = solved[plan.output]


@torch.inference_mode()
def unroll(plan: Plan, known: Values, start: Tensor, order: Sequence[int]) -> dict[str, Tensor]:
    """Solve equations as planned, through time.

    Args:
        plan: the plan.
        known: values by name; those with a time axis have it second, (B, T, ...).
        start: (B, H), the input of the first time step in `order`.
        order: the time steps, 0 to T - 1 or backwards.

    Returns:
        Every new value that is wanted, by name.
    """
    values = dict(known)
    values |= solve_at_once(plan.stage_before, values)
    memory = step_memory(plan.blocks, plan.recorded, start, len(order))
    recurrence = Recurrence(plan.joined, values, memory)
    inputs, outputs = recurrence.column(plan.input), recurrence.column(plan.output)
    carried = start
    for t in order:
        inputs[t].copy_(carried)
        recurrence.step(t)
        carried = outputs[t]
    values |= {n: v for n, v in memory.items() if {*n.split()} <= {*plan.recorded}}
    values |= solve_at_once(plan.stage_after, values)
    kept = values if plan.wanted is None else plan.wanted
    return {n: values[n] for n in kept if n not in known and " " not in n}


def known_values(batch: Batch, dropout: float, masks: Values, h_0: Tensor) -> dict[str, Tensor]:
    """Return what a pass is given, besides parameters: data, masks, first state.

    All of it has the dtype of `h_0`, but for the ids.
    """
    V = len(batch.vocabulary)
    # copies: torch warns of read-only arrays, and ids are shared
    found = {"targets": torch.from_numpy(batch.targets.copy())}
    found["y"] = one_hot_rows(found["targets"], V).to(h_0.dtype)
    if batch.wanted is not None:
        found = {"y": torch.tensor(batch.wanted, dtype=h_0.dtype)}
    if batch.values is not None:
        found["values"] = torch.tensor(batch.values, dtype=h_0.dtype)
    else:
        found["ids"] = torch.from_numpy(batch.ids.copy())
        found["one_hot"] = one_hot_rows(found["ids"], V).to(h_0.dtype)
    if batch.counted is not None:
        found["counted"] = torch.tensor(batch.counted, dtype=h_0.dtype)
    return found | {
        "h_0": h_0,
        "dropout": torch.tensor(dropout, dtype=h_0.dtype, device=h_0.device),
        **{name: mask.to(h_0.dtype) for name, mask in masks.items()},
    }


def one_hot_rows(ids: Tensor, V: int) -> Tensor:
    """Return a row for each id, (…, V): a 1 at its place, and zeros alone where that is below 0."""
    return torch.nn.functional.one_hot(ids.clamp(min=0), V) * (ids >= 0).unsqueeze(-1)


def last_states(h: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """Return the state after each sequence's last time step, (B, H), in memory of its own.

    Args:
        h: (B, T, H).
        lengths: how many time steps each sequence has; empty where all have T.
    """
    ends = torch.tensor(lengths or (h.shape[1],) * h.shape[0], device=h.device) - 1
    return h[torch.arange(len(h), device=h.device), ends]


def forward_pass(
    equations: tuple[Quantity, ...], known: Values, wanted: tuple[str, ...] | None = None
) -> dict[str, Tensor]:
    """Compute the forward quantities; `known` holds parameters and `known_values`."""
    T = known["mask_x"].shape[1]
    return unroll(make_plan(equations, FORWARD, wanted), known, known["h_0"], range(T))


def backward_pass(equations: tuple[Quantity, ...], known: Values) -> dict[str, Tensor]:
    """Compute the gradients by hand; `known` holds the forward pass too."""
    T = known["mask_x"].shape[1]
    start = torch.zeros_like(known["h_0"])
    first = {"d_loss": torch.ones_like(known["loss"])}
    plan = make_plan(equations, BACKWARD)
    return first | unroll(plan, {**known, **first}, start, range(T - 1, -1, -1))


@cache
def learning_plans(net: Network) -> tuple[Plan, Plan]:
    """Return plans, forward and backward, for the parameters' gradients alone."""
    gradients = tuple(f"d_{q.name}" for q in net.parameters)
    # a gradient needs what leads to it, and what leads to the gradient that goes on through time
    needed = ancestors(net.backward, *gradients, BACKWARD[0])
    wanted = [n for n in ("h_prev", *(q.name for q in net.forward)) if n in {*needed, "loss", "h"}]
    return (
        make_plan(net.forward, FORWARD, tuple(wanted)),
        make_plan(net.backward, BACKWARD, gradients),
    )


def learning_pass(net: Network, known: Values) -> dict[str, Tensor]:
    """Compute what one update needs, and record nothing on the way.

    Args:
        net: the network.
        known: parameters and `known_values`.

    Returns:
        Loss, hidden states, and the gradient of each parameter.
    """
    forward, backward = learning_plans(without_dropout(net) if known["dropout"] == 0 else net)
    T = known["mask_x"].shape[1]
    values = unroll(forward, known, known["h_0"], range(T))
    known = {**known, **values, "d_loss": torch.ones_like(values["loss"])}
    found = unroll(backward, known, torch.zeros_like(known["h_0"]), range(T - 1, -1, -1))
    return {"loss": values["loss"], "h": values["h"], **found}
