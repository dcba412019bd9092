"""For comparisons with PyTorch: a network of every kind of size, and its modules."""

from dataclasses import replace
from itertools import product

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from explainer import PRESETS
from explainer.batches import tokenize

CLOSE = {"rtol": 0, "atol": 1e-10}
SMALL = replace(
    PRESETS["start"],
    batch_size=3,
    context_length=5,
    embedding_size=4,
    hidden_size=3,
    dropout=0.3,
    head_bias=True,
    seed=7,
)
FUNCTIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "hard_sigmoid_6": lambda a: F.relu6(a + 3) / 6,
    "hard_sigmoid_5": lambda a: F.hardtanh(a / 5 + 1 / 2, 0, 1),
    "linear": nn.Identity(),
}
"""Activations. F.hardsigmoid multiplies with 1/6 in float32 on the way back."""


def tensor(values):
    """A copy, since a run's arrays are read-only."""
    return torch.from_numpy(np.array(values))


def some_state(settings):
    """A state to begin with that is not zero."""
    shape = (settings.batch_size, settings.hidden_size)
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def modules(settings):
    """PyTorch's modules as they begin, in float64."""
    V, H = len(tokenize(settings)[0]), settings.hidden_size
    D = V if settings.input == "one_hot" else settings.embedding_size
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        parts = {} if settings.input == "one_hot" else {"embedding": nn.Embedding(V, D)}
        parts["gru"] = nn.GRU(D, H, batch_first=True)
        parts["head"] = nn.Linear(H, V, bias=settings.head_bias)
    return nn.ModuleDict(parts).double()


def gates_of(state):
    """PyTorch's parameters under the names here."""
    found = {"W_o": state["head.weight"]}
    found |= {"b_o": state["head.bias"]} if "head.bias" in state else {}
    found |= {"E": state["embedding.weight"]} if "embedding.weight" in state else {}
    for letter, kind in (("W", "weight"), ("b", "bias")):
        for i in "ih":
            parts = state[f"gru.{kind}_{i}h_l0"].chunk(3)
            found |= {f"{letter}_{i}{g}": part for g, part in zip("rzn", parts, strict=True)}
    return found


def packed(trace, prefix=""):
    """A run's parameters, or their gradients, as PyTorch's GRU has them: three gates in one."""
    return {
        f"{kind}_{i}h": tensor(np.concatenate([trace[f"{prefix}{letter}_{i}{g}"] for g in "rzn"]))
        for (kind, letter), i in product((("weight", "W"), ("bias", "b")), "ih")
    }
