"""Edited runs are what autograd makes of the same network with `torch.where` in it."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch
from beside_torch import FUNCTIONS
from hypothesis import given
from hypothesis import strategies as st
from strategies import small_settings

from explainer import PRESETS, run
from explainer.engine.edits import edited_run, limits
from explainer.engine.hold import hold, holdable
from explainer.engine.network import network

START = PRESETS["start"]
WITHIN = 1e-10
CELL = ("a_ir", "a_hr", "r", "a_iz", "a_hz", "z", "a_in", "h_reset", "a_hn", "n", "h")


# What is changed or held, drawn.


def draw_edits(base, random, most=4):
    """Return edits of some quantities of a run: all of it, an array, or some places."""
    net = network(base.settings)
    bounds = limits(base.settings, base.trace.sizes["V"])
    names = [q.name for q in net.parameters] + ["h_0", *bounds, *holdable(net), *holdable(net)]
    edits = {}
    for name in random.sample(names, random.randint(1, most)):
        source = base.trace if name in base.trace else base.update
        shape = source.shape(name)

        def number(name=name):
            if name == "counted":
                return 1.0  # some answer must count
            if name in bounds:
                low, high = bounds[name].low, min(bounds[name].high, 3.0)
                whole = bounds[name].whole
                return (
                    float(random.randint(int(low), int(bounds[name].high)))
                    if whole
                    else (low + (high - low) * random.random())
                )
            return random.gauss(0, 1)

        def place(shape=shape):
            return tuple(None if random.random() < 0.4 else random.randrange(n) for n in shape)

        kind = random.randrange(4)
        if kind == 0:
            edits[name] = number()
        elif kind == 1:
            edits[name] = np.array([number() for _ in range(int(np.prod(shape)))]).reshape(shape)
        else:
            edits[name] = {place(): number() for _ in range(random.randint(1, 3))}
    return edits


# The same network in PyTorch, a plain loop.


def autograd(base, edits):
    """Return values and gradients by name, from a loop over time, `torch.where` and autograd."""
    trace, settings = base.trace, base.settings
    where, numbers = {}, {}
    for name, wanted in edits.items():
        shape = (trace if name in trace else base.update).shape(name)
        where[name] = torch.zeros(shape, dtype=torch.bool)
        numbers[name] = torch.zeros(shape, dtype=torch.float64)
        for index, value in wanted.items() if isinstance(wanted, dict) else [((), wanted)]:
            at = tuple(slice(None) if i is None else i for i in index)
            where[name][at] = True
            numbers[name][at] = torch.as_tensor(value, dtype=torch.float64)

    def changed(name, value):
        value = torch.as_tensor(np.array(value), dtype=torch.float64)
        return torch.where(where[name], numbers[name], value) if name in edits else value

    given = {n: changed(n, trace[n]) for n in ("ids", "targets", "mask_x", "mask_h", "h_0")}
    W = {q.name: changed(q.name, trace[q.name]) for q in network(settings).parameters}
    W = {name: value.requires_grad_() for name, value in W.items()}
    scale = 1 / (1 - changed("dropout", trace["dropout"]))
    found = {}

    def keep(name, value, t=None):
        """Hold a value at its numbers; remember it and its gradient."""
        if name in edits:
            at = (slice(None),) if t is None else (slice(None), t)
            value = torch.where(where[name][at], numbers[name][at], value)
        value.retain_grad()
        found.setdefault(name, []).append(value)
        return value

    V, T = trace.sizes["V"], trace.sizes["T"]
    one_hot = torch.nn.functional.one_hot(given["ids"].long(), V).double().requires_grad_()
    e = keep("e", one_hot @ W["E"] if "E" in W else one_hot)
    x = keep("x", given["mask_x"] * e * scale)
    h, after = given["h_0"], settings.variant == "reset_after"
    gates, candidate = (FUNCTIONS[name] for name in settings.activations)

    def part(name, value, bias, t):
        value = value @ W[f"W_{name}"].T
        return keep(f"a_{name}", value + W[bias] if bias in W else value, t)

    for t in range(T):
        i, gate = x[:, t], {}
        for g in "rz":
            inner = part(f"i{g}", i, f"b_i{g}" if after else f"b_{g}", t)
            gate[g] = keep(g, gates(inner + part(f"h{g}", h, f"b_h{g}", t)).clone(), t)
        a_in = part("in", i, "b_in" if after else "b_n", t)
        if after:
            n = candidate(a_in + gate["r"] * part("hn", h, "b_hn", t)).clone()
        else:
            n = candidate(a_in + part("hn", keep("h_reset", gate["r"] * h, t), "b_hn", t)).clone()
        n = keep("n", n, t)
        h = keep("h", gate["z"] * h + (1 - gate["z"]) * n, t)
    h_out = keep("h_out", given["mask_h"] * torch.stack(found["h"], 1) * scale)
    logits = keep("logits", h_out @ W["W_o"].T + W.get("b_o", 0))
    each = torch.nn.functional.cross_entropy(
        logits.reshape(-1, V), given["targets"].long().reshape(-1), reduction="none"
    )
    counted = changed("counted", trace.get("counted", 1.0)).expand(trace.shape("targets"))
    loss = (each * counted.reshape(-1)).sum() / counted.sum()
    loss.backward()
    values, gradients = {"loss": loss.detach()}, {}
    for name, parts in found.items():
        join = torch.stack if name in CELL else lambda one, _: one[0]
        values[name] = join([p.detach() for p in parts], 1)
        zeros = [torch.zeros_like(p) if p.grad is None else p.grad for p in parts]
        gradients[f"d_{name}"] = join(zeros, 1)
    for name, value in W.items():
        gradients[f"d_{name}"] = torch.zeros_like(value) if value.grad is None else value.grad
    return values, gradients


def assert_autograd_agrees(base, edits):
    trace = edited_run(base, edits).trace
    values, gradients = autograd(base, edits)
    for name, value in (values | gradients).items():
        scale = max(1.0, float(value.abs().max()))
        off = np.abs(trace[name] - value.numpy()).max(initial=0)
        assert off <= WITHIN * scale, (name, off, edits)


SETTINGS = {
    "start": START,
    "before": replace(START, variant="reset_before", head_bias=True, dropout=0.5),
    "one_hot": replace(START, input="one_hot", dropout=0.0, hidden_size=3),
    "clipped": replace(START, clip_norm=0.05, redraw_masks=True, context_length=4),
    "carried": replace(START, carry_state=True, batch_index=2, variant="reset_before"),
    "trained": replace(START, updates=2, context_length=3),
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_autograd_agrees(settings):
    base, random = run(settings), Random(1)
    for name in holdable(network(settings)):  # each one by itself
        shape = base.trace.shape(name)
        index = tuple(random.randrange(n) for n in shape)
        assert_autograd_agrees(base, {name: {index: 0.3, (None, *index[1:]): 0.7}})
    for _ in range(25):
        assert_autograd_agrees(base, draw_edits(base, random))


@given(settings=small_settings(), number=st.integers(0, 2**32))
def test_autograd_agrees_whatever_the_settings(settings, number):
    base = run(settings)
    assert_autograd_agrees(base, draw_edits(base, Random(number)))


@given(settings=small_settings(), number=st.integers(0, 2**32))
def test_undoing_restores_every_bit_and_leaves_the_run_alone(settings, number):
    base = run(settings)
    before = {name: base.trace[name].tobytes() for name in base.trace}
    edited_run(base, draw_edits(base, Random(number)))
    undone = edited_run(base, {})
    assert {name: base.trace[name].tobytes() for name in base.trace} == before
    assert {name: undone.trace[name].tobytes() for name in undone.trace} == before
    for part in ("update", "second"):
        here, there = getattr(base, part), getattr(undone, part)
        assert all(here[name].tobytes() == there[name].tobytes() for name in here)
    assert not undone.edits


@given(settings=small_settings(), number=st.integers(0, 2**32))
def test_the_order_of_edits_of_different_quantities_does_not_matter(settings, number):
    base = run(settings)
    edits = draw_edits(base, Random(number))
    one, other = edited_run(base, edits), edited_run(base, dict(reversed(edits.items())))
    assert all(one.trace[n].tobytes() == other.trace[n].tobytes() for n in one.trace)
    assert all(one.second[n].tobytes() == other.second[n].tobytes() for n in one.second)


def test_of_two_edits_of_one_number_the_later_one_counts():
    trace = run(START, edits={"z": {(0, 1, None): 1.0, (None, None, 2): 0.5}}).trace
    assert trace["z"][0, 1].tolist() == [1, 1, 0.5, 1]


def test_what_is_held_shows_both_values_and_cuts_the_flow():
    base = run(START)
    result = run(START, edits={"h": {(0, 3, None): 0.25}, "W_hz": {(0, 1): 0.5}})
    trace, edits = result.trace, result.edits
    assert (trace["h"][0, 3] == 0.25).all()
    assert (trace["h_prev"][0, 4] == 0.25).all()
    assert not (trace["own_h"][0, 3] == 0.25).any()
    assert trace["d_h"][0, 3].all()
    assert not trace["d_own_h"][0, 3].any()
    assert not any(trace[f"d_{name}"][0, 3].any() for name in ("z", "n", "a_in", "x", "e"))
    assert edits["W_hz"].before[0, 1] == base.trace["W_hz"][0, 1] != trace["W_hz"][0, 1] == 0.5
    assert edits["h"].before is None
    assert edits["h"].where.sum() == START.hidden_size


def test_tokens_are_edited_everywhere():
    result = run(START, edits={"ids": {(0, 2): 5}, "targets": {(1, 0): 7}})
    assert result.batch.ids[0, 2] == result.trace["ids"][0, 2] == 5
    assert result.batch.targets[1, 0] == 7
    assert result.trace["one_hot"][0, 2].argmax() == 5
    assert result.trace["y"][1, 0].argmax() == 7


def test_the_update_has_the_edited_rates_and_the_second_pass_the_edited_network():
    settings = replace(START, clip_norm=1.0)
    edits = {"learning_rate": 0.5, "clip_norm": 0.01, "z": {(None, None, 0): 1.0}}
    result = run(settings, edits=edits)
    trace, update = result.trace, result.update
    norm = np.sqrt(sum(np.sum(trace[f"d_{n}"] ** 2) for n in update.before))
    scale = 0.01 / (norm + 1e-6)
    assert scale < 1
    for name, value in update.before.items():
        np.testing.assert_allclose(
            update.after[name], value - 0.5 * scale * trace[f"d_{name}"], rtol=1e-12
        )
    again = run(settings, parameters=update.after, edits={"z": edits["z"]})
    np.testing.assert_allclose(result.second["loss"], again.trace["loss"], rtol=1e-12)
    assert result.settings == settings


def test_a_network_is_given_what_holds_it():
    net = network(START)
    held = hold(net, ("z", "logits"))
    assert [q.name for q in held.held] == ["free_z", "set_z", "free_logits", "set_logits"]
    assert len(held.forward) == len(net.forward) + 2
    assert len(held.backward) == len(net.backward) + 2
    assert hold(net, ()) == net


@pytest.mark.parametrize(
    ("edits", "kind", "sentence"),
    [
        (3, TypeError, "edits must be numbers by quantity, such as {'z': 1.0}; got 3."),
        ({"loss": 1}, ValueError, "edits must be quantities among logits, .* more; got 'loss'."),
        ({"y": 1}, ValueError, "got 'y'. Change targets instead."),
        ({"clip_norm": 1}, ValueError, "got 'clip_norm'."),
        ({3: 1}, ValueError, "got 3."),
        ({"z": "1"}, TypeError, "z must be a number; got '1'."),
        ({"z": True}, TypeError, "z must be a number; got True."),
        (
            {"z": {(0, 0): 1}},
            ValueError,
            "index of z must be 3 numbers, one for each of B T H; got (0, 0).",
        ),
        (
            {"z": {(0, 0, 4): 1}},
            ValueError,
            "index H of z must be an integer from 0 to 3; got 4. None takes all of them.",
        ),
        (
            {"z": {(0, -1, 0): 1}},
            ValueError,
            "index T of z must be an integer from 0 to 7; got -1. None takes all of them.",
        ),
        (
            {"z": {(0, 0.5, 0): 1}},
            TypeError,
            "index T of z must be an integer from 0 to 7; got 0.5. None takes all of them.",
        ),
        (
            {"z": np.zeros((2, 8))},
            ValueError,
            "z must be an array of shape (2, 8, 4); got shape (2, 8).",
        ),
        ({"z": float("nan")}, ValueError, "z must be a finite number; got nan."),
        ({"ids": {(0, 0): 36}}, ValueError, "ids must be an integer from 0 to 35; got 36."),
        ({"mask_x": 0.5}, ValueError, "mask_x must be an integer from 0 to 1; got 0.5."),
        ({"dropout": 1}, ValueError, "dropout must be a finite number from 0 to 0.95; got 1."),
    ],
)
def test_an_edit_that_cannot_be_is_a_sentence(edits, kind, sentence):
    with pytest.raises(kind) as error:
        run(START, edits=edits)
    start, _, end = sentence.rpartition(".*")
    assert str(error.value).startswith(start)
    assert str(error.value).endswith(end)
