"""How long the browser's engine takes from an edit to all numbers, in Node."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.table import Row
from explainer import PRESETS, run
from explainer.engine.edits import limits
from explainer.engine.network import network
from explainer.settings import Settings
from explainer.stage.engine_input import given_numbers, network_as_json
from tests.node import NODE

SCRIPT = Path(__file__).with_suffix(".js")
RUNS = {
    **{name: PRESETS[name] for name in ("start", "math", "linear_algebra")},
    "start with H = 32": replace(PRESETS["start"], hidden_size=32),
    "story": PRESETS["story"],
}
GOALS = {"start with H = 32": "under 8 ms", "story": "under 20 ms"}
"""What an edit may take, so that drawing still fits in a frame."""


def sent(settings: Settings) -> dict[str, object]:
    """Return what the browser is sent of a run."""
    result = run(settings)
    net, sizes = network(settings), dict(result.trace.sizes)
    numbers = {name: value.ravel().tolist() for name, value in given_numbers(result, net).items()}
    equations = network_as_json(net, limits(settings, sizes["V"]))
    return {"network": equations, "sizes": sizes, "given": numbers}


def measure() -> list[Row]:
    """Time a new network, and edits of a weight, a held unit and the learning rate."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cases.json")
        path.write_text(json.dumps([sent(settings) for settings in RUNS.values()]), "utf-8")
        done = subprocess.run([NODE, SCRIPT, path], check=True, capture_output=True, text=True)
    return [
        Row(
            f"{name}, {what}: median / p95",
            f"{median:.2f} / {late:.2f} ms",
            "" if what.startswith("a new") else GOALS.get(name, ""),
        )
        for name, times in zip(RUNS, json.loads(done.stdout), strict=True)
        for what, (median, late) in times.items()
    ]
