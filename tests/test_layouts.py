"""Cells out of PyTorch's state_dicts and out of stacked arrays, and back; what is refused.

The other libraries' own modules are asked in test_frameworks_*.py, where they are installed.
"""

import copy
import pickle
from itertools import product

import numpy as np
import pytest
import torch
from loops import sigmoid, states
from torch import nn

from explainer import (
    Cell,
    GRUNetwork,
    from_arrays,
    from_equinox,
    from_flax,
    from_haiku,
    from_keras,
    from_torch,
)
from explainer.errors import ExplainerError
from explainer.interop.keras_files import configured

B, T, D, H = 3, 7, 5, 4
DRAWN = np.random.default_rng(0)
X, H_0 = DRAWN.normal(size=(B, T, D)), DRAWN.normal(size=(B, H))


def drawn(variant="reset_after", **options):
    """A cell with numbers of its own."""
    draw = np.random.default_rng(5).normal
    sides = ("i", "h") if variant == "reset_after" else ("",)
    parameters = {f"W_i{g}": draw(size=(H, D)) for g in "rzn"}
    parameters |= {f"W_h{g}": draw(size=(H, H)) for g in "rzn"}
    parameters |= {f"b_{side}{g}": draw(size=H) for side in sides for g in "rzn"}
    return Cell(variant, parameters, **options)


def same(a, b, atol=0.0):
    """Whether two cells hold the same numbers."""
    return (
        (a.variant, a.activations, a.reverse) == (b.variant, b.activations, b.reverse)
        and a.parameters.keys() == b.parameters.keys()
        and all(np.allclose(v, b.parameters[n], 0, atol) for n, v in a.parameters.items())
    )


# PyTorch.


@pytest.mark.parametrize("bias", [True, False])
def test_pytorchs_gru(bias):
    torch.manual_seed(0)
    gru = nn.GRU(D, H, batch_first=True, bias=bias, dtype=torch.float64)
    cell = from_torch(gru).cell
    expected = gru(torch.tensor(X), torch.tensor(H_0)[None])[0].detach().numpy()
    assert np.abs(states(cell, X, H_0) - expected).max() < 1e-15
    for name, value in gru.state_dict().items():
        assert torch.equal(cell.to_torch()[name], value)


def test_pytorchs_gru_cell():
    torch.manual_seed(0)
    gru = nn.GRUCell(D, H, dtype=torch.float64)
    cell = from_torch(gru).cell
    expected = gru(torch.tensor(X[:, 0]), torch.tensor(H_0)).detach().numpy()
    assert np.abs(states(cell, X[:, :1], H_0)[:, 0] - expected).max() < 1e-15
    gru.load_state_dict(cell.to_torch(layer=None))


def test_layers_and_directions_stand_in_the_order_of_their_numbers():
    torch.manual_seed(0)
    gru = nn.GRU(D, H, 11, bidirectional=True, dtype=torch.float64, batch_first=True)
    scrambled = dict(sorted(gru.state_dict().items(), reverse=True))
    network = from_torch(scrambled)
    assert list(network)[:4] == ["l0", "l0_reverse", "l1", "l1_reverse"]
    assert list(network)[-2:] == ["l10", "l10_reverse"]
    h = X
    for i in range(11):
        forward, back = network[f"l{i}"], network[f"l{i}_reverse"]
        assert (forward.reverse, back.reverse) == (False, True)
        h = np.concatenate([states(forward, h), states(back, h[:, ::-1])[:, ::-1]], -1)
    expected = gru(torch.tensor(X))[0].detach().numpy()
    assert np.abs(h - expected).max() < 1e-14
    for name, value in gru.state_dict().items():
        assert torch.equal(network.to_torch()[name.replace("_", "_", 1)], value)


def test_a_network_around_the_gru():
    torch.manual_seed(0)
    parts = {"embedding": nn.Embedding(9, D), "rnn": nn.GRU(D, H), "head": nn.Linear(H, 9)}
    network = from_torch(nn.ModuleDict(parts))
    assert list(network) == ["rnn.l0"]
    assert np.array_equal(network.embedding, parts["embedding"].weight.detach())
    weights, bias = network.head
    assert np.array_equal(weights, parts["head"].weight.detach())
    assert np.array_equal(bias, parts["head"].bias.detach())
    with pytest.raises(KeyError, match=r"one of rnn\.l0"):
        network["rnn.l1"]


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "a.module."])
def test_what_wraps_a_module_is_no_part_of_its_name(prefix):
    named = {f"{prefix}rnn.{n}": v for n, v in nn.GRU(D, H).state_dict().items()}
    assert list(from_torch(named)) == ["a.rnn.l0" if prefix[0] == "a" else "rnn.l0"]
    assert list(from_torch({"state_dict": named, "epoch": 3})) == list(from_torch(named))


