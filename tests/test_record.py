"""Record somebody's own module: every number against the module itself and autograd."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.checkpoint import checkpoint

from explainer import explain, record, watch
from explainer.engine.origin import Provenance
from explainer.errors import InvalidValueError, NotFiniteError, WrongTypeError
from explainer.interop import recording as recording_module
from explainer.interop.module_calls import Call
from explainer.interop.stacked_layers import dropout_scales, pack, sequences_of

F64 = torch.float64


def both(returned):
    """A loss of everything that an nn.GRU returns."""
    output, last = returned
    output = output if isinstance(output, torch.Tensor) else output.data
    return (output**2).mean() + (last**3).sum()


def worst(recording):
    """Largest difference from the module, of states and of gradients."""
    states = [a.states for a in recording.agreements if a.states is not None]
    return max(states), max(a.gradients for a in recording.agreements)


def gru(**options):
    torch.manual_seed(1)
    return nn.GRU(3, 5, **{"dtype": F64, **options})


KINDS = list(itertools.product((True, False), (1, 3), (True, False), (True, False)))


@pytest.mark.parametrize(("batch_first", "layers", "bidirectional", "bias"), KINDS)
@pytest.mark.parametrize("lengths", [None, (3, 7)])
def test_every_layer_is_what_the_module_computes(batch_first, layers, bidirectional, bias, lengths):
    module = gru(batch_first=batch_first, num_layers=layers, bidirectional=bidirectional, bias=bias)
    x = torch.randn((2, 7, 3) if batch_first else (7, 2, 3), dtype=F64)
    h_0 = torch.randn(layers * (1 + bidirectional), 2, 5, dtype=F64)
    found = record(module, x, h_0, lengths=lengths, loss=both)
    assert len(found) == layers * (1 + bidirectional)
    states, gradients = worst(found)
    assert states < 1e-15
    assert gradients < 1e-14
    assert len(found.agreements) == len(found)
    assert found["l0"]["z"].shape == (2, 7, 5)


def test_gradients_arrive_at_the_input_and_the_first_state():
    module = gru(batch_first=True, num_layers=2)
    x = torch.randn(2, 6, 3, dtype=F64, requires_grad=True)
    h_0 = torch.randn(2, 2, 5, dtype=F64, requires_grad=True)
    found = record(module, x, h_0, loss=both)
    both(module(x, h_0)).backward()
    np.testing.assert_allclose(found["l0"]["d_x"], x.grad, atol=1e-14)
    for layer in (0, 1):
        first = found[f"l{layer}"]["d_h_prev"][:, 0]
        np.testing.assert_allclose(first, h_0.grad[layer], atol=1e-14)


def test_each_state_counts_at_its_own_end():
    module = gru(batch_first=True, bidirectional=True)
    x, lengths = torch.randn(3, 6, 3, dtype=F64), (2, 6, 4)
    found = record(module, x, lengths=lengths, loss=lambda out: (out[1] ** 2).sum())
    assert worst(found)[1] < 1e-14
    for name in ("l0", "l0_reverse"):
        for sequence, length in enumerate(lengths):
            assert found[name].lengths == lengths
            assert np.abs(found[name]["d_h_out"][sequence, length - 1]).min() > 0
            assert not found[name]["d_h_out"][sequence, length:].any()


def test_the_reverse_direction_reads_each_sequence_backwards():
    module = gru(batch_first=True, bidirectional=True)
    x = torch.randn(2, 4, 3, dtype=F64)
    found = record(module, x, lengths=(4, 2))
    np.testing.assert_array_equal(found["l0_reverse"]["x"][0], x[0].flip(0))
    np.testing.assert_array_equal(found["l0_reverse"]["x"][1, :2], x[1, :2].flip(0))
    assert found["l0_reverse"].origin.reverse


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_dropout_between_layers_is_drawn_again(packed, bidirectional):
    module = gru(
        batch_first=True, num_layers=3, dropout=0.4, bidirectional=bidirectional, dtype=F64
    )
    x = torch.randn(3, 6, 3, dtype=F64)
    lengths = (2, 6, 5) if packed else None
    states, gradients = worst(record(module, x, lengths=lengths, loss=both))
    assert states < 1e-15
    assert gradients < 1e-14


def test_a_network_of_ones_own_is_recorded_by_module_path():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(9, 3)
            self.rnn = nn.GRU(3, 5, num_layers=2, batch_first=True)
            self.head = nn.Linear(5, 4)

        def forward(self, ids, lengths):
            out, _ = self.rnn(pack(self.embedding(ids), lengths, True))
            return self.head(out.data)

    torch.manual_seed(0)
    model, ids = Tagger(), torch.randint(0, 9, (3, 6))
    targets = torch.randint(0, 4, (11,))
    found = record(model, ids, lengths=[2, 6, 3], loss=F.cross_entropy, targets=targets)
    assert list(found) == ["rnn.l0", "rnn.l1"]
    states, gradients = worst(found)
    assert states < 1e-6
    assert gradients < 1e-6
    assert found.agreements[1].kind == "nn.GRU, float32"
    assert found.loss == pytest.approx(
        float(F.cross_entropy(model(ids, [2, 6, 3]), targets).detach())
    )
    trace = found["rnn.l1"]
    assert trace.origin.sources["W_hn"] == Provenance("rnn.weight_hh_l1", 10)
    opened = explain(trace, "W_hn", (1, 2))
    assert opened.source == "rnn.weight_hh_l1[11, 2]"
    assert opened.value == float(model.rnn.weight_hh_l1[11, 2].detach())
    assert explain(trace, "x", (0, 1, 2)).source == "rnn.l0: h[0, 1, 2]"
    assert explain(trace, "z", (0, 1, 2)).source == ""
    with pytest.raises(InvalidValueError, match="sequence 0 has 2 time steps"):
        explain(trace, "z", (0, 4, 2))
    with pytest.raises(InvalidValueError, match=r"rnn\.l0, rnn\.l1"):
        _ = found.trace


def test_a_cell_that_feeds_itself_is_recorded_over_time():
    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.GRUCell(3, 4, dtype=F64)
            self.head = nn.Linear(4, 3, dtype=F64)

        def forward(self, x, steps):
            h, made = torch.zeros(2, 4, dtype=F64), []
            for _ in range(steps):
                h = self.cell(x, h)
                x = self.head(h)
                made.append(x)
            return torch.stack(made)

    torch.manual_seed(3)
    model = Decoder()
    found = record(model, torch.randn(2, 3, dtype=F64), 6, loss=lambda y: (y**2).mean())
    assert list(found) == ["cell"]
    assert found.trace.sizes["T"] == 6
    states, gradients = worst(found)
    assert states < 1e-15
    assert gradients < 1e-15


def test_one_gru_called_twice_is_two_layers_whose_gradients_add_up():
    module = gru(batch_first=True)

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.e = module

        def forward(self, x):
            first, h = self.e(x)
            return self.e(x[:, :3], h)[0].sum() + first.mean()

    found = record(Twice(), torch.randn(2, 5, 3, dtype=F64), loss=lambda y: y)
    assert list(found) == ["e#0.l0", "e#1.l0"]
    assert worst(found)[1] < 1e-14


def test_watch_sees_a_training_step_of_ones_own():
    module = gru(batch_first=True)
    x = torch.randn(2, 5, 3, dtype=F64)
    with watch(module) as seen:
        both(module(x)).backward()
    found = seen.recording()
    assert worst(found)[1] < 1e-14
    np.testing.assert_allclose(
        np.concatenate([found.trace[f"d_W_h{g}"] for g in "rzn"]),
        module.weight_hh_l0.grad,
        atol=1e-14,
    )
    assert not module._forward_hooks
    assert not module._forward_pre_hooks
    assert not module.weight_hh_l0._backward_hooks


def test_recording_leaves_the_module_as_it_was():
    module = gru(batch_first=True, num_layers=2, dropout=0.5, dtype=torch.float32)
    both(module(torch.randn(2, 5, 3))).backward()
    x = torch.randn(2, 5, 3)
    before = [p.grad.clone() for p in module.parameters()]
    torch.manual_seed(7)
    plain, after = module(x), torch.random.get_rng_state()
    torch.manual_seed(7)
    found = record(module, x, loss=both)
    assert torch.equal(found.output[0], plain[0])
    assert torch.equal(torch.random.get_rng_state(), after)
    assert all(torch.equal(p.grad, g) for p, g in zip(module.parameters(), before, strict=True))
    assert module.training
    assert not module._forward_hooks
    assert not x.requires_grad


def test_hooks_are_gone_after_an_error_too():
    module = gru(batch_first=True)
    with pytest.raises(RuntimeError, match=r"input\.size"):
        record(module, torch.randn(2, 5, 4, dtype=F64))
    with pytest.raises(ZeroDivisionError):
        record(module, torch.randn(2, 5, 3, dtype=F64), loss=lambda _: 1 / 0)
    assert not module._forward_hooks
    assert not module._forward_pre_hooks


def test_a_frozen_module_has_gradients_too():
    module = gru(batch_first=True).requires_grad_(False)
    x = torch.randn(2, 5, 3, dtype=F64)
    found = record(module, x, loss=both)
    own = x.clone().requires_grad_()
    both(module(own)).backward()
    np.testing.assert_allclose(found.trace["d_x"], own.grad, atol=1e-14)


def test_numbers_are_shown_up_to_where_they_stop_being_finite():
    module = gru(batch_first=True, num_layers=2)
    x = torch.randn(2, 6, 3, dtype=F64)
    x[1, 4, 2] = float("nan")
    found = record(module, x, loss=both)
    assert found["l0"].sizes["T"] == found["l1"].sizes["T"] == 4
    problem = str(found.layers["l0"].problem)
    assert "x[1, 4, 2]" in problem
    assert "feature 2" in problem
    with torch.no_grad():
        module.weight_hh_l1[6, 3] = float("inf")
    found = record(module, torch.randn(2, 6, 3, dtype=F64))
    assert found["l0"].sizes["T"] == 6
    with pytest.raises(NotFiniteError, match=r"W_hz\[1, 3\] is inf"):
        _ = found["l1"]
    assert "W_hz[1, 3]" in repr(found)


def test_rounding_that_grows_is_told_from_a_wrong_equation():
    torch.manual_seed(2)
    module = nn.GRU(8, 32, batch_first=True)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter *= 10
    found = record(module, torch.randn(4, 300, 8))
    (agreement,) = found.agreements
    assert agreement.chaotic
    assert agreement.one_step < 1e-5
    assert "chaotic" in str(agreement)
    assert not record(gru(), torch.randn(7, 2, 3, dtype=F64)).agreements[0].chaotic


@pytest.mark.parametrize(("dtype", "most"), [(torch.bfloat16, 3e-2), (torch.float32, 1e-6)])
def test_the_number_type_is_said(dtype, most):
    found = record(gru(batch_first=True, dtype=dtype), torch.randn(2, 5, 3, dtype=dtype))
    (agreement,) = found.agreements
    assert agreement.kind == f"nn.GRU, {str(dtype)[6:]}"
    assert agreement.states < most


def test_one_sequence_without_a_batch():
    found = record(gru(), torch.randn(7, 3, dtype=F64), loss=both)
    assert found.trace["h"].shape == (1, 7, 5)
    assert worst(found)[1] < 1e-14
    cell = nn.GRUCell(3, 4, dtype=F64)
    assert record(cell, torch.randn(3, dtype=F64)).trace["h"].shape == (1, 1, 4)


def test_packed_input_in_order_of_length_or_not():
    module = gru(batch_first=True)
    x = torch.randn(3, 6, 3, dtype=F64)
    packed = pack_padded_sequence(x, torch.tensor([6, 4, 1]), batch_first=True)
    assert worst(record(module, packed, loss=both))[1] < 1e-14


def test_some_sequences_are_kept_where_there_is_no_room_for_all(monkeypatch):
    module, x = gru(batch_first=True), torch.randn(4, 5, 3, dtype=F64)
    whole = record(module, x, loss=both)
    some = record(module, x, loss=both, sequences=[3, 1])
    np.testing.assert_allclose(some.trace["h"], whole.trace["h"][[3, 1]], atol=1e-15)
    np.testing.assert_allclose(some.trace["d_h"], whole.trace["d_h"][[3, 1]], atol=1e-15)
    assert some.agreements[0].gradients is None
    monkeypatch.setattr(recording_module, "largest_batch", lambda *_: 3)
    few = record(module, x)
    assert few.trace.sizes["B"] == 3
    assert "Kept 3 of 4 sequences" in few.left_out
    monkeypatch.setattr(recording_module, "largest_batch", lambda *_: 0)
    with pytest.raises(InvalidValueError, match="Record fewer time steps"):
        record(module, x)


def test_labels_go_along():
    found = record(gru(), torch.randn(2, 1, 3, dtype=F64), names={"D": ["a", "b", "<b>"]})
    assert found.trace.origin.names == {"D": ("a", "b", "<b>")}


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda m, x: record(nn.LSTM(3, 4), x), ValueError, "LSTM"),
        (lambda m, x: record(nn.Linear(3, 4), x), ValueError, "nn.GRU"),
        (lambda m, x: record("gru", x), TypeError, "Module"),
        (lambda m, x: record(m, x, loss=3), TypeError, "function"),
        (lambda m, x: record(m, x, loss=lambda o: o[0]), ValueError, "mean"),
        (lambda m, x: record(m, x, loss=lambda o: 1.0), TypeError, "tensor"),
        (lambda m, x: record(m, x, loss=lambda o: torch.ones(())), ValueError, "depends"),
        (lambda m, x: record(m, x, names=["a"]), TypeError, "labels"),
        (lambda m, x: record(m, x, names={"H": ["a"]}), ValueError, "'D' or 'T'"),
        (lambda m, x: record(m, x, names={"D": "abc"}), TypeError, "strings"),
        (lambda m, x: record(m, x, names={"D": ["a"]}), ValueError, "3"),
        (lambda m, x: record(m, x, sequences=0), ValueError, "from 1 to 2"),
        (lambda m, x: record(m, x, sequences=[2]), IndexError, "from 0 to 1"),
    ],
)
def test_what_can_not_be_recorded_is_refused_with_a_sentence(call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call(gru(batch_first=True), torch.randn(2, 5, 3, dtype=F64))
    assert isinstance(caught.value, (InvalidValueError, WrongTypeError, IndexError))


def test_a_scripted_module_is_refused():
    with pytest.warns(DeprecationWarning, match="script"):
        scripted = torch.jit.script(nn.GRU(3, 4))
    with pytest.raises(InvalidValueError, match="scripted"):
        record(scripted, torch.randn(2, 1, 3))


def looped(module, x, change):
    """The states of an nn.GRU by a loop of PyTorch's own, changed by `change(t, name, value)`."""
    W, U = (w.chunk(3) for w in (module.weight_ih_l0, module.weight_hh_l0))
    b, c = (v.chunk(3) for v in (module.bias_ih_l0, module.bias_hh_l0))
    h, states = torch.zeros(x.shape[0], 5, dtype=F64), []
    for t in range(x.shape[1]):
        parts = [(F.linear(x[:, t], W[i], b[i]), F.linear(h, U[i], c[i])) for i in range(3)]
        r = change(t, "r", torch.sigmoid(sum(parts[0])))
        z = change(t, "z", torch.sigmoid(sum(parts[1])))
        n = change(t, "n", torch.tanh(parts[2][0] + r * parts[2][1]))
        h = change(t, "h", z * h + (1 - z) * n)
        states.append(h)
    return torch.stack(states, 1).detach().numpy()


