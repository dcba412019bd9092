"""A gradient as the sum of its time steps: against NumPy, autograd, and what its page shows."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from app_pages import VARIANTS, notes, run_of, stage, visit
from torch import nn
from torch.nn import functional as F

from explainer import PRESETS, run
from explainer.analysis.time_contributions import norms

SMALL = replace(
    PRESETS["start"], batch_size=3, context_length=5, hidden_size=3, dropout=0.3, head_bias=True
)
CASES = [
    replace(SMALL, variant=variant, input=input_)
    for variant, input_ in product(VARIANTS, ("embedding", "one_hot"))
]


@pytest.fixture(scope="module", params=CASES, ids=lambda s: f"{s.variant}-{s.input}")
def result(request):
    return run(request.param)


def shares_of(result, parameter):
    return result.trace[f"d_{parameter}_t"]


def test_shares_add_up_to_the_gradient(result):
    for name in result.update.before:
        difference = shares_of(result, name).sum(0) - result.trace[f"d_{name}"]
        assert np.abs(difference).max() < 1e-12, name


def test_norms_are_those_of_autograd():
    """PyTorch's own cell, with a copy of its weights for each time step."""
    result = run(replace(SMALL, dropout=0.0))
    trace, T = result.trace, result.trace.sizes["T"]
    packed = {}
    for (kind, letter), i in product((("weight", "W"), ("bias", "b")), "ih"):
        parts = [torch.from_numpy(trace[f"{letter}_{i}{g}"].copy()) for g in "rzn"]
        packed[f"{kind}_{i}h"] = torch.cat(parts)
    cell = nn.GRUCell(trace.sizes["D"], trace.sizes["H"], dtype=torch.float64)
    copies = [{n: v.clone().requires_grad_() for n, v in packed.items()} for _ in range(T)]
    h = torch.from_numpy(trace["h_0"].copy())
    logits = []
    for t in range(T):
        x = torch.from_numpy(trace["x"][:, t].copy())
        h = torch.func.functional_call(cell, copies[t], (x, h))
        logits.append(F.linear(h, *(torch.from_numpy(trace[n].copy()) for n in ("W_o", "b_o"))))
    targets = torch.from_numpy(result.batch.targets.copy())
    F.cross_entropy(torch.stack(logits, 1).flatten(0, 1), targets.flatten()).backward()
    for (kind, letter), i in product((("weight", "W"), ("bias", "b")), "ih"):
        for g, rows in zip("rzn", torch.arange(3 * trace.sizes["H"]).chunk(3), strict=True):
            expected = [float(c[f"{kind}_{i}h"].grad[rows].norm()) for c in copies]
            found = norms(shares_of(result, f"{letter}_{i}{g}"))
            assert max(found) > 1e-6
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_norms_are_those_of_numpy(result):
    for name in result.update.before:
        shares = shares_of(result, name)
        expected = [math.hypot(*share.ravel().tolist()) for share in shares]
        np.testing.assert_allclose(norms(shares), expected, rtol=1e-12)


# The page; what is drawn is in test_over_time_browser.py.


@pytest.mark.page
def test_shares_that_are_too_many_are_not_computed():
    at = visit("gradients", preset="story", context_length="70", hidden_size="256")
    run_of(at)
    assert "would be 4,587,520 numbers; at most 4,000,000 are computed" in notes(at)
    assert stage(at).meta["contributions"] == ""
    at.selectbox(key="weight").set_value("b_hz").run()
    assert stage(at).meta["contributions"] == "d_b_hz_t"
