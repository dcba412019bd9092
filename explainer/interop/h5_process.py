"""A program of its own: reads an HDF5 file from its input, writes recurrent layers to its output.

HDF5's library can run forever, or end the process, on a file that is damaged, and nothing in
Python can stop it there. So it gets a process that can be ended. `keras_files.py` starts it.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import numpy as np

PLACES = {"0": 0, "1": 1, "2": 2, "kernel": 0, "recurrent_kernel": 1, "bias": 2}
"""Which of a layer's weights a dataset is, by its name."""
ATTRIBUTES = ("keras_version", "model_config")


def write_contents(data: bytes, most_bytes: int) -> bytes:
    """Return the weights of recurrent layers as the bytes of an .npz file.

    Only links within the file are followed, and no dataset is read from elsewhere. Where the file
    is too large or keeps its numbers elsewhere, only the header says so.

    Args:
        data: the HDF5 file.
        most_bytes: the most memory for its arrays.

    Returns:
        Arrays "0.0", "0.1", "0.2": of the first group kernel, recurrent kernel and bias; and
        "header", JSON: groups, attributes, size in bytes, whether numbers are elsewhere.
    """
    import h5py

    found: dict[str, dict[int, Any]] = {}

    def look(name: str, item: Any) -> None:
        group, _, last = name.rpartition("/")
        place = PLACES.get(last.partition(":")[0])
        if isinstance(item, h5py.Dataset) and place is not None and item.ndim in (1, 2):
            found.setdefault(group, {})[place] = item

    with h5py.File(io.BytesIO(data), "r") as file:
        said = {name: str(file.attrs[name]) for name in ATTRIBUTES if name in file.attrs}
        file.visititems(look)
        groups = {name: items for name, items in found.items() if is_recurrent(items)}
        chosen = [item for items in groups.values() for item in items.values()]
        size = sum(item.size * item.dtype.itemsize for item in chosen)
        elsewhere = any(item.external or item.is_virtual for item in chosen)
        arrays: dict[str, Any] = {}
        if size <= most_bytes and not elsewhere:
            for i, items in enumerate(groups.values()):
                arrays |= {f"{i}.{place}": items[place][()] for place in sorted(items)}
    header = {"groups": [*groups], "said": said, "size": size, "elsewhere": elsewhere}
    buffer = io.BytesIO()
    np.savez(buffer, header=np.array(json.dumps(header)), **arrays)
    return buffer.getvalue()


def is_recurrent(items: dict[int, Any]) -> bool:
    """Tell whether datasets are a recurrent cell's: its second has H rows, and gates in columns."""
    recurrent = items.get(1)
    if 0 not in items or recurrent is None or recurrent.ndim != 2 or not recurrent.shape[0]:
        return False
    return bool(recurrent.shape[1] % recurrent.shape[0] == 0)


if __name__ == "__main__":
    sys.stdout.buffer.write(write_contents(sys.stdin.buffer.read(), int(sys.argv[1])))
