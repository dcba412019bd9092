"""A trace as an xarray.Dataset, a recording as a tree of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from explainer.engine.trace import Trace
from explainer.interop.optional import needed

AXIS = {"B": "sequence", "T": "time", "D": "feature", "H": "unit", "V": "token"}
"""What the dims are called."""
PURPOSE = "to return datasets"


def dataset(trace: Trace) -> Any:
    """Return every quantity of a trace, with its labels; what is after a sequence's end is NaN.

    Raises:
        ImportError: xarray is not installed.
    """
    xarray = needed("xarray", PURPOSE)
    T = trace.sizes.get("T", 0)
    inside = np.arange(T) < np.array(trace.lengths)[:, None]
    labels = {AXIS[d]: list(names) for d, names in trace.origin.names.items()}
    if trace.origin.reverse:
        labels.pop("time", None)  # of each sequence they would stand in another order
    variables = {}
    for name, q in trace.quantities.items():
        if name not in trace.arrays:
            continue
        values = trace.arrays[name]
        if q.dims[:2] == ("B", "T") and not inside.all():
            values = np.where(
                inside.reshape(inside.shape + (1,) * (values.ndim - 2)), values, np.nan
            )
        about = {"symbol": q.symbol, "description": q.description}
        variables[name] = (axes_of(q.dims), values, about)
    return xarray.Dataset(variables, labels)


def data_tree(recording: Mapping[str, Trace]) -> Any:
    """Return a dataset for each layer that has numbers, under its name.

    Raises:
        ImportError: xarray is not installed.
        ValueError: the numbers of a layer are not finite from the beginning.
    """
    xarray = needed("xarray", PURPOSE)
    found = {f"/{name.replace('/', '_')}": dataset(trace) for name, trace in recording.items()}
    return xarray.DataTree.from_dict(found)


def axes_of(dims: tuple[str, ...]) -> list[str]:
    """Return the names of a quantity's dims, no two of them equal."""
    return [f"{AXIS[d]}_before" if d in dims[:i] else AXIS[d] for i, d in enumerate(dims)]
