"""A quantity as a long table: one row for each number."""

from __future__ import annotations

import numpy as np
import pandas as pd

from explainer.engine.trace import Trace

AXES = {"B": "sequence", "T": "time step", "D": "feature", "H": "unit", "V": "token id"}
"""What the levels of the index are called."""


def long_table(trace: Trace, name: str) -> pd.Series[float]:
    """Return a quantity with its places as an index; padding after a sequence's end is left out.

    Args:
        trace: it stands there.
        name: the quantity.

    Returns:
        The numbers by sequence, time step, unit and so on; features and time steps under the names
        that the trace has for them.

    Raises:
        KeyError: there is none of this name.
    """
    values, dims = trace[name], trace.quantities[name].dims
    levels = [
        trace.origin.names.get(d) or range(n) for d, n in zip(dims, values.shape, strict=True)
    ]
    axes = [AXES[d] for d in dims]
    if dims == ("H", "H"):
        axes[1] = "unit before"
    if not dims:
        return pd.Series([float(values)], name=name)
    index = pd.MultiIndex.from_product(levels, names=axes)
    found = pd.Series(values.ravel(), index=index, name=name)
    if dims[:2] == ("B", "T"):
        T = trace.sizes["T"]
        inside = np.arange(T) < np.array(trace.lengths)[:, None]
        found = found[np.repeat(inside.ravel(), values[0, 0].size)]
    return found
