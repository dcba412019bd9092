"""The loss of a file's own output layer, beside what a table says should come out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from explainer.engine.trace import Array
from explainer.interop.cells import GRUNetwork, bias_beside, is_embedding
from explainer.interop.network_record import module_paths, parts_of
from explainer.number_table import NumberTable

Head = tuple[Array, Array | None]
Loss = Callable[[Tensor], Tensor]


def head_of(network: GRUNetwork, path: str | None = None) -> Head | None:
    """Return the output layer of one module of a file: weights (V, width) and bias (V,) or None.

    It is the only matrix that is no embedding and has a column for each of the last layer's states,
    both directions counted; of several the only one beside the module.

    Args:
        network: of the file.
        path: which module; None for the only one.

    Returns:
        None where there is none, or more than one.
    """
    if path is None and len(module_paths(network)) > 1:
        return None
    parts = parts_of(network, path)
    top = [part for part in parts if part.layer == parts[-1].layer]
    width = sum(part.parameters["W_hr"].shape[0] for part in top)
    found = [
        name
        for name, value in network.others.items()
        if not is_embedding(name) and value.ndim == 2 and value.shape[1] == width
    ]
    if len(found) > 1 and path:
        beside = path.split(".")[0]
        found = [name for name in found if name.split(".")[0] == beside]
    if len(found) != 1:
        return None
    (name,) = found
    return network.others[name], bias_beside(network.others, name)


def head_loss(network: GRUNetwork, table: NumberTable, path: str | None = None) -> Loss | None:
    """Return the loss of a table's targets or next tokens; None without them or a fitting head.

    Args:
        network: of the file.
        table: its column `target` gives a mean squared error, the next tokens of a text give a
            cross-entropy.
        path: which module of the file; None for the only one.
    """
    head = head_of(network, path)
    if head is None:
        return None
    weights, bias = head
    W = torch.from_numpy(weights.copy())
    b = torch.zeros(len(W), dtype=torch.float64)
    if bias is not None:
        b = torch.from_numpy(bias.copy())
    inside = np.arange(table.x.shape[1]) < np.array(table.lengths)[:, None]
    if table.targets is None or np.isnan(table.targets[inside]).all():
        return None
    inside &= ~np.isnan(table.targets)
    where, wanted = torch.from_numpy(inside), torch.from_numpy(table.targets[inside])
    if not table.classes and len(W) == 1:

        def squared(states: Tensor) -> Tensor:
            error = (states @ W.T + b)[..., 0][where] - wanted
            return (error**2).mean()

        return squared
    if not table.steps or len(W) != len(table.classes):
        return None  # of the classes of a table nobody knows which row is which

    def entropy(states: Tensor) -> Tensor:
        return cross_entropy((states @ W.T + b)[where], wanted.long())

    return entropy
