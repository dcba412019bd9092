"""Cells from the arrays of other libraries: which gate stands where, and which way the gates read.

One map, `from_arrays`, serves all; what a library does differently is said in its function.
Measured against each library, one after the other, in `tests/test_frameworks_*.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import numpy as np

from explainer.engine.equations.activation import USUAL
from explainer.engine.network import GATES
from explainer.engine.trace import Array
from explainer.errors import InvalidValueError, UnknownNameError, names_of, one_of, shorten
from explainer.interop.cells import Cell, GRUNetwork
from explainer.interop.stacked_gates import (
    Variant,
    float_array,
    gates_order,
    naming,
    negated_update,
    split_gates,
)


def from_arrays(
    W: Any,
    U: Any,
    b: Any = None,
    *,
    order: str,
    reset: Literal["after", "before"],
    z: Literal["keeps", "takes"] = "keeps",
    activations: tuple[str, str] = USUAL,
    reverse: bool = False,
) -> Cell:
    """Return the cell that stacked arrays hold.

    Args:
        W: input weights, (3H, D) with the gates in rows or (D, 3H) with the gates in columns.
        U: recurrent weights, (3H, H) or (H, 3H).
        b: None for zeros; (3H,) the input's bias; or (2, 3H) or (6H,) the input's and the state's.
        order: the gates in their order, such as "rzn" or "zrh"; the candidate is n, or h.
        reset: whether the reset gate is applied after the recurrent product or before it.
        z: whether z near 1 keeps the old state, or takes the new one.
        activations: of the gates and of the candidate, each one of sigmoid, tanh, relu,
            hard_sigmoid_6, hard_sigmoid_5, linear.
        reverse: whether the cell reads a sequence from its end.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: shapes don't go together, a number is not finite, or a choice is not possible.
    """
    order = gates_order(order)
    one_of("reset", reset, ("after", "before"))
    one_of("z", z, ("keeps", "takes"))
    recurrent = gates_in_rows("U", U)
    H = recurrent.shape[1]
    kernel = gates_in_rows("W", W, H, like=U)
    parameters = named_gates(kernel, recurrent, two_biases(b, H), order, reset, z)
    variant: Variant = "reset_after" if reset == "after" else "reset_before"
    return Cell(variant, parameters, activations, reverse)


def two_biases(b: Any, H: int) -> Array:
    """Return the input's bias and the state's, (2, 3H), from one or both, or from None.

    Raises:
        ValueError: the shape is another one.
    """
    if b is None:
        return np.zeros((2, 3 * H))
    biases = float_array("b", b)
    if biases.shape == (3 * H,):
        biases = np.stack([biases, np.zeros(3 * H)])
    if biases.size != 6 * H or biases.ndim > 2:
        expected = f"an array of shape ({3 * H},), (2, {3 * H}) or ({6 * H},)"
        raise InvalidValueError("b", expected, f"shape {biases.shape}")
    return biases.reshape(2, 3 * H)


def named_gates(
    W: Array, U: Array, biases: Array, order: str, reset: str, z: str
) -> dict[str, Array]:
    """Return the parameters by name, views where that is possible.

    Args:
        W: (3H, D).
        U: (3H, H).
        biases: (2, 3H), the input's and the state's.
        order: the gates from top to bottom.
        reset: "after" or "before" the product.
        z: whether it "keeps" or "takes".
    """
    parameters = split_gates("W_i", W, order) | split_gates("W_h", U, order)
    if reset == "after":
        parameters |= split_gates("b_i", biases[0], order) | split_gates("b_h", biases[1], order)
    else:  # nothing stands between the two, so only their sum counts
        parameters |= split_gates("b_", biases[0] + biases[1], order)
    return negated_update(parameters) if z == "takes" else parameters


def gates_in_rows(name: str, value: Any, H: int | None = None, like: Any = None) -> Array:
    """Return a stacked matrix with the gates on top of each other, (3H, ...).

    Args:
        name: what an error calls it.
        value: the matrix.
        H: the number of units; None for recurrent weights, which tell it themselves.
        like: where D is 3H both ways are possible, and the matrix stands as this one does.

    Raises:
        ValueError: neither way has three gates; the message says what else it may be.
    """
    array = float_array(name, value)
    if array.ndim == 2 and array.size:
        rows, columns = array.shape
        if H is None:
            if rows == 3 * columns or columns == 3 * rows:
                return array if rows > columns else array.T
            ratio = max(rows, columns) / min(rows, columns)
            kinds = {4.0: "four gates: an LSTM", 1.0: "no gates: a plain RNN"}
            what = f"shape {array.shape}" + (f", {kinds[ratio]}" if ratio in kinds else "")
            raise InvalidValueError(name, "an array of shape (3H, H) or (H, 3H)", what)
        turned = columns == 3 * H and (rows != 3 * H or np.shape(like)[0] == H)
        if turned or rows == 3 * H:
            return array.T if turned else array
    size = "3H" if H is None else str(3 * H)
    expected = f"an array of shape ({size}, {'H' if H is None else 'D'}) or turned"
    raise InvalidValueError(name, expected, f"shape {array.shape}")


def subtrees(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Iterate over a nested mapping and all mappings inside, each with its path."""
    if isinstance(tree, Mapping):
        yield path, tree
        for name, part in tree.items():
            yield from subtrees(part, f"{path}.{name}" if path else str(name))


