"""Many updates give the numbers of PyTorch's own training, and any one of them is a run."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from app_pages import (
    VARIANTS,
)
from beside_torch import CLOSE, gates_of, modules, tensor
from test_properties import assert_same_numbers
from torch import nn
from torch.nn import functional as F
from training_cases import SMALL, TRAINED, UPDATES, by_torch

from explainer import PRESETS, History, run, train
from explainer.app.cache import shared_training
from explainer.batches import batch, tokenize
from explainer.engine.network import rnn_network
from explainer.engine.parameters import draw_masks, rnn_parameters
from explainer.engine.training import RNNTraining, Training
from explainer.fingerprints import text_hash
from explainer.url import from_link, write_query

pytestmark = pytest.mark.usefixtures("nobody_trained_before")


@pytest.mark.parametrize("case", TRAINED)
def test_a_run_of_a_history_is_pytorchs_training(case):
    settings = TRAINED[case]
    count = batch(settings).count
    assert count == 5
    moments = by_torch(settings, max(UPDATES) + 1, modules(settings))
    history = train(settings, epochs=3)
    for k in UPDATES:
        result, expected = history.at(k), moments[k]
        np.testing.assert_array_equal(result.batch.ids, expected.ids, err_msg=str(k))
        np.testing.assert_allclose(result.trace["h_0"], expected.h_0, **CLOSE, err_msg=str(k))
        np.testing.assert_allclose(result.trace["logits"], expected.logits, **CLOSE)
        assert float(result.trace["loss"]) == pytest.approx(expected.loss, abs=1e-10)
        for now, state in ((result.update.before, k), (result.update.after, k + 1)):
            wanted = gates_of(moments[state].state)
            assert set(now) == set(wanted)
            for name, values in wanted.items():
                np.testing.assert_allclose(now[name], values, **CLOSE, err_msg=f"{name} {k}")
    losses = history.losses
    np.testing.assert_allclose(losses[: len(moments)], [m.loss for m in moments], **CLOSE)
    assert np.ptp(losses) > 0.01


def test_a_carried_state_after_updates_is_computed_with_their_parameters():
    settings = replace(TRAINED["carried"], updates=7, batch_index=2)
    before = run(replace(settings, updates=0)).trace
    result = run(settings)
    net = modules(settings)
    h = torch.zeros(1, settings.batch_size, settings.hidden_size, dtype=torch.float64)
    own = {f"weight_{s}h_l0": [f"W_{s}{g}" for g in "rzn"] for s in "ih"}
    own |= {f"bias_{s}h_l0": [f"b_{s}{g}" for g in "rzn"] for s in "ih"}
    trained = {n: torch.from_numpy(v.copy()) for n, v in result.update.before.items()}
    net["gru"].load_state_dict({n: torch.cat([trained[p] for p in own[n]]) for n in own})
    for i in range(2):
        masks = draw_masks(settings, result.trace.sizes, i)
        inputs = F.embedding(tensor(batch(settings, i).ids), trained["E"]) * masks["mask_x"]
        _, h = net["gru"](inputs / (1 - float(result.trace["dropout"])), h)
    np.testing.assert_allclose(result.trace["h_0"], h[0].detach(), **CLOSE)
    assert np.abs(result.trace["h_0"] - before["h_0"]).max() > 1e-3


def rnn_modules(settings):
    """PyTorch's modules with an ordinary RNN in the GRU's place, and its first values."""
    net = modules(settings)
    first = rnn_parameters(settings, len(tokenize(settings)[0]))
    H, D = first["W_ih"].shape
    cell = nn.RNN(D, H, batch_first=True, dtype=torch.float64)
    own = {n: f"{'weight' if n[0] == 'W' else 'bias'}_{n[2:]}_l0" for n in first if n[-1] == "h"}
    cell.load_state_dict({own[n]: first[n] for n in own})
    del net["gru"]
    net["cell"] = cell
    names = {f"cell.{there}": here for here, there in own.items()}
    return net, names | {"head.weight": "W_o", "head.bias": "b_o", "embedding.weight": "E"}


@pytest.mark.parametrize("case", TRAINED)
def test_an_rnn_is_trained_as_pytorch_does(case):
    net, names = rnn_modules(settings := TRAINED[case])
    moments = by_torch(settings, 14, net)
    training = RNNTraining(settings)
    for _ in range(14):
        training.step()
    np.testing.assert_allclose(training.losses, [m.loss for m in moments[:14]], **CLOSE)
    for k in (0, 1, 6, 13, 14):
        now, then = training.state_at(k), moments[k]
        np.testing.assert_allclose(now.h_0, then.h_0, **CLOSE, err_msg=str(k))
        assert set(now.parameters) == {names[n] for n in then.state}
        for name, value in then.state.items():
            np.testing.assert_allclose(now.parameters[names[name]], value, **CLOSE, err_msg=name)
    assert shared_training(RNNTraining, settings) is shared_training(RNNTraining, settings)
    assert shared_training(RNNTraining, settings).losses == ()


def test_an_rnn_whose_numbers_stop_being_finite_says_where():
    first = rnn_parameters(SMALL, len(tokenize(SMALL)[0]))
    training = Training(SMALL, rnn_network(SMALL), {**first, "W_o": first["W_o"] * 1e306})
    with pytest.raises(ValueError, match=r"At update 0, .*finite"):
        training.step()
    assert training.losses == ()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("case", ["carried", "dropout", "sequential", "random", "shuffled"])
def test_a_run_after_updates_is_the_chosen_batch_with_a_history_s_parameters(case, variant):
    settings = replace(TRAINED[case], variant=variant)
    asked = {k: replace(settings, updates=k, batch_index=1) for k in (7, 3, 12)}
    fresh = {k: run(s) for k, s in asked.items()}
    history = train(settings, epochs=3)
    common = shared_training(History, settings)
    while common.updates < 40:
        common.step()
    for k, s in asked.items():
        assert fresh[k].settings == s  # so that links and fingerprints say the same
        assert from_link(write_query(fresh[k].settings)) == s
        before = run(replace(s, updates=0))
        for name in ("ids", "targets", "mask_x", "mask_h"):
            np.testing.assert_array_equal(fresh[k].trace[name], before.trace[name], err_msg=name)
        assert fresh[k].batch.index == 1
        for other in (run(before.settings, history.at(k).update.before), run(s)):
            assert_same_numbers(fresh[k], other)
        for other in (history.at(k - 1).update.after, common.state_at(k).parameters):
            for name, values in fresh[k].update.before.items():
                np.testing.assert_array_equal(values, other[name], err_msg=name)
    assert shared_training(History, asked[3]) is common


@pytest.mark.parametrize("k", [-1, -7])
def test_there_is_no_network_before_the_first(k):
    with pytest.raises(IndexError, match=rf"updates must be an integer from 0 to \d+; got {k}\."):
        train(SMALL, epochs=1).state_at(k)


@pytest.mark.parametrize("long", [False, True])
def test_a_link_says_how_many_updates_were_done(long):
    base = PRESETS["story"]
    settings = replace(base, text=base.text * 2 if long else "some text", updates=1234)
    query = write_query(settings)
    assert query["updates"] == "1234"
    assert query.get("fingerprint") == (text_hash(settings.text) if long else None)
    assert from_link(query, settings.text) == settings
    assert "updates" not in write_query(replace(settings, updates=0))
    with pytest.raises(ValueError, match=r"updates must be an integer from 0 to 20,000; got 20001"):
        replace(settings, updates=20_001)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_training_in_float32_is_nearly_that_in_float64(variant):
    settings = replace(SMALL, variant=variant, clip_norm=0.5, carry_state=True, head_bias=True)
    single, double = History(settings, torch.float32), History(settings)
    for history in (single, double):
        for _ in range(20):
            history.step()
        now = history.state_at(20)
        assert {v.dtype for v in (now.h_0, *now.parameters.values())} == {
            torch.float32 if history is single else torch.float64
        }
    np.testing.assert_allclose(single.losses, double.losses, rtol=1e-4)
    assert single.losses != double.losses
    assert single.next_run(20).trace["h"].dtype == np.float64
