"""The numbers that the sources print, to the digits that they print."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from explainer import PRESETS, run, train
from explainer.batches import tokenize
from explainer.engine.equations import embedding

FOUR_DIGITS = {"rtol": 0, "atol": 0.51e-4}


def fall(result):
    """How far the update lowers the loss, in percent."""
    before, after = float(result.trace["loss"]), float(result.second["loss"])
    return 100 * (before - after) / before


# The matrices tutorial.


@pytest.fixture(scope="module")
def printed_math(golden):
    return golden["source_1_math"]


def test_the_tutorial_has_its_own_ids(math_run, printed_math):
    assert dict(zip(math_run.batch.vocabulary, range(4), strict=True)) == printed_math["ids"]
    assert math_run.batch.count == 3


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("probabilities", "p"),
        ("hidden", "h"),
        ("cross_entropy_term_1", "ce_1"),
        ("cross_entropy_term_2", "ce_2"),
        ("cross_entropy_term_3", "ce_3"),
        ("batch_loss", "loss"),
    ],
)
def test_every_number_that_the_tutorial_prints(math_run, printed_math, printed, name):
    expected = np.array(printed_math[printed])
    if expected.ndim > 1:
        expected = expected.swapaxes(0, 1)  # printed (T, B, ...), ours (B, T, ...)
    np.testing.assert_allclose(math_run.trace[name], expected, **FOUR_DIGITS)


def test_the_tutorials_parameters_are_torch_randn_in_its_order(math_run):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        V, H = 4, 2
        shapes = [
            *[("W_iz", V), ("W_ir", V), ("W_in", V)],
            *[("W_hz", H), ("W_hr", H), ("W_hn", H)],
        ]
        drawn = {name: torch.randn(rows, H) for name, rows in shapes}
        drawn["W_o"] = torch.randn(H, V)
    for name, values in drawn.items():
        np.testing.assert_array_equal(math_run.trace[name], values.double().numpy().T, name)
    for name in ("b_r", "b_z", "b_n", "b_o"):
        assert not math_run.trace[name].any()


@pytest.fixture(scope="module")
def math_history():
    return train(PRESETS["math"], epochs=91)


@pytest.mark.parametrize(("epoch", "loss"), [(1, 1.3024), (91, 1.0163)])
def test_the_tutorials_training_with_the_state_detached(math_history, epoch, loss):
    assert len(math_history.losses) == 91 * 3
    assert math_history.losses[3 * epoch - 1] == pytest.approx(loss, abs=0.51e-4)


@pytest.mark.parametrize("i", [0, 1, 2, 3, 100, 137, 272])
def test_every_update_of_a_training_can_be_opened(math_history, i):
    result = math_history.at(i)
    assert float(result.trace["loss"]) == pytest.approx(math_history.losses[i], abs=1e-14)
    assert result.batch.index == i % 3


# The explainer notebook.


@pytest.fixture(scope="module")
def printed_notebook(golden):
    return golden["source_4_linear_algebra"]


def test_the_notebooks_merges_vocabulary_and_ids(printed_notebook):
    tokenizer, ids = tokenize(PRESETS["linear_algebra"])
    assert [list(m.pair) for m in tokenizer.merges] == printed_notebook["merges"]
    assert tokenizer.ids == printed_notebook["vocab"]
    assert len(ids) == 520
    first = printed_notebook["first_ids_printed"]
    assert ids[: len(first)].tolist() == first


def test_the_notebooks_first_batch(linear_algebra_run, printed_notebook):
    assert linear_algebra_run.batch.ids.tolist() == printed_notebook["x"]
    assert linear_algebra_run.batch.targets.tolist() == printed_notebook["y"]
    np.testing.assert_array_equal(linear_algebra_run.trace["ids"], printed_notebook["x"])
    np.testing.assert_array_equal(linear_algebra_run.trace["targets"], printed_notebook["y"])


def test_the_notebooks_first_values(linear_algebra_run, printed_notebook):
    initial = printed_notebook["initial_values"]
    trace = linear_algebra_run.trace
    for gate in "rzn":
        assert (trace[f"W_i{gate}"] == initial["x2g.weight"]).all()
        assert (trace[f"W_h{gate}"] == initial["h2g.weight"]).all()
        assert (trace[f"b_i{gate}"] == initial["x2g.bias"]).all()
        assert (trace[f"b_h{gate}"] == initial["h2g.bias"]).all()
    assert (trace["E"] == initial["embedding"]).all()
    assert (trace["W_o"] == initial["lm_head.weight"]).all()


def test_the_notebooks_dropout_output_is_dropout_twice(printed_notebook):
    printed = torch.tensor(printed_notebook["printed_dropout_output"], dtype=torch.float64)
    mask = (printed != 0).double()
    rate = torch.tensor(0.1, dtype=torch.float64)
    x = embedding.x.function
    once = x(mask, torch.ones_like(mask), rate)
    twice = x(mask, once, rate)
    np.testing.assert_allclose(once[mask == 1], 1.1111, **FOUR_DIGITS)
    np.testing.assert_allclose(twice, printed, **FOUR_DIGITS)


@pytest.mark.parametrize("dropout", [0.0, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_notebooks_first_loss_is_ln_36_whatever_the_dropout(dropout, seed):
    result = run(replace(PRESETS["linear_algebra"], dropout=dropout, seed=seed))
    assert float(result.trace["loss"]) == pytest.approx(math.log(36), abs=1e-12)
    assert float(result.trace["loss"]) == pytest.approx(3.5835, abs=0.51e-4)


@pytest.mark.parametrize(
    ("hidden_size", "percent"), [(2, "3.0"), (4, "5.2"), (8, "8.1"), (32, "13.0")]
)
def test_the_notebooks_loss_falls_further_with_more_hidden_units(hidden_size, percent):
    result = run(replace(PRESETS["linear_algebra"], dropout=0.0, hidden_size=hidden_size))
    assert f"{fall(result):.1f}" == percent


def test_the_notebooks_second_loss_without_dropout():
    result = run(replace(PRESETS["linear_algebra"], dropout=0.0))
    assert float(result.second["loss"]) == pytest.approx(3.4771, abs=0.51e-4)


def test_the_notebooks_loss_falls_by_3_percent_and_never_6_over_50_dropout_draws():
    falls = [fall(run(replace(PRESETS["linear_algebra"], seed=seed))) for seed in range(50)]
    assert np.mean(falls) == pytest.approx(3.0, abs=0.15)
    assert np.mean([2.2 <= f <= 3.9 for f in falls]) >= 0.9
    assert 1.5 < min(falls) < max(falls) < 4.5


def test_in_the_notebook_only_the_head_learns(linear_algebra_run):
    gradients, update = linear_algebra_run.trace.gradients, linear_algebra_run.update
    assert np.abs(gradients["W_o"]).max() > 0.01
    below = set(gradients) - {"loss", "ce_3", "ce_2", "ce_1", "log_p", "logits", "W_o"}
    assert {"h_out", "h", "x", "E", "W_hz", "b_hn"} <= below
    for name in below:  # the rows of W_o are equal, and p - y adds up to 0, but for rounding
        np.testing.assert_allclose(gradients[name], 0, atol=1e-15, err_msg=name)
    for name in set(update.before) - {"W_o"}:
        np.testing.assert_allclose(update.after[name], update.before[name], atol=1e-14)
