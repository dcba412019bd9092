"""A trace: every quantity of one pass, as read-only arrays that know their names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explainer.engine.exports import HTMLExports, Path, format_module
from explainer.engine.not_finite import refuse_not_finite
from explainer.engine.origin import NOWHERE, Origin
from explainer.engine.quantity import DIMS, Quantity
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    NamedDict,
    UnknownNameError,
    must_be,
    names_of,
    shorten,
)

if TYPE_CHECKING:
    import pandas as pd

    from explainer.engine.edits import Edit

Array = NDArray[np.float64]

LARGEST_TRACE = 40_000_000
"""Most numbers in one trace (320 MB): more than any page can show or a small server keep."""


@dataclass(frozen=True, eq=False)
class Trace(HTMLExports, Mapping[str, Array]):
    """What one pass computed: a mapping from names to arrays.

    A quantity that has no array yet is computed when it is first asked for, then kept: each time
    step's contribution to a gradient, and what stands inside the activations.

    Attributes:
        quantities: what is in the trace, in the order it was computed.
        arrays: one read-only float64 array by name, dims as its quantity says; of a run in float32
            its numbers are those that a float32 can hold.
        sizes: length of each dim, such as {"B": 2, "T": 8, "D": 4, "H": 4, "V": 36}.
        edits: what was changed or held in it, by name; empty where nothing was.
        origin: what is known of numbers that come from elsewhere.

    Raises:
        ValueError: an array has not the declared shape, or is not finite; the message names
            where that began.
    """

    quantities: Mapping[str, Quantity]
    arrays: Mapping[str, Array]
    sizes: Mapping[str, int]
    edits: Mapping[str, Edit] = field(default_factory=dict, repr=False)
    origin: Origin = NOWHERE
    _on_demand: dict[str, Array] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse anything that is not as declared, then lock it."""
        for name, value in self.arrays.items():
            expected = self.shape(name)
            if value.shape != expected:
                given = f"shape {value.shape}"
                raise InvalidValueError(name, f"an array of shape {expected}", given)
        refuse_not_finite(self.quantities, self.arrays)
        for value in self.arrays.values():
            value.setflags(write=False)
        for name in ("quantities", "arrays", "sizes", "edits"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __getitem__(self, name: str) -> Array:
        """Return the value called `name`.

        Raises:
            KeyError: there is none; the message lists what there is.
            TypeError: `name` is no string.
            ValueError: the value would be too large or not finite.
        """
        self.check(name)
        if name in self.arrays:
            return self.arrays[name]
        if name not in self._on_demand:
            # of two threads, the first one's array is everybody's
            self._on_demand.setdefault(name, self._compute(self.quantities[name]))
        return self._on_demand[name]

    def _compute(self, q: Quantity) -> Array:
        import torch  # whoever only looks at arrays needs none

        numbers = math.prod(self.shape(q.name))
        if numbers > LARGEST_TRACE:
            raise ConstraintError(
                q.name,
                f"at most {LARGEST_TRACE:,} are possible",
                f"{q.name} would have {numbers:,} numbers",
                "Use a shorter context or a smaller hidden size.",
            )
        assert q.function is not None
        # copies, since torch warns of read-only arrays
        dtype = torch.float32 if self.origin.precision == "float32" else torch.float64
        inputs = (torch.from_numpy(self[n].copy()).to(dtype) for n in q.inputs)
        value: Array = q.function(*inputs).to(torch.float64).numpy()
        refuse_not_finite({q.name: q}, {q.name: value})
        value.setflags(write=False)
        return value

    def __reduce__(self) -> tuple[type[Trace], tuple[object, ...]]:
        """Tell copy and pickle to make it anew, locked; what was computed on demand stays out."""
        kept = (self.quantities, self.arrays, self.sizes, self.edits)
        return type(self), (*map(dict, kept), self.origin)

    def __eq__(self, other: object) -> bool:
        """Tell whether it is this very trace."""
        return self is other

    def __hash__(self) -> int:
        """Return the same number for this very trace only."""
        return object.__hash__(self)

    def check(self, name: object) -> None:
        """Refuse what is not the name of a quantity.

        Raises:
            KeyError: there is none of this name; the message lists what there is.
            TypeError: `name` is no string.
        """
        must_be("name", name, str, "a string, such as 'z'")
        if name not in self.quantities:
            raise UnknownNameError("name", f"one of {names_of(self, name)}", shorten(name))

    def __repr__(self) -> str:
        """Return what a notebook shows: how many quantities there are, and the sizes."""
        sizes = ", ".join(f"{d}={n}" for d, n in self.sizes.items())
        return f"{type(self).__name__}({len(self.quantities)} quantities, {sizes})"

    def __iter__(self) -> Iterator[str]:
        """Iterate over all names, in the order they were computed."""
        return iter(self.quantities)

    def __len__(self) -> int:
        """Return how many quantities there are."""
        return len(self.quantities)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a quantity of this name."""
        return isinstance(name, str) and name in self.quantities

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a quantity, without computing it."""
        return tuple(self.sizes[d] for d in self.quantities[name].dims)

    @property
    def gradients(self) -> Mapping[str, Array]:
        """Gradient of the loss with respect to each value, by the value's name, same shape."""
        names = {n: f"d_{n}" for n in self.quantities if f"d_{n}" in self.arrays}
        return MappingProxyType(NamedDict({n: self.arrays[d] for n, d in names.items()}))

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many time steps each sequence has; what stands after them is padding."""
        return self.origin.lengths or (self.sizes["T"],) * self.sizes["B"]

    def to_pandas(self, name: str) -> pd.Series[float]:
        """Return a quantity as a long table: a row for each number, its place as the index.

        Args:
            name: the quantity. Needs pandas (the extra `app`).

        Raises:
            KeyError: there is none of this name.
        """
        found: pd.Series[float] = format_module("long_table").long_table(self, name)
        return found

    def to_xarray(self) -> Any:
        """Return every quantity as an xarray.Dataset; needs xarray.

        Dims are called sequence, time, feature, unit and token; of a matrix of units the second is
        "unit_before". What is after a sequence's end is not-a-number.
        """
        return format_module("datasets").dataset(self)

    def save(self, path: Path, everything: bool = False) -> None:
        """Write what is given in the trace of a layer; `explainer.load` computes the rest anew.

        Args:
            path: of a .npz or .safetensors file, which is replaced if there is one.
            everything: whether to write every other quantity, too, for other programs.

        Raises:
            ImportError: safetensors is needed, and not installed.
            ValueError: the name has another ending, or it is the trace of a run.
        """
        format_module("trace_files").save_traces(path, self, everything)

    @property
    def nbytes(self) -> int:
        """Size of all kept values in bytes."""
        return sum(v.nbytes for kept in (self.arrays, self._on_demand) for v in kept.values())


@dataclass(frozen=True, eq=False, repr=False)
class Update(Trace):
    """The trace of one SGD update: parameters before and after, and what lies between."""

    @property
    def before(self) -> Mapping[str, Array]:
        """Each parameter before the update."""
        return NamedDict({n.removeprefix("new_"): self[n.removeprefix("new_")] for n in self._new})

    @property
    def after(self) -> Mapping[str, Array]:
        """Each parameter after the update."""
        return NamedDict({n.removeprefix("new_"): self[n] for n in self._new})

    @property
    def _new(self) -> list[str]:
        return [n for n in self.arrays if n.startswith("new_")]


def dim_words(trace: Trace) -> dict[str, str]:
    """Return every dim by its letter in words; of numbers there is no vocabulary."""
    return {**DIMS, "V": "outputs"} if "values" in trace else DIMS


def dims_text(trace: Trace, name: str) -> str:
    """Return a quantity's dims in words, such as "B 2 sequences × H 4 hidden units"."""
    dims, words = trace.quantities[name].dims, dim_words(trace)
    return " × ".join(f"{d} {trace.sizes[d]} {words[d]}" for d in dims) or "A single number"
