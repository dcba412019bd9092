"""Files of networks and numbers of one's own: they compute what their module computes."""

import loops
import numpy as np
import pytest
import torch
from own_pages import command, module, saved
from torch import nn

from explainer import Cell, GRUNetwork, from_torch, health
from explainer.app import own_network
from explainer.app.own_network import (
    DATA,
    example,
    from_others,
    read_weights,
    room,
)
from explainer.engine.equations.activation import activations_of
from explainer.engine.layer_edits import edited_layer
from explainer.errors import ExplainerError
from explainer.interop.head_loss import head_loss
from explainer.number_table import MOST_ROWS, read_table


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, (5, 3)])
def test_a_file_computes_what_its_module_computes(bidirectional, lengths):
    gru = module(num_layers=2, bidirectional=bidirectional)
    network = from_torch(gru.state_dict())
    x = torch.randn(2, 5, 3, dtype=torch.float64)

    def loss(states):
        return (states**2).sum()

    found = network.record(x, lengths, loss=loss)
    given = x.clone().requires_grad_()
    packed = given
    if lengths:
        packed = nn.utils.rnn.pack_padded_sequence(given, torch.tensor(lengths), batch_first=True)
    out, _ = gru(packed)
    states = nn.utils.rnn.pad_packed_sequence(out, batch_first=True)[0] if lengths else out
    whole = found[next(iter(network)).replace("l0", "l1")]
    for b, length in enumerate(lengths or (5, 5)):
        np.testing.assert_allclose(
            whole["h"][b, :length], states[b, :length, :4].detach(), atol=1e-15
        )
    inside_ends = states if not lengths else out.data
    assert found.loss >= float((inside_ends**2).sum().detach()) - 1e-12
    first = from_torch(gru.state_dict())
    assert list(first) == list(found)


def test_gradients_of_a_file_are_those_of_its_module():
    gru = module(num_layers=2)
    network = from_torch(gru.state_dict())
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    found = network.record(x, loss=lambda states: (states**2).sum())
    (gru(x)[0] ** 2).sum().backward()
    first, *_ = found.values()
    for g, part in zip("rzn", gru.weight_hh_l0.grad.chunk(3), strict=True):
        np.testing.assert_allclose(first[f"d_W_h{g}"], part, atol=1e-13)


def test_one_cell_records_itself():
    gru = module()
    cell = from_torch(gru.state_dict()).cell
    x, h_0 = torch.randn(5, 3, dtype=torch.float64), torch.randn(1, 4, dtype=torch.float64)
    states = gru(x, h_0)[0].detach()
    np.testing.assert_allclose(cell.record(x, h_0)["h"][0], states, atol=1e-15)
    with pytest.raises(ExplainerError, match=r"\(T, 3\)"):
        cell.record(torch.randn(5, 4))
    with pytest.raises(ExplainerError, match="1 to 5"):
        cell.record(x, lengths=[9])


def test_a_cell_with_the_reset_gate_before_is_a_plain_loop():
    rng = np.random.default_rng(0)
    shapes = {f"W_i{g}": (4, 3) for g in "rzn"} | {f"W_h{g}": (4, 4) for g in "rzn"}
    p = {n: rng.normal(size=s) for n, s in (shapes | {f"b_{g}": (4,) for g in "rzn"}).items()}
    x = rng.normal(size=(6, 3))
    trace = Cell("reset_before", p).record(x)
    h = np.zeros(4)
    for t, row in enumerate(x):
        r, z = (
            1 / (1 + np.exp(-(p[f"W_i{g}"] @ row + p[f"W_h{g}"] @ h + p[f"b_{g}"]))) for g in "rz"
        )
        n = np.tanh(p["W_in"] @ row + p["W_hn"] @ (r * h) + p["b_n"])
        h = z * h + (1 - z) * n
        np.testing.assert_allclose(trace["h"][0, t], h, atol=1e-14)


@pytest.mark.parametrize("candidate", [*loops.FUNCTIONS])
@pytest.mark.parametrize("gates", [*loops.FUNCTIONS])
def test_every_activation_is_a_plain_loop(gates, candidate):
    own = from_torch(module().state_dict()).cell
    cell = Cell(own.variant, own.parameters, (gates, candidate))
    x = torch.randn(2, 4, 3, dtype=torch.float64)
    trace = cell.record(x, d_h_out=torch.ones(2, 4, 4))
    np.testing.assert_allclose(trace["h"], loops.states(cell, x), rtol=1e-12, atol=1e-14)
    assert activations_of(trace.quantities) == (gates, candidate)
    held = edited_layer(trace, {"z": 0.5})
    mixed = (held["h_prev"] + held["n"]) / 2
    np.testing.assert_allclose(held["h"], mixed, rtol=1e-12, atol=1e-14)
    assert str(health(trace))


def test_a_network_with_other_activations_is_checked_by_a_loop():
    own = from_torch(module(num_layers=2).state_dict())
    cells = {
        name: Cell(cell.variant, cell.parameters, ("hard_sigmoid_5", "relu"))
        for name, cell in own.items()
    }
    network = GRUNetwork(cells)
    x = torch.randn(2, 5, 3, dtype=torch.float64).requires_grad_()
    found = network.record(x.detach(), loss=lambda states: (states**2).sum())
    difference, reference = from_others(network, found)
    assert difference < 1e-14
    assert reference == "a plain NumPy loop with the same weights"
    h = x
    for layer in cells.values():
        W = {n: torch.from_numpy(v.copy()) for n, v in layer.parameters.items()}
        state, states = torch.zeros(2, 4, dtype=torch.float64), []
        for x_t in h.unbind(1):
            i, past = (
                {g: v @ W[f"W_{s}{g}"].T + W[f"b_{s}{g}"] for g in "rzn"}
                for v, s in ((x_t, "i"), (state, "h"))
            )
            r, z = (torch.nn.functional.hardtanh((i[g] + past[g]) / 5 + 0.5, 0, 1) for g in "rz")
            state = z * state + (1 - z) * torch.relu(i["n"] + r * past["n"])
            states.append(state)
        h = torch.stack(states, 1)
    (h**2).sum().backward()
    np.testing.assert_allclose(next(iter(found.values()))["d_x"], x.grad, rtol=1e-10, atol=1e-12)


