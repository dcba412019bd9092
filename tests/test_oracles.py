"""Every number is held against PyTorch, autograd, or a plain loop in NumPy."""

from collections import defaultdict
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from beside_torch import CLOSE, FUNCTIONS, SMALL, gates_of, modules, packed, some_state, tensor
from torch import nn
from torch.nn import functional as F

from explainer import run
from explainer.engine.equations import embedding, head

CASES = [
    replace(SMALL, variant=variant, input=input_, clip_norm=clip_norm, head_bias=bias)
    for variant, input_, (clip_norm, bias) in product(
        ("reset_after", "reset_before"), ("embedding", "one_hot"), ((None, True), (0.01, False))
    )
]
PAIRS = [  # of gates and candidate; each function stands at each of both places
    ("tanh", "hard_sigmoid_6"),
    ("relu", "hard_sigmoid_5"),
    ("hard_sigmoid_6", "relu"),
    ("hard_sigmoid_5", "linear"),
    ("linear", "sigmoid"),
    ("sigmoid", "tanh"),
]
ACTIVATED = [
    replace(
        SMALL,
        variant=variant,
        gate_activation=gates,
        candidate_activation=candidate,
        # so that what is clipped is clipped
        initial="normal" if "hard" in gates + candidate else "uniform",
        learning_rate=0.01,
    )
    for variant, (gates, candidate) in product(("reset_after", "reset_before"), PAIRS)
]


def name_of(settings):
    functions = "-".join(settings.activations)
    return f"{settings.variant}-{settings.input}-clip_{settings.clip_norm}-{functions}"


@pytest.fixture(scope="module", params=[*CASES, *ACTIVATED], ids=name_of)
def result(request):
    """A run of every variant and input, from a state that is not zero."""
    return run(request.param, h_0=some_state(request.param))


# Autograd.


def plain_network(result):
    """The same network written plainly, one time step at a time.

    Returns every quantity's tensor, by name one for each time step, after the loss has been
    sent backwards through them. Each time step has its own copy of each parameter, so that the
    gradients of these copies are the time step's contributions (name_t).
    """
    settings, trace = result.settings, result.trace
    after = settings.variant == "reset_after"
    gate, candidate = (FUNCTIONS[name] for name in settings.activations)
    kept = defaultdict(list)

    def keep(name, value):
        kept[name].append(value if value.requires_grad else value.requires_grad_())
        value.retain_grad()
        return value

    parameters = {n: tensor(v).requires_grad_() for n, v in result.update.before.items()}
    mask_x, mask_h, one_hot, y = (tensor(trace[n]) for n in ("mask_x", "mask_h", "one_hot", "y"))
    ids = tensor(result.batch.ids)
    h = tensor(trace["h_0"]).requires_grad_()
    for t in range(settings.context_length):
        own = {n: keep(f"{n}_t", v.clone()) for n, v in parameters.items()}
        h_prev = keep("h_prev", h.clone())
        embedded = settings.input == "embedding"
        e = keep("e", own["E"][ids[:, t]] if embedded else one_hot[:, t].clone())
        x = keep("x", mask_x[:, t] * e / (1 - settings.dropout))

        def part(i, gate, value, own=own):
            bias = f"b_{i}{gate}" if after else f"b_{gate}" if i == "i" else None
            result = value @ own[f"W_{i}{gate}"].T
            return keep(f"a_{i}{gate}", result + own[bias] if bias else result)

        r = keep("r", gate(keep("a_r", part("i", "r", x) + part("h", "r", h_prev))).clone())
        z = keep("z", gate(keep("a_z", part("i", "z", x) + part("h", "z", h_prev))).clone())
        if after:
            a_n = part("i", "n", x) + r * part("h", "n", h_prev)
        else:
            a_n = part("i", "n", x) + part("h", "n", keep("h_reset", r * h_prev))
        n = keep("n", candidate(keep("a_n", a_n)).clone())
        h = keep("h", z * h_prev + (1 - z) * n)
        h_out = keep("h_out", mask_h[:, t] * h / (1 - settings.dropout))
        scores = h_out @ own["W_o"].T
        logits = keep("logits", scores + own["b_o"] if settings.head_bias else scores)
        ce_1 = keep("ce_1", y[:, t] * keep("log_p", logits.log_softmax(-1)))
        keep("ce_3", -keep("ce_2", ce_1.sum(-1)).mean())
    loss = keep("loss", torch.stack(kept["ce_3"]).mean())
    loss.backward()
    return kept | {n: [v] for n, v in parameters.items()}


def stacked(tensors, dims):
    """Tensors of all time steps as one array, its axes as the dims say."""
    if "T" not in dims:
        return tensors[0].numpy()
    return torch.stack(tensors, dim=dims.index("T")).numpy()


