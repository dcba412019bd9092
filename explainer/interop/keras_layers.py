"""The GRU layers of Keras (https://keras.io/api/layers/recurrent_layers/gru/)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from explainer.errors import ConstraintError, InvalidValueError, WrongTypeError, names_of, shorten
from explainer.interop.cells import Cell, GRUNetwork
from explainer.interop.layer_names import layer_name
from explainer.interop.layouts import from_arrays
from explainer.interop.stacked_gates import naming

GRU_CLASSES = ("GRU", "GRUCell")


def from_keras(layer: Any, reset_after: bool | None = None) -> GRUNetwork:
    """Return the GRU layers of Keras.

    Keras puts the gates z r h side by side: kernel (D, 3H), recurrent_kernel (H, 3H), and a bias
    (2, 3H), the input's and the state's, where the reset gate comes after the product, else (3H,).

    Args:
        layer: a keras.layers.GRU, GRUCell or Bidirectional, a whole model, or what
            `layer.get_weights()` returned.
        reset_after: where the reset gate stands, if `layer` is a list of weights without a bias.

    Returns:
        The cells by layer, under Keras's names; of a bidirectional layer the second ends in
        _reverse, as does one with go_backwards.

    Raises:
        TypeError: `layer` is something else.
        ValueError: there is no GRU inside, or it does what has no equation here.
    """
    if isinstance(layer, Sequence) and not isinstance(layer, str):
        return _from_weights(layer, reset_after)
    if not hasattr(layer, "get_config") or not hasattr(layer, "get_weights"):
        expected = "a Keras layer or model, or a list of a layer's weights"
        raise WrongTypeError("layer", expected, shorten(layer))
    found = {}
    for each in layers_inside(layer):
        found[each.name] = made_cell(each, keras_version(layer))
    if not found:
        raise ConstraintError("layer", "a GRU layer is needed", f"{layer.name} has none inside")
    return GRUNetwork(found, "Keras layers")


@dataclass(frozen=True, eq=False)
class KerasLayer:
    """One recurrent layer in one direction, and where it stands.

    Attributes:
        path: the names of what it stands in, and its own.
        layer: the layer itself.
        config: of its cell, with go_backwards.
    """

    path: str
    layer: Any
    config: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What it is called."""
        return layer_name(self.path, None, bool(self.config.get("go_backwards")))


def layers_inside(layer: Any) -> list[KerasLayer]:
    """Return the GRUs of a layer or a model, at any depth; the name of a model says nothing."""
    parts = getattr(layer, "layers", None) or [layer]
    found = [each for part in parts for each in _layers(part, "")]
    return list({id(each.layer): each for each in reversed(found)}.values())[::-1]


def keras_version(layer: Any) -> str:
    """Return the version of the library that a layer is of."""
    library = sys.modules.get(type(layer).__module__.partition(".")[0])
    return str(getattr(library, "__version__", "3"))


def made_cell(each: KerasLayer, version: str) -> Cell:
    """Return the cell of a layer.

    Raises:
        ValueError: it does what has no equation here; the message names the layer.
    """
    with naming(each.name):
        return keras_cell(each.config, each.layer.get_weights(), version)


def _layers(layer: Any, path: str) -> Iterator[KerasLayer]:
    """Iterate over the GRUs in a layer."""
    kinds = {own.__name__ for own in type(layer).__mro__}
    name = f"{path}.{layer.name}" if path else str(layer.name)
    if "Bidirectional" in kinds:
        for half, back in ((layer.forward_layer, False), (layer.backward_layer, True)):
            for inner in _layers(half, ""):
                # the second half reads from the end, whatever its own configuration says
                yield KerasLayer(name, inner.layer, {**inner.config, "go_backwards": back})
    elif kinds.intersection(GRU_CLASSES):
        yield KerasLayer(name, layer, layer.get_config())
    elif "RNN" in kinds and type(layer.cell).__name__ in GRU_CLASSES:
        back = layer.get_config().get("go_backwards")
        yield KerasLayer(name, layer, {**layer.cell.get_config(), "go_backwards": back})
    else:
        wrapped = [layer.layer] if hasattr(layer, "layer") else None
        for part in getattr(layer, "layers", None) or wrapped or own_layers(layer):
            yield from _layers(part, name)


def own_layers(layer: Any) -> list[Any]:
    """Return the layers that somebody's own layer has as its attributes."""
    flatten = getattr(layer, "_flatten_layers", None)
    return [] if flatten is None else list(flatten(include_self=False, recursive=False))


def keras_cell(config: Mapping[str, Any], weights: Sequence[Any], version: str) -> Cell:
    """Return one cell.

    Args:
        config: the layer's configuration; what it lacks is as Keras's default.
        weights: kernel, recurrent_kernel, and the bias if there is one.
        version: of Keras, since hard_sigmoid was another function before 3.

    Raises:
        ValueError: an activation has no equation here, or shapes don't fit.
    """
    gates = config.get("recurrent_activation", "sigmoid")
    candidate = config.get("activation", "tanh")
    hard = "hard_sigmoid_6" if int(version.partition(".")[0] or 3) >= 3 else "hard_sigmoid_5"
    names = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "linear": "linear"}
    names |= {"hard_sigmoid": hard}
    for given in (gates, candidate):
        if given not in names:
            expected = f"one of {names_of(names)}"
            raise InvalidValueError("activation", expected, shorten(given))
    (cell,) = _from_weights(
        weights,
        config.get("reset_after", True),
        (names[gates], names[candidate]),
        bool(config.get("go_backwards")),
    ).values()
    return cell


def _from_weights(
    weights: Sequence[Any],
    reset_after: bool | None,
    activations: tuple[str, str] = ("sigmoid", "tanh"),
    reverse: bool = False,
) -> GRUNetwork:
    if len(weights) in (4, 6) and np.shape(weights[0]) == np.shape(weights[len(weights) // 2]):
        half = len(weights) // 2  # a bidirectional layer's
        first, second = weights[:half], weights[half:]
        (forward,) = _from_weights(first, reset_after).values()
        (backward,) = _from_weights(second, reset_after, reverse=True).values()
        return GRUNetwork({"gru": forward, "gru_reverse": backward}, "Keras weights")
    if len(weights) not in (2, 3):
        expected = "[kernel, recurrent_kernel, bias], or without the bias"
        raise InvalidValueError("weights", expected, f"{len(weights)} arrays")
    bias = weights[2] if len(weights) == 3 else None
    if reset_after is None:
        if bias is None:
            raise ConstraintError(
                "reset_after",
                "pass reset_after=True or False",
                "Without a bias the weights do not say where the reset gate stands",
            )
        reset_after = np.ndim(bias) == 2
    if bias is not None and (np.ndim(bias) == 2) != reset_after:
        H = np.shape(weights[1])[0]
        expected = f"an array of shape {(2, 3 * H) if reset_after else (3 * H,)}"
        advice = f"Or pass reset_after={not reset_after}."
        raise InvalidValueError("bias", expected, f"shape {np.shape(bias)}", advice)
    cell = from_arrays(
        weights[0],
        weights[1],
        bias,
        order="zrh",
        reset="after" if reset_after else "before",
        activations=activations,
        reverse=reverse,
    )
    return GRUNetwork({"gru_reverse" if reverse else "gru": cell}, "Keras weights")
