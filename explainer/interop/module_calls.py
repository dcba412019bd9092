"""What the GRUs of a module are called with, noted by forward hooks, and nothing changed by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from explainer.errors import InvalidValueError, must_be

Recurrent = nn.GRU | nn.GRUCell
Returned = Literal["output", "h_n"]
Gradients = Literal["none", "keep", "wanted"]


@dataclass(eq=False)
class Call:
    """One call of an nn.GRU or an nn.GRUCell.

    Attributes:
        path: the module's name in the whole, empty if it is the whole.
        module: the GRU.
        x: its input, as it was passed.
        h_0: its first state, as it was passed, or None.
        output: what it returned for every time step; of a cell, the new state.
        h_n: the last states that it returned; None of a cell.
        random_state: that of the CPU's generator before the call.
        lowered: the dtype that autocast computes in; None without.
        gradients: the gradient that arrived at what it returned, once there is one.
    """

    path: str
    module: Recurrent
    x: Tensor | PackedSequence
    h_0: Tensor | None
    output: Tensor | PackedSequence
    h_n: Tensor | None
    random_state: Tensor
    lowered: torch.dtype | None = None
    gradients: dict[Returned, Tensor] = field(default_factory=dict)

    @property
    def returned(self) -> dict[Returned, Tensor]:
        """The tensors at which a gradient can arrive."""
        data = self.output.data if isinstance(self.output, PackedSequence) else self.output
        tensors: dict[Returned, Tensor] = {"output": data}
        if self.h_n is not None:
            tensors["h_n"] = self.h_n
        return tensors


def recurrent_modules(module: nn.Module) -> dict[str, Recurrent]:
    """Return every nn.GRU and nn.GRUCell of a module by its name, without what compiling adds.

    Raises:
        TypeError: it is no module.
        ValueError: it has neither, or its code can't be watched.
    """
    must_be("module", module, nn.Module, "a torch.nn.Module that has an nn.GRU or an nn.GRUCell")
    if isinstance(module, torch.jit.ScriptModule):
        advice = "Load its state_dict into the Python module that it was scripted from."
        raise InvalidValueError("module", "a Python module", "a ScriptModule", advice)
    named = {name.replace("_orig_mod.", ""): m for name, m in module.named_modules()}
    found = {name: m for name, m in named.items() if isinstance(m, Recurrent)}
    if not found:
        other = [type(m).__name__ for m in named.values() if isinstance(m, nn.RNNBase)]
        kind = other[0] if other else type(module).__name__
        advice = (
            "Only gated recurrent units are explained."
            if other
            else "Load the weights into an nn.GRU, or read them with explainer.load."
        )
        raise InvalidValueError("module", "one with an nn.GRU or an nn.GRUCell", kind, advice)
    return found


@contextmanager
def noted_calls(module: nn.Module, gradients: Gradients = "none") -> Iterator[list[Call]]:
    """Note the calls of every GRU of a module; the hooks are gone afterwards.

    Args:
        module: any module.
        gradients: "keep" those that a later `backward()` brings; "wanted" even where no parameter
            needs one; or "none".

    Yields:
        The calls, in their order; they come in while the module runs.

    Raises:
        TypeError, ValueError: as `recurrent_modules`.
    """
    calls: list[Call] = []
    handles = []
    try:
        for path, gru in recurrent_modules(module).items():
            states: list[Tensor] = []
            handles.append(gru.register_forward_pre_hook(partial(_note_random_state, states)))
            hook = partial(_note_call, calls, states, path, gradients)
            handles.append(gru.register_forward_hook(hook, with_kwargs=True))
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _note_random_state(states: list[Tensor], module: nn.Module, args: Any) -> None:
    states.append(torch.random.get_rng_state())


def _note_call(
    calls: list[Call],
    states: list[Tensor],
    path: str,
    gradients: Gradients,
    module: Recurrent,
    args: Sequence[Any],
    named: dict[str, Any],
    returned: Any,
) -> None:
    x = args[0] if args else named["input"]
    h_0 = args[1] if len(args) > 1 else named.get("hx")
    output, h_n = returned if isinstance(module, nn.GRU) else (returned, None)
    device = next(module.parameters()).device.type
    lowered = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None
    call = Call(path, module, x, h_0, output, h_n, states.pop(), lowered)
    for name, tensor in call.returned.items():
        if gradients == "wanted" and not tensor.requires_grad and torch.is_grad_enabled():
            tensor.requires_grad_()  # of a frozen module: it stands at the beginning of the graph
        if gradients == "keep" and tensor.requires_grad:
            tensor.register_hook(partial(_keep_gradient, call, name))
    calls.append(call)


def _keep_gradient(call: Call, name: Returned, gradient: Tensor) -> None:
    call.gradients[name] = gradient.detach()


def gradients_of(
    value: Tensor, calls: Sequence[Call], parameters: Sequence[Tensor]
) -> list[tuple[Tensor, Tensor | None]]:
    """Fill in what arrives at each call from a loss; nothing of the module is changed.

    Args:
        value: the loss, a single number.
        calls: get their gradients.
        parameters: tensors that require a gradient.

    Returns:
        Each parameter and its gradient, None where it has no part in the loss.
    """
    places = [(c, n, v) for c in calls for n, v in c.returned.items() if v.requires_grad]
    wanted = [*(v for *_, v in places), *parameters]
    found = torch.autograd.grad(value, wanted, allow_unused=True)
    for (call, name, _), gradient in zip(places, found, strict=False):
        if gradient is not None:
            call.gradients[name] = gradient.detach()
    return list(zip(parameters, found[len(places) :], strict=True))
