"""In which floating-point numbers a run is computed."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from explainer.engine.trace import Trace
from explainer.settings import Settings


def dtype_of(source: Settings | Trace) -> torch.dtype:
    """Return the type of all real numbers in a run, or in the one that a trace is of."""
    precision = source.precision if isinstance(source, Settings) else source.origin.precision
    return torch.float32 if precision == "float32" else torch.float64


def in_precision(settings: Settings, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return values as a run takes them: real numbers rounded to its precision, others as are."""
    dtype = dtype_of(settings)
    return {n: v.to(dtype) if v.is_floating_point() else v for n, v in values.items()}
