"""The GRU nodes of an ONNX model (https://onnx.ai/onnx/operators/onnx__GRU.html)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explainer.engine.equations.activation import USUAL
from explainer.engine.trace import LARGEST_TRACE
from explainer.errors import ConstraintError, InvalidValueError, WrongTypeError, shorten
from explainer.interop.cells import Cell, GRUNetwork
from explainer.interop.layer_names import layer_name
from explainer.interop.layouts import from_arrays
from explainer.interop.onnx_writer import ONNX_ACTIVATIONS
from explainer.interop.optional import needed
from explainer.interop.stacked_gates import naming

Constants = Mapping[str, NDArray[Any]]

MOST_NODES = 100_000
"""Most nodes that a model's own functions may make."""
REARRANGING = (
    *("Constant", "Identity", "Unsqueeze", "Squeeze", "Slice", "Concat", "Transpose"),
    *("Cast", "Reshape", "Gather", "Split"),
)
"""What exporters put between a file's numbers and a GRU: nothing that makes new ones."""


def from_onnx(model: Any) -> GRUNetwork:
    """Return the GRU nodes of an ONNX model; needs onnx.

    ONNX has W (directions, 3H, D), R (directions, 3H, H) and B (directions, 6H), the gates z r h in
    rows, the input's biases first. With linear_before_reset the reset gate comes after the product;
    without it the two biases are summed.

    Args:
        model: an onnx.ModelProto, or the bytes of a file. Weights must be constants of the file, or
            made from them by moving numbers alone; weights in other files are not read.

    Returns:
        The cells by layer: nodes of one module are its layers, in the order of the graph:
        "encoder.rnn.l0", "encoder.rnn.l0_reverse", "encoder.rnn.l1".

    Raises:
        ImportError: onnx is not installed.
        TypeError: `model` is something else.
        ValueError: there is no GRU node, or one has weights that the file does not hold, a clip, or
            an activation that has no equation here.
    """
    onnx = needed("onnx", "to read ONNX models")
    if isinstance(model, bytes):
        try:
            model = onnx.load_model_from_string(model)
        except Exception:  # a parser of a damaged file may raise anything
            raise InvalidValueError(
                "the file", "an ONNX model", "something else, or half"
            ) from None
    if not isinstance(model, onnx.ModelProto):
        expected = "an onnx.ModelProto or the bytes of a file"
        raise WrongTypeError("model", expected, shorten(model))
    model = without_functions(onnx, model)
    cells: dict[str, Cell] = {}
    counts: dict[str, int] = {}
    for node, constants in gru_nodes(onnx, model):
        path = ".".join(p for p in node.name.split("/")[:-1] if p) or "gru"
        number = counts[path] = counts.get(path, -1) + 1
        with naming(f"{path}.l{number}"):
            for cell in node_cells(onnx, node, constants):
                cells[layer_name(path, number, cell.reverse)] = cell
    if not cells:
        raise ConstraintError("model", "at least one is needed", "The model has no GRU node")
    return GRUNetwork(cells, "ONNX model")


