"""The network and the numbers of a user's own: read, bounded, computed once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from explainer.analysis.checks import largest_difference
from explainer.analysis.health import Health, health
from explainer.analysis.references import plain_loop, torch_states
from explainer.app.current_run import wait_for
from explainer.app.gate import GATE, Tell
from explainer.app.session import session
from explainer.engine.batch_run import Run
from explainer.engine.equations.activation import activations_of
from explainer.engine.layer_trace import numbers_of_a_layer
from explainer.errors import ConstraintError, ExplainerError
from explainer.interop.cells import Cell, GRUNetwork
from explainer.interop.head_loss import head_loss
from explainer.interop.network_record import parts_of
from explainer.interop.recording import Recording
from explainer.interop.stacked_gates import Variant
from explainer.interop.text_table import text_table
from explainer.interop.weight_files import read_network
from explainer.number_table import NumberTable, read_table

DATA = Path(__file__).parents[1] / "data"
MOST_BYTES = 8 * 2**20
"""Largest file, in bytes."""
MOST_UNPACKED = 32 * 2**20
"""Most bytes that a file of weights unpacks to."""
MOST_WEIGHTS = 4_000_000
"""Most weights of a network."""
MOST_NUMBERS = 4_000_000
"""Most numbers that are computed of all its layers."""
BYTES = 24
"""Memory for each of them while they are computed."""


@dataclass(frozen=True, eq=False)
class OwnNetwork:
    """A network and numbers, computed.

    Attributes:
        network: from a file.
        table: the numbers.
        recording: what its layers do with them.
        health: what was found.
        left_out: a sentence on what there was no room for; else empty.
        difference: largest difference of h from an independent computation, and which one.
    """

    network: GRUNetwork
    table: NumberTable
    recording: Recording
    health: Health
    left_out: str
    difference: tuple[float, str] | None


def example(broken: bool) -> tuple[GRUNetwork, NumberTable]:
    """Return the built-in forecaster of tomorrow's temperature, or its broken twin.

    The bias of the twin's update gate is 20 higher.
    """
    data = (DATA / "forecaster.safetensors").read_bytes()
    network = read_network(data, ".safetensors")
    if broken:
        cells = {
            name: Cell(cell.variant, {**cell.parameters, "b_iz": cell.parameters["b_iz"] + 20})
            for name, cell in network.items()
        }
        network = GRUNetwork(cells, network.kind, network.others, network.says)
    return network, read_table((DATA / "forecaster.csv").read_bytes())


def read_weights(data: bytes, ending: str) -> GRUNetwork:
    """Return the network of a file.

    Args:
        data: of a .safetensors or .npz file.
        ending: which of them.

    Raises:
        ValueError: it can't be read, or is too large.
    """
    network = read_network(data, ending, most_bytes=MOST_UNPACKED)
    count = sum(v.size for cell in network.values() for v in cell.parameters.values())
    if count > MOST_WEIGHTS:
        raise ConstraintError(
            "weights", f"at most {MOST_WEIGHTS:,} are possible", f"The network has {count:,}"
        )
    return network


def trained_network(run: Run) -> GRUNetwork:
    """Return the network of the app's own run, as a file of it would be read.

    Raises:
        ValueError: it is no GRU.
    """
    parameters = run.update.before
    own = {n: v for n, v in parameters.items() if n not in ("E", "W_o", "b_o")}
    variant: Variant = "reset_after" if "b_hr" in own else "reset_before"
    cell = Cell(variant, own, activations_of(run.trace.quantities))
    others = {n: v for n, v in parameters.items() if n not in own}
    return GRUNetwork({"gru.l0": cell}, "Training", others, (), run.batch.vocabulary)


def first_text(run: Run, network: GRUNetwork) -> str:
    """Return the first sequence of a run as a text that is split into the same tokens."""
    tokens = [run.batch.vocabulary[i] for i in run.batch.ids[0].tolist()]
    joined = "".join(tokens)
    try:
        same = list(text_table(network, joined).steps) == tokens
    except ExplainerError:
        same = False
    return joined if same else " ".join(tokens)


def computed(network: GRUNetwork, table: NumberTable, path: str) -> OwnNetwork:
    """Return a network with its numbers computed: once for each session and choice.

    Raises:
        ValueError: the numbers don't fit the network, or there are too many.
    """
    own = session()
    key = id(network), id(table), path
    if own.network is not None and own.network[0] == key:
        return own.network[1]
    sequences, T, left_out, numbers = room(network, table, path)
    few = table.cut(sequences, T)

    def work(_: int, tell: Tell) -> OwnNetwork:
        loss = head_loss(network, few, path)
        recording = network.record(few.x, few.lengths, path, loss, few.labels)
        difference = from_others(network, recording)
        return OwnNetwork(network, few, recording, health(recording), left_out, difference)

    ticket = GATE.enter(key, work, 1, BYTES * numbers)
    found = wait_for(ticket, f"Computing {numbers:,} numbers", "layers")
    own.network = key, found, (network, table)
    return found


def from_others(network: GRUNetwork, recording: Recording) -> tuple[float, str] | None:
    """Return how far the states are from those of an independent computation, and which one.

    torch.nn.GRU with the same weights, or a plain loop for a layer that it can't compute; None
    where no layer has numbers.
    """
    cells = [network[name] for name in recording.layers]
    usual = all(cell.is_torch_gru for cell in cells)
    found = [
        largest_difference(
            trace["h"], torch_states(trace) if usual else plain_loop(trace, cell.activations)
        )
        for cell, layer in zip(cells, recording.layers.values(), strict=True)
        if (trace := layer.trace) is not None
    ]
    reference = "torch.nn.GRU" if usual else "a plain NumPy loop"
    return (max(found), f"{reference} with the same weights") if found else None


def room(network: GRUNetwork, table: NumberTable, path: str) -> tuple[int, int, str, int]:
    """Return how many sequences and time steps there is room for, what to say, and all numbers.

    Raises:
        ValueError: the numbers have another width than the network reads.
    """
    parts = parts_of(network, path)
    B, T, D = table.x.shape
    wide = parts[0].parameters["W_ir"].shape[1]
    if wide != D:
        raise ConstraintError(
            "numbers",
            f"the network reads {wide:,}",
            f"The file has {D:,} columns of features ({', '.join(table.features[:4])} …)"
            if D > 4
            else f"The file has {D:,} columns of features ({', '.join(table.features)})",
            "A column “sequence” or “target” does not count.",
        )
    gradients = head_loss(network, table, path) is not None
    each = sum(
        numbers_of_a_layer(
            part.after,
            gradients,
            dict(zip("BTHD", (1, T, *part.parameters["W_ir"].shape), strict=True)),
        )
        for part in parts
    )
    sequences = max(1, min(B, MOST_NUMBERS // each))
    steps = T if each <= MOST_NUMBERS else max(1, T * MOST_NUMBERS // each)
    said = []
    if sequences < B:
        said.append(f"the first {sequences:,} of {B:,} sequences")
    if steps < T:
        said.append(f"the first {steps:,} of {T:,} time steps")
    most = f"{MOST_NUMBERS:,} numbers at most"
    left_out = f"Computed are {' and '.join(said)}: {most}." if said else ""
    return sequences, steps, left_out, each * sequences * steps // T


def sentences(found: Iterable[str]) -> str:
    """Return sentences as one text."""
    return " ".join(s if s.endswith((".", "!", "?")) else f"{s}." for s in found if s)