HELD = [
    ("z", {(None, 2, None): 1.0}, lambda t, v: torch.ones_like(v) if t == 2 else v),
    ("r", 0.0, lambda t, v: torch.zeros_like(v)),
    ("h", {(None, None, 3): 0.0}, lambda t, v: v * torch.tensor([1, 1, 1, 0, 1])),
    ("n", {(1, 4, 0): 0.5}, lambda t, v: torch.where(MARK if t == 4 else ~ALL, 0.5, v)),
]
ALL = torch.ones(2, 5, dtype=torch.bool)
MARK = torch.zeros(2, 5, dtype=torch.bool)
MARK[1, 0] = True


@pytest.mark.parametrize(("name", "edit", "change"), HELD)
def test_what_is_held_goes_on_through_time(name, edit, change):
    module = gru(batch_first=True)
    x = torch.randn(2, 6, 3, dtype=F64)
    found = record(module, x).rerun({name: edit})
    wanted = looped(module, x, lambda t, q, v: change(t, v) if q == name else v)
    np.testing.assert_allclose(found["h"], wanted, atol=1e-15)
    assert (
        "held at"
        in explain(found, name, (1, 2 if name == "z" else 4, 0 if name == "n" else 3)).edit
    )


def test_a_given_number_of_a_layer_is_changed():
    module = gru(batch_first=True)
    x = torch.randn(2, 6, 3, dtype=F64)
    found = record(module, x).rerun({"W_hz": {(1, 2): 3.0}})
    with torch.no_grad():
        module.weight_hh_l0[6, 2] = 3.0
    np.testing.assert_allclose(found["h"], module(x)[0].detach(), atol=1e-15)
    assert "changed from" in explain(found, "W_hz", (1, 2)).edit
    with pytest.raises(InvalidValueError, match="edits must be quantities among"):
        record(module, x).rerun({"loss": 1.0})


