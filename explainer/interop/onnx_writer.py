"""An ONNX model with one GRU node (https://onnx.ai/onnx/operators/onnx__GRU.html)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explainer.interop.optional import needed

if TYPE_CHECKING:
    from onnx import ModelProto

ONNX_ACTIVATIONS: dict[str, tuple[str, float | None]] = {
    "sigmoid": ("Sigmoid", None),
    "tanh": ("Tanh", None),
    "relu": ("Relu", None),
    "hard_sigmoid_5": ("HardSigmoid", 1 / 5),
    "hard_sigmoid_6": ("HardSigmoid", 1 / 6),
}
"""ONNX's name of an activation, and its slope where it has one."""


def gru_model(
    arrays: Mapping[str, NDArray[np.floating[Any]]],
    after: bool,
    activations: tuple[str, str],
    reverse: bool,
) -> ModelProto:
    """Return a model with one GRU node.

    Args:
        arrays: W (1, 3H, D), R (1, 3H, H), B (1, 6H), all of one dtype.
        after: whether the reset gate comes after the product.
        activations: of the gates and of the candidate.
        reverse: whether it reads from the end.

    Raises:
        ImportError: onnx is not installed.
    """
    onnx = needed("onnx", "to write ONNX models")
    kind = onnx.helper.np_dtype_to_tensor_dtype(arrays["W"].dtype)
    D, H = arrays["W"].shape[-1], arrays["R"].shape[-1]
    functions = [ONNX_ACTIVATIONS[name] for name in activations]
    attributes: dict[str, Any] = {}
    if activations != ("sigmoid", "tanh"):
        # the lists of slopes and shifts hold numbers for those functions alone that have some
        slopes = [slope for _, slope in functions if slope is not None]
        attributes["activations"] = [name for name, _ in functions]
        attributes |= {"activation_alpha": slopes} if slopes else {}
        attributes |= {"activation_beta": [0.5] * len(slopes)} if slopes else {}
    node = onnx.helper.make_node(
        "GRU",
        ["X", "W", "R", "B", "", "initial_h"],
        ["Y", "Y_h"],
        name="gru",
        hidden_size=H,
        linear_before_reset=int(after),
        direction="reverse" if reverse else "forward",
        **attributes,
    )
    shapes = {
        "X": ["T", "B", D],
        "initial_h": [1, "B", H],
        "Y": ["T", 1, "B", H],
        "Y_h": [1, "B", H],
    }
    values = {n: onnx.helper.make_tensor_value_info(n, kind, s) for n, s in shapes.items()}
    graph = onnx.helper.make_graph(
        [node],
        "gru",
        [values["X"], values["initial_h"]],
        [values["Y"], values["Y_h"]],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(v), n) for n, v in arrays.items()],
    )
    opsets = [onnx.helper.make_opsetid("", 17)]
    model: ModelProto = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return model
