"""What a loss, or what a network returns, would be without one unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from explainer.engine.batch_run import Run
from explainer.engine.equations.activation import activations_of
from explainer.engine.layer_edits import edited_layer
from explainer.engine.origin import Provenance
from explainer.engine.run import run
from explainer.engine.trace import Array, Trace
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    WrongTypeError,
    as_list,
    one_of,
    place,
    shorten,
)
from explainer.interop.recording import Again, Recording

SHUT = -1e4
"""A bias at which a sigmoid is exactly 0, in float16, too."""
ZERO = {"tanh": 0.0, "relu": 0.0, "linear": 0.0}
"""Where another activation is 0; all the others are at `SHUT`."""


@dataclass(frozen=True, eq=False)
class Importance:
    """What changes where the state of one unit is held at 0 at every time step.

    Attributes:
        layer: the layer's name in a recording; else empty.
        units: which units were held, one after the other.
        change: (units,) of the loss, or the root mean square of the change of all numbers that are
            returned.
        loss: the loss with all units; None where there is none.
    """

    layer: str
    units: tuple[int, ...]
    change: Array
    loss: float | None

    @property
    def order(self) -> tuple[int, ...]:
        """The units, the one without which the loss would be largest first."""
        return tuple(self.units[i] for i in np.argsort(-self.change, kind="stable"))

    def __str__(self) -> str:
        """Return it in two sentences."""
        change = dict(zip(self.units, self.change, strict=True))
        most, least = self.order[0], min(self.units, key=lambda unit: abs(change[unit]))
        layer = f"{self.layer}: " if self.layer else ""
        if self.loss is None:
            return (
                f"{layer}held at 0, unit {most} changes what is returned most, by "
                f"{change[most]:.3g} (root mean square); unit {least} least, by "
                f"{change[least]:.3g}."
            )
        return (
            f"{layer}the loss is {self.loss:.4g}. Held at 0, unit {most} takes it to "
            f"{self.loss + change[most]:.4g}, the largest there is; unit {least} changes it "
            f"least, to {self.loss + change[least]:.4g}."
        )

    __repr__ = __str__


def importance(
    of: Recording | Run | Trace, layer: str | None = None, units: Sequence[int] | None = None
) -> Importance:
    """Hold each unit's state at 0 through time, one unit after the other, and see what changes.

    A recorded module runs again for every unit, with all that comes after the layer, so that its
    own head and loss answer, in its own precision. The module is left as it is. A run is computed
    again in the precision of its settings: in float32 a change below 1e-7 of the loss is rounding.

    Args:
        of: a recording, by `record` or of a file's network; a run; or the trace of a layer alone,
            whose states are what is returned.
        layer: its name in a recording; None for the only one.
        units: which units; None for all of them.

    Raises:
        TypeError: `of` is nothing of these.
        ValueError: a unit is not there; the recording has several layers, or can't be run again.
    """
    if isinstance(of, Recording):
        name = next(iter(of)) if layer is None else one_of("layer", layer, of)
        H = (of.trace if layer is None else of[name]).sizes["H"]
        held = held_in_recording(of, name)
        loss = of.loss
    elif isinstance(of, Run):
        name, H, loss = "", of.trace.sizes["H"], float(of.trace["loss"])
        held = held_in_run(of)
    elif isinstance(of, Trace):
        name, H, loss = "", of.sizes.get("H", 0), None
        held = held_in_layer(of)
    else:
        expected = "a recording, a run or a trace, such as record(model, x, loss=…)"
        raise WrongTypeError("of", expected, shorten(of))
    chosen = range(H) if units is None else as_list("units", units, "integers")
    own = tuple(place("units", unit, H) for unit in chosen)
    if not own:
        raise InvalidValueError("units", "at least one unit", "none")
    return Importance(name, own, np.array([held(unit) for unit in own]), loss)


def held_in_run(of: Run) -> Callable[[int], float]:
    """Return what tells how far the loss of a run is from that with a unit held.

    Raises:
        ValueError: something in the run is edited.
    """
    if of.edits:
        raise InvalidValueError("of", "a run without edits", "one with some")
    loss = float(of.trace["loss"])

    def change(unit: int) -> float:
        edits = {"h": {(None, None, unit): 0.0}}
        return float(run(of.settings, edits=edits).trace["loss"]) - loss

    return change


def held_in_layer(trace: Trace) -> Callable[[int], float]:
    """Return what tells how far a layer's states are from those with a unit held."""

    def change(unit: int) -> float:
        other = edited_layer(trace, {"h": {(None, None, unit): 0.0}})
        inside = np.arange(trace.sizes["T"]) < np.array(trace.lengths)[:, None]
        return root_mean_square([(other["h"] - trace["h"])[inside]])

    return change