def test_a_quantity_is_a_long_table():
    found = record(
        gru(batch_first=True),
        torch.randn(2, 6, 3, dtype=F64),
        lengths=(6, 4),
        loss=both,
        names={"D": ["a", "b", "c"]},
    ).trace
    x = found.to_pandas("x")
    assert list(x.index.names) == ["sequence", "time step", "feature"]
    assert x.loc[1, 2, "b"] == found["x"][1, 2, 1]
    assert len(x) == (6 + 4) * 3
    table = found.to_pandas("d_W_hn").unstack("unit before")
    np.testing.assert_array_equal(table.to_numpy(), found["d_W_hn"])


class Around(nn.Module):
    """A GRU behind a layer, called by `run(gru, x)`."""

    def __init__(self, run, kind=nn.GRU, **options):
        super().__init__()
        torch.manual_seed(1)
        usual = {"dtype": F64} | ({"batch_first": True} if kind is nn.GRU else {})
        self.pre, self.own, self.run = nn.Linear(3, 3, dtype=F64), kind(3, 4, **usual), run

    def forward(self, x):
        return self.run(self.own, self.pre(x))


def early_stop(cell, x):
    """Two sequences in a loop of one's own, the first left after two time steps."""
    found = []
    for sequence, last in ((x, 2), (x, x.shape[1])):
        h = None
        for t in range(last):
            h = cell(sequence[:, t], h)
            found.append(h)
    return torch.stack(found)


