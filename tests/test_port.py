"""`compare(trace, h)`: a port that differs is explained, each way of differing in a plain loop."""

import numpy as np
import pytest
import torch
from loops import states
from torch import nn

from explainer import PRESETS, compare, from_arrays, from_torch, record, run
from explainer.errors import ExplainerError

F64 = torch.float64
B, T, D, H = 2, 6, 4, 4


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def hard_sigmoid(a):
    return np.clip(a / 6 + 0.5, 0, 1)


def port(x, W, U, b, c, h=None, before=False, takes=False, gate=sigmoid):
    """The states of another library in a plain loop, in float32; gates r, z, n from the top."""
    h, out = np.zeros((len(x), H)) if h is None else h, []
    (W_r, W_z, W_n), (U_r, U_z, U_n) = np.split(W, 3), np.split(U, 3)
    (b_r, b_z, b_n), (c_r, c_z, c_n) = np.split(b, 3), np.split(c, 3)
    for x_t in x.swapaxes(0, 1):
        r = gate(x_t @ W_r.T + b_r + h @ U_r.T + c_r)
        z = gate(x_t @ W_z.T + b_z + h @ U_z.T + c_z)
        inner = (r * h) @ U_n.T + c_n if before else r * (h @ U_n.T + c_n)
        n = np.tanh(x_t @ W_n.T + b_n + inner)
        h = (1 - z) * h + z * n if takes else z * h + (1 - z) * n
        out.append(h.astype(np.float32).astype(float))
    return np.stack(out, 1)


@pytest.fixture(scope="module")
def layer():
    torch.manual_seed(3)
    gru = nn.GRU(D, H, batch_first=True, dtype=F64)
    x, h_0 = torch.randn(B, T, D, dtype=F64), torch.randn(1, B, H, dtype=F64)
    W, U, b, c = (v.detach().numpy() for v in gru.parameters())
    return record(gru, x, h_0).trace, x.numpy(), (W, U, b, c), h_0[0].numpy()


def moved(v, order):
    """Gates stacked in another order."""
    parts = dict(zip("rzn", np.split(v, 3), strict=True))
    return np.concatenate([parts[g] for g in order])


def turned(v):
    return np.concatenate([part.T for part in np.split(v, 3)])


ZERO = np.zeros(3 * H)
WAYS = {
    "taken for z, r, n": lambda p, h: (tuple(moved(v, "zrn") for v in p), {"h": h}),
    "before the recurrent product": lambda p, h: (p, {"h": h, "before": True}),
    "z near 1 takes": lambda p, h: (p, {"h": h, "takes": True}),
    "function is hard_sigmoid_6": lambda p, h: (p, {"h": h, "gate": hard_sigmoid}),
    "first state is 0": lambda p, h: (p, {}),
    "two biases are swapped": lambda p, h: ((p[0], p[1], p[3], p[2]), {"h": h}),
    "if the biases are left out": lambda p, h: ((p[0], p[1], ZERO, ZERO), {"h": h}),
    "the state's biases are left out": lambda p, h: ((p[0], p[1], p[2], ZERO), {"h": h}),
    "recurrent weights are transposed": lambda p, h: ((p[0], turned(p[1]), *p[2:]), {"h": h}),
    "all weights are transposed": lambda p, h: ((turned(p[0]), turned(p[1]), *p[2:]), {"h": h}),
}


@pytest.mark.parametrize("words", WAYS)
def test_one_way_to_differ_is_named(layer, words):
    trace, x, parameters, h_0 = layer
    own, more = WAYS[words](parameters, h_0)
    found = compare(trace, port(x, *own, **more))
    assert words in found.port, found.port
    assert " and " not in found.port.replace(", and ", "").partition("if ")[2], found.port
    assert found.first.name == "h"
    assert found.first.index[1] == 0
    assert found.port[:-1] in repr(found)


def test_two_ways_at_once_are_both_named(layer):
    trace, x, p, h_0 = layer
    own = [moved(v, "zrn") for v in p]
    found = compare(trace, port(x, *own, h=h_0, before=True))
    assert "taken for z, r, n and the reset gate stands before" in found.port


def test_backwards_is_named(layer):
    trace, x, p, h_0 = layer
    found = compare(trace, port(x[:, ::-1], *p, h=h_0))
    assert "read backwards" in found.port


