"""What the stage is sent: what each number is, how it comes about, and the numbers given.

The browser computes the others itself (`web/engine.js`), and is sent some of them to check itself
by. Of a run that is too large for a frame it computes the sequence that is shown at once; what
needs all of them is added up in a worker, whose code comes along.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

from explainer.engine.batch_run import Run
from explainer.engine.edits import limits
from explainer.engine.layer_trace import LayerRun, time_labels
from explainer.engine.network import network
from explainer.engine.quantity import Quantity
from explainer.engine.trace import Trace, dim_words
from explainer.explanation.index_form import index_form, own_letters
from explainer.explanation.tensor_formula import shapes_line
from explainer.plots import colours
from explainer.plots.tables import visible
from explainer.stage.buffer import Buffer
from explainer.stage.engine_input import given_numbers, network_as_json
from explainer.stage.picture import PictureRow
from explainer.stage.scene import Scene
from explainer.stage.script import link
from explainer.stage.trees import form_as_json

MOST_PRODUCTS = 20_000_000
"""Most products of a run that the browser computes in a frame: 1.2 thousand million a second."""
MOST_NUMBERS = 2_000_000
"""Most numbers of such a run; 8 bytes each."""
MOST_OF_A_SEQUENCE = 12_000_000
"""Most numbers of one sequence, of a run that is solved one at a time."""
MOST_GIVEN = 4_000_000
"""Most numbers that are sent: 22 MB as text, where they are exact in 4 bytes."""
LONGEST_LABEL = 24
"""Most characters of a time step's label."""
SAMPLES = 10
"""Most numbers of a quantity that the browser checks itself by."""


@dataclass(frozen=True)
class Source:
    """The first pass and the update as one collection of named tensors."""

    run: Run | LayerRun

    def trace(self, name: str) -> Trace:
        """Return the trace that has the quantity and knows how it came about."""
        return self.run.trace if name in self.run.trace else self.run.update

    def quantity(self, name: str) -> Quantity:
        """Return a quantity."""
        return self.trace(name).quantities[name]

    def reachable(self, names: Iterable[str]) -> list[str]:
        """Return these names and everything they were computed from, each once."""
        found: dict[str, None] = {}
        waiting = list(dict.fromkeys(names))
        while waiting:
            name = waiting.pop(0)
            if name not in found:
                found[name] = None
                waiting += [n for n in self.quantity(name).inputs if n not in found]
        return list(found)


def payload(
    run: Run | LayerRun,
    scene: Scene,
    picture: tuple[PictureRow, ...] = (),
    edited: tuple[Run, str] | None = None,
    over_time: tuple[str, ...] = (),
    **also: Any,
) -> dict[str, str]:
    """Return what the stage gets: a description as JSON, and the numbers as base64.

    Args:
        run: the user's run.
        scene: what stands on the stage.
        picture: the rows of the living picture, in place of a scene.
        edited: the run with what is changed and held in it, and that as in an address.
        over_time: quantities that stand beside the scene for all time steps.
        also: goes into the description as it is.
    """
    source = Source(run)
    named = [n for row in picture for n in (*row.names, *row.weights)]
    shown = list(dict.fromkeys([*(n for lane in scene for n in lane.names), *over_time, *named]))
    if "h" in shown and "z" in shown:  # for the switch to the other convention
        shown += ["z_other", "h_other"]
    names = source.reachable(shown)
    buffer = Buffer()
    meta = {
        "sizes": dict(run.trace.sizes),
        "dims": dim_words(run.trace),
        "colours": {"scales": colours.SCALES, "hues": colours.HUES},
        **(layer_tokens(run.trace) if isinstance(run, LayerRun) else batch_tokens(run)),
        "quantities": {name: describe_quantity(source, name) for name in names},
        "scene": [
            {
                "title": lane.title,
                "name": lane.name,
                "keeps": lane.keeps,
                "bands": [
                    {"left": b.left, "rows": [asdict(r) | {"result": r.result} for r in b.rows]}
                    for b in lane.bands
                ],
            }
            for lane in scene
        ],
        "over_time": over_time,
        **({"picture": [asdict(row) for row in picture]} if picture else {}),
        **for_engine(buffer, source, names),
        **one_by_one(run),
        **also,
    }
    return {
        "meta": json.dumps(meta, ensure_ascii=False, allow_nan=False, separators=(",", ":")),
        "numbers": buffer.text(),
        "checked": edited_samples(*edited, not_given(source, names)) if edited else "",
    }


def for_engine(buffer: Buffer, source: Source, names: list[str]) -> dict[str, Any]:
    """Append what a run is computed from, and numbers of Python's to check it by.

    Args:
        buffer: takes the numbers.
        source: the run.
        names: the quantities that are checked.
    """
    run = source.run
    if isinstance(run, LayerRun):
        net, bounds = run.network, {}
    else:
        net, bounds = network(run.settings), limits(run.settings, run.trace.sizes["V"])
    return {
        "network": network_as_json(net, bounds),
        "precision": run.trace.origin.precision,
        "given": {n: buffer.encode(value) for n, value in given_numbers(run, net).items()},
        "checks": samples(buffer, run, not_given(source, names)),
    }


def samples(buffer: Buffer, run: Run | LayerRun, names: Iterable[str]) -> dict[str, Any]:
    """Append numbers by which the browser checks its own; return where each quantity's are."""
    source = Source(run)
    values = {name: source.trace(name)[name] for name in names}
    return {name: buffer.encode(spaced(value.ravel())) for name, value in values.items()}


