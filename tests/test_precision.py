"""A run in float32: everything is, and it is as far from float64 as PyTorch's own is."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from beside_torch import SMALL, packed, some_state
from torch import nn

from explainer import Settings, compare, explain, importance, run, train, with_targets
from explainer.analysis.checks import CHECKS, verify
from explainer.analysis.influence import influence
from explainer.engine.sampling import continue_text
from explainer.engine.training import History, RNNTraining

SMALL32 = replace(SMALL, precision="float32")
CASES = {
    "small": SMALL32,
    "before, other activations": replace(
        SMALL32,
        variant="reset_before",
        gate_activation="hard_sigmoid_6",
        candidate_activation="relu",
        learning_rate=0.1,
    ),
    "carried": replace(SMALL32, carry_state=True, batch_index=1, batch_size=2, clip_norm=0.1),
    "trained": replace(SMALL32, updates=4, redraw_masks=True),
    "numbers": Settings(
        values=with_targets(np.random.default_rng(0).normal(size=(3, 5, 2))),
        precision="float32",
        batch_size=3,
        context_length=5,
        hidden_size=3,
    ),
}


def rounded(values):
    return (values == values.astype(np.float32)).all()


@pytest.mark.parametrize("settings", CASES.values(), ids=CASES)
def test_every_number_is_one_of_float32(settings):
    result = run(settings, edits={"z": {(0, 1, 2): 0.3}, "W_hr": {(1, 1): 0.1}})
    for trace in (result.trace, result.update, result.second):
        for name in trace:
            assert trace[name].dtype == np.float64
            assert rounded(trace[name]), name
    for check in verify(result, CHECKS):
        assert not check.problem
        assert check.difference < 1e-6, check
    exact = run(replace(settings, precision="float64"))
    assert any(not rounded(values) for values in exact.trace.values())


def test_states_are_those_of_torch_in_float32():
    result = run(SMALL32, h_0=some_state(SMALL32))
    trace, sizes = result.trace, result.trace.sizes
    x = torch.from_numpy(trace["x"].copy())
    errors = []
    for dtype in (torch.float32, torch.float64):
        gru = nn.GRU(sizes["D"], sizes["H"], batch_first=True, dtype=dtype)
        gru.load_state_dict({f"{name}_l0": v.to(dtype) for name, v in packed(trace).items()})
        h_0 = torch.from_numpy(trace["h_0"].copy()).to(dtype)
        with torch.no_grad():
            errors.append(gru(x.to(dtype), h_0[None])[0].double().numpy())
    single, double = errors
    assert np.abs(trace["h"] - single).max() < 3e-7
    assert 0 < np.abs(trace["h"] - double).max() < 3 * np.abs(single - double).max() + 1e-7


def test_the_difference_can_be_read():
    exact, single = run(SMALL), run(SMALL32)
    found = compare(exact, single)
    assert found.first.name == "dropout"
    assert str(found.first) == "dropout: 0.3 and 0.30000001"
    assert 0 < max(abs(d.a - d.b) for d in found.largest.values()) < 1e-5
    opened = explain(single.trace, "z", (0, 1, 2))
    assert opened.recompute() == pytest.approx(opened.value, abs=2e-7)


def test_a_training_is_in_float32_too():
    history = train(SMALL32, epochs=2)
    state, net = history.state_at(history.updates), RNNTraining(SMALL32)
    assert {v.dtype for v in state.parameters.values()} == {torch.float32}
    assert {v.dtype for v in net.state_at(0).parameters.values()} == {torch.float32}
    i = 3
    there = run(replace(SMALL32, updates=i))
    for name, values in history.at(i).update.before.items():
        np.testing.assert_array_equal(there.update.before[name], values)
    asked = History(SMALL32, torch.float64)
    assert {v.dtype for v in asked.state_at(0).parameters.values()} == {torch.float64}
    assert continue_text(SMALL32, there.update.after, "a", 5)


def test_a_copy_remembers_its_precision():
    again = copy.deepcopy(run(SMALL32))
    assert again.trace.origin.precision == "float32"
    assert rounded(again.trace["d_W_hz_t"])


def test_analyses_say_in_what_they_compute():
    """Influence in float64, so that a gradient may fade; what is run again, in the run's own."""
    single, double = run(replace(SMALL, precision="float32")), run(SMALL)
    found = influence(single, 0)
    np.testing.assert_allclose(found, influence(double, 0), rtol=1e-4, atol=1e-7)
    assert not np.array_equal(found, found.astype(np.float32))
    held = importance(single)
    losses = held.change + held.loss
    assert np.array_equal(losses, losses.astype(np.float32))
    np.testing.assert_allclose(held.change, importance(double).change, atol=1e-6)
