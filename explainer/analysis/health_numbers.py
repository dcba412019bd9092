"""What a layer's health is read from: numbers of each hidden unit, feature and time step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from explainer.engine.equations.activation import ACTIVATIONS, activations_of
from explainer.engine.network import GATES, network_of_layer
from explainer.engine.quantity import solve
from explainer.engine.trace import Array, Trace

LOW, HIGH = 0.1, 0.9
"""Below and above these a gate counts as shut and open (Karpathy, Johnson and Fei-Fei 2015)."""
DIRECTIONS = 8
"""Random gradients that are sent back through time."""
MOST_SEQUENCES = 16
"""Sequences that they are sent back through."""


@dataclass(frozen=True, eq=False)
class LayerNumbers:
    """Numbers of one layer; what is after a sequence's end does not count."""

    trace: Trace

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """(B, T) whether a time step is within its sequence."""
        lengths: NDArray[np.bool_] = (
            np.arange(self.trace.sizes["T"]) < np.array(self.trace.lengths)[:, None]
        )
        return lengths

    def of(self, name: str) -> Array:
        """Return (N, ·), the numbers of all time steps of all sequences."""
        return self.trace[name][self.inside]

    @cached_property
    def shut(self) -> dict[str, Array]:
        """(H,) by gate: in which share of all cases it is below 0.1."""
        return {gate: (self.of(gate) < LOW).mean(0) for gate in "rz"}

    @cached_property
    def open(self) -> dict[str, Array]:
        """(H,) by gate: in which share of all cases it is above 0.9."""
        return {gate: (self.of(gate) > HIGH).mean(0) for gate in "rz"}

    @cached_property
    def saturated_candidate(self) -> Array:
        """(H,) in which share of all cases n is within 0.01 of an end of its activation."""
        n, name = self.of("n"), activations_of(self.trace.quantities)[1]
        ends = (-1, 1) if name == "tanh" else (0, 1) if ACTIVATIONS[name].is_share else ()
        near = [np.abs(n - end) < 0.01 for end in ends] or [np.zeros(n.shape, bool)]
        shares: Array = np.any(near, 0).mean(0)
        return shares

    @property
    def has_shares(self) -> bool:
        """Whether r and z are between 0 and 1, so that they can be shut and open."""
        return ACTIVATIONS[activations_of(self.trace.quantities)[0]].is_share

    @cached_property
    def half_life(self) -> Array:
        """(H,) time steps after which half of a state is left, ln 2 / mean(-ln z)."""
        logs = -np.log(np.clip(self.of("z"), 1e-300, 1 - 1e-16)).mean(0)
        found: Array = np.log(2) / np.maximum(logs, 1e-16)
        return found

    @cached_property
    def spread(self) -> Array:
        """(H,) standard deviation of h over all cases."""
        found: Array = self.of("h").std(0)
        return found

    @cached_property
    def twins(self) -> tuple[int, ...]:
        """Units that do the same as another one before them: a correlation above 0.9999."""
        h = self.of("h")
        moving = np.flatnonzero(h.std(0) > 1e-9)
        if len(moving) < 2 or len(h) < 3:
            return ()
        correlation = np.abs(np.corrcoef(h[:, moving].T))
        return tuple(map(int, moving[(np.triu(correlation, 1) > 0.9999).any(0)]))

    @cached_property
    def largest_input(self) -> Array:
        """(D,) largest absolute number of each feature."""
        found: Array = np.abs(self.of("x")).max(0)
        return found

    @cached_property
    def unit_gradient(self) -> Array | None:
        """(H,) norm of the gradient of each unit's own weights; None without a loss."""
        if "d_W_hr" not in self.trace:
            return None
        squares = [(self.trace[f"d_W_{side}{gate}"] ** 2).sum(1) for side in "ih" for gate in GATES]
        found: Array = np.sqrt(np.sum(squares, axis=0))
        return found

    @cached_property
    def sent_back(self) -> Array:
        """(T,) norm of a random gradient of length 1 at the last time step, k time steps back."""
        return sent_back(self.trace)

    @property
    def reach(self) -> int:
        """Time steps after which such a gradient has shrunk to a tenth; T where it does not."""
        faded = np.flatnonzero(self.sent_back < 0.1 * self.sent_back[0])
        return int(faded[0]) if faded.size else len(self.sent_back)

    @cached_property
    def padding(self) -> tuple[int, int, float]:
        """How many sequences end in equal inputs, the longest such end, how far h moves there.

        Two inputs at least, the same in two sequences at least; h moves relative to its length,
        at the median. Zeros where there is no such end, or the lengths are known.
        """
        x, h = self.trace["x"], self.trace["h"]
        if self.trace.origin.lengths or len(x) < 2:
            return 0, 0, 0.0
        same = (x == x[:, -1:]).all(-1)[:, ::-1]
        runs = np.where(same.all(1), x.shape[1], np.argmin(same, 1))
        ends: dict[bytes, list[int]] = {}
        for b in np.flatnonzero((runs >= 1) & (runs < x.shape[1])):
            ends.setdefault(x[b, -1].tobytes(), []).append(int(b))
        most = max(ends.values(), key=lambda found: int(runs[found].max()), default=[])
        if len(most) < 2 or runs[most].max() < 2:
            return 0, 0, 0.0
        moved = [
            float(
                np.linalg.norm(h[b, -1] - h[b, -runs[b]])
                / max(float(np.linalg.norm(h[b, -runs[b]])), 1e-9)
            )
            for b in most
        ]
        return len(most), int(runs[most].max()), float(np.median(moved))

    @property
    def is_first(self) -> bool:
        """Whether all parameters are within PyTorch's first bound, 1 / sqrt(H)."""
        bound = self.trace.sizes["H"] ** -0.5 * (1 + 1e-6)
        own = [q.name for q in network_of_layer(self.trace.quantities).parameters]
        return all(float(np.abs(self.trace[n]).max()) <= bound for n in own)


def sent_back(trace: Trace) -> Array:
    """Return how long a random gradient is after each time step on its way back.

    Args:
        trace: of a layer or a run.

    Returns:
        (T,): mean length after 0, 1, … time steps, over 8 directions and at most 16 sequences,
        each from its own last time step. What no sequence reaches is left out.
    """
    net = network_of_layer(trace.quantities)
    skipped = {"d_x", "d_h"}
    back = [q for q in net.backward if "T" in q.dims and q.name not in skipped]
    lengths = np.array(trace.lengths[:MOST_SEQUENCES])
    B, H = len(lengths), trace.sizes["H"]
    needed = {n for q in back for n in q.inputs} & set(trace.arrays)
    known = {n: torch.from_numpy(trace[n].copy()) for n in needed if not n.startswith("d_")}
    generator = torch.Generator().manual_seed(0)
    d = torch.randn(DIRECTIONS, B, H, generator=generator, dtype=torch.float64)
    d = d / d.norm(dim=-1, keepdim=True)
    found = []
    rows = torch.arange(B)
    for k in range(int(lengths.min())):
        found.append(float(d.norm(dim=-1).mean()))
        t = torch.from_numpy(lengths - 1 - k)
        here = {n: v[rows, t] if v.dim() == 3 else v for n, v in known.items()}
        d = solve(back, {**here, "d_h": d})["d_h_prev"]
    return np.array(found)
