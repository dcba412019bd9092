"""A convention found by an example."""

import numpy as np
import pytest
import torch
from loops import FUNCTIONS, states
from torch import nn

from explainer import detect, from_arrays

B, T = 2, 6
CASES = [
    ("rzn", "after", "keeps", False, "sigmoid"),
    ("zrn", "after", "keeps", True, "sigmoid"),
    ("zrn", "before", "keeps", True, "hard_sigmoid_6"),
    ("zrn", "before", "takes", True, "sigmoid"),
    ("zrn", "after", "keeps", False, "hard_sigmoid_5"),
    ("nzr", "after", "takes", False, "sigmoid"),
]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("D", "H"), [(5, 4), (4, 4), (12, 4), (1, 2)])
def test_one_reading_fits(case, D, H):
    order, reset, z, turned, gates = case
    draw = np.random.default_rng(1).normal
    W, U = draw(size=(3 * H, D)), draw(size=(3 * H, H))
    W, U = (W.T, U.T) if turned else (W, U)
    b = draw(size=(2, 3 * H) if reset == "after" else 3 * H)
    x, h_0 = 2 * draw(size=(B, T, D)), draw(size=(B, H)) / 2
    cell = from_arrays(W, U, b, order=order, reset=reset, z=z, activations=(gates, "tanh"))
    found = detect(W, U, b, x, states(cell, x, h_0), h_0)
    assert len(found) == 1
    (one,) = found
    assert (one.order, one.reset, one.z, one.cell.activations[0]) == (order, reset, z, gates)
    assert (one.columns, one.recurrent_columns) == (turned, turned)
    assert one.difference < 1e-14
    assert all(np.array_equal(v, cell.parameters[n]) for n, v in one.cell.parameters.items())


@pytest.mark.parametrize("reset", ["after", "before"])
@pytest.mark.parametrize("candidate", FUNCTIONS)
@pytest.mark.parametrize("gates", FUNCTIONS)
def test_other_functions_are_found(gates, candidate, reset):
    def draw(size):
        return np.random.default_rng(sum(size)).normal(size=size) / 4

    W, U, b, x = draw((5, 12)), draw((4, 12)), draw((12,)), 3 * draw((B, 3, 5))
    cell = from_arrays(W, U, b, order="zrh", reset=reset, activations=(gates, candidate))
    h = states(cell, x)
    one, *others = detect(W, U, b, x, h, atol=1e-9)
    assert not others
    assert (one.order, one.reset, one.z, one.cell.activations) == (
        *("zrn", reset, "keeps"),
        (gates, candidate),
    )
    assert ("gates " in str(one)) == (gates != "sigmoid")
    assert ("the candidate " in str(one)) == (candidate != "tanh")


def test_other_functions_are_said():
    draw = np.random.default_rng(2).normal
    W, U, x = draw(size=(5, 12)), draw(size=(4, 12)), draw(size=(B, T, 5))
    cell = from_arrays(W, U, order="rzn", reset="after", activations=("tanh", "relu"))
    (one,) = detect(W, U, None, x, states(cell, x))
    assert "z keeps, gates have a tanh, the candidate has a ReLU: largest difference" in str(one)


def test_a_reading_is_one_line():
    draw = np.random.default_rng(2).normal
    W, U, b = draw(size=(5, 12)), draw(size=(4, 12)), draw(size=12)
    x = draw(size=(B, T, 5))
    h = states(from_arrays(W, U, b, order="zrh", reset="before"), x).astype("f4")
    (one,) = detect(W, U, b, x, h)
    start = "z r h, columns, reset before the product, z keeps: largest difference "
    assert str(one).startswith(start)
    assert 1e-9 < float(str(one).removeprefix(start)) < 1e-6
    (other,) = detect(W.T, U.T, b, x, h)
    assert str(other).startswith("z r h, rows, reset before the product, z keeps: largest")


def test_matrices_that_stand_in_different_ways():
    """Recurrent kernels of old CuDNN layers were not turned as the others."""
    draw = np.random.default_rng(3).normal
    W, U = draw(size=(12, 12)), draw(size=(12, 4))
    x = draw(size=(B, T, 12))
    (one,) = detect(W.T, U, None, x, states(from_arrays(W, U, order="rzn", reset="after"), x))
    assert str(one).startswith("r z n, W in columns, U in rows, reset after the product")


def test_where_two_readings_are_the_same_numbers_there_is_one():
    torch.manual_seed(0)
    gru = nn.GRU(5, 4, batch_first=True, dtype=torch.float64)
    nn.init.zeros_(gru.bias_ih_l0)
    nn.init.zeros_(gru.bias_hh_l0)
    x = torch.randn(B, T, 5, dtype=torch.float64)
    b = (gru.bias_ih_l0, gru.bias_hh_l0)
    found = detect(gru.weight_ih_l0, gru.weight_hh_l0, b, x, gru(x)[0])
    assert len(found) == 1
    assert detect(gru.weight_ih_l0, gru.weight_hh_l0, b, x[0], gru(x)[0][0])[0].difference < 1e-15


def test_a_chaotic_network_is_read_all_the_same():
    """Rounding grows through time, but not within a time step."""
    torch.manual_seed(0)
    gru = nn.GRU(5, 32, batch_first=True)
    with torch.no_grad():
        for p in gru.parameters():
            p *= 10
    x = torch.randn(B, 300, 5)
    found = detect(
        gru.weight_ih_l0, gru.weight_hh_l0, (gru.bias_ih_l0, gru.bias_hh_l0), x, gru(x)[0]
    )
    assert [str(r).partition(":")[0] for r in found] == [
        "r z n, rows, reset after the product, z keeps"
    ]
    assert (
        np.abs(states(found[0].cell, x.double().numpy()) - gru(x)[0].detach().numpy()).max() > 0.1
    )


def test_nothing_fits_other_states():
    draw = np.random.default_rng(4).normal
    W, U, x = draw(size=(5, 12)), draw(size=(4, 12)), draw(size=(B, T, 5))
    assert detect(W, U, None, x, draw(size=(B, T, 4))) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"h": np.zeros((2, 6, 5))}, r"h must be an array of shape \(B, T, 4\); got shape"),
        ({"x": np.zeros((2, 5, 5))}, r"x must be an array of shape \(2, 6, D\); got shape"),
        ({"x": np.zeros((2, 6, 9))}, r"W must be an array of shape \(12, 9\) or turned"),
        ({"h_0": np.zeros((3, 4))}, r"h_0 must be an array of shape \(2, 4\), or None"),
        ({"U": np.zeros((16, 4))}, "four gates: an LSTM"),
        ({"b": np.zeros(7)}, "b must be"),
    ],
)
def test_shapes_that_do_not_fit(change, sentence):
    usual = {"W": np.zeros((5, 12)), "U": np.zeros((4, 12)), "b": None}
    usual |= {"x": np.zeros((2, 6, 5)), "h": np.zeros((2, 6, 4))}
    with pytest.raises(ValueError, match=sentence):
        detect(**{**usual, **change})
