"""What is wrong with a network, if anything: findings in sentences, with the numbers behind them.

The thresholds were measured on 82 layers of working networks, fresh and trained, none of which has
an error or a warning, and on 17 broken ones. A note tells what is unusual and may well be meant.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from explainer.analysis.finding_places import finding_place
from explainer.analysis.findings import LEVELS, Finding
from explainer.analysis.health_numbers import LayerNumbers
from explainer.analysis.health_rules import chaotic_note, layer_findings, not_finite
from explainer.analysis.step_ratio import step_findings
from explainer.engine.batch_run import Run
from explainer.engine.trace import Array, Trace
from explainer.errors import WrongTypeError, must_be, shorten
from explainer.interop.recording import Recording


@dataclass(frozen=True, eq=False, repr=False)
class Health(Sequence[Finding]):
    """All findings, the gravest first.

    Attributes:
        findings: in order.
        shapes: what the shapes are taken for, a sentence for each layer.
        numbers: arrays by name, for each layer: "half_life", "spread", "z_open", "z_shut",
            "r_open", "r_shut", "n_saturated" (H,), and "sent_back" (T,).
    """

    findings: tuple[Finding, ...]
    shapes: tuple[str, ...]
    numbers: Mapping[str, Mapping[str, Array]]

    @property
    def ok(self) -> bool:
        """Whether there is no error and no warning."""
        return all(f.level == "note" for f in self.findings)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Finding]: ...
    def __getitem__(self, index: int | slice) -> Finding | Sequence[Finding]:
        """Return one of the findings, or several."""
        return self.findings[index]

    def __iter__(self) -> Iterator[Finding]:
        """Iterate over the findings."""
        return iter(self.findings)

    def __len__(self) -> int:
        """Return how many findings there are."""
        return len(self.findings)

    def __str__(self) -> str:
        """Return the sentences, one below the other."""
        return "\n".join((*self.shapes, *map(str, self.findings or ("Nothing was found.",))))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the sentences as a list, for a notebook."""
        lines = (*self.shapes, *map(str, self.findings or ("Nothing was found.",)))
        return f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>"


def health(
    of: Trace | Run | Recording,
    first: bool | None = None,
    learning_rate: float | None = None,
    optimizer: Any = None,
) -> Health:
    """Look for what is wrong with a layer or a network.

    What is looked at are a run's own numbers, in whatever precision they were computed; the
    gradient that is sent back to see whether it grows is computed in float64.

    Args:
        of: a trace, a run, or a recording.
        first: whether the parameters are first values, before any training; None takes them for
            such where all are within PyTorch's first bound, 1 / sqrt(H).
        learning_rate: of one SGD update, to see whether the loss changes as its slope promises;
            of a recording with a loss.
        optimizer: a torch.optim optimizer of the module's parameters, to see the same of its next
            update; it is not changed.

    Raises:
        TypeError: `of` is nothing that can be looked at.
        ValueError: an update was asked for, and there is no loss.
    """
    if first is not None:
        must_be("first", first, bool, "True, False or None")
    if isinstance(of, Recording):
        layers = {name: layer.trace for name, layer in of.layers.items()}
        broken = [(n, layer.problem) for n, layer in of.layers.items() if layer.problem]
        chaotic = [a for a in of.agreements if a.chaotic]
    elif isinstance(of, Run | Trace):
        layers, broken, chaotic = {"": of.trace if isinstance(of, Run) else of}, [], []
        if not {"x", "z", "h"} <= set(layers[""] or ()):
            raise WrongTypeError("of", "a trace with x, z and h", shorten(of))
    else:
        expected = "a trace, a run or a recording, such as record(model, x)"
        raise WrongTypeError("of", expected, shorten(of))
    found = [not_finite(name, str(problem)) for name, problem in broken]
    found += step_findings(of, learning_rate, optimizer)
    shapes, numbers = [], {}
    for name, trace in layers.items():
        if trace is None:
            continue
        own = LayerNumbers(trace)
        shapes.append(shapes_sentence(name, trace))
        numbers[name] = arrays_of(own)
        found += [replace(f, layer=name) for f in layer_findings(own, first)]
    found += [chaotic_note(a) for a in chaotic]
    traces = {name: trace for name, trace in layers.items() if trace is not None}
    found = [
        replace(f, where=finding_place(f, traces[f.layer])) if f.layer in traces else f
        for f in found
    ]
    ordered = sorted(found, key=lambda f: LEVELS.index(f.level))
    return Health(tuple(ordered), tuple(shapes), numbers)


def shapes_sentence(name: str, trace: Trace) -> str:
    """Say what the shapes are taken for; axes in the wrong order are seen nowhere else."""
    B, T, D, H = (trace.sizes[d] for d in "BTDH")
    layer = f"{name}: " if name else ""
    return (
        f"{layer}{B:,} {'sequence' if B == 1 else 'sequences'} of {T:,} time steps, "
        f"{D:,} input {'feature' if D == 1 else 'features'}, {H:,} hidden units."
    )


def arrays_of(own: LayerNumbers) -> dict[str, Array]:
    """Return the numbers behind the findings by name."""
    return {
        "half_life": own.half_life,
        "spread": own.spread,
        **{f"{gate}_open": own.open[gate] for gate in "rz"},
        **{f"{gate}_shut": own.shut[gate] for gate in "rz"},
        "n_saturated": own.saturated_candidate,
        "sent_back": own.sent_back,
    }
