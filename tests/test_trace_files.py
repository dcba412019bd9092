"""A trace as a file and back, bit for bit, and as datasets; hostile files are a sentence."""

import io
import json
import pickle
import warnings

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from torch import nn

from explainer import PRESETS, from_torch, load, record, run, save
from explainer.errors import ExplainerError
from explainer.interop import trace_files
from explainer.interop.weight_files import read_network

ENDINGS = (".npz", ".safetensors")


@pytest.fixture(scope="module")
def seen():
    torch.manual_seed(0)
    gru = nn.GRU(3, 5, num_layers=2, bidirectional=True, batch_first=True)
    x = torch.randn(2, 7, 3)
    names = {"D": ["wind", "<b>", "rain"], "T": [f"day {t}" for t in range(7)]}
    return record(gru, x, lengths=[7, 4], loss=lambda out: out[1].square().sum(), names=names)


def same(a, b):
    assert list(a) == list(b)
    assert a.sizes == b.sizes
    assert a.origin == b.origin
    for name in a.arrays:
        assert np.array_equal(a[name], b[name]), name


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("everything", [False, True])
def test_a_recording_comes_back_bit_for_bit(seen, tmp_path, ending, everything):
    path = tmp_path / f"run{ending}"
    seen.save(path, everything)
    found = load(path)
    assert list(found) == list(seen)
    for name, trace in seen.items():
        same(trace, found[name])
    assert (found.loss, found.agreements) == (seen.loss, seen.agreements)
    assert str(found.health()) == str(seen.health())
    same(seen["l1_reverse"], load(path, layer="l1_reverse"))
    with pytest.raises(ExplainerError, match="layer must be one of l0"):
        load(path, layer="l7")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_trace_comes_back_with_what_was_held_in_it(seen, tmp_path, ending):
    path = tmp_path / f"run{ending}"
    edits = {"z": {(0, 2, None): 1.0}, "n": 0.5, "W_hr": {(1, 2): 3.0}, "x": {(1, 0, 0): 9.0}}
    for trace in (seen["l0"], seen.rerun(edits, "l0")):
        save(path, trace)
        found = load(path)
        same(trace, found)
        assert dict(found.edits).keys() == dict(trace.edits).keys()
        for name, edit in trace.edits.items():
            assert np.array_equal(found.edits[name].where, edit.where)
            assert np.array_equal(found.edits[name].values, edit.values)
            assert edit.before is None or np.array_equal(found.edits[name].before, edit.before)


def test_the_other_place_of_the_reset_gate(tmp_path):
    torch.manual_seed(0)
    cell = from_torch(nn.GRU(3, 4)).cell
    own = {n: v for n, v in cell.parameters.items() if n[0] == "W"}
    own |= {f"b_{g}": cell.parameters[f"b_i{g}"] for g in "rzn"}
    for activations in (("sigmoid", "tanh"), ("hard_sigmoid_5", "relu")):
        other = type(cell)("reset_before", own, activations)
        trace = other.record(torch.randn(5, 3), d_h_out=torch.ones(5, 4))
        trace.save(tmp_path / "run.npz")
        same(trace, load(tmp_path / "run.npz"))


def test_only_what_is_given_is_in_the_file(seen, tmp_path):
    trace = seen["l0"]
    trace.save(tmp_path / "small.npz")
    trace.save(tmp_path / "large.npz", everything=True)
    with np.load(tmp_path / "small.npz", allow_pickle=False) as small:
        parameters = {f"W_{s}{g}" for s in "ih" for g in "rzn"}
        parameters |= {f"b_{s}{g}" for s in "ih" for g in "rzn"}
        assert set(small) == parameters | {"x", "h_0", "d_h_out", "traces"}
    with np.load(tmp_path / "large.npz", allow_pickle=False) as large:
        assert set(large) == {*trace.arrays, "traces"}
        assert np.array_equal(large["z"], trace["z"])


def test_numbers_that_stop_being_finite_stay_told(tmp_path):
    gru = nn.GRU(2, 3, batch_first=True)
    x = torch.zeros(1, 5, 2)
    x[0, 3, 1] = torch.nan
    found = record(gru, x)
    found.save(tmp_path / "run.npz")
    again = load(tmp_path / "run.npz")
    same(found["l0"], again["l0"])
    assert str(again.layers["l0"].problem) == str(found.layers["l0"].problem)
    with torch.no_grad():
        gru.weight_hh_l0[0, 0] = torch.inf
    nowhere = record(gru, x)
    nowhere.save(tmp_path / "run.npz")
    assert str(load(tmp_path / "run.npz").health()) == str(nowhere.health())