def test_autograd_gives_every_gradient(result):
    trace = result.trace
    gradients = {n: [v.grad for v in values] for n, values in plain_network(result).items()}
    by_hand = {n for n in trace if n.startswith("d_")} - {"d_h_next"}
    assert by_hand >= {"d_h", "d_h_prev", "d_a_z", "d_r", "d_x", "d_W_hn", "d_W_hn_t", "d_W_o_t"}
    covered = set()
    for name in by_hand & {f"d_{n}" for n in gradients}:
        expected = stacked(gradients[name.removeprefix("d_")], trace.quantities[name].dims)
        np.testing.assert_allclose(trace[name], expected, **CLOSE, err_msg=name)
        covered.add(name)
    assert covered == by_hand


def test_a_plain_network_gives_every_value(result):
    trace = result.trace
    plain = {n: [v.detach() for v in values] for n, values in plain_network(result).items()}
    made = {n for n, q in trace.quantities.items() if q.function and not n.startswith("d_")}
    made -= {"p", "z_other", "h_other"}  # seen below
    assert made <= set(plain)
    for name in made:
        expected = stacked(plain[name], trace.quantities[name].dims)
        np.testing.assert_allclose(trace[name], expected, **CLOSE, err_msg=name)
    np.testing.assert_allclose(trace["p"], np.exp(trace["log_p"]), **CLOSE)
    np.testing.assert_allclose(trace["p"].sum(-1), 1, **CLOSE)


def test_the_other_convention_turns_z_around_and_leaves_h_alone(result):
    trace = result.trace
    np.testing.assert_allclose(trace["z_other"], 1 - trace["z"], **CLOSE)
    np.testing.assert_allclose(trace["h_other"], trace["h"], **CLOSE)


def test_the_time_step_after_reports_back_what_it_makes_of_its_state(result):
    d_h_next, d_h_prev = result.trace["d_h_next"], result.trace["d_h_prev"]
    np.testing.assert_array_equal(d_h_next[:, :-1], d_h_prev[:, 1:])
    assert not d_h_next[:, -1].any()


def test_the_state_of_a_time_step_is_what_the_next_one_gets(result):
    trace = result.trace
    np.testing.assert_array_equal(trace["h_prev"][:, 1:], trace["h"][:, :-1])
    np.testing.assert_array_equal(trace["h_prev"][:, 0], trace["h_0"])


def test_contributions_of_the_time_steps_add_up_to_each_parameters_gradient(result):
    for name in result.update.before:
        total = result.trace[f"d_{name}_t"].sum(0)
        np.testing.assert_allclose(total, result.trace[f"d_{name}"], **CLOSE, err_msg=name)


def test_every_function_is_clipped_somewhere_and_elsewhere_not():
    for settings in ACTIVATED:
        trace = run(settings).trace
        for name, function in zip("zn", settings.activations, strict=True):
            if function.startswith("hard"):
                assert {*np.unique(trace[name])} >= {0.0, 1.0}
                assert ((trace[name] > 0) & (trace[name] < 1)).any()
            if function == "relu":
                assert (trace[name] == 0).any()
                assert (trace[name] > 0).any()


# torch.nn and torch.nn.functional.


@pytest.mark.parametrize("settings", [c for c in CASES if c.variant == "reset_after"], ids=name_of)
def test_reset_after_is_torch_nn_gru(settings):
    trace = run(settings, h_0=some_state(settings)).trace
    D, H = trace.sizes["D"], trace.sizes["H"]
    gru = nn.GRU(D, H, batch_first=True, dtype=torch.float64)
    gru.load_state_dict({f"{name}_l0": values for name, values in packed(trace).items()})
    x = tensor(trace["x"]).requires_grad_()
    h_0 = tensor(trace["h_0"]).requires_grad_()
    h, last = gru(x, h_0[None])
    np.testing.assert_allclose(trace["h"], h.detach(), **CLOSE)
    np.testing.assert_allclose(trace["h"][:, -1], last[0].detach(), **CLOSE)

    h_out = tensor(trace["mask_h"]) * h / (1 - settings.dropout)
    bias = tensor(trace["b_o"]) if settings.head_bias else None
    logits = F.linear(h_out, tensor(trace["W_o"]), bias)
    F.cross_entropy(logits.flatten(0, 1), tensor(trace["targets"]).long().flatten()).backward()
    for name, by_hand in packed(trace, "d_").items():
        expected = getattr(gru, f"{name}_l0").grad
        np.testing.assert_allclose(by_hand, expected, **CLOSE, err_msg=name)
    np.testing.assert_allclose(trace["d_x"], x.grad, **CLOSE)
    np.testing.assert_allclose(trace["d_h_prev"][:, 0], h_0.grad, **CLOSE)