WRAPPED = {
    "checkpointed": (
        lambda: Around(lambda gru, x: checkpoint(lambda v: gru(v)[0], x, use_reentrant=False)),
        {"own.l0": 5},
    ),
    "data parallel": (
        lambda: nn.DataParallel(Around(lambda gru, x: gru(x)[0])),
        {"module.own.l0": 5},
    ),
    "of different lengths": (
        lambda: Around(lambda gru, x: torch.cat([gru(x)[0], gru(x[:, :2])[0]], 1)),
        {"own#0.l0": 5, "own#1.l0": 2},
    ),
    "stopped early": (lambda: Around(early_stop, nn.GRUCell), {"own#0": 2, "own#1": 5}),
    "normed": (
        lambda: Around(lambda gru, x: parametrizations.weight_norm(gru, "weight_hh_l0")(x)[0]),
        {"own.l0": 5},
    ),
    "compiled": (
        lambda: torch.compile(Around(lambda gru, x: gru(x)[0]), backend="eager"),
        {"own.l0": 5},
    ),
}


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@pytest.mark.parametrize("wrapped", WRAPPED)
def test_each_call_counts_once_however_a_module_is_wrapped(wrapped):
    make, expected = WRAPPED[wrapped]
    module, x = make(), torch.randn(2, 5, 3, dtype=F64)
    found = record(module, x, loss=lambda out: (out**2).mean())
    assert {name: trace.sizes["T"] for name, trace in found.items()} == expected
    (agreement,) = found.agreements
    assert max(agreement.states, agreement.one_step) < 1e-14
    assert agreement.gradients < 1e-14
    assert agreement.kind.startswith(("nn.GRU,", "nn.GRUCell,"))


