"""Computations of PyTorch's own, and a plain loop, that `checks` holds a run against.

Nothing here calls the equations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from explainer.engine.network import GATES
from explainer.engine.precision import dtype_of
from explainer.engine.trace import Array, Trace

IGNORED = -100
"""What F.cross_entropy leaves out where it stands as a target."""


def scale_of_dropout(q: float) -> float:
    """Return what F.dropout multiplies a survivor with."""
    with torch.random.fork_rng(devices=[]):  # the stream of whoever calls this stays as it is
        torch.manual_seed(0)
        return float(F.dropout(torch.ones(10_000, dtype=torch.float64, device="cpu"), q).max())


def as_tensor(trace: Trace, name: str) -> Tensor:
    """Return a value as a tensor of its own, in the precision that it was computed in."""
    return torch.from_numpy(trace[name].copy()).to(dtype_of(trace))


def torch_gru(trace: Trace) -> torch.nn.GRU:
    """Return torch.nn.GRU with the trace's parameters."""
    sizes = trace.sizes["D"], trace.sizes["H"]
    # a module draws first values from the stream that everybody shares, but not without memory
    module = torch.nn.GRU(*sizes, batch_first=True, dtype=torch.float64, device="meta")
    packed = {
        f"{kind}_{side}h_l0": torch.cat([as_tensor(trace, f"{letter}_{side}{g}") for g in GATES])
        for kind, letter in (("weight", "W"), ("bias", "b"))
        for side in "ih"
    }
    module.load_state_dict(packed, assign=True)
    return module


def torch_states(trace: Trace) -> Array:
    """Return the hidden states of torch.nn.GRU with the trace's parameters and input."""
    with torch.inference_mode():
        x, h_0 = as_tensor(trace, "x"), as_tensor(trace, "h_0")
        states: Array = torch_gru(trace)(x, h_0[None])[0].numpy()
    return states


ACTIVATED: Mapping[str, Callable[[Array], Array]] = {
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "hard_sigmoid_6": lambda a: np.clip(a / 6 + 1 / 2, 0, 1),
    "hard_sigmoid_5": lambda a: np.clip(0.2 * a + 0.5, 0, 1),
    "linear": lambda a: a,
}
"""Activations in NumPy."""
TORCH_ACTIVATED: Mapping[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "hard_sigmoid_6": lambda a: F.hardtanh(a / 6 + 1 / 2, 0, 1),
    "hard_sigmoid_5": lambda a: F.hardtanh(0.2 * a + 0.5, 0, 1),
    "linear": lambda a: a,
}
"""The same as PyTorch's own functions, for autograd. F.hardsigmoid is none of them: on the way back
it multiplies with 1/6 in float32."""


def plain_loop(trace: Trace, activations: tuple[str, str]) -> Array:
    """Return the hidden states of a GRU from a plain NumPy loop.

    Args:
        trace: whose input, first state and parameters.
        activations: of the gates and of the candidate.
    """
    gate, candidate = (ACTIVATED[name] for name in activations)
    used = trace.arrays.keys() & {"x", "h_0"} | {n for n in trace.arrays if n[:2] in ("W_", "b_")}
    W = {n: as_tensor(trace, n).numpy() for n in used}
    after = "b_hr" in W
    h, states = W["h_0"], []

    def part(side: str, g: str, value: Array) -> Array:
        bias = f"b_{side}{g}" if after else f"b_{g}" if side == "i" else ""
        product: Array = value @ W[f"W_{side}{g}"].T
        return product + W[bias] if bias else product

    for t in range(trace.sizes["T"]):
        x = W["x"][:, t]
        r, z = (gate(part("i", g, x) + part("h", g, h)) for g in "rz")
        past = r * part("h", "n", h) if after else part("h", "n", r * h)
        h = z * h + (1 - z) * candidate(part("i", "n", x) + past)
        states.append(h)
    return np.stack(states, 1)


def linear(trace: Trace) -> Tensor:
    """Return the logits from F.linear."""
    bias = as_tensor(trace, "b_o") if "b_o" in trace else None
    found = F.linear(as_tensor(trace, "h_out"), as_tensor(trace, "W_o"), bias)
    return where_held(trace, "logits", found)


def holds(trace: Trace) -> bool:
    """Tell whether some computed number of a trace is held."""
    return any(edit.before is None for edit in trace.edits.values())