def test_names_as_others_write_them():
    """g2p-en calls its encoder's arrays so."""
    gru = nn.GRUCell(D, H)
    pairs = {"weight_ih": "w_ih", "weight_hh": "w_hh", "bias_ih": "b_ih", "bias_hh": "b_hh"}
    named = {f"enc_{new}": gru.state_dict()[old].numpy() for old, new in pairs.items()}
    assert list(from_torch(named)) == ["enc"]
    assert same(from_torch(named)["enc"], from_torch(gru).cell)


def test_one_module_among_several():
    both = nn.ModuleDict({"encoder": nn.GRU(D, H), "decoder": nn.GRU(H, 6), "other": nn.LSTM(D, H)})
    network = from_torch(both)
    assert set(network) == {"encoder.l0", "decoder.l0"}
    assert network.says == ("other.l0 has four gates: an LSTM; it was left out.",)
    assert list(from_torch(both, "decoder")) == ["decoder.l0"]
    with pytest.raises(ValueError, match=r"2 layers: decoder\.l0, encoder\.l0; choose one by its"):
        _ = network.cell
    with pytest.raises(ValueError, match="There is none under 'encode'"):
        from_torch(both, "encode")


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        (nn.LSTM(D, H), "four gates: an LSTM"),
        (nn.RNN(D, H), "no gates: a plain RNN"),
        (nn.Linear(D, H), "There is none among weight, bias; at least one GRU is needed"),
        (nn.utils.parametrizations.weight_norm(nn.GRU(D, H), "weight_hh_l0"), "weight_norm"),
    ],
)
def test_another_module_is_refused(module, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_torch(module)


def test_old_weight_norm_is_refused():
    named = nn.GRU(D, H).state_dict()
    named["weight_hh_l0_v"] = named.pop("weight_hh_l0")
    with pytest.raises(ValueError, match=r"weight_hh_l0_v is a weight taken apart.*remove_weight"):
        from_torch(named)


def test_half_a_layer_is_refused():
    named = nn.GRU(D, H).state_dict()
    del named["weight_ih_l0"]
    with pytest.raises(ValueError, match=r"^In l0, there are recurrent weights"):
        from_torch(named)


def test_a_number_that_is_not_finite_is_named():
    gru = nn.ModuleDict({"rnn": nn.GRU(D, H, 2)})
    with torch.no_grad():
        gru["rnn"].weight_hh_l1[2, 3] = float("inf")
    with pytest.raises(ValueError, match=r"^In rnn\.l1, W_hr\[2, 3\] is inf; every weight"):
        from_torch(gru)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_small_floats_become_float64(dtype):
    gru = nn.GRU(D, H, dtype=dtype)
    found = from_torch(gru).cell.parameters["W_ir"]
    assert found.dtype == np.float64
    assert np.array_equal(found, gru.weight_ih_l0[:H].detach().double().numpy())


# Other layouts, by what their documents say.


def test_keras_z_r_h_in_columns():
    kernel, recurrent = DRAWN.normal(size=(D, 3 * H)), DRAWN.normal(size=(H, 3 * H))
    bias = DRAWN.normal(size=(2, 3 * H))
    cell = from_keras([kernel, recurrent, bias]).cell
    a = np.split(X[:, 0] @ kernel + bias[0], 3, 1)
    u = np.split(H_0 @ recurrent + bias[1], 3, 1)
    z, r = sigmoid(a[0] + u[0]), sigmoid(a[1] + u[1])
    expected = z * H_0 + (1 - z) * np.tanh(a[2] + r * u[2])
    assert np.abs(states(cell, X[:, :1], H_0)[:, 0] - expected).max() < 1e-15
    assert all(map(np.array_equal, cell.to_keras(), [kernel, recurrent, bias]))


def test_keras_with_the_reset_gate_before_the_product():
    kernel, recurrent = DRAWN.normal(size=(D, 3 * H)), DRAWN.normal(size=(H, 3 * H))
    bias = DRAWN.normal(size=3 * H)
    cell = from_keras([kernel, recurrent, bias]).cell
    assert cell.variant == "reset_before"
    assert all(map(np.array_equal, cell.to_keras(), [kernel, recurrent, bias]))
    with pytest.raises(ValueError, match="not say where the reset gate stands; pass reset"):
        from_keras([kernel, recurrent])
    assert from_keras([kernel, recurrent], reset_after=False).cell.variant == "reset_before"
    with pytest.raises(ValueError, match=r"shape \(2, 12\); got shape \(12,\)\. Or pass"):
        from_keras([kernel, recurrent, bias], reset_after=True)
    both = from_keras([kernel, recurrent, bias, kernel, recurrent, bias])
    assert [c.reverse for c in both.values()] == [False, True]


def test_haikus_z_takes_the_new():
    params = {
        "w_i": DRAWN.normal(size=(D, 3 * H)),
        "w_h": DRAWN.normal(size=(H, 3 * H)),
        "b": DRAWN.normal(size=3 * H),
    }
    cell = from_haiku({"net/~/gru": params, "linear": {"w": np.zeros(3)}})["net/~/gru"]
    (a, u), H2 = (np.split(params[n], [2 * H], 1) for n in ("w_i", "w_h")), 2 * H
    z, r = np.split(sigmoid(X[:, 0] @ a[0] + H_0 @ u[0] + params["b"][:H2]), 2, 1)
    n = np.tanh(X[:, 0] @ a[1] + (r * H_0) @ u[1] + params["b"][H2:])
    expected = (1 - z) * H_0 + z * n
    assert np.abs(states(cell, X[:, :1], H_0)[:, 0] - expected).max() < 1e-15
    assert all(np.array_equal(cell.to_haiku()[n], v) for n, v in params.items())


@pytest.mark.parametrize("there", ["flax", "equinox"])
def test_summed_biases_give_the_same_states(there):
    cell = drawn()
    if there == "flax":
        again = from_flax({"params": {"GRUCell_0": cell.to_flax()}})["GRUCell_0"]
    else:
        again = from_equinox(cell.to_equinox()).cell
    assert not same(cell, again)
    assert np.abs(states(cell, X, H_0) - states(again, X, H_0)).max() < 1e-14


def test_flax_nnx_has_no_bias_of_the_state():
    with pytest.raises(ValueError, match=r"b_hn is not zero; flax\.nnx\.GRUCell has no such bias"):
        drawn().to_flax("nnx")
    parameters = {**drawn().parameters, "b_hn": np.zeros(H)}
    cell = Cell("reset_after", parameters)
    again = from_flax({"rnn": {"cell": cell.to_flax("nnx")}})["rnn.cell"]
    assert np.abs(states(cell, X, H_0) - states(again, X, H_0)).max() < 1e-14


@pytest.mark.parametrize(
    ("order", "reset", "z", "turned", "twice"),
    [*product(["rzn", "z r h", "nrz"], ["after", "before"], ["keeps", "takes"], [0, 1], [0, 1])],
)
def test_arrays_in_any_order(order, reset, z, turned, twice):
    letters = order.replace(" ", "").replace("h", "n")
    W, U = DRAWN.normal(size=(3 * H, D)), DRAWN.normal(size=(3 * H, H))
    b = DRAWN.normal(size=(2, 3 * H) if twice else 3 * H)
    cell = from_arrays(*((W.T, U.T) if turned else (W, U)), b, order=order, reset=reset, z=z)
    row = {g: slice(H * i, H * i + H) for i, g in enumerate(letters)}
    b_i, b_h = b if twice else (b, np.zeros(3 * H))
    a = {g: X[:, 0] @ W[row[g]].T + b_i[row[g]] for g in "rzn"}
    u = {g: H_0 @ U[row[g]].T + b_h[row[g]] for g in "rzn"}
    r, gate = sigmoid(a["r"] + u["r"]), sigmoid(a["z"] + u["z"])
    past = r * u["n"] if reset == "after" else (r * H_0) @ U[row["n"]].T + b_h[row["n"]]
    n = np.tanh(a["n"] + past)
    keep = gate if z == "keeps" else 1 - gate
    expected = keep * H_0 + (1 - keep) * n
    assert np.abs(states(cell, X[:, :1], H_0)[:, 0] - expected).max() < 1e-14


def test_a_square_kernel_stands_as_the_recurrent_one():
    W, U = DRAWN.normal(size=(3 * H, 3 * H)), DRAWN.normal(size=(3 * H, H))
    rows = from_arrays(W, U, order="rzn", reset="after")
    columns = from_arrays(W.T, U.T, order="rzn", reset="after")
    assert same(rows, columns)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"W": np.zeros((12, 5)), "U": np.zeros((16, 4))}, "four gates: an LSTM"),
        ({"W": np.zeros((12, 5)), "U": np.zeros((4, 4))}, "no gates: a plain RNN"),
        ({"W": np.zeros((11, 5))}, r"W must be an array of shape \(12, D\) or turned; got .*11, 5"),
        ({"b": np.zeros(5)}, r"b must be .*\(12,\), \(2, 12\) or \(24,\); got shape \(5,\)"),
        ({"order": "rzx"}, "order must be the letters r, z and n"),
        ({"reset": "never"}, "reset must be one of after, before"),
        ({"z": "?"}, "z must be one of keeps, takes"),
        ({"W": np.zeros((12, 5), object)}, "W must be a dense array"),
        ({"W": np.zeros((12, 5), complex)}, "W must be a dense array"),
        ({"activations": ("sigmoid", "gelu")}, "activations must be one of sigmoid, tanh, relu"),
        ({"activations": "sigmoid"}, "activations must be a pair"),
    ],
)
def test_arrays_that_are_refused(arguments, sentence):
    usual = {"W": np.zeros((12, 5)), "U": np.zeros((12, 4)), "order": "rzn", "reset": "after"}
    with pytest.raises(ExplainerError, match=sentence):
        from_arrays(**{**usual, **arguments})