def test_what_lowers_the_precision_is_said():
    module, x = nn.GRU(3, 4, batch_first=True), torch.randn(2, 5, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = record(module, x)
    (agreement,) = found.agreements
    assert agreement.kind == "nn.GRU, float32 under autocast to bfloat16"
    assert 1e-6 < agreement.states < 3e-2
    (agreement,) = record(module.half(), x.half()).agreements
    assert agreement.kind == "nn.GRU, float16"
    assert agreement.states < 1e-2


@pytest.mark.filterwarnings("ignore:.*quantiz")
def test_a_quantized_module_is_refused():
    module = nn.Sequential(nn.GRU(3, 4, batch_first=True))
    small = torch.ao.quantization.quantize_dynamic(module, {nn.GRU}, dtype=torch.qint8)
    with pytest.raises(InvalidValueError, match=r"Load the weights into an nn\.GRU"):
        record(small, torch.randn(2, 5, 3))


def test_dropout_that_another_device_draws_is_refused():
    module, x = gru(batch_first=True, num_layers=2, dropout=0.5), torch.randn(2, 5, 3, dtype=F64)
    output, h_n = module(x)
    elsewhere = output.detach().to("meta")
    call = Call("", module, x, None, elsewhere, h_n, torch.random.get_rng_state())
    with pytest.raises(InvalidValueError, match=r"drawn on meta; .* Call \.eval\(\), or move"):
        dropout_scales(call, sequences_of(replace(call, output=output.detach())))
