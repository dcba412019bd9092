"""Where to look at what was found: one number of the layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from explainer.analysis.findings import Finding
from explainer.engine.trace import Array, Trace

Spot = tuple[str, tuple[int, ...]]
"""A quantity, and the index of one of its numbers."""
Measure = Callable[[Array], Array]


def middle(values: Array) -> Array:
    """Return how far numbers are from 1/2."""
    return np.abs(values - 0.5)


SHOWN: Mapping[str, tuple[str, Measure]] = {
    "inputs": ("x", np.abs),
    "dead": ("h", np.abs),
    "twins": ("h", np.abs),
    "frozen": ("z", np.positive),
    "longer than the sequence": ("z", np.positive),
    "memory": ("z", np.positive),
    "forgets": ("z", np.negative),
    "sharp gates": ("z", middle),
    "saturated at first": ("r", middle),
    "unlearning": ("d_h", np.abs),
    "no gradient": ("d_h", np.abs),
    "exploding": ("d_h", np.abs),
    "reach": ("d_h", np.abs),
    "chaotic": ("h", np.abs),
}
"""Which quantity shows what was found, and what is largest where it shows most."""


def finding_place(finding: Finding, trace: Trace, unit: int | None = None) -> Spot | None:
    """Return the number at which something that was found shows most.

    Args:
        finding: what was found.
        trace: of its layer.
        unit: one of the finding's units, or features; None for any of them.

    Returns:
        The quantity, and (sequence, time step, unit) within a sequence; None where nothing can be
        seen in one number.
    """
    if finding.name == "padding":
        equal = (trace["x"] == trace["x"][:, -1:]).all(-1).sum(1)
        return "h", (int(np.where(equal < trace.sizes["T"], equal, 0).argmax()), last(trace), 0)
    if finding.name == "first bias":
        return ("b_iz" if "b_iz" in trace else "b_z"), (0,)
    if finding.name == "not finite":
        return "h", (0, last(trace), 0)
    if finding.name not in SHOWN:
        return None
    name, measure = SHOWN[finding.name]
    if name not in trace:  # without a loss
        name, measure = "h", np.abs
    size = np.array(measure(trace[name]), dtype=np.float64)
    size[np.arange(size.shape[1]) >= np.array(trace.lengths)[:, None]] = -np.inf
    units = finding.units if unit is None else (unit,)
    if units:
        others = np.ones(size.shape[-1], dtype=bool)
        others[list(units)] = False
        size[..., others] = -np.inf
    b, t, i = np.unravel_index(int(size.argmax()), size.shape)
    return name, (int(b), int(t), int(i))


def last(trace: Trace) -> int:
    """Return the last time step of the first sequence."""
    return trace.lengths[0] - 1
