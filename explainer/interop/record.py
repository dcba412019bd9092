"""Record what happens inside the GRUs of somebody's own module, and leave the module as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from explainer.engine.origin import Provenance
from explainer.errors import InvalidValueError, WrongTypeError, must_be, shorten
from explainer.interop.module_calls import Call, gradients_of, noted_calls
from explainer.interop.recording import Again, Recording, labels, recording_of
from explainer.interop.stacked_layers import pack


def record(
    module: nn.Module,
    *inputs: Any,
    loss: Callable[..., Tensor] | None = None,
    targets: Any = None,
    lengths: Sequence[int] | Tensor | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
    sequences: int | Sequence[int] | None = None,
    **named: Any,
) -> Recording:
    """Run a module, and record every quantity of every nn.GRU and nn.GRUCell in it.

    The module, its gradients, its mode and the state of the random generators after a run are
    what they would be without. The equations are computed once more, in float64.

    Args:
        module: an nn.GRU, an nn.GRUCell, or any module that has some.
        inputs: what the module is called with.
        loss: called with the module's output, and with `targets` where there are some; returns a
            single number, whose gradients are recorded, too. None records the forward pass alone.
        targets: passed to `loss`.
        lengths: of each sequence of a padded batch, for a bare nn.GRU, which then reads it packed;
            passed on to any other module.
        names: labels by dim: "D" for the features of the input, "T" for the time steps.
        sequences: which sequences of the batch to keep, or how many of the first; None keeps as
            many as there is room for.
        named: passed to the module by name.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: the module has no GRU, or one that can't be recorded; the loss is no single
            number; a sequence is not there.
    """
    if loss is not None and not callable(loss):
        raise WrongTypeError("loss", "a function of the module's output", shorten(loss))
    args, passed = list(inputs), dict(named)
    if lengths is not None and isinstance(module, nn.GRU) and args:
        args[0] = pack(args[0], lengths, module.batch_first)
    elif lengths is not None:
        passed["lengths"] = lengths
    value, found = None, dict[int, Tensor]()
    random_state = torch.random.get_rng_state()
    with torch.set_grad_enabled(loss is not None):
        with noted_calls(module, "none" if loss is None else "wanted") as calls:
            output = module(*args, **passed)
        if loss is not None:
            value = checked_loss(loss(output) if targets is None else loss(output, targets))
            own = [p for p in module.parameters() if p.requires_grad]
            found = {id(p): g for p, g in gradients_of(value, calls, own) if g is not None}
    number = None if value is None else float(value.detach())
    made = recording_of(calls, output, number, found, loss is not None, labels(names), sequences)

    @torch.no_grad()
    def output_with(parameters: Mapping[str, Tensor]) -> Any:
        with torch.random.fork_rng(devices=[]):
            torch.random.set_rng_state(random_state)
            return functional_call(module, dict(parameters), tuple(args), passed)

    @torch.no_grad()
    def loss_with(parameters: Mapping[str, Tensor]) -> float:
        assert loss is not None
        again = output_with(parameters)
        return float(loss(again) if targets is None else loss(again, targets))

    parameters = dict(module.named_parameters())
    gradients = {n: found[id(p)] for n, p in parameters.items() if id(p) in found}
    sources = sources_in(made, parameters)
    once_more = loss_with if loss is not None else None
    return replace(made, again=Again(parameters, gradients, sources, output_with, once_more))


def sources_in(
    made: Recording, parameters: Mapping[str, Tensor]
) -> dict[str, dict[str, Provenance]]:
    """Return which rows of which parameter the quantities of each layer are."""
    full = {name.replace("_orig_mod.", ""): name for name in parameters}
    return {
        name: {
            q: Provenance(full[source.name], source.row)
            for q, source in layer.trace.origin.sources.items()
            if source.name in full
        }
        for name, layer in made.layers.items()
        if layer.trace is not None
    }


def checked_loss(value: Any) -> Tensor:
    """Return a loss that gradients can be computed of.

    Raises:
        TypeError: it is no tensor.
        ValueError: it is no single number, or depends on nothing.
    """
    must_be("loss", value, Tensor, "a function that returns a tensor of one number")
    if value.numel() != 1:
        expected = "a function that returns one number"
        given = f"shape {tuple(value.shape)}"
        raise InvalidValueError("loss", expected, given, "Take its mean or its sum.")
    if not value.requires_grad:
        expected = "computed from what the module returned"
        raise InvalidValueError("loss", expected, "a number that depends on none of it")
    loss: Tensor = value.reshape(())
    return loss


class Watch:
    """What `watch` notes; `recording()` returns it, once the module has run."""

    def __init__(self, calls: list[Call], gradients: dict[int, Tensor]) -> None:
        self._calls, self._gradients = calls, gradients

    def recording(
        self,
        names: Mapping[str, Sequence[str]] | None = None,
        sequences: int | Sequence[int] | None = None,
    ) -> Recording:
        """Return what the module's GRUs did, with gradients if `backward()` was called.

        Args:
            names: as for `record`.
            sequences: as for `record`.

        Raises:
            ValueError: the module has not run.
        """
        arrived = any(call.gradients for call in self._calls)
        own = labels(names)
        return recording_of(self._calls, None, None, self._gradients, arrived, own, sequences)


@contextmanager
def watch(module: nn.Module) -> Iterator[Watch]:
    """Watch the GRUs of a module while one's own code runs it.

    `with watch(model) as seen: loss = f(model(x)); loss.backward()`, then `seen.recording()`.

    Args:
        module: an nn.GRU, an nn.GRUCell, or any module that has some.

    Yields:
        What is seen.

    Raises:
        TypeError: it is no module.
        ValueError: it has no GRU, or one that can't be recorded.
    """
    gradients: dict[int, Tensor] = {}
    handles = []
    with noted_calls(module, "keep") as calls:
        try:
            for parameter in module.parameters():
                if parameter.requires_grad:
                    keep = partial(gradients.__setitem__, id(parameter))
                    handles.append(parameter.register_hook(keep))
            yield Watch(calls, gradients)
        finally:
            for handle in handles:
                handle.remove()
