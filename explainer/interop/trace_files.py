"""The traces of layers as a file: what is given in them; the rest is computed again."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from explainer.engine.equations.activation import USUAL, activations_of
from explainer.engine.layer_edits import edited_layer
from explainer.engine.layer_trace import is_layer, layer_forward, numbers_of_a_layer
from explainer.engine.network import layer_network, network_of_layer
from explainer.engine.origin import Origin, Provenance
from explainer.engine.trace import LARGEST_TRACE, Array, Trace
from explainer.errors import ConstraintError, InvalidValueError, NotFiniteError, shorten
from explainer.interop.agreement import Agreement
from explainer.interop.array_files import Arrays, Path, array_file_bytes, ending_of
from explainer.interop.cells import Cell
from explainer.interop.layer import Layer, record_layer
from explainer.interop.network_record import given_sequences, shaped
from explainer.interop.recording import Recording

TRACES = "traces"
"""Under this name a file says that it holds traces, and what of them are no arrays, as JSON."""
EDITED = "edited."
"""An array of this name and a quantity's has what was changed or held, not-a-number elsewhere."""


@dataclass(frozen=True, eq=False)
class SavedTraces:
    """What a file of traces holds, before anything is computed.

    Attributes:
        arrays: by name, of a recording with the layer's name before it.
        text: the rest, as JSON.
    """

    arrays: Arrays
    text: str

    def computed(self) -> Trace | Recording:
        """Return the trace, or the recording.

        Raises:
            ValueError: there would be too many numbers.
        """
        told = json.loads(self.text)
        layers = {str(one["name"]): read_layer(one, self.arrays) for one in told["layers"]}
        if not told["recording"]:
            (layer,) = layers.values()
            assert layer.trace is not None
            return layer.trace
        agreements = tuple(read_agreement(one) for one in told["agreements"])
        loss = None if told["loss"] is None else float(told["loss"])
        return Recording(layers, None, loss, agreements, str(told["left_out"]))


def save_traces(path: Path, of: Trace | Recording, everything: bool = False) -> None:
    """Write what is given in the trace of a layer, or in those of a recording.

    Args:
        path: of a .npz or .safetensors file, which is replaced if there is one.
        of: the trace, or the recording.
        everything: whether to write every other quantity, too, for other programs; `load` computes
            them again in any case.

    Raises:
        ImportError: safetensors is needed, and not installed.
        ValueError: the name has another ending, or the trace is none of a layer alone.
    """
    ending = ending_of(path, (".safetensors", ".npz"))
    layers = of.layers if isinstance(of, Recording) else {"": Layer("", of, None, None)}
    arrays: dict[str, Array] = {}
    told = []
    for name, layer in layers.items():
        prefix = f"{name}/" if isinstance(of, Recording) else ""
        told.append(layer_in_words(name, layer))
        if layer.trace is not None:
            own = arrays_to_keep(layer.trace, everything)
            arrays |= {f"{prefix}{n}": v for n, v in own.items()}
    whole: dict[str, Any] = {"recording": isinstance(of, Recording), "layers": told}
    if isinstance(of, Recording):
        whole |= {"loss": of.loss, "left_out": of.left_out}
        whole["agreements"] = [asdict(a) for a in of.agreements]
    data = array_file_bytes(ending, arrays, {TRACES: json.dumps(whole)})
    with open(path, "wb") as file:
        file.write(data)


def arrays_to_keep(trace: Trace, everything: bool) -> dict[str, Array]:
    """Return the arrays from which all others follow, or all of them.

    Raises:
        ValueError: the trace is none of a layer alone.
    """
    if not is_layer(trace):
        raise InvalidValueError(
            "trace",
            "the trace of a layer, such as record(model, x).trace",
            shorten(trace),
            "A run of the app is kept as its link: to_link(run.settings).",
        )
    net = network_of_layer(trace.quantities, gradients=False)
    names = [q.name for q in (*net.given, *net.parameters)]
    names += ["d_h_out"] if "d_h_out" in trace else []
    kept = dict(trace.arrays) if everything else {name: trace[name] for name in names}
    for name, edit in trace.edits.items():
        kept[f"{EDITED}{name}"] = np.where(edit.where, edit.values, np.nan)
        if edit.before is not None:
            kept[name] = edit.before
    return kept


