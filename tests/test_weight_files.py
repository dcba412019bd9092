"""Weights in files: there and back, and what a hostile file can't do.

Files of Keras and ONNX are in test_frameworks_*.py, with the libraries that write them.
"""

import io
import json
import os
import pickle
import sys
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save as safetensors_bytes
from test_layouts import D, H, drawn, same
from torch import nn

from explainer import PRESETS, GRUNetwork, from_torch, load, run, save
from explainer.__main__ import main
from explainer.errors import ExplainerError
from explainer.interop.pytorch import safetensors, state_dict
from explainer.interop.weight_files import read_network

ENDINGS = [".safetensors", ".npz"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_network_there_and_back(ending, tmp_path):
    torch.manual_seed(0)
    parts = {
        "embedding": nn.Embedding(9, D),
        "rnn": nn.GRU(D, H, 11, bidirectional=True),
        "file": nn.Linear(2 * H, 9),
    }
    network = from_torch(nn.ModuleDict(parts))
    path = tmp_path / f"a{ending}"
    save(path, network)
    again = load(path)
    assert list(again) == list(network)
    assert list(again)[-1] == "rnn.l10_reverse"
    assert all(same(again[layer], network[layer]) for layer in network)
    assert np.array_equal(again.embedding, parts["embedding"].weight.detach())
    assert again.others.keys() == network.others.keys()
    assert list(load(path, "rnn.l2")) == ["rnn.l2"]
    with pytest.raises(KeyError, match=r"layer must be one of .*; got 'l2'"):
        load(path, "l2")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
@pytest.mark.parametrize("activations", [("sigmoid", "tanh"), ("hard_sigmoid_5", "relu")])
@pytest.mark.parametrize("layer", ["gru", "a.l2_reverse"])
def test_cells_that_pytorch_does_not_have(ending, variant, activations, layer, tmp_path):
    cell = drawn(variant, activations=activations, reverse=layer.endswith("_reverse"))
    path = tmp_path / f"a{ending}"
    save(path, GRUNetwork({layer: cell}))
    (again,) = load(path).items()
    assert again[0] == layer
    assert same(again[1], cell)
    save(path, cell)
    assert same(load(path).cell, cell)


def test_pytorch_takes_what_was_saved(tmp_path):
    from safetensors.torch import load_file

    cell = drawn()
    save(tmp_path / "a.safetensors", GRUNetwork({"rnn.l0": cell}))
    around = nn.ModuleDict({"rnn": nn.GRU(D, H, dtype=torch.float64)})
    around.load_state_dict(load_file(tmp_path / "a.safetensors"))
    assert same(from_torch(around)["rnn.l0"], cell)


def test_a_run_of_this_package_comes_back():
    settings = PRESETS["start"]
    after = run(settings).update.after
    network = read_network(safetensors(state_dict(settings, after)), ".safetensors")
    assert np.array_equal(network["gru.l0"].parameters["W_hz"], after["W_hz"])
    assert np.array_equal(network.embedding, after["E"])
    assert np.array_equal(network.head[0], after["W_o"])


@pytest.mark.parametrize("name", ["a.pt", "a.PTH", "a.ckpt"])
def test_pytorchs_own_files(name, tmp_path):
    torch.manual_seed(0)
    gru = nn.GRU(D, H)
    named = {f"net.{n}": v for n, v in gru.state_dict().items()}
    torch.save({"state_dict": named, "epoch": 3} if name == "a.ckpt" else named, tmp_path / name)
    assert same(load(tmp_path / name)["net.l0"], from_torch(gru).cell)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_small_floats(dtype):
    gru = nn.GRU(D, H, dtype=dtype)
    network = read_network(safetensors_bytes(gru.state_dict()), ".safetensors")
    assert same(network.cell, from_torch(gru).cell)


# Hostile files.


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def good():
    return {n: v.numpy() for n, v in drawn().to_torch().items()}


def pt(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def safetensors_of(header, data=b""):
    written = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(written).to_bytes(8, "little") + written + data


class Code:
    """What a pickle runs when it is read."""

    def __reduce__(self):
        return os.mkdir, ("ran",)


def bomb(members=1):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(members):
            with archive.open(f"{i}.npy", "w", force_zip64=True) as member:
                for _ in range(64):
                    member.write(bytes(2**20))
    return file.getvalue()


def npy(shape, data=b"", descr="<f8"):
    file = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("weight_hh_l0.npy", file.getvalue() + data)
    return archive.getvalue()


FALSE = {"w": {"dtype": "F64", "shape": [2**60], "data_offsets": [0, 8]}}
NAN = {**good(), "weight_hh_l0": np.full((3 * H, H), np.nan)}
SAFE, NPZ = safetensors(good()), npz(**good())
STRETCHED = torch.zeros(1, dtype=torch.float32).expand(10**6, 10**6)
HOSTILE = {
    "empty": [(e, b"", "damaged|whole|archive") for e in (*ENDINGS, ".pt")],
    "noise": [(e, b"\x80\x02" * 999, "damaged|whole|archive") for e in (*ENDINGS, ".pt")],
    "cut": [
        (".safetensors", SAFE[:-10], "damaged"),
        (".safetensors", SAFE[:40], "the file must be whole; got 40 bytes of a longer one"),
        (".npz", NPZ[:-40], "damaged"),
        (".pt", pt(good())[:-40], "archive|damaged"),
    ],
    "huge header": [
        (".safetensors", (2**63).to_bytes(8, "little") + b"{}", "the file must be whole"),
        (".safetensors", safetensors_of(b" " * 10_000_001), "a header of at most 10,000,000"),
        (".safetensors", safetensors_of(b"[" * 100_000), "damaged"),
        (".safetensors", safetensors_of(b"[]"), "damaged"),
    ],
    "false sizes": [
        (
            ".safetensors",
            safetensors_of(
                {"w": {"dtype": "F64", "shape": [2**60], "data_offsets": [0, 8]}}, b"8" * 8
            ),
            "damaged",
        ),
        (".npz", npy((2**40,), b"8" * 8), r"must be an array of shape \(1099511627776,\); got oth"),
        (".npz", npy((-1,), b"8" * 8), "must be an array of shape"),
        (
            ".pt",
            pt({"weight_hh_l0": STRETCHED}),
            "unpacks to 4,000,000,000,000 bytes; poss",
        ),
    ],
    "bomb": [
        (".npz", bomb(3), "unpacks to 201,326,592 bytes; possible: up to 100,000,000"),
        (".pt", bomb(3), "unpacks to 201,326,592 bytes"),
        (".keras", bomb(3), "unpacks to 201,326,592 bytes"),
    ],
    "objects": [
        (".npz", npz(weight_hh_l0=np.array([Code()], object)), "holds Python objects"),
        (
            ".pt",
            pt({"weight_hh_l0": Code()}),
            "holds Python objects .* would run its code",
        ),
        (".pt", pt(nn.GRU(D, H)), "holds Python objects beside numbers"),
        (".pt", pickle.dumps(Code()), "an archive, as torch.save has written since PyTorch 1.6"),
        (".pt", pt([1, 2]), "a state_dict; got a list"),
    ],
    "not finite": [
        (
            e,
            make({**good(), "weight_hh_l0": np.full((3 * H, H), np.nan)}),
            r"^In l0, W_hr\[0, 0\] is nan",
        )
        for e, make in ((".safetensors", safetensors), (".npz", lambda a: npz(**a)))
    ],
    "long name": [(".npz", npz(**{"x" * 5000: np.zeros(3)}), "name has 5,000 characters; names")],
    "words": [(".npz", npz(weight_hh_l0=np.array(["a", "b"])), "There is none among no names")],
    "complex": [(".npz", npz(weight_hh_l0=np.zeros((12, 4), complex)), "must be a dense array")],
}


@pytest.mark.parametrize(
    ("ending", "data", "sentence"), [case for cases in HOSTILE.values() for case in cases]
)
def test_a_hostile_file_is_a_sentence(ending, data, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # code that runs leaves a folder here
    with pytest.raises(ExplainerError, match=sentence) as caught:
        read_network(data, ending, most_bytes=100_000_000)
    assert len(str(caught.value)) < 400
    assert os.listdir() == []


def test_a_file_is_not_read_further_than_allowed(tmp_path):
    save(tmp_path / "a.npz", drawn())
    with pytest.raises(ValueError, match="The file is larger; possible: up to 100 bytes"):
        load(tmp_path / "a.npz", most_bytes=100)
    with pytest.raises(ValueError, match=r"path must be the name of a file that ends in \.safe"):
        load(tmp_path / "a.pickle")
    with pytest.raises(ValueError, match=r"ends in \.safetensors, \.npz; got"):
        save(tmp_path / "a.pt", drawn())
    with pytest.raises(TypeError, match="a GRUNetwork, a Cell, a Trace or a Recording; got 3"):
        save(tmp_path / "a.npz", 3)
    with pytest.raises(OSError, match="No such file"):
        load(tmp_path / "b.npz")


def test_names_are_data():
    """A name is markup, a path or very long; it stays a name."""
    for name in ("<script>alert(1)</script>", "../../etc/passwd", "x" * 500, "a\nb"):
        network = read_network(npz(**{f"{name}.{n}": v for n, v in good().items()}), ".npz")
        assert same(network.cell, drawn())
        broken = {f"{name}.{n}": np.full_like(v, np.inf) for n, v in good().items()}
        with pytest.raises(ValueError, match="is inf") as caught:
            read_network(npz(**broken), ".npz")
        assert len(str(caught.value)) < 400
        assert "\n" not in str(caught.value)


def test_the_command(tmp_path, monkeypatch, capsys):
    def command(*words):
        monkeypatch.setattr(sys, "argv", ["explainer", "convert", *map(str, words)])
        main()

    gru = nn.GRU(D, H, 2)
    source, target = tmp_path / "a.pt", tmp_path / "a.npz"
    torch.save(gru.state_dict(), source)
    command(source, target)
    assert capsys.readouterr().out.splitlines() == [
        "l0: Cell(reset_after, D=5, H=4)",
        "l1: Cell(reset_after, D=4, H=4)",
        str(target),
    ]
    assert same(load(target)["l1"], from_torch(gru)["l1"])
    command(source, target, "--layer", "l1")
    assert list(load(target)) == ["l1"]
    with pytest.raises(SystemExit, match=r"^path must be the name .* in \.safetensors, \.npz"):
        command(source, tmp_path / "a.txt")
    with pytest.raises(SystemExit, match="No such file"):
        command(tmp_path / "b.pt", target)
