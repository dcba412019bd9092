"""Weights out of a file and into one; nothing in a file is ever run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from os import PathLike, fspath
from typing import Any

import numpy as np

from explainer.errors import (
    ConstraintError,
    ExplainerError,
    InvalidValueError,
    UnknownNameError,
    WrongTypeError,
    in_range,
    names_of,
    shorten,
)
from explainer.interop.array_files import (
    ACTIVATIONS,
    npz_bytes,
    read_npz,
    read_pt,
    read_safetensors,
)
from explainer.interop.cell_exports import USUAL
from explainer.interop.cells import Cell, GRUNetwork
from explainer.interop.keras_files import read_h5, read_keras
from explainer.interop.layer_names import torch_names
from explainer.interop.onnx_reader import from_onnx
from explainer.interop.optional import needed
from explainer.interop.state_dicts import from_torch, named_network

Path = str | PathLike[str]
MOST_BYTES = 2**30
"""Most bytes of a file, packed and unpacked, if nobody says otherwise."""


def load(
    path: Path,
    layer: str | None = None,
    reset_after: bool | None = None,
    most_bytes: int = MOST_BYTES,
) -> GRUNetwork:
    """Return the GRU layers of a file.

    Nothing in the file is run: no pickled object is made, no other file is opened, and sizes are
    checked before anything is unpacked.

    Args:
        path: of a .safetensors or .npz file with PyTorch's names or this project's; a .pt, .pth or
            .ckpt file with a state_dict; an .onnx model; a .keras, .weights.h5 or .h5 file.
        layer: the only layer wanted; None for all.
        reset_after: where the reset gate stands, if a file of Keras does not say.
        most_bytes: the largest possible file, and the most memory for its arrays.

    Raises:
        ImportError: the library for this kind of file is not installed.
        KeyError: there is no such layer.
        OSError: the file can't be opened.
        ValueError: the file is damaged, too large, or has no GRU that has equations here; the
            message says what was found.
    """
    most_bytes = in_range("most_bytes", most_bytes, int, 1, 2**40)
    ending = ending_of(path, READERS)
    with open(path, "rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        given = "The file is larger"
        raise ConstraintError("the file", f"possible: up to {most_bytes:,} bytes", given)
    network = read_network(data, ending, reset_after, most_bytes)
    if layer is None:
        return network
    if layer not in network:
        raise UnknownNameError("layer", f"one of {names_of(network, layer)}", shorten(layer))
    return GRUNetwork({layer: network[layer]}, network.kind, network.others, network.says)


def read_network(
    data: bytes, ending: str, reset_after: bool | None = None, most_bytes: int = MOST_BYTES
) -> GRUNetwork:
    """Return the GRU layers of a file's bytes, as `load` does.

    Args:
        data: the bytes.
        ending: of the file's name, such as ".npz".
        reset_after: where the reset gate stands, if a file of Keras does not say.
        most_bytes: the most memory for its arrays.

    Raises:
        ImportError: the library for this kind of file is not installed.
        ValueError: the file is damaged, too large, or has no GRU that has equations here.
    """
    try:
        return READERS[ending](data, most_bytes, reset_after)
    except (ExplainerError, ImportError):
        raise
    except Exception:  # a parser of bytes that anybody may have written raises anything
        given = "one that is damaged or of another kind"
        raise InvalidValueError("the file", f"a {ending} file", given) from None


def _safetensors(data: bytes, most_bytes: int, _: bool | None) -> GRUNetwork:
    arrays, activations = read_safetensors(data, most_bytes)
    return named_network(arrays, "safetensors file", activations=activations)


def _npz(data: bytes, most_bytes: int, _: bool | None) -> GRUNetwork:
    arrays, activations = read_npz(data, most_bytes)
    return named_network(arrays, "npz file", activations=activations)


def _pt(data: bytes, most_bytes: int, _: bool | None) -> GRUNetwork:
    return from_torch(read_pt(data, most_bytes)[0])


def _onnx(data: bytes, most_bytes: int, _: bool | None) -> GRUNetwork:
    return from_onnx(data)


READERS: dict[str, Callable[[bytes, int, bool | None], GRUNetwork]] = {
    ".safetensors": _safetensors,
    ".npz": _npz,
    **dict.fromkeys((".pt", ".pth", ".ckpt"), _pt),
    ".onnx": _onnx,
    ".keras": read_keras,
    ".h5": read_h5,
}
"""Who reads a file, by its ending."""


def save(path: Path, network: GRUNetwork | Cell) -> None:
    """Write weights as numbers and nothing else, float64.

    Layers that torch.nn.GRU can compute have its names, so that load_state_dict takes them; others
    have this project's, such as "gru.W_ir" and "gru.b_r". `load` reads both.

    Args:
        path: of a .safetensors file (needs safetensors) or an .npz file, which is replaced if there
            is one.
        network: all layers, or one; what else the network has is written, too.

    Raises:
        ImportError: safetensors is not installed.
        TypeError: `network` is something else.
        ValueError: the name has another ending.
    """
    ending = ending_of(path, (".safetensors", ".npz"))
    if isinstance(network, Cell):
        network = GRUNetwork({"gru.l0_reverse" if network.reverse else "gru.l0": network})
    if not isinstance(network, GRUNetwork):
        raise WrongTypeError("network", "a GRUNetwork or a Cell", shorten(network))
    arrays = {**network.others, **stored_names(network)}
    unusual = {n: c.activations for n, c in network.items() if c.activations != USUAL}
    said = json.dumps(unusual)
    if ending == ".npz":
        extra = {ACTIVATIONS: np.array(said)} if unusual else {}
        data = npz_bytes({**arrays, **extra})
    else:
        writer = needed("safetensors.numpy", "to write .safetensors files")
        whole = {n: np.ascontiguousarray(v) for n, v in arrays.items()}
        data = writer.save(whole, {ACTIVATIONS: said} if unusual else None)
    with open(path, "wb") as file:
        file.write(data)


def stored_names(network: GRUNetwork) -> dict[str, np.ndarray[Any, Any]]:
    """Return all parameters under the names that a file has them by."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for layer, cell in network.items():
        path, number = torch_names(layer)
        if cell.variant == "reset_after" and cell.activations == USUAL:
            arrays |= {f"{path}{n}": v.numpy() for n, v in cell.to_torch(number).items()}
        else:
            back = "_reverse" if cell.reverse else ""
            name = layer.removesuffix("_reverse")
            arrays |= {f"{name}.{n}{back}": v for n, v in cell.parameters.items()}
    return arrays


def ending_of(path: Path, possible: Mapping[str, Any] | tuple[str, ...]) -> str:
    """Return which of the possible endings a file's name has.

    Raises:
        TypeError: `path` is no path.
        ValueError: it has none of them.
    """
    if not isinstance(path, str | PathLike):
        raise WrongTypeError("path", "a string or a path", shorten(path))
    name = str(fspath(path)).lower()
    for ending in possible:
        if name.endswith(ending):
            return ending
    expected = f"the name of a file that ends in {names_of(possible)}"
    raise InvalidValueError("path", expected, shorten(path))
