"""One GRU cell from anywhere, its parameters under this project's names; and several of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from explainer.engine.equations.activation import ACTIVATIONS, USUAL
from explainer.engine.trace import Array, Trace
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    NamedDict,
    NotFiniteError,
    WrongTypeError,
    must_be,
    names_of,
    one_of,
    shorten,
)
from explainer.interop.cell_exports import CellExports
from explainer.interop.layer_names import torch_names
from explainer.interop.stacked_gates import Variant, cell_shapes, float_array

if TYPE_CHECKING:
    from explainer.interop.recording import Recording


@dataclass(frozen=True, eq=False)
class Cell(CellExports):
    """One layer of a GRU in one direction.

    z near 1 keeps the old state. Parameters have the names and shapes of a trace: W_ir, W_iz, W_in
    (H, D), W_hr, W_hz, W_hn (H, H), and b_ir … b_hn (H,) where the reset gate comes after the
    recurrent product, b_r, b_z, b_n (H,) where it comes before.

    Attributes:
        variant: "reset_after" or "reset_before".
        parameters: read-only float64 arrays by name.
        activations: of the gates and of the candidate, each one of `ACTIVATIONS`.
        reverse: whether it reads a sequence from its end.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: a parameter is missing, has another shape, or is not finite.
    """

    variant: Variant
    parameters: Mapping[str, Array]
    activations: tuple[str, str] = USUAL
    reverse: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no cell, and lock the rest."""
        one_of("variant", self.variant, ("reset_after", "reset_before"))
        must_be("parameters", self.parameters, Mapping, "a mapping from names to arrays")
        must_be("reverse", self.reverse, bool, "True or False")
        try:
            gates, candidate = self.activations
        except (TypeError, ValueError):
            expected = "a pair of names: of the gates' function and the candidate's"
            raise WrongTypeError("activations", expected, shorten(self.activations)) from None
        for name in (gates, candidate):
            one_of("activations", name, ACTIVATIONS)
        own = checked_arrays(self.variant, self.parameters)
        object.__setattr__(self, "activations", (gates, candidate))
        object.__setattr__(self, "parameters", MappingProxyType(own))

    def __reduce__(self) -> tuple[type[Cell], tuple[Any, ...]]:
        """Tell copy and pickle to make it anew, checked and locked."""
        return type(self), (self.variant, dict(self.parameters), self.activations, self.reverse)

    def __repr__(self) -> str:
        """Return its kind and sizes."""
        kind = [self.variant, f"D={self.input_size}", f"H={self.hidden_size}"]
        kind += [] if self.activations == USUAL else [" and ".join(self.activations)]
        kind += ["reverse"] if self.reverse else []
        return f"Cell({', '.join(kind)})"

    def record(
        self,
        x: Any,
        h_0: Any = None,
        lengths: Sequence[int] | None = None,
        d_h_out: Any = None,
        names: Mapping[str, Sequence[str]] | None = None,
    ) -> Trace:
        """Compute the cell over time, with every quantity; as `record_cell`."""
        made = import_module("explainer.interop.network_record").record_cell
        found: Trace = made(self, x, h_0, lengths, d_h_out, names)
        return found

    @property
    def is_torch_gru(self) -> bool:
        """Whether torch.nn.GRU computes the same: its reset gate, sigmoid and tanh."""
        return self.variant == "reset_after" and self.activations == USUAL

    @property
    def input_size(self) -> int:
        """D, the number of input features."""
        return int(self.parameters["W_ir"].shape[1])

    @property
    def hidden_size(self) -> int:
        """H, the number of hidden units."""
        return int(self.parameters["W_hr"].shape[0])


def checked_arrays(variant: str, parameters: Mapping[str, Any]) -> dict[str, Array]:
    """Return a cell's parameters as read-only float64 arrays, in order.

    Raises:
        TypeError: one is no array of real numbers.
        ValueError: one is missing, has another shape, or is not finite.
    """
    names = cell_shapes(variant, 1, 1)
    if set(parameters) != set(names):
        others = [n for n in parameters if n not in names]
        missing = [n for n in names if n not in parameters]
        given = f"no {names_of(missing)}" if missing else f"{names_of(others)}, too"
        raise InvalidValueError("parameters", f"{', '.join(names)} ({variant})", given)
    own = {name: float_array(name, parameters[name]) for name in names}
    H, D = own["W_hr"].shape[:1], own["W_in"].shape[-1:]
    shapes = cell_shapes(variant, *(D or (0,)), *(H or (0,)))
    for name in ("W_hr", *shapes):  # it says how many units there are
        if own[name].shape != shapes[name] or not own[name].size:
            wanted = "(H, D)" if name.startswith("W_i") else "(H, H)" if name[0] == "W" else "(H,)"
            turned = own[name].ndim == 2 and own[name].shape[1:] == H != own[name].shape[:1]
            raise InvalidValueError(
                name,
                f"an array of shape {shapes[name]}, which is {wanted}, with at least one number",
                f"shape {own[name].shape}",
                f"Pass {name}.T." if turned else "",
            )
    for name, value in own.items():
        if not np.isfinite(value).all():
            first = tuple(map(int, np.argwhere(~np.isfinite(value))[0]))
            raise NotFiniteError(
                name,
                "every weight and bias must be a finite number",
                f"{name}{list(first)} is {value[first]}",
                f"{np.count_nonzero(~np.isfinite(value)):,} of its {value.size:,} numbers are not.",
            )
        value.setflags(write=False)
    return own