def where_held(trace: Trace, name: str, value: Tensor, t: int | None = None) -> Tensor:
    """Return a value with the numbers in it at which the trace holds them.

    Args:
        trace: says what is held.
        name: the quantity.
        value: what it would be by itself; at one time step if `t` says which.
        t: the time step.
    """
    edit = trace.edits.get(name)
    if edit is None or edit.before is not None:
        return value
    at = (slice(None),) if t is None else (slice(None), t)
    where, values = torch.from_numpy(edit.where[at]), torch.from_numpy(edit.values[at])
    return torch.where(where, values.to(value.dtype), value)


def loop_with_held(
    trace: Trace, parameters: Mapping[str, Tensor], activations: tuple[str, str]
) -> tuple[Tensor, Tensor]:
    """Return states and logits of a plain loop, with `torch.where` where the trace holds numbers.

    Args:
        trace: whose ids, masks, first state and held numbers.
        parameters: by name.
        activations: of the gates and of the candidate.
    """
    gate, candidate = (TORCH_ACTIVATED[name] for name in activations)
    own, scale = parameters, 1 / (1 - float(trace["dropout"]))
    after = "b_ir" in own

    def held(name: str, value: Tensor, t: int | None = None) -> Tensor:
        return where_held(trace, name, value, t)

    def part(name: str, value: Tensor, t: int) -> Tensor:
        bias = own.get(f"b_{name}" if after else f"b_{name[1]}" if name[0] == "i" else "")
        return held(f"a_{name}", F.linear(value, own[f"W_{name}"], bias), t)

    one_hot = as_tensor(trace, "values" if "values" in trace else "one_hot")
    e = held("e", one_hot @ own["E"] if "E" in own else one_hot)
    x = held("x", as_tensor(trace, "mask_x") * e * scale)
    h, states = as_tensor(trace, "h_0"), []
    for t, x_t in enumerate(x.unbind(1)):
        r, z = (held(g, gate(part(f"i{g}", x_t, t) + part(f"h{g}", h, t)), t) for g in "rz")
        past = r * part("hn", h, t) if after else part("hn", held("h_reset", r * h, t), t)
        n = held("n", candidate(part("in", x_t, t) + past), t)
        h = held("h", z * h + (1 - z) * n, t)
        states.append(h)
    found = torch.stack(states, 1)
    out = held("h_out", as_tensor(trace, "mask_h") * found * scale)
    return found, held("logits", F.linear(out, own["W_o"], own.get("b_o")))


def mean_loss(trace: Trace, of: Tensor) -> Tensor:
    """Return the loss of logits (B, T, V) from F.cross_entropy, on the trace's targets."""
    counted = as_tensor(trace, "counted") if "counted" in trace else None
    if "targets" not in trace:
        assert counted is not None
        return F.mse_loss(of[counted == 1], as_tensor(trace, "y")[counted == 1])
    targets = as_tensor(trace, "targets").long()
    if counted is not None:
        targets = torch.where(counted == 1, targets, IGNORED)
    return F.cross_entropy(of.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


def torch_logits(
    trace: Trace, parameters: Mapping[str, Tensor], activations: tuple[str, str]
) -> Tensor:
    """Return the logits of a forward pass of PyTorch's own, with these parameters.

    Args:
        trace: whose ids, masks, first state and held numbers.
        parameters: by name.
        activations: of the gates and of the candidate.
    """
    if holds(trace):
        return loop_with_held(trace, parameters, activations)[1]
    gate, candidate = (TORCH_ACTIVATED[name] for name in activations)
    own, keep = parameters, 1 - float(trace["dropout"])
    if "E" in own:
        e = F.embedding(as_tensor(trace, "ids").long(), own["E"])
    else:
        e = as_tensor(trace, "values" if "values" in trace else "one_hot")
    x = as_tensor(trace, "mask_x") * e / keep
    h, states = as_tensor(trace, "h_0"), []
    for x_t in x.unbind(1):
        if "b_ir" in own:  # two biases: the reset gate comes after the product
            i, past = (
                torch.cat([F.linear(v, own[f"W_{s}{g}"], own[f"b_{s}{g}"]) for g in GATES], -1)
                for v, s in ((x_t, "i"), (h, "h"))
            )
            (ir, iz, inn), (hr, hz, hn) = i.chunk(3, -1), past.chunk(3, -1)
            n = candidate(inn + gate(ir + hr) * hn)
            z = gate(iz + hz)
        else:
            r, z = (
                gate(x_t @ own[f"W_i{g}"].T + h @ own[f"W_h{g}"].T + own[f"b_{g}"]) for g in "rz"
            )
            n = candidate(x_t @ own["W_in"].T + (r * h) @ own["W_hn"].T + own["b_n"])
        h = torch.lerp(n, h, z)
        states.append(h)
    out = as_tensor(trace, "mask_h") * torch.stack(states, 1) / keep
    return F.linear(out, own["W_o"], own.get("b_o"))
