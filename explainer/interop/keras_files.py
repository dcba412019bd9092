"""Keras's files, read without Keras: .keras, .weights.h5 and .h5; needs h5py."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explainer.errors import ConstraintError, InvalidValueError
from explainer.interop import h5_process
from explainer.interop.array_files import archive, check_unpacked
from explainer.interop.cells import Cell, GRUNetwork
from explainer.interop.keras_layers import GRU_CLASSES, from_keras, keras_cell
from explainer.interop.layer_names import layer_name, natural_order
from explainer.interop.optional import needed
from explainer.interop.stacked_gates import naming, short_name

SECONDS = 30
"""Longest time that reading an .h5 file may take."""
OTHERS = {4: "four gates: an LSTM", 1: "no gates: a plain RNN"}


@dataclass(frozen=True)
class ConfiguredLayer:
    """A recurrent layer of a model's configuration.

    Attributes:
        group: where a .keras file keeps its weights: names are made of classes, not of layers.
        names: of the layer and of what it is in.
        reverse: whether it reads from the end.
        half: "forward" or "backward" of a bidirectional layer; empty for none.
        config: of the layer.
    """

    group: str
    names: tuple[str, ...]
    reverse: bool
    half: str
    config: Mapping[str, Any]


def read_keras(data: bytes, most_bytes: int, reset_after: bool | None) -> GRUNetwork:
    """Return the GRU layers of a .keras file, in the order of its configuration."""
    with archive(data, most_bytes) as members:
        config = json.loads(members.read("config.json"))
        version = json.loads(members.read("metadata.json")).get("keras_version", "3")
        weights = members.read("model.weights.h5")
    return read_h5(weights, most_bytes, reset_after, config, str(version))


def read_h5(
    data: bytes,
    most_bytes: int,
    reset_after: bool | None,
    config: Mapping[str, Any] | None = None,
    version: str = "3",
) -> GRUNetwork:
    """Return the GRU layers of an .h5 file, which may or may not hold a configuration."""
    said, groups = h5_contents(data, most_bytes)
    version = said.get("keras_version", version)
    if config is None and "model_config" in said:
        config = json.loads(said["model_config"])
    layers = list(configured(config)) if config else []
    cells: dict[str, Cell] = {}
    says = []
    left = sorted(groups, key=natural_order)
    for layer in layers:
        found = [g for g in left if g == layer.group] or [g for g in left if is_of(g, layer)]
        if not found:
            continue
        left.remove(found[0])
        name = layer_name(".".join(layer.names), None, layer.reverse)
        with naming(name):
            cells[name] = keras_cell(layer.config, groups[found[0]], version)
    for group in left:
        weights = groups[group]
        gates = weights[1].shape[1] / weights[1].shape[0]
        if gates != 3:
            what = OTHERS.get(gates, "no three gates")
            says.append(f"{short_name(group)} has {what}; it was left out.")
            continue
        name = re.sub(r"/cell/vars$|^model_weights/|^layers/", "", group).replace("/", ".")
        back = "backward" in name
        with naming(name):
            cell = from_keras(weights, reset_after).cell
        cells[name] = Cell(cell.variant, cell.parameters, cell.activations, back)
        says.append(
            f"The file does not say which activations {short_name(name)} has: "
            "sigmoid and tanh are assumed."
        )
    if not cells:
        given = " ".join(says).rstrip(".") or "The file has no GRU layer"
        raise ConstraintError("the file", "at least one GRU is needed", given)
    return GRUNetwork(cells, "Keras file", says=tuple(says))


def h5_contents(
    data: bytes, most_bytes: int
) -> tuple[Mapping[str, str], dict[str, list[NDArray[Any]]]]:
    """Return attributes of an .h5 file, and the weights of recurrent layers by group.

    Raises:
        ImportError: h5py is not installed.
        ValueError: the file is damaged, unpacks to too much, or keeps its numbers elsewhere.
    """
    needed("h5py", "to read Keras's files")
    command = [sys.executable, "-P", h5_process.__file__, str(most_bytes)]
    damaged = InvalidValueError("the file", "an .h5 file", "one that is damaged or of another kind")
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise damaged from None
    if done.returncode:
        raise damaged
    with np.load(io.BytesIO(done.stdout), allow_pickle=False) as found:
        header = json.loads(str(found["header"]))
        if header["elsewhere"]:
            given = "The file keeps its numbers in other files"
            raise ConstraintError("the file", "weights must be in the file itself", given)
        check_unpacked(header["size"], most_bytes)
        groups = {
            group: [found[f"{i}.{place}"] for place in range(3) if f"{i}.{place}" in found]
            for i, group in enumerate(header["groups"])
        }
    return header["said"], groups


def configured(
    model: Mapping[str, Any], group: str = "", names: tuple[str, ...] = ()
) -> Iterator[ConfiguredLayer]:
    """Iterate over the recurrent layers of a model's configuration, in order."""
    counts: Counter[str] = Counter()
    for layer in model.get("config", {}).get("layers", ()):
        kind, config = str(layer["class_name"]), layer["config"]
        own = snake_case(kind)
        place = f"{group}layers/{own}" + (f"_{counts[own]}" if counts[own] else "")
        counts[own] += 1
        path = (*names, str(config.get("name", own)))
        if kind == "Bidirectional":
            halves = {"forward": config["layer"], "backward": config.get("backward_layer")}
            for half, inner in halves.items():
                of = (inner or config["layer"])["config"]
                back = half == "backward"  # whatever its own configuration says
                cell = f"{place}/{half}_layer/cell/vars"
                yield ConfiguredLayer(cell, path, back, half, {**of, "go_backwards": back})
        elif "layers" in config:
            yield from configured(layer, f"{place}/", path)
        else:
            if kind == "RNN" and isinstance(config.get("cell"), Mapping):
                kind = str(config["cell"]["class_name"])
                config = {**config["cell"]["config"], "go_backwards": config.get("go_backwards")}
            if kind == "CuDNNGRU":
                given = f"{path[-1]} is a CuDNNGRU, whose recurrent weights have another layout"
                advice = "Find out which with detect(), and read them with from_arrays()."
                raise ConstraintError("the file", "only GRU layers can be read", given, advice)
            if kind in GRU_CLASSES:
                back = bool(config.get("go_backwards"))
                yield ConfiguredLayer(f"{place}/cell/vars", path, back, "", config)


def is_of(group: str, layer: ConfiguredLayer) -> bool:
    """Tell whether a group of an older file is a layer's, by the names on the way to it."""
    parts = group.split("/")
    if parts[-1] == "vars":
        return False
    halves = [h for h in ("forward", "backward") for p in parts if p.startswith(h)]
    return set(layer.names) <= set(parts) and (not layer.half or layer.half in halves)


def snake_case(name: str) -> str:
    """Return a class's name as Keras calls groups: "Bidirectional" is bidirectional, GRU gru."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
