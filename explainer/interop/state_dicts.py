"""The GRU layers of a PyTorch state_dict, whatever their modules are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from explainer.engine.trace import Array
from explainer.errors import ConstraintError, WrongTypeError, names_of, shorten
from explainer.interop.cells import Cell, GRUNetwork
from explainer.interop.layer_names import layer_name, natural_order
from explainer.interop.layouts import from_arrays
from explainer.interop.stacked_gates import Variant, float_array, naming, short_name

STACKED = re.compile(
    r"(?P<path>.*?)(?P<kind>weight|bias|w|b)_(?P<side>ih|hh)(?:_?l(?P<layer>\d+))?(?P<back>_reverse)?",
    re.DOTALL,
)
OWN = re.compile(
    r"(?:(?P<path>.*)\.)?(?P<name>W_[ih][rzn]|b_[ih]?[rzn])(?P<back>_reverse)?", re.DOTALL
)
"""A parameter under this project's name, as `save` writes it where PyTorch has none for it."""
WRAPPERS = re.compile(r"(^|(?<=\.))(module|_orig_mod)\.")
"""What DataParallel and torch.compile put before a name."""
NORMED = re.compile(r"(weight|bias)_[ih]h.*(_[gv]|\.original\d)$|(^|\.)parametrizations\..*_[ih]h")
LONGEST_NAME = 1_000
"""Most characters of an array's name."""
NESTED = ("state_dict", "model_state_dict", "model")
"""Where checkpoints keep the state_dict, beside an optimizer's state and more."""
PARTS = {
    **{f"{kind}_{side}h": f"W_{side}" for kind in ("weight", "w") for side in "ih"},
    **{f"{kind}_{side}h": f"b_{side}" for kind in ("bias", "b") for side in "ih"},
}
OTHER_NETWORKS = {4: "four gates: an LSTM", 1: "no gates: a plain RNN"}


def from_torch(state: Any, path: str = "") -> GRUNetwork:
    """Return the GRU layers of a PyTorch module or state_dict.

    Found are all arrays called weight_ih, weight_hh, bias_ih, bias_hh, or w_ih and so on, with the
    suffixes _l0 and _reverse, whatever stands before. torch.nn.GRU stacks the gates r, z, n in
    rows; the reset gate comes after the product. Absent biases are zeros.

    Args:
        state: a torch.nn.Module, its state_dict(), or a checkpoint that holds one as "state_dict".
        path: of a module inside, such as "encoder.rnn"; empty for all of them.

    Returns:
        The cells by layer: "encoder.rnn.l0", "encoder.rnn.l0_reverse", "encoder.rnn.l1"; of a
        module that is a GRU itself "l0". Layers are sorted by number.

    Raises:
        TypeError: `state` is neither module nor mapping.
        ValueError: there is no GRU inside, shapes don't fit, or a number is not finite.
    """
    if isinstance(state, torch.nn.Module):
        state = state.state_dict()
    for name in NESTED:
        if isinstance(state, Mapping) and isinstance(state.get(name), Mapping):
            state = state[name]
    if not isinstance(state, Mapping):
        expected = "a torch.nn.Module or its state_dict()"
        raise WrongTypeError("state", expected, shorten(state))
    named = {WRAPPERS.sub("", str(n)): v for n, v in state.items()}
    if path:
        named = {n: v for n, v in named.items() if n.startswith(f"{path}.")}
    return named_network(named, "PyTorch state_dict", path)


def named_network(
    named: Mapping[str, Any],
    kind: str,
    path: str = "",
    activations: Mapping[str, tuple[str, str]] | None = None,
) -> GRUNetwork:
    """Return the cells among arrays by name.

    Args:
        named: arrays or tensors under PyTorch's names, or this project's.
        kind: where they come from.
        path: where they were looked for, for an error.
        activations: of layers that have others than sigmoid and tanh.

    Raises:
        ValueError: there are none, or something is wrong with one.
    """
    if long := [n for n in named if len(n) > LONGEST_NAME]:
        expected = f"names of at most {LONGEST_NAME:,} characters are possible"
        raise ConstraintError("state", expected, f"An array's name has {len(long[0]):,} characters")
    if normed := [n for n in named if NORMED.search(n)]:
        raise ConstraintError(
            "state",
            "a GRU's weights are needed whole",
            f"{short_name(normed[0])} is a weight taken apart by weight_norm or the like",
            "Call torch.nn.utils.remove_weight_norm, or torch.nn.utils.parametrize."
            "remove_parametrizations, before saving.",
        )
    groups, others = _grouped(named)
    cells: dict[str, Cell] = {}
    says = []
    for layer in sorted(groups, key=natural_order):
        parts = groups[layer]
        if what := _another_network(parts):
            says.append(f"{short_name(layer)} has {what}; it was left out.")
            continue
        with naming(layer):
            chosen = (activations or {}).get(layer, ("sigmoid", "tanh"))
            cells[layer] = _cell_of(parts, chosen, layer.endswith("_reverse"))
    if not cells:
        where = f" under {shorten(path)}" if path else ""
        found = " ".join(says) or (
            f"There is none{where} among {names_of(named) or 'no names at all'}."
        )
        raise ConstraintError(
            "state",
            "at least one GRU is needed",
            found.rstrip("."),
            "Its arrays must be called weight_ih_l0, weight_hh_l0, bias_ih_l0 and bias_hh_l0, with "
            "anything before that.",
        )
    return GRUNetwork(cells, kind, others, tuple(says))


def _grouped(named: Mapping[str, Any]) -> tuple[dict[str, dict[str, Array]], dict[str, Array]]:
    """Return the arrays of each layer by their part, such as "W_i" or "W_ir", and all others."""
    groups: dict[str, dict[str, Array]] = {}
    others = {}
    for name, value in named.items():
        stacked, own = STACKED.fullmatch(name), OWN.fullmatch(name)
        match = own or stacked
        if match is None:
            if np.ndim(value):  # counters and the like are no weights
                others[name] = float_array(name, value)
            continue
        path = (match["path"] or "").rstrip("._")
        number = match.groupdict().get("layer")
        layer = layer_name(path, None if number is None else int(number), bool(match["back"]))
        part = match["name"] if match is own else f"{match['kind']}_{match['side']}"
        groups.setdefault(layer, {})[PARTS.get(part, part)] = float_array(name, value)
    return groups, others


def _another_network(parts: Mapping[str, Array]) -> str:
    """Return what a group of arrays is, if no GRU; empty if it may be one."""
    U = parts.get("W_h")
    if U is None or U.ndim != 2 or not U.size:
        return ""
    return OTHER_NETWORKS.get(len(U) // U.shape[1], "") if len(U) % U.shape[1] == 0 else ""


def _cell_of(parts: Mapping[str, Array], activations: tuple[str, str], reverse: bool) -> Cell:
    if "W_i" in parts and "W_h" not in parts:
        given = "there are weights for the input, weight_ih, and no recurrent ones, weight_hh"
        raise ConstraintError("state", "a GRU needs both", given)
    if "W_h" not in parts:
        variant: Variant = "reset_before" if "b_r" in parts else "reset_after"
        return Cell(variant, parts, activations, reverse)
    if "W_i" not in parts:
        given = "there are recurrent weights, weight_hh, and none for the input, weight_ih"
        raise ConstraintError("state", "a GRU needs both", given)
    zeros = np.zeros(len(parts["W_h"]))
    return from_arrays(
        parts["W_i"],
        parts["W_h"],
        np.stack([parts.get("b_i", zeros), parts.get("b_h", zeros)]),
        order="rzn",
        reset="after",
        activations=activations,
        reverse=reverse,
    )