# Cells.


def test_a_cell_is_locked_and_can_be_copied():
    cell = drawn("reset_before", activations=("hard_sigmoid_5", "relu"), reverse=True)
    with pytest.raises(ValueError, match="read-only"):
        cell.parameters["W_ir"][0, 0] = 1
    with pytest.raises(TypeError):
        cell.parameters["W_ir"] = None
    assert same(copy.deepcopy(cell), cell)
    assert same(pickle.loads(pickle.dumps(GRUNetwork({"l0": cell})))["l0"], cell)
    assert repr(cell) == "Cell(reset_before, D=5, H=4, hard_sigmoid_5 and relu, reverse)"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"W_ir": np.zeros((D, H))},
            r"^W_ir must be .*\(4, 5\), which is \(H, D\), .* got.*W_ir\.T",
        ),
        ({"b_hn": np.zeros((H, 1))}, r"^b_hn must be an array of shape \(4,\), which is \(H,\)"),
        (
            {"W_hr": np.zeros((H, H - 1))},
            r"^W_hr must be .*which is \(H, H\), .* got shape \(4, 3\)",
        ),
        ({"b_r": np.zeros(H)}, "^parameters must be .*; got b_r, too"),
        ({"W_in": np.zeros((0, D))}, "^W_in must be"),
        ({"b_iz": np.array([0, np.nan, 0, 0])}, r"^b_iz\[1\] is nan; every weight and bias must"),
    ],
)
def test_what_is_no_cell_is_refused(change, sentence):
    with pytest.raises(ExplainerError, match=sentence):
        Cell("reset_after", {**drawn().parameters, **change})


