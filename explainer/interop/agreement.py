"""How far recorded layers are from the module itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from explainer.engine.network import GATES, layer_network
from explainer.interop.layer import STACKED, Layer, one_time_step
from explainer.interop.module_calls import Call

CHAOTIC = 1_000
"""How many times the difference after one time step the whole sequence's is in a network in which
rounding grows."""
ROUNDING = 2.0**-53
"""The smallest difference that counts as rounding of a state."""


@dataclass(frozen=True)
class Agreement:
    """How far a layer's numbers are from those of the module itself.

    Attributes:
        layer: its name.
        kind: the module's class and number type, such as "nn.GRU, float32".
        states: largest difference of h over the whole sequence; None of a layer below another,
            whose states the module doesn't return.
        one_step: the same one time step after each state that the module itself had: what
            rounding makes of one time step, however much it grows later.
        gradients: largest difference of the gradient of a parameter; None where it is not known.
    """

    layer: str
    kind: str
    states: float | None
    one_step: float | None
    gradients: float | None

    @property
    def chaotic(self) -> bool:
        """Whether rounding grows so much that states of the module and of the equations part."""
        if self.states is None or self.one_step is None:
            return False
        return self.states > CHAOTIC * max(self.one_step, ROUNDING)

    def __str__(self) -> str:
        """Return a sentence or two."""
        parts = []
        if self.states is not None and self.one_step is not None:
            parts.append(
                f"h {self.states:.1e}, one time step from its own state {self.one_step:.1e}"
            )
        if self.gradients is not None:
            parts.append(f"gradients {self.gradients:.1e}")
        text = (
            f"{self.layer}: largest difference from {self.kind}: {'; '.join(parts) or 'unknown'}."
        )
        if self.chaotic:
            text += (
                " This network is chaotic: rounding grows, and late time steps are those of the "
                "equations, not of your run."
            )
        return text


def agreements_of(
    recorded: Sequence[Sequence[Layer]], call: Call, by_parameter: Mapping[int, Tensor]
) -> list[Agreement]:
    """Return how far layers are from the module whose calls they are.

    Args:
        recorded: for each call or chain of calls, its layers.
        call: one of the calls.
        by_parameter: gradients of the module's parameters by the parameters' ids.
    """
    found = []
    for layers in zip(*recorded, strict=True):
        differences: list[float] = []
        steps: list[float] = []
        for layer in layers:
            if layer.trace is None or layer.states is None:
                continue
            T = layer.trace.sizes["T"]
            inside = np.arange(T) < np.array(layer.trace.lengths)[:, None]
            states = layer.states[:, :T]
            differences.append(np.abs(layer.trace["h"] - states)[inside].max(initial=0.0))
            given = {n: torch.from_numpy(v.copy()) for n, v in layer.trace.arrays.items()}
            net = layer_network(after=True, gradients=False)
            after = one_time_step(net, given, torch.from_numpy(states.copy())).numpy()
            steps.append(np.abs(after - states)[inside].max(initial=0.0))
        name = layers[0].name.replace("#0", "")
        suffix = name.rpartition(".")[2] if isinstance(call.module, nn.GRU) else ""
        known = all(layer.trace is not None and "d_h" in layer.trace for layer in layers)
        worst = parameter_differences(layers, call, suffix, by_parameter) if known else []
        kind = "nn.GRU" if isinstance(call.module, nn.GRU) else "nn.GRUCell"
        kind += f", {str(call.returned['output'].dtype)[6:]}"
        kind += f" under autocast to {str(call.lowered)[6:]}" if call.lowered else ""
        gradient = max(worst) if worst else None
        states, step = max(differences, default=None), max(steps, default=None)
        found.append(Agreement(name, kind, states, step, gradient))
    return found


def parameter_differences(
    layers: Sequence[Layer], call: Call, suffix: str, by_parameter: Mapping[int, Tensor]
) -> list[float]:
    """Return how far gradients, summed over calls, are from the module's own, for each one."""
    found = []
    for kind, name in STACKED.items():
        parameter = getattr(call.module, f"{name}_{suffix}" if suffix else name, None)
        theirs = by_parameter.get(id(parameter))
        if theirs is None:
            continue
        ours = sum(
            np.concatenate([layer.trace[f"d_{kind}{g}"] for g in GATES])
            for layer in layers
            if layer.trace is not None
        )
        found.append(float(np.abs(ours - theirs.detach().double().cpu().numpy()).max()))
    return found