@dataclass(frozen=True, eq=False)
class GRUNetwork(Mapping[str, Cell]):
    """The GRU cells of a file or a module, by layer: "rnn.l0", "rnn.l0_reverse", "rnn.l1".

    Attributes:
        cells: the cells by layer, in the order in which they read.
        kind: where they come from, such as "PyTorch state_dict".
        others: the remaining arrays by name, float64.
        says: what was understood, and what was left out: whole sentences.
        tokens: what the rows of the embedding stand for, where the file says so.
    """

    cells: Mapping[str, Cell]
    kind: str = ""
    others: Mapping[str, Array] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Lock the mappings."""
        for name in ("cells", "others"):
            object.__setattr__(self, name, MappingProxyType(NamedDict(getattr(self, name))))

    def __getitem__(self, layer: str) -> Cell:
        """Return the cell of a layer.

        Raises:
            KeyError: there is none of this name; the message lists those there are.
        """
        return self.cells[layer]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the layers' names."""
        return iter(self.cells)

    def __len__(self) -> int:
        """Return how many cells there are."""
        return len(self.cells)

    def __repr__(self) -> str:
        """Return the layers and their sizes."""
        return f"GRUNetwork({self.kind}: {', '.join(f'{n} {c!r}' for n, c in self.items())})"

    def __reduce__(self) -> tuple[type[GRUNetwork], tuple[Any, ...]]:
        """Tell copy and pickle to make it anew."""
        return type(self), (
            dict(self.cells),
            self.kind,
            dict(self.others),
            self.says,
            self.tokens,
        )

    def record(
        self,
        x: Any,
        lengths: Sequence[int] | None = None,
        path: str | None = None,
        loss: Callable[[torch.Tensor], torch.Tensor] | None = None,
        names: Mapping[str, Sequence[str]] | None = None,
    ) -> Recording:
        """Compute the layers over time, each on top of the one before; as `record_network`."""
        made = import_module("explainer.interop.network_record").record_network
        found: Recording = made(self, x, lengths, path, loss, names)
        return found

    @property
    def cell(self) -> Cell:
        """The only cell.

        Raises:
            ValueError: there are several; the message lists their layers.
        """
        if len(self) != 1:
            raise ConstraintError(
                "layer",
                "choose one by its name",
                f"The network has {len(self)} layers: {names_of(self)}",
            )
        return next(iter(self.values()))

    @property
    def embedding(self) -> Array | None:
        """(V, D) the embedding: one row for each token; None where none is found."""
        D = next(iter(self.values())).input_size
        return next(
            (
                v
                for n, v in self.others.items()
                if is_embedding(n) and v.ndim == 2 and v.shape[1] == D
            ),
            None,
        )

    @property
    def head(self) -> tuple[Array, Array | None] | None:
        """The output layer on the last states: weights (V, H) and bias (V,), or None for no bias.

        None where no remaining matrix has a column for each hidden unit, or more than one has.
        """
        *_, last = self.values()
        found = [
            (n, v)
            for n, v in self.others.items()
            if not is_embedding(n) and v.ndim == 2 and v.shape[1] == last.hidden_size
        ]
        if len(found) != 1:
            return None
        name, weights = found[0]
        return weights, bias_beside(self.others, name)

    def to_torch(self) -> dict[str, torch.Tensor]:
        """Return all cells as one state_dict, "rnn.weight_ih_l0" and so on, float64.

        Raises:
            ValueError: torch.nn.GRU can't compute one of them.
        """
        found: dict[str, torch.Tensor] = {}
        for layer, cell in self.items():
            path, number = torch_names(layer)
            found |= {f"{path}{name}": value for name, value in cell.to_torch(number).items()}
        return found


def is_embedding(name: str) -> bool:
    """Tell whether an array's name is that of an embedding, here or elsewhere."""
    return name == "E" or "emb" in name


def bias_beside(arrays: Mapping[str, Array], name: str) -> Array | None:
    """Return the bias that belongs to an output layer's weights; None where there is none."""
    other = "b_o" if name == "W_o" else f"{name.removesuffix('weight')}bias"
    bias = arrays.get(other) if "weight" in name or name == "W_o" else None
    return bias if bias is not None and bias.shape == arrays[name].shape[:1] else None
