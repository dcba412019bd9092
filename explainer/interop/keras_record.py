"""The GRU layers of a Keras model, wherever they stand, on the input that each really has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explainer.engine.trace import Array
from explainer.errors import ConstraintError, must_be, names_of
from explainer.interop.agreement import Agreement
from explainer.interop.foreign_models import recorded_cell
from explainer.interop.keras_layers import keras_version, layers_inside, made_cell
from explainer.interop.layer import Layer
from explainer.interop.layer_names import layer_name
from explainer.interop.optional import needed
from explainer.interop.recording import Recording


@dataclass(frozen=True, eq=False)
class KerasCall:
    """What one call of a recurrent layer was given and made, as arrays.

    Attributes:
        x: (B, T, D) input.
        h_0: (B, H) first state.
        kept: (B, T) which time steps a mask keeps.
        states: (B, T, H) in the order of the input; None where the layer keeps the last one alone.
    """

    x: Array
    h_0: Array
    kept: NDArray[np.bool_]
    states: Array | None


def record_keras(model: Any, inputs: Any) -> Recording:
    """Run a Keras model once, and record its GRU layers; needs keras.

    Layers are found inside of models, wrappers such as Bidirectional and TimeDistributed, and
    RNN(GRUCell). Time steps that a mask leaves out are left out: Keras carries the state over them.

    Args:
        model: a keras.Model of any kind, which stays as it is.
        inputs: what the model is called with.

    Returns:
        A trace for each direction of each layer, of each of its calls where it is called several
        times ("rnn#0", "rnn#1"); `agreements` with Keras' own states where the layer returns them;
        and as `output` what the model returned.

    Raises:
        ImportError: keras is not installed.
        TypeError: `model` is no Keras model.
        ValueError: there is no GRU layer that can be recorded.
    """
    keras = needed("keras", "to run Keras models")
    must_be("model", model, keras.Model, "a keras.Model")
    if not model.built:  # a model of one's own makes its weights at its first call
        model(inputs, training=False)
    found = layers_inside(model)
    if not found:
        raise ConstraintError("model", "at least one is needed", "The model has no GRU layer")
    looping = [each.layer for each in found if hasattr(each.layer, "inner_loop")]
    with noted_loops(keras, looping) as calls:
        output = model(inputs, training=False)
    silent = [each.name for each in found if not calls.get(id(each.layer))]
    if len(silent) == len(found):
        given = f"No call of {names_of(silent)} was seen"
        expected = "the model must run a GRU, or an RNN with one GRUCell, over whole sequences"
        raise ConstraintError("model", expected, given)
    layers: dict[str, Layer] = {}
    agreements: list[Agreement] = []
    for each in found:
        own = calls.get(id(each.layer))
        if not own:
            continue
        cell = made_cell(each, keras_version(each.layer))
        for number, call in enumerate(own):
            path = f"{each.path}#{number}" if len(own) > 1 else each.path
            name = layer_name(path, None, cell.reverse)
            lengths = [int(n) for n in call.kept.sum(1)]
            x = packed(call.x, call.kept)
            states = None if call.states is None else packed(call.states, call.kept)
            layers[name], agreement = recorded_cell(
                name, cell, x, states, call.h_0, lengths, "Keras"
            )
            agreements.append(agreement)
    left_out = ""
    if silent:
        verb = "is" if len(silent) == 1 else "are"
        left_out = f"{names_of(silent)} {verb} left out: no call over a whole sequence was seen."
    return Recording(layers, output, None, tuple(agreements), left_out)


@contextmanager
def noted_loops(keras: Any, layers: Sequence[Any]) -> Iterator[dict[int, list[KerasCall]]]:
    """Note the calls of recurrent layers, and leave the layers as they were.

    Yields:
        The calls by the layers' ids.
    """
    calls: dict[int, list[KerasCall]] = {id(layer): [] for layer in layers}
    before = [(s, keras.ops.copy(s.value)) for each in layers for s in kept_states(each)]
    try:
        for layer in layers:
            object.__setattr__(layer, "inner_loop", noting(keras, layer, calls[id(layer)]))
        yield calls
    finally:
        for layer in layers:
            object.__delattr__(layer, "inner_loop")
        for variable, value in before:
            variable.assign(value)


def kept_states(layer: Any) -> list[Any]:
    """Return the variables in which a stateful layer keeps its state."""
    return list(layer.states or ()) if layer.stateful else []


def noting(keras: Any, layer: Any, calls: list[KerasCall]) -> Any:
    """Return a layer's loop over time, which notes what goes in and comes out."""
    loop = layer.inner_loop

    def noted(sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        _, outputs, _ = made = loop(sequences, initial_state, mask, training=training)
        try:
            x, h_0, y = (
                np.array(keras.ops.convert_to_numpy(keras.ops.cast(v, "float64")))
                for v in (sequences, initial_state[0], outputs)
            )
            kept = np.ones(x.shape[:2], bool)
            if mask is not None:
                kept = keras.ops.convert_to_numpy(mask).astype(bool).reshape(kept.shape)
        except Exception:  # a backend raises its own kinds where it only traces a computation
            given = f"{layer.name} runs inside a compiled computation"
            raise ConstraintError("model", "numbers can be seen outside of one", given) from None
        whole = y if y.shape[:2] == x.shape[:2] and layer.return_sequences else None
        if whole is not None and layer.go_backwards:
            whole = whole[:, ::-1]  # they are returned in the order in which they were made
        calls.append(KerasCall(x, h_0, kept, whole))
        return made

    return noted


def packed(values: Array, kept: NDArray[np.bool_]) -> Array:
    """Return (B, T, ·) with the time steps that are kept first, and zeros after them."""
    found = np.zeros((len(values), max(1, int(kept.sum(1).max())), *values.shape[2:]))
    for row, where in enumerate(kept):
        found[row, : where.sum()] = values[row, where]
    return found
