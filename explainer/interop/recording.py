"""What the GRUs of a module did: a trace for each layer and direction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from torch import Tensor, nn

from explainer.engine.edits import Edits
from explainer.engine.exports import Path, format_module
from explainer.engine.layer_edits import edited_layer
from explainer.engine.layer_trace import largest_batch
from explainer.engine.origin import Provenance
from explainer.engine.trace import LARGEST_TRACE, Trace
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    NamedDict,
    WrongTypeError,
    in_range,
    must_be,
    names_of,
    place,
    shorten,
)
from explainer.interop.agreement import Agreement, agreements_of
from explainer.interop.cell_chain import chained_layer, chains
from explainer.interop.layer import Layer
from explainer.interop.layer_stack import Names
from explainer.interop.module_calls import Call
from explainer.interop.stacked_layers import sequences_of, stacked_layers


@dataclass(frozen=True, eq=False)
class Again:
    """The same once more with other parameters, of a module that is left as it is.

    Attributes:
        parameters: the module's, by name.
        gradients: of the loss by each of them that has a part in it.
        sources: for each layer, which rows of which parameter its quantities are.
        output: returns what the module returns, with other parameters, given by name.
        loss: returns the loss with other parameters; None without one.
    """

    parameters: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]
    sources: Mapping[str, Mapping[str, Provenance]]
    output: Callable[[Mapping[str, Tensor]], Any]
    loss: Callable[[Mapping[str, Tensor]], float] | None


@dataclass(frozen=True, eq=False, repr=False)
class Recording(Mapping[str, Trace]):
    """What the GRUs of a module did: a trace for each layer and direction, by name.

    Attributes:
        layers: by name, such as "rnn.l0", "rnn.l0_reverse" and "rnn.l1".
        output: what the module returned.
        loss: the loss; None without one.
        agreements: how far the numbers are from the module's own.
        left_out: a sentence on what there was no room for; else empty.
        again: runs the module with other parameters; None of `watch`.
    """

    layers: Mapping[str, Layer]
    output: Any
    loss: float | None
    agreements: tuple[Agreement, ...]
    left_out: str = ""
    again: Again | None = None

    def __getitem__(self, name: str) -> Trace:
        """Return the trace of a layer.

        Raises:
            KeyError: there is none of this name; the message lists those there are.
            TypeError: `name` is no string.
            ValueError: its numbers are not finite from the first time step on.
        """
        layer = NamedDict(self.layers)[name]
        if layer.trace is None:
            assert layer.problem is not None
            raise layer.problem
        return layer.trace

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the layers, the first one first."""
        return iter(self.layers)

    def __len__(self) -> int:
        """Return how many layers there are, each direction counted."""
        return len(self.layers)

    @property
    def trace(self) -> Trace:
        """The only trace.

        Raises:
            ValueError: there are several; the message lists their names.
        """
        if len(self) != 1:
            expected = "a recording of one layer in one direction"
            raise InvalidValueError("trace", expected, names_of(self), "Take one by its name.")
        return self[next(iter(self))]

    def rerun(self, edits: Edits, layer: str | None = None) -> Trace:
        """Return a layer with given numbers changed and computed ones held, on through time.

        A hook that overwrites a module's output changes one time step; here the state itself is
        another one from there on.

        Args:
            edits: as for `explainer.run`, such as {"z": 1.0} or {"h": {(None, None, 5): 0.0}}.
            layer: its name; None for the only one.

        Raises:
            KeyError: there is no such layer.
            TypeError: a name, an index or a number is something else.
            ValueError: a quantity or a place is not there, or there are several layers.
        """
        return edited_layer(self.trace if layer is None else self[layer], edits)

    def health(self, first: bool | None = None, **update: Any) -> Any:
        """Return what is wrong with the layers, if anything; arguments as of `explainer.health`."""
        return import_module("explainer.analysis.health").health(self, first, **update)

    def save(self, path: Path, everything: bool = False) -> None:
        """Write what is given in all traces; `explainer.load` computes the rest anew.

        What the module returned is left out.

        Args:
            path: of a .npz or .safetensors file, which is replaced if there is one.
            everything: whether to write every other quantity, too, for other programs.

        Raises:
            ImportError: safetensors is needed, and not installed.
            ValueError: the name has another ending.
        """
        format_module("trace_files").save_traces(path, self, everything)

    def to_xarray(self) -> Any:
        """Return an xarray.DataTree, a group for each layer; needs xarray."""
        return format_module("datasets").data_tree(self)

    def __repr__(self) -> str:
        """Return what a notebook shows: each layer, and how far it is from the module."""
        lines = [f"{n}: {layer.trace or layer.problem}" for n, layer in self.layers.items()]
        more = filter(None, [*map(str, self.agreements), self.left_out])
        return "\n".join(["Recording", *lines, *more])