def layer_in_words(name: str, layer: Layer) -> dict[str, Any]:
    """Return what is to be said of a layer beside its arrays."""
    told: dict[str, Any] = {"name": name}
    if layer.problem is not None:
        told["problem"] = list(layer.problem.args)
    if layer.trace is not None:
        origin = layer.trace.origin
        sources = {q: [source.name, source.row] for q, source in origin.sources.items()}
        told |= {
            "lengths": list(origin.lengths),
            "reverse": origin.reverse,
            "names": {d: list(labels) for d, labels in origin.names.items()},
            "sources": sources,
            "activations": list(activations_of(layer.trace.quantities)),
            "h": array_hash(layer.trace["h"]),
        }
    return told


def read_layer(told: Mapping[str, Any], arrays: Mapping[str, Any]) -> Layer:
    """Compute a layer of a file anew.

    Raises:
        ValueError: it would have too many numbers, or arrays don't fit.
    """
    name = str(told["name"])
    problem = NotFiniteError(*map(str, told["problem"])) if "problem" in told else None
    if "h" not in told:
        return Layer(name, None, problem, None)
    prefix = f"{name}/" if name else ""
    own = {n.removeprefix(prefix): v for n, v in arrays.items() if n.startswith(prefix)}
    after = "b_hr" in own
    gates, candidate = map(str, told.get("activations", USUAL))
    needed = {n: own[n] for n in (q.name for q in layer_network(after).parameters)}
    cell = Cell("reset_after" if after else "reset_before", needed, (gates, candidate))
    H, lengths = cell.hidden_size, tuple(map(int, told["lengths"]))
    found = given_sequences(own["x"], lengths or None, cell.input_size)
    B, T, D = found.x.shape
    numbers = numbers_of_a_layer(after, "d_h_out" in own, {"B": B, "T": T, "D": D, "H": H})
    if numbers > LARGEST_TRACE:
        given = f"The file's trace has {numbers:,} numbers"
        raise ConstraintError("the file", f"at most {LARGEST_TRACE:,} are possible", given)
    origin = Origin(
        lengths,
        bool(told["reverse"]),
        {str(d): tuple(map(str, labels)) for d, labels in told["names"].items() if d in "DT"},
        {str(q): Provenance(str(n), int(row)) for q, (n, row) in told["sources"].items()},
    )
    d_h_out = shaped("d_h_out", own["d_h_out"], (B, T, H)) if "d_h_out" in own else None
    parameters = {n: torch.from_numpy(v.copy()) for n, v in cell.parameters.items()}
    net = layer_network(after, False, cell.activations)
    values = layer_forward(net, parameters, found.x, shaped("h_0", own["h_0"], (B, H)))
    layer = record_layer(name, values, d_h_out, origin, None, after, cell.activations)
    if layer.trace is None or layer.problem is not None:
        assert layer.problem is not None
        raise layer.problem
    edits = {n.removeprefix(EDITED): read_edit(v) for n, v in own.items() if n.startswith(EDITED)}
    trace = edited_layer(layer.trace, edits) if edits else layer.trace
    if array_hash(trace["h"]) != told["h"]:
        text = "h was computed anew, and differs by rounding from what was saved."
        warnings.warn(text, stacklevel=4)
    return Layer(name, trace, problem, None)


def read_edit(saved: Any) -> Any:
    """Return an edit as `rerun` takes it: an array, or numbers by index."""
    values = np.asarray(saved, np.float64)
    where = ~np.isnan(values)
    if where.all():
        return values
    return {tuple(map(int, place)): float(values[tuple(place)]) for place in np.argwhere(where)}


def read_agreement(told: Mapping[str, Any]) -> Agreement:
    """Return how far a layer was from its module."""
    names = ("states", "one_step", "gradients")
    numbers = {n: None if told[n] is None else float(told[n]) for n in names}
    return Agreement(str(told["layer"]), str(told["kind"]), **numbers)


def array_hash(array: Array) -> str:
    """Return a hash of an array's numbers, bit for bit."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