def edited_samples(edited: Run, edit: str, names: Iterable[str]) -> str:
    """Return numbers of a run with edits by which the browser checks what it makes of them."""
    buffer = Buffer()
    checks = samples(buffer, edited, names)
    return json.dumps({"edit": edit, "checks": checks, "numbers": buffer.text()})


def not_given(source: Source, names: Iterable[str]) -> list[str]:
    """Return those of the quantities that are computed."""
    return [name for name in names if source.quantity(name).expression is not None]


def spaced(flat: Any) -> Any:
    """Return at most `SAMPLES` numbers of an array, evenly spaced from the first one on."""
    return flat[:: max(1, -(-flat.size // SAMPLES))]


def batch_tokens(run: Run) -> dict[str, Any]:
    """Return the tokens by id, of a large vocabulary those that occur, and where they stand."""
    batch = run.batch
    found: dict[str, Any] = {"tokens": [visible(v) for v in batch.vocabulary]}
    if batch.features:
        return found | value_labels(run)
    if batch.lengths:
        found["lengths"] = batch.lengths
    if len(batch.vocabulary) > 2_000:
        used = np.unique(np.concatenate([batch.ids.ravel(), batch.targets.ravel()])).tolist()
        found["tokens"] = {str(i): visible(batch.vocabulary[i]) for i in used}
    return found


def value_labels(run: Run) -> dict[str, Any]:
    """Return what the stage of a run on numbers calls its features, outputs and time steps.

    The labels of time steps come after the outputs' in one list.
    """
    batch = run.batch
    outputs = [visible_label(v) for v in batch.vocabulary]
    rows = [batch.labels(sequence) for sequence in range(len(batch.ids))]
    labels = list(dict.fromkeys(label for row in rows for label in row))
    ids = {label: len(outputs) + i for i, label in enumerate(labels)}
    found: dict[str, Any] = {
        "tokens": [*outputs, *labels],
        "features": [visible_label(v) for v in batch.features],
        "lengths": batch.lengths,
        "ids": [[ids[label] for label in row] for row in rows],
    }
    return found


def layer_tokens(trace: Trace) -> dict[str, Any]:
    """Return labels of the time steps in the place of tokens, and of the features."""
    rows = [time_labels(trace, sequence) for sequence in range(trace.sizes["B"])]
    labels = list(dict.fromkeys(label for row in rows for label in row))
    ids = {label: i for i, label in enumerate(labels)}
    places = [[ids[label] for label in row] for row in rows]
    D = trace.sizes["D"]
    features = trace.origin.names.get("D") or tuple(map(str, range(D)))
    return {
        "tokens": [visible_label(v) for v in labels],
        "features": [visible_label(v) for v in features],
        "ids": places,
        "targets": places,
        **({"lengths": list(trace.origin.lengths)} if trace.origin.lengths else {}),
    }


def visible_label(text: str) -> str:
    """Return a label in which every character but a space can be seen."""
    shown = "".join(c if c == " " else visible(c) for c in text[:LONGEST_LABEL])
    return shown if len(text) <= LONGEST_LABEL else f"{shown}…"


def is_computed_in_browser(run: Run | LayerRun) -> bool:
    """Tell whether the browser can compute a run: at once, or one sequence after the other."""
    if not too_large_for_frame(run):
        return True
    if isinstance(run, LayerRun):
        return False
    shapes = [(run.trace.quantities[n].dims, run.trace.shape(n)) for n in run.trace.arrays]
    recorded = sum(math.prod(shape[dims[:1] == ("B",) :]) for dims, shape in shapes)
    given = sum(a.size for a in given_numbers(run, network(run.settings)).values())
    return recorded <= MOST_OF_A_SEQUENCE and given <= MOST_GIVEN


def too_large_for_frame(run: Run | LayerRun) -> str:
    """Say by how much a run is too large to be computed in a frame; nothing where it is not."""
    shapes = [t.shape(name) for t in (run.trace, run.update) for name in t.quantities]
    for count, most, what in (
        (products(run.trace.sizes), MOST_PRODUCTS, "products"),
        (sum(map(math.prod, shapes)), MOST_NUMBERS, "numbers"),
    ):
        if count > most:
            millions = f"{count / 1e6:,.{0 if count >= 1e7 else 1}f}"
            return f"{millions} million {what}, where a frame has time for {most // 10**6}"
    return ""


def one_by_one(run: Run | LayerRun) -> dict[str, str]:
    """Return what the stage needs to solve a run one sequence at a time, if it must."""
    large = too_large_for_frame(run)
    return {"large": large, "worker": worker_code()} if large else {}


@cache
def worker_code() -> str:
    """Return what adds up sequences in the browser, as one script."""
    return link("sums_worker", short=True)


def products(sizes: Mapping[str, int]) -> int:
    """Return about how many products a run is: forward once, backward twice as many."""
    B, T, D, H, V = (sizes.get(dim, 0) for dim in "BTDHV")
    return 3 * B * T * (3 * H * (D + H) + H * V)


def describe_quantity(source: Source, name: str) -> dict[str, Any]:
    """Return what a quantity is: dims, formula, index form, and the axes' letters if others."""
    trace, q = source.trace(name), source.quantity(name)
    letters = own_letters(q)
    return {
        "dims": list(q.dims),
        "symbol": q.symbol,
        "why": q.description,
        "form": form_as_json(index_form(q, trace.quantities)),
        "shapes": shapes_line(trace, q),
        "kind": colours.kind(q.role),
        "hue": q.part,
        **({"letters": letters} if list(letters) != list(q.dims) else {}),
        **({"source": asdict(trace.origin.sources[name])} if name in trace.origin.sources else {}),
    }