@pytest.mark.parametrize("method", ["to_torch", "to_flax", "to_equinox"])
def test_no_weights_move_the_reset_gate(method):
    with pytest.raises(ValueError, match=r"before the recurrent product; .* after the product"):
        getattr(drawn("reset_before"), method)()
    with pytest.raises(ValueError, match=r"after the recurrent product; hk\.GRU applies it before"):
        drawn().to_haiku()


def test_activations_that_a_library_has_not():
    cell = drawn(activations=("hard_sigmoid_5", "tanh"))
    with pytest.raises(ValueError, match=r"is hard_sigmoid_5; torch\.nn\.GRU can use sigmoid"):
        cell.to_torch()
    with pytest.raises(ValueError, match="Keras 3 can use sigmoid"):
        cell.to_keras()
    assert len(drawn(activations=("hard_sigmoid_6", "relu")).to_keras()) == 3


@pytest.mark.parametrize("inside", [False, True])
def test_a_layer_that_only_cudnn_computes_is_refused(inside):
    layer = {"class_name": "CuDNNGRU", "config": {"name": "old"}}
    layers = [{"class_name": "Functional", "config": {"layers": [layer]}}] if inside else [layer]
    sentence = r"old is a CuDNNGRU, .*only GRU layers can be read\. Find out which with detect"
    with pytest.raises(ValueError, match=sentence):
        list(configured({"config": {"layers": layers}}))