def test_a_right_port_is_equal(layer):
    trace, x, p, h_0 = layer
    found = compare(trace, torch.from_numpy(port(x, *p, h=h_0)).float())
    assert found.first is None
    assert not found.port
    assert repr(found) == "Comparison(equal in h)"
    assert compare(trace, port(x, *p, h=h_0), within=0.0).first is not None


def test_a_skipped_time_step_is_found(layer):
    trace, x, p, h_0 = layer
    whole = port(np.delete(x, 3, 1), *p, h=h_0)
    masked = np.insert(whole, 3, whole[:, 2], 1)
    found = compare(trace, masked)
    assert found.first.index[:2] == (0, 3)
    assert "not at time step 3: the state before is carried over" in found.port
    ended = trace["h"].copy()
    ended[1, 4:] = 0
    assert "sequence 1" in compare(trace, ended).port
    assert "time steps 4, 5: the state is 0 there" in compare(trace, ended).port
    other = trace["h"].copy()
    other[0, 2] += 0.1
    assert "the input or the state before" in compare(trace, other).port


def test_other_weights_are_no_convention(layer):
    trace, x, p, h_0 = layer
    found = compare(trace, port(x, p[0] + 0.3, *p[1:], h=h_0))
    assert "explains them" in found.port


def test_a_chaotic_network_is_no_wrong_port():
    torch.manual_seed(0)
    gru = nn.GRU(3, 16, batch_first=True)
    with torch.no_grad():
        for v in gru.parameters():
            v *= 10
    x = torch.randn(1, 300, 3)
    found = compare(record(gru, x).trace, gru(x)[0])
    assert found.first.index[1] > 10
    assert "the port is right" in found.port


def test_a_reverse_layer_is_compared_in_the_order_of_its_input():
    torch.manual_seed(0)
    gru = nn.GRU(3, 4, batch_first=True, bidirectional=True)
    x = torch.randn(2, 5, 3)
    states = gru(x)[0][..., 4:]
    assert compare(record(gru, x)["l0_reverse"], states).first is None


def test_a_cell_with_the_reset_gate_before_has_a_port_with_it_after(layer):
    _, x, (W, U, b, c), _ = layer
    parts = from_torch({"weight_ih_l0": W, "weight_hh_l0": U, "bias_ih_l0": b, "bias_hh_l0": c})
    own = dict(parts.cell.parameters)
    own = {n: v for n, v in own.items() if n[0] == "W"} | {f"b_{g}": own[f"b_i{g}"] for g in "rzn"}
    trace = type(parts.cell)("reset_before", own).record(x)
    assert compare(trace, port(x, W, U, b, ZERO, before=True)).first is None
    found = compare(trace, port(x, W, U, b, ZERO))
    assert "stands after the recurrent product" in found.port


def test_a_run_of_the_app_is_compared_with_states():
    result = run(PRESETS["start"])
    assert compare(result, result.trace["h"]).first is None


def test_other_functions_and_a_cell_that_has_them():
    draw = np.random.default_rng(5).normal
    W, U, b = draw(size=(3 * H, D)), draw(size=(3 * H, H)) / 2, draw(size=3 * H)
    x = draw(size=(B, T, D))
    cells = {
        f: from_arrays(W, U, b, order="rzn", reset="after", activations=("sigmoid", f))
        for f in ("tanh", "relu")
    }
    trace = cells["tanh"].record(x)
    said = str(compare(trace, states(cells["relu"], x)))
    assert "if the candidate's function is relu" in said
    trace = cells["relu"].record(x)
    assert "if the candidate's function is tanh" in str(compare(trace, states(cells["tanh"], x)))
    other = from_arrays(
        W, turned(U), b, order="rzn", reset="after", activations=("sigmoid", "relu")
    )
    said = str(compare(trace, states(other, x)))
    assert "recurrent weights are transposed" in said


def test_what_is_no_port_is_refused(layer):
    trace, *_ = layer
    with pytest.raises(ExplainerError, match="Swap its first two axes"):
        compare(trace, trace["h"].swapaxes(0, 1))
    with pytest.raises(ExplainerError, match=r"shape \(2, 3\)"):
        compare(trace, np.zeros((2, 3)))
    with pytest.raises(ExplainerError, match="an array of states"):
        compare(trace, [1.0])
    with pytest.raises(ExplainerError, match="without edits"):
        compare(run(PRESETS["start"], edits={"z": 1.0}), np.zeros((2, 3)))
