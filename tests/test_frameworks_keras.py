"""Cells of Keras beside Keras itself, its models and its files."""

import numpy as np
import pytest
from framework_cases import H_0, B, D, H, T, X, apart, library, same_numbers
from loops import states

from explainer import (
    detect,
    from_keras,
    load,
    record_keras,
)
from explainer.interop.weight_files import read_network

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("ignore")]


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