def cells_in(
    kind: str, tree: Any, names: set[str], make: Callable[[Mapping[str, Any]], Cell]
) -> GRUNetwork:
    """Return the cells of a nested mapping: of each mapping inside that has these names.

    Raises:
        ValueError: there is none.
    """
    found = {}
    for path, part in subtrees(tree):
        if names <= {str(n) for n in part}:
            layer = (path if path != "params" else "").removeprefix("params.") or "gru"
            with naming(layer):
                found[layer] = make(part)
    if not found:
        raise InvalidValueError(
            "params",
            f"{kind} with {names_of(sorted(names))} somewhere inside",
            f"a {type(tree).__name__} with {names_of(tree) or 'nothing'}"
            if isinstance(tree, Mapping)
            else shorten(tree),
        )
    return GRUNetwork(found, kind)


def unwrapped(value: Any) -> Any:
    """Return what a variable of Flax holds, and a nested state as a mapping of arrays."""
    if hasattr(value, "to_pure_dict"):  # nnx.State
        value = value.to_pure_dict()
    if isinstance(value, Mapping):
        return {name: unwrapped(part) for name, part in value.items()}
    return value.get_value() if hasattr(value, "get_value") else getattr(value, "value", value)


def from_flax(params: Any) -> GRUNetwork:
    """Return the cells of a Flax network.

    linen.GRUCell has the biases of ir, iz, in and hn; nnx.GRUCell has the three of dense_i. The
    others are zeros. Its kernels are (in, out), and nnx's hold the gates r z n side by side.

    Args:
        params: what linen's `init` returned, or any part of it; an nnx.GRUCell, or the nnx.state of
            any module.

    Raises:
        ValueError: there is no GRU cell inside, or a number is not finite.
    """
    if hasattr(params, "dense_i") and hasattr(params, "dense_h"):  # nnx.GRUCell
        both = {"dense_i": params.dense_i, "dense_h": params.dense_h}
        params = {
            name: {n: getattr(part, n) for n in ("kernel", "bias") if hasattr(part, n)}
            for name, part in both.items()
        }
    tree = unwrapped(params)
    if any({"dense_i", "dense_h"} <= set(part) for _, part in subtrees(tree)):
        return cells_in("Flax nnx parameters", tree, {"dense_i", "dense_h"}, _nnx_cell)
    names = {f"{side}{g}" for side in "ih" for g in GATES}
    return cells_in("Flax linen parameters", tree, names, _linen_cell)


def _linen_cell(part: Mapping[str, Any]) -> Cell:
    parameters = {}
    for side in "ih":
        for g in GATES:
            own = part[f"{side}{g}"]
            kernel = float_array(f"{side}{g}.kernel", own["kernel"])
            bias = own.get("bias")
            parameters[f"W_{side}{g}"] = kernel.T
            zeros = np.zeros(kernel.shape[-1])
            parameters[f"b_{side}{g}"] = zeros if bias is None else float_array("bias", bias)
    return Cell("reset_after", parameters)


def _nnx_cell(part: Mapping[str, Any]) -> Cell:
    W, U = part["dense_i"], part["dense_h"]
    first, second = W.get("bias"), U.get("bias")
    size = max(np.shape(U["kernel"]))
    zeros = np.zeros(size)
    biases = [zeros if b is None else float_array("bias", b) for b in (first, second)]
    return from_arrays(W["kernel"], U["kernel"], np.stack(biases), order="rzn", reset="after")


def from_haiku(params: Mapping[str, Any]) -> GRUNetwork:
    """Return the cells of a Haiku network.

    hk.GRU has w_i (D, 3H), w_h (H, 3H) and b (3H,), the gates z r a side by side. The reset gate
    comes before the product, and z says how much of the new is taken: here it keeps, so that W_iz,
    W_hz and b_z have the other sign.

    Args:
        params: what `init` returned, or the part of one GRU.

    Raises:
        ValueError: there is no GRU inside, or a number is not finite.
    """

    def make(part: Mapping[str, Any]) -> Cell:
        arrays = part["w_i"], part["w_h"], part["b"]
        return from_arrays(*arrays, order="zrn", reset="before", z="takes")

    return cells_in("Haiku parameters", params, {"w_i", "w_h", "b"}, make)


def from_equinox(cell: Any) -> GRUNetwork:
    """Return an equinox.nn.GRUCell's cell: `bias` is the input's, `bias_n` is b_hn.

    Args:
        cell: the module, or a mapping with weight_ih (3H, D), weight_hh (3H, H), bias (3H,) and
            bias_n (H,), gates in the order r z n; without biases these are zeros.

    Raises:
        ValueError: it is something else, or a number is not finite.
    """
    names = ("weight_ih", "weight_hh", "bias", "bias_n")
    own = cell if isinstance(cell, Mapping) else {n: getattr(cell, n, None) for n in names}
    if own.get("weight_ih") is None or own.get("weight_hh") is None:
        raise UnknownNameError("cell", "an equinox.nn.GRUCell", shorten(cell))
    U = float_array("weight_hh", own["weight_hh"])
    zeros = np.zeros(len(U))
    first = zeros if own.get("bias") is None else float_array("bias", own["bias"])
    second = zeros.copy()
    if own.get("bias_n") is not None:
        second[len(U) // 3 * 2 :] = float_array("bias_n", own["bias_n"])
    with naming("gru"):
        found = from_arrays(
            own["weight_ih"], U, np.stack([first, second]), order="rzn", reset="after"
        )
    return GRUNetwork({"gru": found}, "Equinox GRUCell")