def test_the_example_is_well_and_its_twin_is_not():
    network, table = example(broken=False)
    assert table.features == ("temp", "sin day", "cos day")
    loss = head_loss(network, table)
    found = network.record(table.x, table.lengths, loss=loss)
    assert found.health().ok
    gru, head = nn.GRU(3, 8, batch_first=True), nn.Linear(8, 1)
    gru.load_state_dict({n.removeprefix("rnn."): v for n, v in network.to_torch().items()})
    weights, bias = network.head
    head.load_state_dict(
        {"weight": torch.from_numpy(weights.copy()), "bias": torch.from_numpy(bias.copy())}
    )
    x, y = torch.tensor(table.x).float(), torch.tensor(table.targets).float()
    with torch.no_grad():
        assert found.loss == pytest.approx(float(((head(gru(x)[0])[..., 0] - y) ** 2).mean()), 1e-5)
    twin, table = example(broken=True)
    assert not twin.record(table.x, table.lengths).health().ok


def test_a_table_is_read_with_its_columns():
    data = "\ufeffsequence;wind;target\na;1.5;0\nb;2;1\na;-3e-2;1\n\n".encode()
    table = read_table(data)
    assert table.features == ("wind",)
    assert table.sequences == ("a", "b")
    assert table.lengths == (2, 1)
    np.testing.assert_array_equal(table.x[..., 0], [[1.5, -0.03], [2, 0]])
    np.testing.assert_array_equal(table.targets, [[0, 1], [1, 0]])
    plain = read_table(b"1,2\n3,4")
    assert plain.features == ("feature 0", "feature 1")
    assert plain.targets is None


HOSTILE = [
    (b"", "empty"),
    (b"\n\n  \n", "empty"),
    (b"a,b\n", "only a row of names"),
    (b"\xff\xfe\x00", "UTF-8"),
    (b"a\0b\n1", "zero bytes"),
    (b"a,b\n1,2\n3", "Row 3 has 1 columns"),
    (b"1,2\n3", "Row 2 has 1 columns"),
    (b"a,b\n1,nan", "row 2, column 'b'"),
    (b"a,b\n1,1e400", "1e400"),
    (b"a,b\n1,", "row 2, column 'b'"),
    (b"a;b\n1,5;2", "decimal points"),
    (b"a,a\n1,2", "twice"),
    (b"target\n1", "column of numbers"),
    (b'a\n"1', "unfinished quotes"),
    (b"a\n" + b"1\n" * (MOST_ROWS + 2), "at most 5,000 rows"),
    (",".join("1" * 600).encode(), "512 columns"),
    (b"<script>alert(1)</script>\nx", "script"),
    (b"a\n" + b"9" * 100_000, "a finite number"),
    (b"a\n" + b"9" * 200_000, "CSV"),
]


@pytest.mark.parametrize(("data", "message"), HOSTILE)
def test_a_table_that_is_none_is_refused_with_a_sentence(data, message):
    with pytest.raises(ExplainerError, match=message) as caught:
        read_table(data)
    assert len(str(caught.value)) < 400


def test_sizes_are_bounded(tmp_path, monkeypatch):
    data = saved(module().state_dict(), tmp_path)
    network, table = read_weights(data, ".safetensors"), read_table(b"a,b,c\n1,2,3\n4,5,6")
    assert room(network, table, "") == (1, 2, "", room(network, table, "")[3])
    monkeypatch.setattr(own_network, "MOST_NUMBERS", 150)
    sequences, steps, said, numbers = room(network, table, "")
    assert (sequences, steps) == (1, 1)
    assert "first 1 of 2 time steps" in said
    assert numbers <= 150
    monkeypatch.setattr(own_network, "MOST_WEIGHTS", 10)
    with pytest.raises(ExplainerError, match="at most 10"):
        read_weights(data, ".safetensors")
    with pytest.raises(ExplainerError, match="reads 3"):
        room(network, read_table(b"1,2"), "")


def test_a_loss_needs_a_head_and_targets(tmp_path):
    network, table = example(broken=False)
    assert head_loss(network, table) is not None
    assert head_loss(network, read_table(b"1,2,3")) is None
    alone = GRUNetwork(dict(network), network.kind)
    assert head_loss(alone, table) is None


def test_the_command_line_says_what_stands_out(tmp_path):
    weights, numbers = DATA / "forecaster.safetensors", DATA / "forecaster.csv"
    said = command(weights, numbers)
    assert said.returncode == 0, said.stderr
    assert "4 sequences of 24 time steps" in said.stdout
    assert "mean squared error" in said.stdout
    gru = module()
    with torch.no_grad():
        gru.bias_ih_l0[4:8] += 20
    saved(gru.state_dict(), tmp_path)
    (tmp_path / "numbers.csv").write_text("\n".join("0.1,0.2,0.3" for _ in range(9)))
    broken = command(tmp_path / "own.safetensors", tmp_path / "numbers.csv")
    assert broken.returncode == 1
    assert "error: l0: 4 of 4 units keep the old state" in broken.stdout
    wrong = command(weights, tmp_path / "numbers.csv", "--module", "encoder")
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr
    assert "path must be one of" in wrong.stderr
