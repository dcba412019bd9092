"""Health: broken networks are named rightly, and working ones never accused."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from explainer import PRESETS, health, record, run
from explainer.analysis.health_numbers import LayerNumbers, sent_back
from explainer.errors import InvalidValueError


def squares(returned):
    """A loss of an nn.GRU's output."""
    return (returned[0] ** 2).mean()


def layer(H=32, T=36, B=16, D=3, change=None, loss=squares, seed=0, x=None):
    """Record a fresh nn.GRU, changed in place."""
    torch.manual_seed(seed)
    module = nn.GRU(D, H, batch_first=True)
    if change:
        with torch.no_grad():
            change(module)
    return record(module, torch.randn(B, T, D) if x is None else x, loss=loss)


def names(found, *levels):
    return {f.name for f in found if f.level in levels}


FRESH = [(H, T, seed) for H in (8, 32, 64) for T in (10, 40, 90) for seed in range(6)]


@pytest.mark.parametrize(("H", "T", "seed"), FRESH)
def test_a_fresh_network_is_not_accused(H, T, seed):
    found = health(layer(H, T, seed=seed))
    assert found.ok, str(found)


def trained(seed, bidirectional):
    """Layers that have learned whether a sequence's first number is above 0."""
    torch.manual_seed(seed)
    gru = nn.GRU(2, 12, num_layers=2, batch_first=True, bidirectional=bidirectional)
    head = nn.Linear(12 * (1 + bidirectional), 1)
    optimizer = torch.optim.Adam([*gru.parameters(), *head.parameters()], lr=1e-2)
    for _ in range(120):
        x = torch.randn(32, 8, 2)
        out = head(gru(x)[0].mean(1)).reshape(-1)
        loss = nn.functional.binary_cross_entropy_with_logits(out, (x[:, 0, 0] > 0).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.6
    return record(gru, torch.randn(32, 8, 2), loss=squares)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_trained_network_is_not_accused(seed, bidirectional):
    found = health(trained(seed, bidirectional))
    assert found.ok, str(found)
    assert len(found.shapes) == 2 * (1 + bidirectional)


def times_ten(module):
    for parameter in module.parameters():
        parameter *= 10


def all_equal(module):
    for parameter in module.parameters():
        parameter.fill_(0.1)


def frozen(module):
    module.bias_ih_l0[32:64] += 20


def silent(module):
    for parameter in module.parameters():
        parameter.zero_()


def one_dead(module):
    """Unit 7's candidate is 0 and its first state, so h stays 0."""
    for parameter in (module.weight_ih_l0, module.weight_hh_l0):
        parameter[64 + 7] = 0
    for bias in (module.bias_ih_l0, module.bias_hh_l0):
        bias[64 + 7] = 0


BROKEN = [
    (times_ten, "exploding", "error"),
    (all_equal, "twins", "error"),
    (frozen, "frozen", "error"),
    (silent, "dead", "error"),
    (silent, "no gradient", "error"),
    (one_dead, "dead", "warning"),
]


@pytest.mark.parametrize(("change", "name", "level"), BROKEN)
def test_what_is_broken_is_named(change, name, level):
    found = health(layer(change=change))
    assert name in names(found, level), str(found)
    assert not found.ok


def test_the_dead_unit_is_named():
    (dead,) = [f for f in health(layer(change=one_dead)) if f.name == "dead"]
    assert dead.units == (7,)
    assert "unit 7 never changes" in str(dead)
    assert dead.layer == "l0"


def test_gates_at_their_ends_before_any_training_are_named():
    found = health(layer(x=(12 * torch.randn(16, 36, 3)).clamp(-19, 19)))
    (one,) = [f for f in found if f.level == "warning"]
    assert (one.name, one.threshold) == ("saturated at first", 0.2)


def test_a_unit_that_nothing_reads_is_named():
    def unread(module):
        module.weight_hh_l0[:, 7] = 0

    found = health(layer(change=unread, loss=lambda out: (out[0][..., :7] ** 2).mean(), H=8))
    (one,) = [f for f in found if f.name == "unlearning"]
    assert (one.level, one.units) == ("warning", (7,))


def test_ten_time_steps_prove_no_unit_dead():
    found = health(layer(T=10, B=1, change=one_dead))
    assert "dead" not in names(found, "error", "warning")


def test_inputs_of_the_wrong_size_are_named_with_their_feature():
    x = torch.randn(8, 20, 3)
    x[..., 1] = 400 + 100 * x[..., 1]
    torch.manual_seed(0)
    found = health(record(nn.GRU(3, 16, batch_first=True), x, names={"D": ["a", "wind", "c"]}))
    (inputs,) = [f for f in found if f.name == "inputs"]
    assert inputs.units == (1,)
    assert inputs.value == pytest.approx(float(x.abs().max()))
    assert "“wind”" in inputs.text


def test_padding_is_seen_unless_the_lengths_are_known():
    x, lengths = torch.randn(6, 12, 3), [12, 5, 7, 9, 12, 4]
    for row, length in zip(x, lengths, strict=True):
        row[length:] = 0
    assert "padding" in names(health(layer(x=x)), "warning")
    torch.manual_seed(0)
    module = nn.GRU(3, 32, batch_first=True)
    assert "padding" not in names(health(record(module, x, lengths=lengths)), "warning")


def test_where_numbers_stop_being_finite_is_said_first():
    x = torch.randn(4, 20, 3)
    x[3, 17, 2] = math.nan
    found = health(layer(x=x))
    assert found[0].name == "not finite"
    assert "x[3, 17, 2]" in found[0].text
    assert "time step 17" in found[0].text


def test_rounding_that_grows_is_a_note():
    found = health(layer(H=32, T=300, change=times_ten))
    assert "chaotic" in names(found, "note")


def test_a_step_that_is_too_long_is_a_warning_and_changes_nothing():
    torch.manual_seed(0)
    module = nn.GRU(3, 8, batch_first=True)
    x = torch.randn(8, 12, 3)
    before = [p.detach().clone() for p in module.parameters()]
    recording = record(module, x, loss=squares)
    assert "step" not in names(health(recording, learning_rate=0.01), "warning")
    (step,) = [f for f in health(recording, learning_rate=1e4) if f.name == "step"]
    # the same update, made by hand
    promised = -1e4 * sum(float((g**2).sum()) for g in recording.again.gradients.values())
    other = nn.GRU(3, 8, batch_first=True)
    other.load_state_dict(
        {n: p.detach() - 1e4 * recording.again.gradients[n] for n, p in module.named_parameters()}
    )
    came = float(squares(other(x)).detach()) - recording.loss
    assert step.value == pytest.approx(came / promised, rel=1e-3)
    after = [p.detach() for p in module.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_step_of_any_optimizer_is_looked_at_without_making_it():
    torch.manual_seed(0)
    module, x = nn.GRU(3, 8, batch_first=True), torch.randn(8, 12, 3)
    slow = torch.optim.Adam(module.parameters(), lr=1e-4)
    fast = torch.optim.Adam(module.parameters(), lr=1.0)
    before = [p.detach().clone() for p in module.parameters()]
    recording = record(module, x, loss=squares)
    assert "step" not in names(recording.health(optimizer=slow), "warning")
    assert "step" in names(recording.health(optimizer=fast), "warning")
    after = [p.detach() for p in module.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert not slow.state
    with pytest.raises(InvalidValueError, match="others"):
        recording.health(optimizer=torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=1.0))
    with pytest.raises(InvalidValueError, match="with a loss"):
        record(module, x).health(learning_rate=1.0)


def test_a_gradient_is_sent_back_as_autograd_has_it():
    trace = layer(H=5, T=7, B=2).trace
    torch.manual_seed(0)
    module = nn.GRU(3, 5, batch_first=True)
    x = torch.from_numpy(trace["x"].copy()).float()
    states = [torch.zeros(1, 2, 5, requires_grad=True)]
    for t in range(7):
        states.append(module(x[:, t : t + 1], states[-1])[1])
    generator = torch.Generator().manual_seed(0)
    d = torch.randn(8, 2, 5, generator=generator, dtype=torch.float64)
    d = (d / d.norm(dim=-1, keepdim=True)).float()
    expected = []
    for k in range(7):
        sent = [
            torch.autograd.grad(states[7][0], states[7 - k], v, retain_graph=True)[0].reshape(2, 5)
            if k
            else v
            for v in d
        ]
        expected.append(float(torch.stack(sent).norm(dim=-1).mean()))
    np.testing.assert_allclose(sent_back(trace), expected, rtol=1e-5)


def test_a_half_life_is_that_of_a_steady_gate():
    trace = run(PRESETS["start"], edits={"z": 0.5}).trace
    np.testing.assert_allclose(LayerNumbers(trace).half_life, 1.0)
    always = run(PRESETS["start"], edits={"z": 1.0}).trace
    assert (LayerNumbers(always).half_life > 1e6).all()


def test_a_run_has_health_too():
    found = health(run(PRESETS["story"]))
    assert found.ok
    assert "8 sequences of 35 time steps" in str(found)
    assert found._repr_html_().startswith("<ul>")
    assert set(found.numbers[""]) >= {"half_life", "spread", "z_open", "sent_back"}


@pytest.mark.parametrize("wrong", [3, "trace", None, nn.GRU(2, 2)])
def test_anything_else_is_refused(wrong):
    with pytest.raises(TypeError, match="record"):
        health(wrong)


@pytest.mark.parametrize(("B", "T", "H"), [(1, 1, 1), (1, 2, 1), (2, 1, 3), (3, 3, 3)])
def test_little_evidence_is_no_trouble(B, T, H):
    assert health(layer(H=H, T=T, B=B, D=H)).ok
