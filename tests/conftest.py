"""Shared by all tests: how far hypothesis searches, printed numbers, runs, PyTorch, a browser."""

import json
import os
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from get_browser import FLAGS, NO_BROWSER, find
from hypothesis import HealthCheck, Phase, settings
from serve import serve
from torch import nn

from explainer import PRESETS, run
from explainer.batches import tokenize

# Small matrices are computed faster by one thread, most of all beside other programs.
torch.set_num_threads(1)

# The same examples every time, shown as found. `pytest --hypothesis-profile=search` looks further
# and makes a failing example small, which can take minutes.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    max_examples=50,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "search",
    settings.get_profile("steady"),
    derandomize=False,
    max_examples=500,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def golden():
    """The numbers that the sources print, by the name of the source's file."""
    folder = Path(__file__).parent / "golden"
    return {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}


@pytest.fixture(scope="session")
def math_run():
    """The matrices tutorial: reset before, one-hot input."""
    return run(PRESETS["math"])


@pytest.fixture(scope="session")
def linear_algebra_run():
    """The explainer notebook: reset after, embedding, dropout, constants."""
    return run(PRESETS["linear_algebra"])


@pytest.fixture(scope="session")
def start_run():
    """What an empty link shows."""
    return run(PRESETS["start"])


# For comparisons with PyTorch.

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


# For the browser tests. Each of their fixtures needs `chromium`, so that without a browser
# nothing is started.


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests. Where there is none they are skipped, but not in CI."""
    path = find()
    if path is None:
        in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
        (pytest.fail if in_ci else pytest.skip)(NO_BROWSER)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(chromium, tmp_path_factory):
    """A server that nobody has visited before this module's tests."""
    with serve(tmp_path_factory.mktemp("server") / "log.txt") as server:
        yield server