def held_in_recording(of: Recording, layer: str) -> Callable[[int], float]:
    """Return what tells how far a loss, or what is returned, is from that with a unit held.

    Raises:
        ValueError: it can't be run again.
    """
    again = of.again
    if again is None:
        expected = "a recording by record, whose module can run again"
        advice = "Or take one of its traces: importance(recording['rnn.l0'])."
        raise InvalidValueError("of", expected, "one of watch", advice)
    sources = again.sources[layer]
    gates, candidate = (ZERO.get(a, SHUT) for a in activations_of(of[layer].quantities))
    first = shared_states(of, again, layer)
    before = None if of.loss is not None else tensors_in(again.output({}))

    def change(unit: int) -> float:
        if not {"b_iz", "b_z"} & set(sources) and any(h_0[:, unit].any() for h_0 in first):
            given = f"The layer has no biases, and its first state has other numbers for {unit}"
            raise ConstraintError("units", "a unit without a bias must begin at 0", given)
        parameters = without_unit(again.parameters, sources, unit, gates, candidate)
        if before is None:
            assert of.loss is not None
            assert again.loss is not None
            return again.loss(parameters) - of.loss
        after = tensors_in(again.output(parameters))
        pairs = zip(before, after, strict=True)
        return root_mean_square([(b.double() - a.double()).cpu().numpy() for a, b in pairs])

    return change


def shared_states(of: Recording, again: Again, layer: str) -> list[Array]:
    """Return the first states of a layer, and of other calls of the same module."""
    own = again.sources[layer]
    traces = [of.layers[name].trace for name, other in again.sources.items() if other == own]
    return [trace["h_0"] for trace in traces if trace is not None]


def without_unit(
    parameters: Mapping[str, Tensor],
    sources: Mapping[str, Provenance],
    unit: int,
    gates: float,
    candidate: float,
) -> dict[str, Tensor]:
    """Return the parameters that are others where a unit's state is always 0: z = 0, n = 0.

    Args:
        parameters: by name.
        sources: which of them a layer's quantities are rows of.
        unit: whose rows are changed.
        gates: a bias at which the gates' activation is 0.
        candidate: the same of the candidate's.
    """
    changed: dict[str, Tensor] = {}
    off = {"b_iz": gates, "b_z": gates, "b_in": candidate, "b_n": candidate}
    off |= dict.fromkeys(("W_iz", "W_hz", "b_hz", "W_in", "W_hn", "b_hn"), 0.0)
    for name, number in off.items():
        if source := sources.get(name):
            own = changed.setdefault(source.name, parameters[source.name].detach().clone())
            own[source.row + unit] = number
    return changed


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors of real numbers in what a module returned, in their order."""
    if isinstance(value, Tensor):
        return [value.detach()] if value.is_floating_point() else []
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for part in value for tensor in tensors_in(part)]
    return []


def root_mean_square(differences: Sequence[Array]) -> float:
    """Return the root mean square of all numbers in arrays."""
    whole = np.concatenate([d.ravel() for d in differences] or [np.zeros(1)])
    return float(np.sqrt((whole**2).mean()))
