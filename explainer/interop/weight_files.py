"""Weights out of a file and into one; nothing in a file is ever run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from explainer.engine.equations.activation import USUAL
from explainer.engine.trace import Trace
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
    VOCABULARY,
    Arrays,
    Path,
    Said,
    array_file_bytes,
    ending_of,
    read_npz,
    read_pt,
    read_safetensors,
    said_activations,
    said_tokens,
)
from explainer.interop.cells import Cell, GRUNetwork
from explainer.interop.keras_files import read_h5, read_keras
from explainer.interop.layer_names import torch_names
from explainer.interop.onnx_reader import from_onnx
from explainer.interop.recording import Recording
from explainer.interop.state_dicts import from_torch, named_network
from explainer.interop.trace_files import TRACES, SavedTraces, save_traces

MOST_BYTES = 2**30
"""Most bytes of a file, packed and unpacked, if nobody says otherwise."""


def load(
    path: Path,
    layer: str | None = None,
    reset_after: bool | None = None,
    most_bytes: int = MOST_BYTES,
) -> Any:
    """Return the GRU layers of a file; or the trace or the recording that it holds.

    Nothing in the file is run: no pickled object is made, no other file is opened, and sizes are
    checked before anything is unpacked.

    Args:
        path: of a .safetensors or .npz file with PyTorch's names or this project's; a .pt, .pth or
            .ckpt file with a state_dict; an .onnx model; a .keras, .weights.h5 or .h5 file; or a
            file written by `save` of a trace or a recording.
        layer: the only layer wanted; None for all.
        reset_after: where the reset gate stands, if a file of Keras does not say.
        most_bytes: the largest possible file, and the most memory for its arrays.

    Returns:
        A GRUNetwork; of a file of traces a Trace or a Recording, computed anew.

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
    with reading(ending):
        read = READERS[ending](data, most_bytes, reset_after)
        found = read.computed() if isinstance(read, SavedTraces) else read
    if layer is None or isinstance(found, Trace):
        return found
    if layer not in found:
        raise UnknownNameError("layer", f"one of {names_of(found, layer)}", shorten(layer))
    if isinstance(found, Recording):
        return found[layer]
    return replace(found, cells={layer: found[layer]})


def read_network(
    data: bytes, ending: str, reset_after: bool | None = None, most_bytes: int = MOST_BYTES
) -> GRUNetwork:
    """Return the GRU layers of a file's bytes; nothing is computed.

    Args:
        data: the bytes.
        ending: of the file's name, such as ".npz".
        reset_after: where the reset gate stands, if a file of Keras does not say.
        most_bytes: the most memory for its arrays.

    Raises:
        ImportError: the library for this kind of file is not installed.
        ValueError: the file is damaged, too large, holds traces, or has no GRU that has equations
            here.
    """
    with reading(ending):
        found = READERS[ending](data, most_bytes, reset_after)
    if isinstance(found, SavedTraces):
        given, advice = "The file holds traces", "explainer.load reads it."
        raise ConstraintError("the file", "needed are weights alone", given, advice)
    return found


@contextmanager
def reading(ending: str) -> Iterator[None]:
    """Make a sentence of whatever a parser raises."""
    try:
        yield
    except (ExplainerError, ImportError):
        raise
    except Exception:  # a parser of bytes that anybody may have written raises anything
        given = "one that is damaged or of another kind"
        raise InvalidValueError("the file", f"a {ending} file", given) from None


def _safetensors(data: bytes, most_bytes: int, _: bool | None) -> GRUNetwork | SavedTraces:
    return _named(*read_safetensors(data, most_bytes), "safetensors file")


def _npz(data: bytes, most_bytes: int, _: bool | None) -> GRUNetwork | SavedTraces:
    return _named(*read_npz(data, most_bytes), "npz file")


def _named(arrays: Arrays, said: Said, kind: str) -> GRUNetwork | SavedTraces:
    if TRACES in said:
        return SavedTraces(arrays, said[TRACES])
    network = named_network(arrays, kind, activations=said_activations(said.get(ACTIVATIONS)))
    return replace(network, tokens=said_tokens(said))


def _pt(data: bytes, most_bytes: int, _: bool | None) -> GRUNetwork:
    return from_torch(read_pt(data, most_bytes))


def _onnx(data: bytes, most_bytes: int, _: bool | None) -> GRUNetwork:
    return from_onnx(data)


READERS: dict[str, Callable[[bytes, int, bool | None], GRUNetwork | SavedTraces]] = {
    ".safetensors": _safetensors,
    ".npz": _npz,
    **dict.fromkeys((".pt", ".pth", ".ckpt"), _pt),
    ".onnx": _onnx,
    ".keras": read_keras,
    ".h5": read_h5,
}
"""Who reads a file, by its ending."""


def save(path: Path, network: GRUNetwork | Cell | Trace | Recording) -> None:
    """Write weights, or what is given in a trace or a recording, as numbers and nothing else.

    Layers that torch.nn.GRU can compute have its names, so that load_state_dict takes them; others
    have this project's, such as "gru.W_ir" and "gru.b_r". Of a trace or a recording all from which
    the rest can be computed again is written. `load` reads all of them.

    Args:
        path: of a .safetensors file (needs safetensors) or an .npz file, which is replaced if there
            is one.
        network: all layers, or one; what else the network has is written, too; or the trace of a
            layer, or a recording.

    Raises:
        ImportError: safetensors is not installed.
        TypeError: `network` is something else.
        ValueError: the name has another ending.
    """
    ending = ending_of(path, (".safetensors", ".npz"))
    if isinstance(network, Trace | Recording):
        save_traces(path, network)
        return
    if isinstance(network, Cell):
        network = GRUNetwork({"gru.l0_reverse" if network.reverse else "gru.l0": network})
    if not isinstance(network, GRUNetwork):
        raise WrongTypeError(
            "network", "a GRUNetwork, a Cell, a Trace or a Recording", shorten(network)
        )
    arrays = {**network.others, **stored_names(network)}
    unusual = {n: c.activations for n, c in network.items() if c.activations != USUAL}
    said = {ACTIVATIONS: json.dumps(unusual)} if unusual else {}
    said |= {VOCABULARY: json.dumps(network.tokens)} if network.tokens else {}
    data = array_file_bytes(ending, arrays, said)
    with open(path, "wb") as file:
        file.write(data)


def stored_names(network: GRUNetwork) -> dict[str, np.ndarray[Any, Any]]:
    """Return all parameters under the names that a file has them by."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for layer, cell in network.items():
        path, number = torch_names(layer)
        if cell.is_torch_gru:
            arrays |= {f"{path}{n}": v.numpy() for n, v in cell.to_torch(number).items()}
        else:
            back = "_reverse" if cell.reverse else ""
            name = layer.removesuffix("_reverse")
            arrays |= {f"{name}.{n}{back}": v for n, v in cell.parameters.items()}
    return arrays