@pytest.mark.parametrize("settings", [c for c in CASES if c.variant == "reset_before"], ids=name_of)
def test_reset_before_is_a_plain_loop(settings):
    trace = run(settings, h_0=some_state(settings)).trace
    W = {n: trace[n].T for n in trace if n.startswith("W_")}
    b = {n: trace[n] for n in trace if n.startswith("b_")}

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    h = trace["h_0"]
    for t in range(settings.context_length):
        x = trace["x"][:, t]
        r = sigmoid(x @ W["W_ir"] + h @ W["W_hr"] + b["b_r"])
        z = sigmoid(x @ W["W_iz"] + h @ W["W_hz"] + b["b_z"])
        n = np.tanh(x @ W["W_in"] + (r * h) @ W["W_hn"] + b["b_n"])
        h = z * h + (1 - z) * n
        for name, expected in {"r": r, "z": z, "n": n, "h": h}.items():
            np.testing.assert_allclose(trace[name][:, t], expected, **CLOSE, err_msg=name)


def test_the_loss_and_its_terms_are_cross_entropy(result):
    trace = result.trace
    logits, targets = tensor(trace["logits"]), tensor(trace["targets"]).long()
    each = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    np.testing.assert_allclose(trace["ce_2"], -each, **CLOSE)
    np.testing.assert_allclose(trace["ce_3"], each.mean(0), **CLOSE)
    mean = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    np.testing.assert_allclose(trace["loss"], mean, **CLOSE)


@pytest.mark.parametrize("quantity", [embedding.x, head.h_out], ids=lambda q: q.name)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.75])
def test_dropout_scales_as_torch_nn_dropout(quantity, share):
    values = torch.linspace(1, 2, 60, dtype=torch.float64).reshape(3, 4, 5)
    expected = nn.Dropout(share)(values)
    ours = quantity.function(
        (expected != 0).double(), values, torch.tensor(share, dtype=torch.float64)
    )
    np.testing.assert_allclose(ours, expected, **CLOSE)


# torch.optim and torch.nn.utils.


@pytest.mark.parametrize("clip_norm", [None, 0.01, 1000.0])
@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
def test_the_update_is_torch_optim_sgd(variant, clip_norm):
    settings = replace(SMALL, variant=variant, clip_norm=clip_norm, learning_rate=0.7)
    result = run(settings)
    update, gradients = result.update, result.trace.gradients
    parameters = {n: tensor(v).requires_grad_() for n, v in update.before.items()}
    for name, parameter in parameters.items():
        parameter.grad = tensor(gradients[name])
    limit = float("inf") if clip_norm is None else clip_norm
    norm = nn.utils.clip_grad_norm_(parameters.values(), limit)
    torch.optim.SGD(parameters.values(), lr=0.7).step()
    assert set(update.after) == set(parameters)
    for name, parameter in parameters.items():
        np.testing.assert_allclose(update.after[name], parameter.detach(), **CLOSE, err_msg=name)
        np.testing.assert_array_equal(update.before[name], result.trace[name])
        np.testing.assert_array_equal(result.second[name], update.after[name])
        taken = update.before[name] - update.after[name]
        np.testing.assert_allclose(update[f"lr_d_{name}"], taken, **CLOSE, err_msg=name)
    np.testing.assert_allclose(update["norm"], norm, **CLOSE)


def test_the_slope_promises_what_a_tiny_update_keeps():
    for clip_norm in (None, 0.01):
        result = run(replace(SMALL, learning_rate=1e-5, clip_norm=clip_norm))
        change = float(result.second["loss"] - result.trace["loss"])
        assert change == pytest.approx(float(result.update["predicted_change"]), rel=1e-3)


# What PyTorch draws.


@pytest.mark.parametrize("seed", [0, 1, 4294967295])
@pytest.mark.parametrize("head_bias", [True, False])
@pytest.mark.parametrize("input_", ["embedding", "one_hot"])
def test_uniform_is_what_pytorchs_modules_draw(seed, head_bias, input_):
    settings = replace(SMALL, initial="uniform", seed=seed, head_bias=head_bias, input=input_)
    trace = run(settings).trace
    expected = gates_of(modules(settings).state_dict())
    assert set(expected) == set(run(settings).update.before)
    for name, values in expected.items():
        np.testing.assert_allclose(trace[name], values, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
def test_orthogonal_weights_have_rows_or_columns_at_right_angles(variant):
    update = run(replace(SMALL, initial="orthogonal", variant=variant)).update
    for name, W in update.before.items():
        if W.ndim == 2:
            gram = W @ W.T if len(W) <= len(W.T) else W.T @ W
            np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-5, err_msg=name)
        else:
            assert not W.any()


@pytest.mark.parametrize("initial", ["constant", "normal", "uniform", "orthogonal"])
def test_drawing_leaves_torchs_own_generator_alone(initial):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    run(replace(SMALL, initial=initial))
    assert torch.equal(torch.get_rng_state(), before)