def recording_of(
    calls: Sequence[Call],
    output: Any,
    loss: float | None,
    by_parameter: Mapping[int, Tensor],
    gradients: bool,
    names: Names,
    sequences: int | Sequence[int] | None,
) -> Recording:
    """Turn calls into a recording.

    Args:
        calls: of every GRU, in their order.
        output: what the module returned.
        loss: the loss, where it is known.
        by_parameter: gradients of the module's parameters by the parameters' ids.
        gradients: whether there is a loss.
        names: labels by dim.
        sequences: which sequences to keep.

    Raises:
        ValueError: no GRU was called, or a sequence is not there.
    """
    if not calls:
        advice = "Pass inputs that reach the nn.GRU."
        raise InvalidValueError("module", "one whose GRU runs", "no call of a GRU", advice)
    layers: dict[str, Layer] = {}
    agreements, left_out = [], ""
    for path in dict.fromkeys(call.path for call in calls):
        own = [call for call in calls if call.path == path]
        first = own[0].module
        parts = [[c] for c in own] if isinstance(first, nn.GRU) else chains(own)
        recorded = []
        for i, part in enumerate(parts):
            mark = f"#{i}" if len(parts) > 1 else ""
            if isinstance(first, nn.GRUCell):
                name = f"{path or 'cell'}{mark}"
                made = [chained_layer(part, name, names, gradients)]
            else:
                chosen, left_out = chosen_sequences(part[0], gradients, sequences)
                prefix = f"{path}{mark}." if path or mark else ""
                made = stacked_layers(part[0], prefix, names, chosen)
            recorded.append(made)
        layers |= {layer.name: layer for made in recorded for layer in made}
        whole = gradients and sequences is None and not left_out
        agreements += agreements_of(recorded, own[0], by_parameter if whole else {})
    return Recording(layers, output, loss, tuple(agreements), left_out)


def chosen_sequences(
    call: Call, gradients: bool, sequences: int | Sequence[int] | None
) -> tuple[list[int] | None, str]:
    """Return which sequences of a call are kept, None for all, and what to say of the others."""
    found, gru = sequences_of(call), call.module
    B, T, D = found.x.shape
    H = gru.hidden_size
    wide = max(D, (2 if isinstance(gru, nn.GRU) and gru.bidirectional else 1) * H)
    room = largest_batch(True, gradients, T, wide, H)
    if room == 0:
        raise ConstraintError(
            "inputs",
            f"at most {LARGEST_TRACE:,} numbers are possible",
            f"One sequence of {T:,} time steps with {H:,} units has more",
            "Record fewer time steps.",
        )
    if sequences is None:
        if room >= B:
            return None, ""
        text = (
            f"Kept {room:,} of {B:,} sequences: {LARGEST_TRACE:,} numbers are possible; "
            "`sequences=` chooses others."
        )
        return list(range(room)), text
    if isinstance(sequences, int):
        chosen = list(range(in_range("sequences", sequences, int, 1, min(B, room))))
    else:
        chosen = [place("sequences", i, B) for i in sequences]
        in_range("number of sequences", len(chosen), int, 1, room)
    return chosen, ""


def labels(names: Mapping[str, Sequence[str]] | None) -> Names:
    """Return labels by dim, checked.

    Raises:
        TypeError: they are no mapping from "D" or "T" to strings.
        ValueError: a dim can't have labels.
    """
    if names is None:
        return {}
    must_be("names", names, Mapping, "labels by dim, such as {'D': ['temperature', 'wind']}")
    found = {}
    for dim, own in names.items():
        if dim not in ("D", "T"):
            raise InvalidValueError("names", "labels of 'D' or 'T'", shorten(dim))
        if isinstance(own, str) or not all(isinstance(v, str) for v in own):
            raise WrongTypeError(f"names[{dim!r}]", "strings", shorten(own))
        found[str(dim)] = tuple(own)
    return found
