"""How far the past matters: against autograd, torch.nn.RNN, and maps that are known beforehand."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from beside_torch import CLOSE, SMALL, packed, some_state, tensor
from hypothesis import given
from hypothesis import strategies as st
from strategies import small_settings
from torch import nn
from torch.nn import functional as F

from explainer import PRESETS, run, train
from explainer.analysis.influence import (
    LARGEST_INFLUENCE,
    Memory,
    back_from_each,
    gradient_norms,
    growth,
    influence,
    memory_length,
    one_sequence,
    rnn_influence,
    token_influence,
)
from explainer.engine.equations import rnn
from explainer.engine.network import network, rnn_network
from explainer.engine.parameters import initial_parameters, rnn_parameters
from explainer.engine.training import RNNTraining
from explainer.engine.unroll import backward_pass, forward_pass

CASES = [
    replace(SMALL, variant=variant, input=input_, head_bias=bias, dropout=dropout)
    for variant, (input_, bias), dropout in product(
        ("reset_after", "reset_before"), (("embedding", True), ("one_hot", False)), (0.0, 0.3)
    )
]


def name_of(settings):
    return f"{settings.variant}-{settings.input}-dropout_{settings.dropout}"


@pytest.fixture(scope="module", params=CASES, ids=name_of)
def result(request):
    """A run of every variant and input, from a state that is not zero."""
    return run(request.param, h_0=some_state(request.param))


# Autograd.


def gru_cell(result):
    """One time step of the run's GRU: PyTorch's own, or written plainly where it has none."""
    trace = result.trace
    if result.settings.variant == "reset_after":
        cell = nn.GRUCell(trace.sizes["D"], trace.sizes["H"], dtype=torch.float64)
        cell.load_state_dict(packed(trace))
        return lambda x, h: cell(x[None], h[None])[0]
    p = {n: tensor(trace[n]) for n in trace if n[:2] in ("W_", "b_")}

    def reset_before(x, h):
        r = torch.sigmoid(p["W_ir"] @ x + p["W_hr"] @ h + p["b_r"])
        z = torch.sigmoid(p["W_iz"] @ x + p["W_hz"] @ h + p["b_z"])
        n = torch.tanh(p["W_in"] @ x + p["W_hn"] @ (r * h) + p["b_n"])
        return z * h + (1 - z) * n

    return reset_before


def rnn_cell(result, parameters=None):
    """One time step of an RNN, with the parameters that `rnn_influence` gives it where none are."""
    sizes = result.trace.sizes
    cell = nn.RNNCell(sizes["D"], sizes["H"], nonlinearity="tanh", dtype=torch.float64)
    drawn = parameters or rnn_parameters(result.settings, sizes["V"])
    with torch.no_grad():
        for (kind, letter), i in product((("weight", "W"), ("bias", "b")), "ih"):
            getattr(cell, f"{kind}_{i}h").copy_(torch.as_tensor(drawn[f"{letter}_{i}h"]))
    return lambda x, h: cell(x[None], h[None])[0]


def losses(result, b, cell, h, x, nudges, parameters=None):
    """Cross-entropy of each target of sequence b, (T,), with h_k pushed by nudges[k]."""
    trace = result.trace
    of = parameters or trace
    bias = tensor(of["b_o"]) if result.settings.head_bias else None
    keep = 1 - float(trace["dropout"])
    each = []
    for k in range(trace.sizes["T"]):
        h = cell(x[k], h) + nudges[k]
        logits = F.linear(tensor(trace["mask_h"][b, k]) * h / keep, tensor(of["W_o"]), bias)
        each.append(F.cross_entropy(logits, tensor(trace["targets"][b, k]).long()))
    return torch.stack(each)


def autograd_norms(result, b, cell, h, parameters=None):
    """(T, T) norms for every target and hidden state, and the same for inputs, by autograd."""
    x = tensor(result.trace["x"][b])
    if parameters and "E" in parameters:
        rows = tensor(parameters["E"])[tensor(result.trace["ids"][b]).long()]
        x = tensor(result.trace["mask_x"][b]) * rows / (1 - float(result.trace["dropout"]))
    x.requires_grad_()
    nudges = torch.zeros(len(x), result.trace.sizes["H"], dtype=torch.float64, requires_grad=True)
    each = losses(result, b, cell, h, x, nudges, parameters)
    pairs = [torch.autograd.grad(one, (nudges, x), retain_graph=True) for one in each]
    return [torch.stack(gradients).norm(dim=-1).numpy() for gradients in zip(*pairs, strict=True)]


def no_state(result):
    return torch.zeros(result.trace.sizes["H"], dtype=torch.float64)


def test_autograd_gives_every_influence(result):
    sizes = result.trace.sizes
    for b in range(sizes["B"]):
        of_h, of_x = autograd_norms(result, b, gru_cell(result), tensor(result.trace["h_0"][b]))
        assert of_h.max() > 1e-3
        np.testing.assert_allclose(influence(result, b), of_h, **CLOSE)
        for t in range(sizes["T"]):
            np.testing.assert_allclose(token_influence(result, b, t), of_x[t], **CLOSE)


def test_autograd_gives_the_rnns_influence(result):
    for b in range(result.trace.sizes["B"]):
        expected, _ = autograd_norms(result, b, rnn_cell(result), no_state(result))
        assert expected.max() > 1e-3
        np.testing.assert_allclose(rnn_influence(result, b), expected, **CLOSE)


def test_the_jacobian_of_the_losses_has_these_rows(result):
    x, state = tensor(result.trace["x"][1]), tensor(result.trace["h_0"][1])
    still = torch.zeros(len(x), result.trace.sizes["H"], dtype=torch.float64)
    for own, cell, h in (
        (influence, gru_cell(result), state),
        (rnn_influence, rnn_cell(result), no_state(result)),
    ):
        jacobian = torch.autograd.functional.jacobian(
            lambda nudges, cell=cell, h=h: losses(result, 1, cell, h, x, nudges), still
        )
        assert jacobian.shape == (*own(result, 1).shape, result.trace.sizes["H"])
        np.testing.assert_allclose(own(result, 1), jacobian.norm(dim=-1), **CLOSE)


@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
def test_longer_and_after_a_training(variant):
    settings = replace(PRESETS["story"], variant=variant, context_length=12, dropout=0.2)
    result = train(replace(settings, text=settings.text[:800]), epochs=2).at(3)
    h = tensor(result.trace["h_0"][2])
    assert h.any()
    of_h, of_x = autograd_norms(result, 2, gru_cell(result), h)
    np.testing.assert_allclose(influence(result, 2), of_h, **CLOSE)
    np.testing.assert_allclose(token_influence(result, 2, 11), of_x[11], **CLOSE)
    expected, _ = autograd_norms(result, 2, rnn_cell(result), no_state(result))
    np.testing.assert_allclose(rnn_influence(result, 2), expected, **CLOSE)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("input_", ["embedding", "one_hot"])
def test_autograd_gives_a_trained_rnns_influence(input_, dropout):
    settings = replace(SMALL, input=input_, dropout=dropout, carry_state=True, head_bias=True)
    settings = replace(settings, text=settings.text * 3, batch_index=0)
    training = RNNTraining(settings)
    for _ in range(3):
        training.step()
    trained = training.state_at(3)
    result = train(settings, epochs=1).at(3)
    assert trained.h_0.any()
    state = tensor(trained.h_0[1].numpy())
    drawn = {n: v.numpy() for n, v in trained.parameters.items()}
    expected, _ = autograd_norms(result, 1, rnn_cell(result, drawn), state, drawn)
    np.testing.assert_allclose(rnn_influence(result, 1, trained), expected, **CLOSE)


# The whole loss is the mean of all targets' losses.


@given(settings=small_settings(), data=st.data())
def test_gradients_of_all_targets_add_up_to_those_of_the_loss(settings, data):
    trace = (result := run(settings)).trace
    b = data.draw(st.integers(0, trace.sizes["B"] - 1))
    B, T = trace.sizes["B"], trace.sizes["T"]
    answers = float(trace["answers"]) if "answers" in trace else B * T
    known = one_sequence(result, b)
    equations = network(settings).backward
    seen = []
    for k, made in back_from_each(equations, known, range(T), "d_x"):
        seen.append(k)
        for name in ("d_h", "d_h_prev", "d_x"):
            assert made[name].shape == (T, trace.shape(name)[-1])
            mean = made[name].sum(0) / answers
            np.testing.assert_allclose(mean, trace[name][b, k], **CLOSE, err_msg=name)
    assert seen == list(range(T))[::-1]


@given(settings=small_settings(), data=st.data())
def test_no_target_depends_on_what_comes_after_it(settings, data):
    result = run(settings)
    b = data.draw(st.integers(0, settings.batch_size - 1))
    T = settings.context_length
    for norms in (influence(result, b), rnn_influence(result, b)):
        assert norms.shape == (T, T)
        assert norms.dtype == np.float64
        assert np.isfinite(norms).all()
        assert (norms >= 0).all()
        assert not norms[np.triu_indices(T, 1)].any()
    for t in range(T):
        assert not token_influence(result, b, t)[t + 1 :].any()


@given(settings=small_settings(), data=st.data())
def test_a_targets_own_time_step_gets_what_the_head_sends(settings, data):
    trace = (result := run(settings)).trace
    b = data.draw(st.integers(0, settings.batch_size - 1))
    sent = (trace["p"] - trace["y"])[b] @ trace["W_o"] * trace["mask_h"][b]
    expected = np.linalg.norm(sent, axis=-1) / (1 - trace["dropout"])
    if "counted" in trace:
        expected = expected * trace["counted"][b]
    np.testing.assert_allclose(np.diag(influence(result, b)), expected, **CLOSE)


# The ordinary RNN.


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_equations_are_torch_nn_rnn(bias, dropout):
    settings = replace(SMALL, dropout=dropout, head_bias=bias)
    trace = run(settings).trace
    module = nn.RNN(4, 3, nonlinearity="tanh", batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        own = {q.name: tensor(np.zeros([trace.sizes[d] for d in q.dims])) for q in rnn.GRADIENTS}
        for name, value in own.items():
            letter = "weight" if name[0] == "W" else "bias"
            value.copy_(getattr(module, f"{letter}_{name[-2:]}_l0"))
    h_0 = some_state(settings)
    names = ("ids", "one_hot", "mask_x", "mask_h", "dropout", "targets", "y", "E", "W_o")
    known = {n: tensor(trace[n]) for n in (*names, *(["b_o"] if bias else []))}
    known |= {**own, "h_0": h_0, "ids": known["ids"].long()}
    net = rnn_network(settings)
    values = known | forward_pass(net.forward, known)
    values |= backward_pass(net.backward, values)

    e = tensor(trace["e"]).requires_grad_()
    x = tensor(trace["mask_x"]) * e / (1 - dropout)
    x.retain_grad()
    h_0.requires_grad_()
    h, _ = module(x, h_0[None])
    h_out = tensor(trace["mask_h"]) * h / (1 - dropout)
    logits = F.linear(h_out, known["W_o"], known.get("b_o"))
    mean = F.cross_entropy(logits.flatten(0, 1), tensor(trace["targets"]).long().flatten())
    mean.backward()
    np.testing.assert_allclose(values["h"], h.detach(), **CLOSE)
    np.testing.assert_allclose(values["loss"], mean.detach(), **CLOSE)
    for name in own:
        letter = "weight" if name[0] == "W" else "bias"
        expected = getattr(module, f"{letter}_{name[-2:]}_l0").grad
        assert expected.any()
        np.testing.assert_allclose(values[f"d_{name}"], expected, **CLOSE, err_msg=name)
    np.testing.assert_allclose(values["d_x"], x.grad, **CLOSE)
    np.testing.assert_allclose(values["d_e"], e.grad, **CLOSE)
    np.testing.assert_allclose(values["d_h_prev"][:, 0], h_0.grad, **CLOSE)


@pytest.mark.parametrize("hidden_size", [2, 16])
@pytest.mark.parametrize("input_", ["embedding", "one_hot"])
def test_uniform_is_what_torch_nn_rnn_draws(input_, hidden_size):
    settings = replace(SMALL, initial="uniform", input=input_, hidden_size=hidden_size)
    sizes = run(settings).trace.sizes
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        if input_ == "embedding":
            nn.Embedding(sizes["V"], sizes["D"])
        module = nn.RNN(sizes["D"], sizes["H"])
    drawn = rnn_parameters(settings, sizes["V"])
    for name in ("W_ih", "W_hh", "b_ih", "b_hh"):
        letter = "weight" if name[0] == "W" else "bias"
        expected = getattr(module, f"{letter}_{name[-2:]}_l0").detach()
        np.testing.assert_allclose(drawn[name], expected, atol=1e-7, err_msg=name)
    first = initial_parameters(settings, sizes["V"])
    for name in set(first) & set(drawn):
        np.testing.assert_array_equal(drawn[name], first[name], err_msg=name)


@pytest.mark.parametrize("hidden_size", [2, 16])
def test_the_other_rules_are_the_grus(hidden_size):
    def drawn(initial):
        settings = replace(SMALL, initial=initial, hidden_size=hidden_size)
        return {n: v for n, v in rnn_parameters(settings, 9).items() if n[-1] == "h"}

    constant, normal, orthogonal = map(drawn, ("constant", "normal", "orthogonal"))
    assert (constant["W_ih"] == 0.5).all()
    assert (constant["W_hh"] == 0.25).all()
    generator = torch.Generator().manual_seed(SMALL.seed)
    for name, inputs in (("W_ih", 4), ("W_hh", hidden_size)):
        expected = torch.randn(inputs, hidden_size, generator=generator).double().T
        np.testing.assert_array_equal(normal[name], expected, name)
        W = orthogonal[name]
        gram = W @ W.T if len(W) <= len(W.T) else W.T @ W
        np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-5, err_msg=name)
    for values in (constant, normal, orthogonal):
        assert all(v.dtype == torch.float64 for v in values.values())
        assert {n: tuple(v.shape) for n, v in values.items()} == {
            "W_ih": (hidden_size, 4),
            "W_hh": (hidden_size, hidden_size),
            "b_ih": (hidden_size,),
            "b_hh": (hidden_size,),
        }
        assert not values["b_ih"].any()
        assert not values["b_hh"].any()


def test_drawing_leaves_torchs_own_generator_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    for initial in ("constant", "normal", "uniform", "orthogonal"):
        rnn_influence(run(replace(SMALL, initial=initial)), 0)
    assert torch.equal(torch.get_rng_state(), before)


# One figure.


def fading(T, factor, first=0.3):
    """A map whose norms change by the same factor at every time step back."""
    t, k = np.indices((T, T))
    return np.tril(first * float(factor) ** np.maximum(t - k, 0))


@given(T=st.integers(2, 30), factor=st.floats(0.01, 3.0), first=st.floats(1e-6, 1e3))
def test_growth_is_the_factor_of_a_time_step_back(T, factor, first):
    assert growth(fading(T, factor, first)) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("factor", "length", "cut"),
    [
        (0.05, 0, 0),  # faded at once
        (0.5, 3, 3),  # 0.5, 0.25 and 0.125 are above a tenth; targets 1, 2, 3 look back too short
        (0.99, 20, 20),
        (2.0, 20, 20),
    ],
)
def test_memory_length_counts_time_steps_until_a_tenth(factor, length, cut):
    expected = np.mean([min(t, length) for t in range(1, 21)])
    assert memory_length(fading(21, factor)) == Memory(pytest.approx(expected), 20, cut)


def test_an_influence_that_comes_back_had_faded():
    norms = np.tril([[1.0, 0, 0, 0], [0.5, 1, 0, 0], [0.5, 0.05, 1, 0], [2.0, 0.1, 0.5, 1]])
    assert memory_length(norms) == Memory((1 + 0 + 1) / 3, 3, 1)
    assert growth(norms) == pytest.approx((0.5 * 0.5 * 2.0) ** (1 / 6))


def test_targets_without_a_gradient_do_not_count():
    norms = fading(6, 0.5)
    norms[[2, 4]] = 0  # all hidden units dropped
    norms[3, :4] = [5e-18, 1e-17, 3e-17, 1e-17]  # only rounding
    assert memory_length(norms) == Memory(2.0, 2, 1)
    assert growth(norms) == pytest.approx(0.5)


def test_norms_that_end_in_0_count_as_far_as_they_go():
    norms = fading(6, 0.5)
    norms[5, :3] = 0
    assert growth(norms) == pytest.approx(0.5)
    assert memory_length(norms) == Memory((1 + 2 + 3 + 3 + 2) / 5, 5, 3)
    at_once = np.diag(np.diag(norms))
    assert growth(at_once) is None
    assert memory_length(at_once) == Memory(0.0, 5, 0)


@pytest.mark.parametrize("T", [1, 4])
def test_nothing_to_measure(T):
    for norms in (np.zeros((T, T)), fading(1, 0.5)):
        assert memory_length(norms) is None
        assert growth(norms) is None


@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
def test_constants_send_nothing_below_the_head(variant):
    result = run(replace(PRESETS["linear_algebra"], variant=variant))
    for norms in (influence(result, 0), rnn_influence(result, 1)):
        assert norms.max() < 1e-12
        assert memory_length(norms) is None
        assert growth(norms) is None


@given(settings=small_settings())
def test_figures_of_any_run_are_within_bounds(settings):
    result = run(settings)
    T = settings.context_length
    for norms in (influence(result, 0), rnn_influence(result, 0)):
        memory, factor = memory_length(norms), growth(norms)
        if memory is None:
            assert factor is None
            continue
        assert 0 <= memory.length <= T - 1
        assert 0 <= memory.cut <= memory.targets <= T - 1
        assert factor is None or (factor > 0 and math.isfinite(factor))


def test_a_gradient_below_the_smallest_square_is_still_seen():
    settings = replace(PRESETS["story"], batch_size=1, context_length=600, hidden_size=4)
    norms = rnn_influence(run(settings), 0)
    assert 0 < norms[-1, norms[-1] > 0].min() < 1e-170
    assert 0 < growth(norms) < 1


# What is refused.


def test_a_map_that_is_too_large_is_refused():
    settings = replace(PRESETS["story"], batch_size=1, context_length=500, hidden_size=81)
    result = run(settings)
    sentence = (
        r"Context length 500 × 500 with hidden size 81 makes 20,250,000 numbers; at most "
        r"20,000,000 are possible\. Use a shorter context or a smaller hidden size\."
    )
    assert LARGEST_INFLUENCE == 20_000_000
    for function in (influence, rnn_influence):
        with pytest.raises(ValueError, match=sentence):
            function(result, 0)
    assert token_influence(result, 0, 499).shape == (500,)


@pytest.mark.parametrize("outside", [-1, 3])
def test_a_sequence_that_is_not_there_is_refused(outside):
    result = run(SMALL)
    sentence = rf"sequence must be an integer from 0 to 2; got {outside}"
    for call in (influence, rnn_influence, lambda r, b: token_influence(r, b, 0)):
        with pytest.raises(IndexError, match=sentence):
            call(result, outside)


@pytest.mark.parametrize("outside", [-1, 5])
def test_a_target_that_is_not_there_is_refused(outside):
    with pytest.raises(IndexError, match=rf"t must be an integer from 0 to 4; got {outside}"):
        token_influence(run(SMALL), 0, outside)


@pytest.mark.parametrize("wrong", [1.0, "1", None, True, [1], np.float64(1)])
def test_what_is_no_whole_number_is_refused(wrong):
    result = run(SMALL)
    for what, last, call in (
        ("sequence", 2, influence),
        ("sequence", 2, rnn_influence),
        ("t", 4, lambda r, t: token_influence(r, 0, t)),
    ):
        with pytest.raises(TypeError, match=f"{what} must be an integer from 0 to {last}; got "):
            call(result, wrong)


def test_a_sequence_of_numpys_types_is_the_same_sequence():
    result = run(SMALL)
    one = np.int64(1)
    np.testing.assert_array_equal(influence(result, one), influence(result, 1))
    np.testing.assert_array_equal(token_influence(result, one, one), token_influence(result, 1, 1))


def test_a_gradient_that_explodes_beyond_all_numbers_is_refused():
    result = run(replace(SMALL, batch_size=1, context_length=4, dropout=0.0))
    known = one_sequence(result, 0)
    known["W_hn"] = known["W_hn"] * 1e200
    sentence = r"gradient of target \d is no longer finite at time step \d; only .* Use a shorter"
    with pytest.raises(ValueError, match=sentence):
        gradient_norms(network(result.settings).backward, known, range(4), "d_h")


def test_nothing_reaches_a_target_through_a_state_that_is_held():
    result = run(PRESETS["start"], edits={"h": {(0, 3, None): 0.25}})
    norms = influence(result, 0)
    assert not norms[3:, :3].any()
    assert norms[:3, 0].all()
    assert (norms[4:, 4] > 0).all()
    assert not token_influence(result, 0, 5)[:4].any()
