"""What a unit is worth: against plain loops that hold its state at 0."""

import numpy as np
import pytest
import torch
from torch import nn

from explainer import PRESETS, GRUNetwork, from_torch, importance, record, run, watch
from explainer.errors import ExplainerError
from explainer.interop.stacked_layers import pack

F64 = torch.float64


def held_loop(gru, x, unit, layer, direction, lengths, h_0=None):
    """The states of an nn.GRU, one unit of one layer and direction held at 0, in a plain loop."""
    B, T, _ = x.shape
    for depth in range(gru.num_layers):
        both = []
        for back in range(1 + gru.bidirectional):
            suffix = f"_l{depth}{'_reverse' if back else ''}"
            W, U, b, c = (
                getattr(gru, f"{n}{suffix}", torch.zeros(3 * gru.hidden_size, dtype=F64))
                for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            out = torch.zeros(B, T, gru.hidden_size, dtype=F64)
            for row in range(B):
                place = depth * (1 + gru.bidirectional) + back
                h = torch.zeros(gru.hidden_size, dtype=F64) if h_0 is None else h_0[place, row]
                order = range(lengths[row])
                for t in reversed(order) if back else order:
                    i_r, i_z, i_n = (W @ x[row, t] + b).chunk(3)
                    h_r, h_z, h_n = (U @ h + c).chunk(3)
                    z = torch.sigmoid(i_z + h_z)
                    n = torch.tanh(i_n + torch.sigmoid(i_r + h_r) * h_n)
                    h = z * h + (1 - z) * n
                    if (depth, back) == (layer, direction):
                        h = torch.where(torch.arange(len(h)) == unit, 0.0, h)
                    out[row, t] = h
            both.append(out)
        x = torch.cat(both, -1)
    return x


class Model(nn.Module):
    def __init__(self, **options):
        super().__init__()
        torch.manual_seed(2)
        self.rnn = nn.GRU(3, 4, batch_first=True, dtype=F64, **options)
        self.head = nn.Linear(4 * (1 + self.rnn.bidirectional), 1, dtype=F64)

    def forward(self, x, lengths, h_0=None):
        out, _ = self.rnn(pack(x, lengths, True), h_0)
        return self.head(nn.utils.rnn.pad_packed_sequence(out, batch_first=True)[0])


def square(y):
    return (y**2).mean()


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}])
@pytest.mark.parametrize("first", [True, False])
@torch.no_grad()
def test_a_module_answers_through_its_own_head_and_loss(options, first):
    model, lengths = Model(**options), [5, 3]
    x = torch.randn(2, 5, 3, dtype=F64)
    count = model.rnn.num_layers * (1 + model.rnn.bidirectional)
    h_0 = torch.randn(count, 2, 4, dtype=F64) if first else None
    before = {n: v.clone() for n, v in model.state_dict().items()}
    with torch.enable_grad():
        found = record(model, x, lengths=lengths, h_0=h_0, loss=square)
    for name in found:
        direction = int(name.endswith("_reverse"))
        own = importance(found, name)
        for unit in range(4):
            states = held_loop(model.rnn, x, unit, int(name[5]), direction, lengths, h_0)
            expected = square(model.head(states)) - found.loss
            assert own.change[unit] == pytest.approx(float(expected), abs=1e-14)
    assert all(torch.equal(v, before[n]) for n, v in model.state_dict().items())
    assert record(model, x, lengths=lengths, h_0=h_0, loss=square).loss == found.loss


def test_without_a_loss_it_is_what_the_module_returns():
    model = Model()
    x = torch.randn(2, 5, 3, dtype=F64)
    found = record(model, x, lengths=[5, 5])
    own = importance(found, units=[2, 0])
    with torch.no_grad():
        whole = model(x, [5, 5])
        for unit, change in zip((2, 0), own.change, strict=True):
            held = model.head(held_loop(model.rnn, x, unit, 0, 0, [5, 5]))
            assert change == pytest.approx(float((held - whole).square().mean().sqrt()), abs=1e-14)
    assert own.loss is None
    assert "unit" in str(own)


