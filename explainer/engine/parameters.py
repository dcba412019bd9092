"""What a run begins with: parameters, drawn or the user's own, and dropout's masks.

Drawn from generators of their own, so that users of one server don't disturb each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from explainer.engine.network import GATES, network, rnn_network
from explainer.engine.trace import Array
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    WrongTypeError,
    must_be,
    names_of,
    shorten,
)
from explainer.settings import Settings

Shapes = Mapping[str, tuple[int, ...]]
DRAWN = torch.float32
"""What random numbers are drawn in, whatever `torch.set_default_dtype` says: another kind draws
others from the same seed."""

LAYOUTS = {
    r"(weight|bias)_[ih]h": "PyTorch's weight_ih_l0 stacks W_ir, W_iz, W_in: split it, "
    "weight_hh_l0 and the biases with .chunk(3).",
    r"kernel": "Keras's kernel holds W_iz, W_ir, W_in side by side and transposed: split it and "
    "recurrent_kernel with np.split(kernel.T, 3).",
    r"^[WRB]$": "ONNX's W stacks W_iz, W_ir, W_in, R the recurrent weights and B both biases: "
    "split W[0] and R[0] into 3, B[0] into 6.",
}
"""How the parameters here stand in those of other libraries, by a pattern of their names."""


def dim_sizes(settings: Settings, V: int) -> dict[str, int]:
    """Return the length of each dim."""
    return {
        "B": settings.batch_size,
        "T": settings.context_length,
        "D": input_size(settings, V),
        "H": settings.hidden_size,
        "V": V,
    }


def parameter_shapes(settings: Settings, vocabulary_size: int) -> Shapes:
    """Return the shape of every parameter by name."""
    sizes = dim_sizes(settings, vocabulary_size)
    return {q.name: tuple(sizes[d] for d in q.dims) for q in network(settings).parameters}


def input_size(settings: Settings, vocabulary_size: int) -> int:
    """Return D: how many numbers go in at each time step."""
    if settings.values is not None:
        return len(settings.values.features)
    return vocabulary_size if settings.input == "one_hot" else settings.embedding_size


def checked_parameters(
    settings: Settings, parameters: Mapping[str, Tensor | Array], vocabulary_size: int
) -> dict[str, Tensor]:
    """Return a user's own parameters, float64, in memory of their own.

    Args:
        settings: the network that they are for.
        parameters: arrays or tensors by name, as `update.after` has them.
        vocabulary_size: V.

    Raises:
        TypeError: these are no arrays of real numbers by name.
        ValueError: one is missing, has another shape, or is no parameter.
    """
    shapes = parameter_shapes(settings, vocabulary_size)
    must_be("parameters", parameters, Mapping, f"a mapping with {names_of(shapes)}")
    if others := [n for n in parameters if n not in shapes]:
        raise ConstraintError(
            "parameters",
            f"this network has {names_of(shapes)}",
            f"parameters has {names_of(map(shorten, others))}",
            foreign_layout(others),
        )
    own = {n: real_numbers(n, v) for n, v in parameters.items()}
    for name, shape in shapes.items():
        given = tuple(own[name].shape) if name in own else None
        if given != shape:
            raise InvalidValueError(
                name,
                f"an array of shape {shape}",
                "nothing" if given is None else f"shape {given}",
                f"Pass {name}.T." if given == shape[::-1] else "",
            )
    return own


def foreign_layout(names: Iterable[object]) -> str:
    """Return how to get the parameters here from those that another library names so."""
    for pattern, advice in LAYOUTS.items():
        if any(isinstance(name, str) and re.search(pattern, name) for name in names):
            return advice
    return "Pass these and no others."


def real_numbers(name: str, value: Tensor | Array) -> Tensor:
    """Return an array or a tensor as a float64 tensor in memory of its own.

    Raises:
        TypeError: it is something else, or its numbers are not real.
    """
    if isinstance(value, Tensor):
        plain = value.layout is torch.strided and value.device.type == "cpu"
        if plain and not (value.is_complex() or value.is_quantized or value.dtype == torch.bool):
            return value.detach().to(torch.float64, copy=True)
        kind = str(value.dtype) if plain else f"{value.layout} on {value.device.type}"
    elif isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray):
        if value.dtype.kind in "fiu":
            return torch.from_numpy(value.astype(np.float64))
        kind = str(value.dtype)
    else:
        kind = type(value).__name__
    raise WrongTypeError(name, "a dense array or CPU tensor of real numbers", kind)


def initial_parameters(settings: Settings, vocabulary_size: int) -> dict[str, Tensor]:
    """Return every parameter's first value, float64, by name.

    Numbers are drawn in float32 and in the order of the source, so they are the source's own:

    * constant: the explainer notebook's: E 1, input weights 0.5, recurrent 0.25, head 1;
    * normal: the matrices tutorial's: z r n of the input, z r n of the past, then the head,
      each (inputs, outputs) from torch.randn, after `torch.manual_seed(seed)`;
    * uniform: what torch.nn.Embedding, torch.nn.GRU and torch.nn.Linear draw, made in this
      order after `torch.manual_seed(seed)`;
    * orthogonal: rows or columns at right angles, as the EpyNN GRU layer begins.
    """
    shapes = parameter_shapes(settings, vocabulary_size)
    generator = torch.Generator().manual_seed(settings.seed)
    draw = {"constant": _constant, "normal": _normal, "uniform": _uniform}
    make = draw.get(settings.initial, _orthogonal)
    return {n: v.to(torch.float64) for n, v in make(shapes, generator).items()}


def _constant(shapes: Shapes, generator: torch.Generator) -> dict[str, Tensor]:
    value = (
        {"E": 1.0, "W_o": 1.0} | {f"W_i{g}": 0.5 for g in GATES} | {f"W_h{g}": 0.25 for g in GATES}
    )
    return {
        n: torch.full(s, value.get(n, 0.0), dtype=DRAWN, device="cpu") for n, s in shapes.items()
    }


def _normal(shapes: Shapes, generator: torch.Generator) -> dict[str, Tensor]:
    drawn = {n: torch.zeros(s, dtype=DRAWN, device="cpu") for n, s in shapes.items()}
    names = [*(f"W_{i}{g}" for i in "ih" for g in "zrn"), "W_o", *(["E"] if "E" in shapes else [])]
    for name in names:
        rows, columns = shapes[name]
        if name == "E":
            drawn[name] = torch.randn(rows, columns, generator=generator, dtype=DRAWN, device="cpu")
        else:
            transposed = torch.randn(columns, rows, generator=generator, dtype=DRAWN, device="cpu")
            drawn[name] = transposed.T.contiguous()
    return drawn


def _uniform(shapes: Shapes, generator: torch.Generator) -> dict[str, Tensor]:
    H = shapes["W_hr"][0]
    bound = H**-0.5
    drawn = {}
    if "E" in shapes:
        drawn["E"] = torch.empty(shapes["E"], dtype=DRAWN, device="cpu").normal_(
            generator=generator
        )
    for kind in ("W_i", "W_h", "b_i", "b_h"):
        rows = shapes[f"W_{kind[-1]}r"] if kind[0] == "W" else (H,)
        packed = torch.empty((3 * rows[0], *rows[1:]), dtype=DRAWN, device="cpu")
        packed.uniform_(-bound, bound, generator=generator)
        for g, part in zip(GATES, packed.chunk(3), strict=True):
            # with one bias for each gate, that is the input's
            name = f"b_{g}" if kind == "b_i" and f"b_{g}" in shapes else f"{kind}{g}"
            drawn[name] = part.clone()
    for name in ("W_o", "b_o"):
        if name in shapes:
            drawn[name] = torch.empty(shapes[name], dtype=DRAWN, device="cpu")
            drawn[name].uniform_(-bound, bound, generator=generator)
    return {n: drawn[n] for n in shapes}


def _orthogonal(shapes: Shapes, generator: torch.Generator) -> dict[str, Tensor]:
    return {
        n: torch.nn.init.orthogonal_(torch.empty(s, dtype=DRAWN, device="cpu"), generator=generator)
        if len(s) == 2
        else torch.zeros(s, dtype=DRAWN, device="cpu")
        for n, s in shapes.items()
    }


def rnn_parameters(settings: Settings, vocabulary_size: int) -> dict[str, Tensor]:
    """Return first values for the network with an ordinary RNN, float64, by name.

    Embedding and head are those of `initial_parameters`. The RNN's own are drawn by the same
    rules, in float32 and after the same seed: constants 0.5 and 0.25; or W_ih, W_hh from
    torch.randn as (inputs, outputs); or what torch.nn.RNN draws after torch.nn.Embedding; or rows
    or columns at right angles.
    """
    first = initial_parameters(settings, vocabulary_size)
    H, D = first["W_ir"].shape
    generator = torch.Generator().manual_seed(settings.seed)
    if settings.initial in ("uniform", "orthogonal") and "E" in first:
        torch.randn(
            first["E"].shape, generator=generator, dtype=DRAWN, device="cpu"
        )  # E is drawn before
    own = {
        n: torch.zeros(s, dtype=DRAWN, device="cpu")
        for n, s in {"W_ih": (H, D), "W_hh": (H, H)}.items()
    }
    own |= {n: torch.zeros(H, dtype=DRAWN, device="cpu") for n in ("b_ih", "b_hh")}
    weights = [own["W_ih"], own["W_hh"]]
    if settings.initial == "constant":
        own["W_ih"].fill_(0.5)
        own["W_hh"].fill_(0.25)
    elif settings.initial == "normal":
        for weight in weights:
            weight.copy_(
                torch.randn(weight.T.shape, generator=generator, dtype=DRAWN, device="cpu").T
            )
    elif settings.initial == "uniform":
        for value in own.values():
            value.uniform_(-(H**-0.5), H**-0.5, generator=generator)
    else:
        for weight in weights:
            torch.nn.init.orthogonal_(weight, generator=generator)
    values = {**first, **{n: v.to(torch.float64) for n, v in own.items()}}
    return {q.name: values[q.name] for q in rnn_network(settings).parameters}


def draw_masks(settings: Settings, sizes: Mapping[str, int], draw: int) -> dict[str, Tensor]:
    """Return dropout's masks: 1 where a number is kept, 0 where it is dropped.

    Args:
        settings: share to drop, element-wise or locked, training or not, seed.
        sizes: B, T, D, H.
        draw: which draw from this seed, from 0: each update has masks of its own.
    """
    q = effective_dropout(settings)
    generator = torch.Generator().manual_seed((settings.seed * 1_000_003 + draw + 1) % 2**63)
    masks = {}
    for name, width in (("mask_x", sizes["D"]), ("mask_h", sizes["H"])):
        locked = settings.dropout_kind == "locked"
        shape = (sizes["B"], 1 if locked else sizes["T"], width)
        if q == 0:  # nothing is dropped, so one number stands for all
            ones = torch.ones((), dtype=torch.float64, device="cpu")
            masks[name] = ones.expand(sizes["B"], sizes["T"], width)
            continue
        kept = torch.rand(shape, generator=generator, dtype=DRAWN, device="cpu") >= q
        masks[name] = kept.to(torch.float64).expand(sizes["B"], sizes["T"], width).contiguous()
    return masks


def effective_dropout(settings: Settings) -> float:
    """Return the share that is dropped: none when evaluating."""
    return settings.dropout if settings.training else 0.0
