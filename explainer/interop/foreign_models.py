"""The GRU nodes of an ONNX model on the input that each of them really has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from explainer.errors import ConstraintError, InvalidValueError, must_be, names_of
from explainer.interop.agreement import Agreement
from explainer.interop.cells import Cell
from explainer.interop.layer import Layer
from explainer.interop.layer_names import layer_name
from explainer.interop.onnx_reader import gru_nodes, node_cells, without_functions
from explainer.interop.optional import needed
from explainer.interop.recording import Recording
from explainer.interop.stacked_gates import float_array, naming


def record_onnx(model: Any, inputs: Mapping[str, Any]) -> Recording:
    """Run an ONNX model in ONNX Runtime, and record its GRU nodes; needs onnx and onnxruntime.

    What goes into each node is made an output of the model, and the equations compute the node
    from it, in float64. Nodes in the model's own functions are recorded for each call; those inside
    of an If, a Loop or a Scan are named in `left_out`.

    Args:
        model: an onnx.ModelProto, or the bytes of a file; it stays as it is.
        inputs: arrays by the model's names.

    Returns:
        A trace for each direction of each node, `agreements` with the states of ONNX Runtime, and
        as `output` what the model returned, by name.

    Raises:
        ImportError: a library is not installed.
        TypeError: `inputs` are no mapping.
        ValueError: there is no GRU node that can be recorded, or the model can't run.
    """
    onnx = needed("onnx", "to read ONNX models")
    runtime = needed("onnxruntime", "to run ONNX models")
    must_be("inputs", inputs, Mapping, "arrays by the model's names")
    own = onnx.load_model_from_string(model if isinstance(model, bytes) else bytes_of(onnx, model))
    own = without_functions(onnx, own)
    returned = [output.name for output in own.graph.output]
    nodes = list(gru_nodes(onnx, own))
    found = [(node, c) for node, c in nodes if node in own.graph.node]
    deeper = names_of(
        node.name or node.output[0] for node, _ in nodes if node not in own.graph.node
    )
    if not found and deeper:
        given = f"Its GRU nodes, {deeper}, are inside of an If, a Loop or a Scan"
        advice = "Take a cell with from_onnx(model), and call its record(x) with an input."
        expected = "a node of the graph itself is needed"
        raise ConstraintError("model", expected, given, advice)
    if not found:
        raise ConstraintError("model", "at least one is needed", "The model has no GRU node")
    for node, constants in found:
        names = [*node.input, *[""] * 6]
        wanted = {names[0], names[4], names[5], node.output[0]} - {"", *returned, *constants}
        if not node.output[0]:
            given = "A GRU node returns its last state alone"
            raise ConstraintError("model", "its states at all time steps are needed", given)
        values = {i.name for i in own.graph.input}
        for name in sorted(wanted - values):
            if name not in {output.name for output in own.graph.output}:
                own.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    try:
        session = runtime.InferenceSession(
            own.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        names_out = [output.name for output in session.get_outputs()]
        made = dict(zip(names_out, session.run(None, dict(inputs)), strict=True))
    except Exception as error:  # a runtime raises its own kinds
        given = str(error).splitlines()[0]
        raise InvalidValueError("inputs", "what the model can run on", given[:200]) from None
    known = {**{n: np.asarray(v) for n, v in inputs.items()}, **made}
    layers: dict[str, Layer] = {}
    agreements = []
    counts: dict[str, int] = {}
    for node, constants in found:
        path = ".".join(p for p in node.name.split("/")[:-1] if p) or "gru"
        number = counts[path] = counts.get(path, -1) + 1
        here = {**constants, **known}
        names = [*node.input, *[""] * 6]
        options = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        x, y = here[names[0]], here[node.output[0]]  # (T, B, D), (T, directions, B, H)
        if options.get("layout"):
            x, y = x.swapaxes(0, 1), y.transpose(1, 2, 0, 3)
        lengths = [int(n) for n in here[names[4]]] if names[4] else None
        with naming(f"{path}.l{number}"):
            for i, cell in enumerate(node_cells(onnx, node, constants)):
                h_0 = here[names[5]][:, i] if options.get("layout") and names[5] else None
                if names[5] and h_0 is None:
                    h_0 = here[names[5]][i]
                name = layer_name(path, number, cell.reverse)
                layer, agreement = recorded_cell(
                    name, cell, x.swapaxes(0, 1), y[:, i].swapaxes(0, 1), h_0, lengths, "ONNX"
                )
                layers[name] = layer
                agreements.append(agreement)
    output = {name: made[name] for name in returned}
    left_out = f"Inside of an If, a Loop or a Scan, and left out: {deeper}." if deeper else ""
    return Recording(layers, output, None, tuple(agreements), left_out)


def recorded_cell(
    name: str,
    cell: Cell,
    x: Any,
    states: Any,
    h_0: Any,
    lengths: Sequence[int] | None,
    kind: str,
) -> tuple[Layer, Agreement]:
    """Compute a cell from what a library gave it, and say how far its states are from there.

    Args:
        name: of the layer.
        cell: its weights.
        x: (B, T, D), in the order of the sequence.
        states: (B, T, H) the library's, in the same order; None where they are not known.
        h_0: (B, H), or None for zeros.
        lengths: of each sequence; None for T.
        kind: the library.
    """
    own = [x.shape[1]] * x.shape[0] if lengths is None else list(lengths)
    trace = cell.record(float_array("x", x), h_0, own)
    if states is None:
        return Layer(name, trace, None, None), Agreement(name, kind, None, None, None)
    theirs = float_array("h", states).copy()
    if cell.reverse:
        for row, length in enumerate(own):
            theirs[row, :length] = theirs[row, :length][::-1]
    inside = np.arange(theirs.shape[1]) < np.array(own)[:, None]
    largest = float(np.abs(trace["h"] - theirs)[inside].max(initial=0.0))
    dtype = f"{kind}, {np.asarray(states).dtype}"
    return Layer(name, trace, None, theirs), Agreement(name, dtype, largest, None, None)


def bytes_of(onnx: Any, model: Any) -> bytes:
    """Return an ONNX model as bytes, of which a copy can be made.

    Raises:
        TypeError: it is something else.
    """
    must_be("model", model, onnx.ModelProto, "an onnx.ModelProto or the bytes of a file")
    data: bytes = model.SerializeToString()
    return data
