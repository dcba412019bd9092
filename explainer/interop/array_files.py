"""Arrays by name out of a file's bytes: nothing in it is run, and sizes are checked before reading.

Whoever wrote the file may have meant harm. A reader raises an error of `explainer.errors`, or
anything else where the bytes are damaged; `weight_files.py` makes a sentence of that.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from math import prod
from os import PathLike, fspath
from typing import Any

import numpy as np
import torch

from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    WrongTypeError,
    names_of,
    shorten,
)
from explainer.interop.optional import needed

LONGEST_HEADER = 10_000_000
"""Most bytes of a safetensors header: 100,000 tensors have some 8,000,000."""
MOST_MEMBERS = 100_000
"""Most members of an archive."""
ACTIVATIONS = "activations"
"""Under this name a file says which activations its layers have, as JSON by layer."""

VOCABULARY = "vocabulary"
"""Under this name a file says what the rows of its embedding stand for: tokens as a JSON list, or
in .npz an array of strings."""

Arrays = dict[str, Any]
Said = Mapping[str, str]
"""What a file says beside its arrays, in texts by name."""
Activations = Mapping[str, tuple[str, str]]
Path = str | PathLike[str]


def check_unpacked(size: int, most_bytes: int) -> None:
    """Refuse what would take too much memory.

    Raises:
        ValueError: it would.
    """
    if size > most_bytes:
        raise ConstraintError(
            "the file",
            f"possible: up to {most_bytes:,}",
            f"The file unpacks to {size:,} bytes",
            "Save the GRU's own weights alone.",
        )


def archive(data: bytes, most_bytes: int) -> zipfile.ZipFile:
    """Return a zip archive whose directory is known to be small enough when unpacked.

    A member yields no more bytes than the directory says.
    """
    found = zipfile.ZipFile(io.BytesIO(data))
    members = found.infolist()
    if len(members) > MOST_MEMBERS:
        given = f"The archive has {len(members):,} members"
        raise ConstraintError("the file", f"at most {MOST_MEMBERS:,} are possible", given)
    check_unpacked(sum(m.file_size for m in members), most_bytes)
    return found


def read_safetensors(data: bytes, most_bytes: int) -> tuple[Arrays, Said]:
    """Return the tensors of a safetensors file, and what it says; needs safetensors."""
    reader = needed("safetensors.torch", "to read .safetensors files")
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise InvalidValueError("the file", "whole", f"{len(data):,} bytes of a longer one")
    if length > LONGEST_HEADER:
        expected = f"with a header of at most {LONGEST_HEADER:,} bytes"
        raise InvalidValueError("the file", expected, f"{length:,}")
    header = json.loads(data[8 : 8 + length])
    metadata = header.get("__metadata__") or {}
    arrays = reader.load(data)
    check_unpacked(total_bytes(arrays.values()), most_bytes)
    return dict(arrays), {str(name): str(text) for name, text in metadata.items()}


def read_npz(data: bytes, most_bytes: int) -> tuple[Arrays, Said]:
    """Return the arrays of an .npz file, and what it says; Python objects are refused."""
    arrays: Arrays = {}
    said = {}
    with archive(data, most_bytes) as members:
        for name in members.namelist():
            key, _, ending = name.rpartition(".")
            if ending != "npy":
                continue
            array = npy_array(key, members.read(name))
            if array.dtype.kind != "U":
                arrays[key] = array
            elif array.ndim == 0:
                said[key] = str(array)
            elif key == VOCABULARY:
                said[key] = json.dumps(array.ravel().tolist())
    return arrays, said


def npy_array(name: str, data: bytes) -> np.ndarray[Any, Any]:
    """Return one array of an .npz file, once its header and its length agree."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    shape, _, dtype = readers[version](file)
    if dtype.hasobject:
        raise ConstraintError(
            "the file",
            "possible: arrays of numbers",
            f"The array {shorten(name)} holds Python objects, and reading those would run code",
        )
    if prod(shape) * dtype.itemsize != len(data) - file.tell():
        raise InvalidValueError(shorten(name), f"an array of shape {shape}", "other bytes")
    file.seek(0)
    array: np.ndarray[Any, Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array


def npz_bytes(arrays: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    """Return arrays as an .npz file; np.savez would take some names for its own arguments."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as members:
        for name, array in arrays.items():
            with members.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return buffer.getvalue()


def array_file_bytes(ending: str, arrays: Mapping[str, Any], said: Said) -> bytes:
    """Return arrays and texts as a file.

    Args:
        ending: ".npz", or ".safetensors", which needs safetensors.
        arrays: of numbers, by name.
        said: texts by name; .npz has them as arrays of one string, .safetensors as metadata.
    """
    if ending == ".npz":
        return npz_bytes({**arrays, **{name: np.array(text) for name, text in said.items()}})
    writer = needed("safetensors.numpy", "to write .safetensors files")
    whole = {n: np.ascontiguousarray(v) for n, v in arrays.items()}
    data: bytes = writer.save(whole, dict(said) or None)
    return data


def ending_of(path: Path, possible: Iterable[str]) -> str:
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


def read_pt(data: bytes, most_bytes: int) -> Arrays:
    """Return the mapping of a file by torch.save; whatever would run code is refused."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise InvalidValueError(
            "the file",
            "an archive, as torch.save has written since PyTorch 1.6",
            "something else",
            "Save it anew: torch.save(model.state_dict(), …), or better as .safetensors.",
        )
    archive(data, most_bytes).close()
    try:
        found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # what it refuses to run, and what is damaged
        if type(error).__name__ != "UnpicklingError":
            raise
        raise ConstraintError(
            "the file",
            "possible: a state_dict",
            "The file holds Python objects beside numbers, and reading those would run its code",
            "Save torch.save(model.state_dict(), …), or better save_file(model.state_dict(), "
            '"model.safetensors") of the library safetensors.',
        ) from None
    if not isinstance(found, Mapping):
        raise InvalidValueError("the file", "a state_dict", f"a {type(found).__name__}")
    check_unpacked(total_bytes(found.values()), most_bytes)
    return dict(found)


def total_bytes(values: Iterable[Any]) -> int:
    """Return the size of tensors in bytes, those in mappings inside included."""
    total = 0
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, torch.Tensor):  # one whose rows are the same memory counts as it reads
            total += value.numel() * value.element_size()
        elif isinstance(value, Mapping):
            waiting += value.values()
    return total


def said_activations(said: str | None) -> Activations:
    """Return the activations of layers, as the file says."""
    named = json.loads(said) if said else {}
    return {str(layer): (str(gates), str(new)) for layer, (gates, new) in named.items()}


def said_tokens(said: Said) -> tuple[str, ...]:
    """Return the tokens that a file names, by id; empty where it names none."""
    found = json.loads(said.get(VOCABULARY, "[]"))
    if not isinstance(found, list):
        raise InvalidValueError(VOCABULARY, "a list of tokens", shorten(found))
    return tuple(map(str, found))