def gru_nodes(onnx: Any, model: Any) -> Iterator[tuple[Any, Constants]]:
    """Iterate over the GRU nodes of a graph and of graphs inside it, each with its constants."""
    waiting: list[tuple[Any, Constants]] = [(model.graph, {})]
    while waiting:
        graph, outer = waiting.pop(0)
        wanted = {
            name
            for node in graph.node
            if node.op_type == "GRU" and node.domain in ("", "ai.onnx")
            for name in node.input[1:4]
        }
        known = {**outer, **constants_of(onnx, model, graph, outer, wanted)}
        for node in graph.node:
            if node.op_type == "GRU" and node.domain in ("", "ai.onnx"):
                yield node, known
            inner = [a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
            waiting += [(each, known) for each in inner]


def without_functions(onnx: Any, model: Any) -> Any:
    """Return a model with each call of one of its own functions as the nodes of that function.

    Raises:
        ValueError: that would be too many nodes, or one calls itself.
    """
    if not model.functions:
        return model
    functions = {(f.domain, f.name): f for f in model.functions}
    sizes: dict[tuple[str, str], int] = {}

    def size(nodes: Any, depth: int) -> int:
        """How many nodes these are with everything that they call."""
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type)
            if key in functions and key not in sizes:
                if depth > len(functions):
                    given = f"{shorten(node.op_type)} calls itself"
                    raise ConstraintError("model", "functions must end", given)
                sizes[key] = size(functions[key].node, depth + 1)
            inner = [a.g.node for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
            total += 1 + sizes.get(key, 0) + sum(size(each, depth) for each in inner)
        return total

    count = size(model.graph.node, 0)
    if count > MOST_NODES:
        given = f"Its functions make {count:,} nodes"
        raise ConstraintError("model", f"at most {MOST_NODES:,} are possible", given)
    inliner = needed("onnx.inliner", "to read ONNX models")
    try:
        return inliner.inline_local_functions(model)
    except Exception:  # a function may be anything
        given = "one that can't be put in the place of its call"
        raise InvalidValueError("a function of the model", "a possible one", given) from None


def constants_of(
    onnx: Any, model: Any, graph: Any, outer: Constants, wanted: set[str]
) -> dict[str, NDArray[Any]]:
    """Return the values of a graph's wanted names, as far as they follow from its own numbers.

    A graph inside sees the names of those around it, so everything it may need is kept.
    """
    nodes = []
    inside = any(a.type == onnx.AttributeProto.GRAPH for n in graph.node for a in n.attribute)
    for node in reversed(graph.node):  # a graph is sorted: what a node needs stands before it
        if node.op_type in REARRANGING and (inside or wanted & set(node.output)):
            nodes.append(node)
            wanted = wanted | set(node.input)
    known: dict[str, NDArray[Any]] = {}
    for tensor in graph.initializer:
        if inside or tensor.name in wanted:
            known[tensor.name] = tensor_array(onnx, tensor)
    for node in reversed(nodes):
        inputs = {n: known.get(n, outer.get(n)) for n in node.input if n}
        values = {n: v for n, v in inputs.items() if v is not None}
        if len(values) == len(inputs):
            known |= rearranged(onnx, model, node, values)
    return known


def tensor_array(onnx: Any, tensor: Any) -> NDArray[Any]:
    """Return a tensor of the file.

    Raises:
        ValueError: it is in another file, or damaged.
    """
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        raise ConstraintError(
            "model",
            "weights must be in the file itself",
            f"{shorten(tensor.name)} is in another file",
            "Save the model with onnx.save(model, path, save_as_external_data=False).",
        )
    try:
        found: NDArray[Any] = onnx.numpy_helper.to_array(tensor)
    except Exception:  # its shape and its bytes may be anything
        given = f"{list(tensor.dims[:4])} with other numbers"
        raise InvalidValueError(shorten(tensor.name), "a tensor of its shape", given) from None
    return found


def rearranged(onnx: Any, model: Any, node: Any, values: Constants) -> dict[str, NDArray[Any]]:
    """Return what a node makes of constants.

    Raises:
        ValueError: that would be too much, or can't be done.
    """
    helper = onnx.helper
    sizes = sum(values[n].size for n in node.input if n)  # one may be named many times
    if node.op_type == "Gather" and node.input[1] in values:
        sizes *= values[node.input[1]].size
    if sizes > LARGEST_TRACE:
        given = f"Node {shorten(node.name)} may make {sizes:,} numbers"
        raise ConstraintError("model", f"at most {LARGEST_TRACE:,} are possible", given)
    tensors = [onnx.numpy_helper.from_array(v, n) for n, v in values.items()]
    outputs = [helper.make_empty_tensor_value_info(n) for n in node.output]
    graph = helper.make_graph([node], "constants", [], outputs, tensors)
    opsets = [o for o in model.opset_import if o.domain in ("", "ai.onnx")]
    alone = helper.make_model(graph, opset_imports=opsets, ir_version=model.ir_version)
    reference = needed("onnx.reference", "to read ONNX models")
    try:
        made = reference.ReferenceEvaluator(alone).run(None, {})
    except Exception:  # a node may ask for anything
        given = f"node {shorten(node.name)}, which can't be computed"
        raise InvalidValueError("the model", "made of possible nodes", given) from None
    return {n: np.asarray(v) for n, v in zip(node.output, made, strict=True)}


def node_cells(onnx: Any, node: Any, constants: Constants) -> Iterator[Cell]:
    """Iterate over the cells of one node: one, or one for each direction.

    Raises:
        ValueError: it does what has no equation here, or its weights are computed.
    """
    options = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    if "clip" in options:
        raise ConstraintError("clip", "that has no equation here", "the node clips its numbers")
    names = [*node.input, *[""] * 6]
    for name in names[1:3] + [n for n in names[3:4] if n]:
        if name not in constants:
            raise ConstraintError(
                "model", "they must be constants", f"its weights {shorten(name)} are computed"
            )
    direction = options.get("direction", b"forward").decode()
    ways = {"bidirectional": (False, True), "reverse": (True,)}.get(direction, (False,))
    functions = activation_names(options, len(ways))
    W, R = constants[names[1]], constants[names[2]]
    B = constants[names[3]] if names[3] else None
    for name, array, axes in (("W", W, 3), ("R", R, 3), ("B", B, 2)):
        if array is not None and (array.ndim != axes or len(array) != len(ways)):
            expected = f"an array with {axes} axes, the first of length {len(ways)}"
            raise InvalidValueError(name, expected, f"shape {array.shape}")
    for i, reverse in enumerate(ways):
        yield from_arrays(
            W[i],
            R[i],
            None if B is None else B[i],
            order="zrh",
            reset="after" if options.get("linear_before_reset") else "before",
            activations=functions[i],
            reverse=reverse,
        )


def activation_names(options: Mapping[str, Any], directions: int) -> list[tuple[str, str]]:
    """Return the activations of gates and candidate, for each direction.

    Raises:
        ValueError: one has no equation here.
    """
    given = [name.decode() for name in options.get("activations", ())]
    if not given:
        return [USUAL] * directions
    slopes, shifts = (list(options.get(f"activation_{n}", ())) for n in ("alpha", "beta"))
    found = []
    for name in given:
        slope = shift = None
        if name.lower() == "hardsigmoid":
            slope, shift = slopes.pop(0) if slopes else 0.2, shifts.pop(0) if shifts else 0.5
        matching = [
            ours
            for ours, (theirs, own) in ONNX_ACTIVATIONS.items()
            if theirs.lower() == name.lower()
            and (own is None or (isclose(own, slope or 0, rel_tol=1e-4) and shift == 0.5))
        ]
        if not matching:
            what = f"{name} with slope {slope:g}" if slope is not None else name
            expected = "Sigmoid, Tanh, Relu, or HardSigmoid with slope 1/5 or 1/6 and shift 1/2"
            raise InvalidValueError("activations", expected, what)
        found += matching
    if len(found) != 2 * directions:
        raise InvalidValueError("activations", f"{2 * directions} names", f"{len(found)}")
    return [(found[2 * i], found[2 * i + 1]) for i in range(directions)]
