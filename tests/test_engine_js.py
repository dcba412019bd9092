"""What the browser computes is what Python computes, number for number."""

import base64
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from node import NODE
from strategies import small_settings
from test_edits import draw_edits

from explainer import PRESETS, run, with_targets
from explainer.engine import expression
from explainer.engine.edits import edited_run, limits
from explainer.engine.hold import hold, holdable
from explainer.engine.network import network
from explainer.stage.engine_input import given_numbers, network_as_json

ROOT = Path(__file__).parent.parent
WITHIN = 1e-12
NOISE = 5e-15
"""What is left of a sum of numbers below 1 that cancel out; dropout scales it as all the rest."""


def node(*arguments, sent=None):
    """Return what Node prints."""
    done = subprocess.run(
        [NODE, *arguments], cwd=ROOT, capture_output=True, text=True, input=sent, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_browser(cases, folder, apart=False):
    """Return what the browser's engine computes.

    Args:
        cases: for each run, the run and its turns: edits, and the shapes to ask for by name.
        folder: for the files in between.
        apart: whether one sequence of the batch is solved at a time.

    Returns:
        For each run and turn, the arrays by name.
    """
    sent = [
        {
            "network": network_as_json(network(result.settings), bounds_of(result)),
            "sizes": dict(result.trace.sizes),
            "precision": result.trace.origin.precision,
            "apart": apart,
            "given": {
                name: base64.b64encode(np.asarray(value, dtype="<f8").tobytes()).decode("ascii")
                for name, value in given_numbers(result, network(result.settings)).items()
            },
            "turns": [{"edits": edits, "names": list(shapes)} for edits, shapes in turns],
        }
        for result, turns in cases
    ]
    (folder / "cases.json").write_text(json.dumps(sent), encoding="utf-8")
    node(ROOT / "tests/web/solve.js", folder / "cases.json", folder / "results.bin")
    numbers, at, found = np.fromfile(folder / "results.bin", dtype="<f8"), 0, []
    for _, turns in cases:
        found.append([])
        for _, shapes in turns:
            values = {}
            for name, shape in shapes.items():
                size = int(np.prod(shape))
                values[name] = numbers[at : at + size].reshape(shape)
                at += size
            found[-1].append(values)
    assert at == len(numbers)
    return found


def bounds_of(result):
    return limits(result.settings, result.trace.sizes["V"])


def every_number(result):
    """Return all arrays of a run under the browser's names."""
    values = {name: result.trace[name] for name in result.trace}
    values |= {name: result.update[name] for name in result.update}
    return values | {f"second.{n}": result.second[n] for n in network_names(result)}


def network_names(result):
    return ["h_prev", *(q.name for q in network(result.settings).forward)]


def assert_same(found, expected):
    noise = NOISE / (1 - float(expected["dropout"])) ** 2  # of the input and of the states
    noise *= max(1, np.abs(expected["h"]).max())
    noise *= max(1.0, float(expected["learning_rate"]))
    for name, value in expected.items():
        off = np.abs(found[name] - value).max(initial=0)
        assert off <= WITHIN * np.abs(value).max(initial=0) + noise, (name, off)


START = PRESETS["start"]
DRAW = np.random.default_rng(1)
X, WANTED = DRAW.normal(size=(2, 7, 3)), DRAW.normal(size=(2, 7))
CHOSEN = {
    **{name: PRESETS[name] for name in PRESETS},
    **{f"H{H}": replace(START, hidden_size=H) for H in (1, 32)},
    "before": replace(START, variant="reset_before", hidden_size=32, redraw_masks=True),
    "one_hot": replace(START, input="one_hot", head_bias=True, dropout=0.5, dropout_kind="locked"),
    "clipped": replace(START, clip_norm=0.01, variant="reset_before", input="one_hot"),
    "carried": replace(START, carry_state=True, batch_index=3, windows="sequential"),
    "last": replace(START, answers="last", redraw_masks=True, lengths=(8, 3)),
    "numbers": replace(START, values=with_targets(X, WANTED, (7, 4)), context_length=5),
    "next row": replace(START, values=X, answers="last", variant="reset_before"),
    "classes": replace(START, values=with_targets(X, (WANTED > 0) * 1 - 101 * (WANTED > 1))),
    "trained": replace(START, updates=3),
    "hard": replace(
        START,
        gate_activation="hard_sigmoid_6",
        candidate_activation="hard_sigmoid_5",
        initial="normal",
    ),
    "relu": replace(START, gate_activation="tanh", candidate_activation="relu"),
    "linear": replace(
        START,
        gate_activation="linear",
        candidate_activation="sigmoid",
        variant="reset_before",
        learning_rate=0.1,
    ),
    "least": replace(START, batch_size=1, context_length=1, hidden_size=1, embedding_size=1),
}
EDITED = (
    "start",
    "math",
    "linear_algebra",
    "numbers",
    "classes",
    "H1",
    "before",
    "one_hot",
    "clipped",
    "carried",
    "trained",
    "hard",
    "relu",
    "least",
)


def drawn(count):
    """Return random settings, the same ones each time."""
    found = []

    @seed(1)
    @settings(max_examples=count, database=None, suppress_health_check=list(HealthCheck))
    @given(small_settings())
    def draw(one):
        found.append(one)

    draw()
    return found


def test_the_browser_computes_every_number_of_a_run(tmp_path):
    """Solved whole, and one sequence after the other."""
    runs = [run(each) for each in (*CHOSEN.values(), *drawn(40))]
    expected = [every_number(result) for result in runs]
    turns = [[([], {n: v.shape for n, v in values.items()})] for values in expected]
    for apart in (False, True):
        found = in_browser(list(zip(runs, turns, strict=True)), tmp_path, apart)
        for (values,), all_of_it in zip(found, expected, strict=True):
            assert_same(values, all_of_it)


@pytest.mark.parametrize("name", ["start", "math", "before", "clipped", "hard", "carried"])
def test_the_browser_rounds_to_float32_as_python_does(name, tmp_path):
    """Both in float32, but for the order in which products are added up."""
    rounded = run(replace(CHOSEN[name], precision="float32"))
    edits = draw_edits(rounded, Random(1))
    sides = [every_number(each) for each in (rounded, edited_run(rounded, edits))]
    shapes = [{n: v.shape for n, v in values.items()} for values in sides]
    (found,) = in_browser(
        [(rounded, list(zip(([], as_list(edits)), shapes, strict=True)))], tmp_path
    )
    for values, expected in zip(found, sides, strict=True):
        for quantity, value in expected.items():
            assert (values[quantity] == values[quantity].astype(np.float32)).all(), quantity
            size = max(1.0, np.abs(value).max(initial=0))
            off = np.abs(values[quantity] - value).max(initial=0)
            assert off <= 2e-5 * size, (quantity, off)


def as_list(edits):
    """Return edits as the browser has them: one place and one number each."""
    found = []
    for name, wanted in edits.items():
        if not isinstance(wanted, dict):
            array = np.asarray(wanted)
            wanted = {i: array[i] for i in np.ndindex(array.shape)}
        found += [
            {"name": n, "index": i, "value": float(v)}
            for n, (i, v) in ((name, item) for item in wanted.items())
        ]
    return found


def test_the_browser_makes_of_edits_what_python_makes_of_them(tmp_path):
    """Turn after turn in one engine, so that what is solved again is what an edit reaches."""
    random, cases = Random(1), []
    for each in (*(CHOSEN[name] for name in EDITED), *drawn(10)):
        base, turns = run(each), []
        for _ in range(10):
            edits = draw_edits(base, random)
            turns.append((as_list(edits), every_number(edited_run(base, edits))))
        cases.append((base, [*turns, ([], every_number(base))]))
    shapes = [
        (base, [(edits, {n: v.shape for n, v in values.items()}) for edits, values in turns])
        for base, turns in cases
    ]
    one_by_one = zip(cases[::2], in_browser(shapes[::2], tmp_path, apart=True), strict=True)
    whole = zip(cases, in_browser(shapes, tmp_path), strict=True)
    for (_, turns), found in (*whole, *one_by_one):
        for (_, expected), values in zip(turns, found, strict=True):
            assert_same(values, expected)


def test_the_browser_holds_by_the_same_equations():
    for each in (START, CHOSEN["before"], CHOSEN["one_hot"]):
        net, bounds = network(each), limits(each, 36)
        names = holdable(net)
        script = """Promise.all([import("./explainer/stage/web/edits.js")]).then(([edits]) => {
          const [network, names] = JSON.parse(require("fs").readFileSync(0, "utf-8"));
          const held = names.map((_, i) => edits.hold(network, names.slice(0, i + 1)));
          console.log(JSON.stringify([edits.holdable(network), held]));
        })"""
        text = json.dumps([network_as_json(net, bounds), names])
        found, held = json.loads(node("-e", script, sent=text))
        assert found == list(names)
        for i, one in enumerate(held):
            assert one == network_as_json(hold(net, names[: i + 1]), bounds)


def test_every_kind_of_node_can_be_computed():
    """An equation may use any operation that can be read; the browser must know it, too."""
    script = "import('./explainer/stage/web/compile.js').then((m) => console.log(m.KINDS.join()))"
    known = set(node("-e", script).strip().split(","))
    assert {*expression.operations().values(), "before", "after"} <= known