def changed(path, **others):
    """The file with other arrays, or without some."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {n: file[n] for n in file} | others
    np.savez(path, **{n: v for n, v in arrays.items() if v is not None})


def test_another_rounding_is_told(seen, tmp_path):
    path = tmp_path / "run.npz"
    seen["l0"].save(path)
    told = json.loads(str(np.load(path)["traces"]))
    told["layers"][0]["h"] = "0"
    changed(path, traces=np.array(json.dumps(told)))
    with pytest.warns(UserWarning, match="rounding"):
        load(path)


DAMAGE = [
    ({"W_hr": None}, "damaged"),
    ({"x": np.zeros((2, 7, 9))}, r"\(B, T, 3\)"),
    ({"h_0": np.zeros((2, 9))}, "h_0"),
    ({"W_hz": np.full((5, 5), np.nan)}, "finite"),
    ({"x": np.array([{}], dtype=object)}, "Python objects"),
    ({"traces": np.array("{")}, "damaged"),
    ({"traces": np.array('{"recording": false, "layers": []}')}, "damaged"),
    ({"traces": np.array('{"recording": false, "layers": [{"name": 1, "h": 1}]}')}, "damaged"),
    ({"edited.z": np.zeros((3, 3))}, "z"),
    ({"edited.nothing": np.zeros(3)}, "nothing"),
]


@pytest.mark.parametrize(("others", "message"), DAMAGE)
def test_a_damaged_file_is_a_sentence(seen, tmp_path, others, message):
    path = tmp_path / "run.npz"
    seen["l0"].save(path)
    changed(path, **others)
    with pytest.raises(ExplainerError, match=message) as caught:
        load(path)
    assert len(str(caught.value)) < 400


def test_sizes_are_bounded(seen, tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    seen["l0"].save(path)
    with pytest.raises(ExplainerError, match="possible: up to"):
        load(path, most_bytes=100)
    monkeypatch.setattr(trace_files, "LARGEST_TRACE", 100)
    with pytest.raises(ExplainerError, match="at most 100"):
        load(path)


def test_no_code_in_a_file_is_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return exec, ("raise SystemExit",)

    path = tmp_path / "run.npz"
    buffer = io.BytesIO()
    np.savez(buffer, x=np.array([Evil()], dtype=object))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(ExplainerError, match="Python objects"):
        load(path)
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ExplainerError, match="damaged"):
        load(path)


def test_weights_are_wanted_where_only_weights_are(seen, tmp_path):
    path = tmp_path / "run.safetensors"
    seen.save(path)
    with pytest.raises(ExplainerError, match="holds traces"):
        read_network(path.read_bytes(), ".safetensors")
    whole = load_file(path)
    save_file(whole, path)  # without what the file says, it is no file of traces
    with pytest.raises(ExplainerError, match="GRU"):
        load(path)


def test_what_is_no_layer_is_kept_as_a_link(tmp_path):
    with pytest.raises(ExplainerError, match="to_link"):
        run(PRESETS["start"]).trace.save(tmp_path / "run.npz")
    with pytest.raises(ExplainerError, match="ends in"):
        save(tmp_path / "run.txt", run(PRESETS["start"]).trace)


def test_datasets_have_the_names(seen):
    xarray = pytest.importorskip("xarray")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = seen.to_xarray()
    assert isinstance(tree, xarray.DataTree)
    own = tree["l0"]
    assert np.array_equal(own["x"].sel(feature="rain")[0], seen["l0"]["x"][0, :, 2])
    assert own["z"].sel(time="day 3").shape == (2, 5)
    assert np.isnan(own["z"][1, 4:]).all()
    assert own["W_hz"].dims == ("unit", "unit_before")
    assert own["z"].attrs["symbol"] == "z_t"
    expected = np.concatenate([seen["l0"]["z"][0, :, 1], seen["l0"]["z"][1, :4, 1]]).mean()
    assert float(own["z"].sel(unit=1).mean()) == pytest.approx(expected)
    whole = run(PRESETS["start"]).trace.to_xarray()
    assert whole["logits"].dims == ("sequence", "time", "token")
    assert float(whole["loss"]) == float(run(PRESETS["start"]).trace["loss"])