def test_a_file_and_a_trace_answer_alike():
    model = Model(num_layers=2)
    x = torch.randn(2, 5, 3, dtype=F64)
    network = from_torch(model.state_dict())
    found = network.record(x, loss=lambda states: square(model.head(states).detach() + states * 0))
    with torch.no_grad():
        loss = square(model.head(held_loop(model.rnn, x, 3, 0, 0, [5, 5])))
    assert importance(found, "rnn.l0").change[3] == pytest.approx(
        float(loss) - found.loss, abs=1e-14
    )
    trace = network["rnn.l0"].record(x)
    alone = importance(trace)
    single = Model(num_layers=1)
    single.rnn.load_state_dict({n: v for n, v in model.rnn.state_dict().items() if "l0" in n})
    with torch.no_grad():
        gap = held_loop(single.rnn, x, 1, 0, 0, [5, 5]) - torch.from_numpy(trace["h"].copy())
    assert alone.change[1] == pytest.approx(float(gap.square().mean().sqrt()), abs=1e-14)


def test_a_cell_that_reads_what_it_wrote():
    torch.manual_seed(0)
    cell, head = nn.GRUCell(2, 3, dtype=F64), nn.Linear(3, 2, dtype=F64)

    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.head = cell, head

        def forward(self, x, hold=None):
            h = torch.zeros(1, 3, dtype=F64)
            for _ in range(4):
                h = cell(x, h)
                if hold is not None:
                    h = torch.where(torch.arange(3) == hold, 0.0, h)
                x = head(h)
            return x

    x = torch.randn(1, 2, dtype=F64)
    loop = Loop()
    own = importance(record(loop, x, loss=square))
    for unit in range(3):
        expected = square(loop(x, unit)) - square(loop(x))
        assert own.change[unit] == pytest.approx(float(expected.detach()), abs=1e-14)


def test_a_run_of_the_app_answers_with_its_loss():
    result = run(PRESETS["start"])
    own = importance(result, units=[1])
    held = run(PRESETS["start"], edits={"h": {(None, None, 1): 0.0}})
    assert own.change[0] == float(held.trace["loss"]) - float(result.trace["loss"])
    assert own.loss == float(result.trace["loss"])


def test_the_order_begins_with_the_unit_that_matters_most():
    result = importance(run(PRESETS["start"]))
    change = dict(zip(result.units, result.change, strict=True))
    assert list(result.order) == sorted(change, key=lambda unit: -change[unit])
    assert f"unit {result.order[0]} takes it to" in str(result)


def test_what_can_not_be_asked_is_said():
    model = Model(num_layers=2, bias=False)
    x, h_0 = torch.randn(1, 4, 3, dtype=F64), torch.ones(2, 1, 4, dtype=F64)
    found = record(model, x, lengths=[4], h_0=h_0, loss=square)
    with pytest.raises(ExplainerError, match="trace must be"):
        importance(found)
    with pytest.raises(ExplainerError, match="begin at 0"):
        importance(found, "rnn.l0")
    with pytest.raises(ExplainerError, match="units"):
        importance(found, "rnn.l0", units=[7])
    with pytest.raises(ExplainerError, match="at least one"):
        importance(found, "rnn.l0", units=[])
    with pytest.raises(ExplainerError, match="layer must be"):
        importance(found, "rnn.l9")
    with pytest.raises(ExplainerError, match="a recording, a run or a trace"):
        importance(3)
    with watch(model) as seen:
        model(x, [4])
    with pytest.raises(ExplainerError, match="watch"):
        importance(seen.recording(), "rnn.l0")
    with pytest.raises(ExplainerError, match="edits"):
        importance(run(PRESETS["start"], edits={"z": 1.0}))


@pytest.mark.parametrize("own", [("hard_sigmoid_5", "relu"), ("linear", "hard_sigmoid_6")])
def test_other_activations_are_0_where_they_are(own):
    """A trace of the cell alone holds the state itself; a network's has it from its parameters."""
    cell = from_torch(Model().state_dict()).cell
    other = type(cell)(cell.variant, cell.parameters, own)
    x = torch.randn(2, 5, 3, dtype=F64)
    found = importance(GRUNetwork({"rnn.l0": other}).record(x))
    np.testing.assert_allclose(found.change, importance(other.record(x)).change, atol=1e-14)
