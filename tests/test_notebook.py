"""A run as a notebook: executed, it computes the same numbers."""

import json
from dataclasses import replace

import numpy as np
import pytest

from explainer import PRESETS, Settings, run, with_targets

START, MATH = PRESETS["start"], PRESETS["math"]
NUMBERS = np.sin(np.arange(24.0)).reshape(12, 2)
CLASSES = with_targets(NUMBERS.reshape(2, 6, 2), [[0, 1, 2, -100, 0, 1], [2, 2, -100, 1, 0, 0]])
CASES = {
    "start": (START, None),
    "math": (MATH, None),
    "masks drawn again": (replace(START, redraw_masks=True, clip_norm=0.1), None),
    "no dropout, carried": (replace(MATH, batch_index=2, hidden_size=3), None),
    "locked": (replace(START, dropout_kind="locked", head_bias=True, updates=3), None),
    "other activations": (
        replace(START, gate_activation="hard_sigmoid_5", candidate_activation="relu"),
        None,
    ),
    "float32": (replace(START, precision="float32", redraw_masks=True), None),
    "linear": (replace(MATH, gate_activation="linear", candidate_activation="sigmoid"), None),
    "lengths": (replace(START, lengths=(8, 5)), None),
    "last answers": (replace(START, lengths=(8, 3), answers="last"), {"h_0": 0.5}),
    "numbers": (Settings(values=NUMBERS, hidden_size=3, context_length=4), {"n": 0.25}),
    "classes": (Settings(values=CLASSES, hidden_size=3, batch_size=2, context_length=4), None),
    "edited": (START, {"W_hz": {(0, 1): 0.5}, "z": {(None, None, 2): 1.0}, "n": 0.25}),
}


def executed(path):
    """Names and values after all cells of a notebook."""
    book = json.loads(path.read_text("utf-8"))
    names = {}
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            exec(compile(cell["source"], path.name, "exec"), names)
    return names


@pytest.mark.parametrize(("settings", "edits"), CASES.values(), ids=CASES.keys())
def test_the_notebook_computes_the_run(settings, edits, tmp_path):
    result = run(settings, edits=edits)
    path = tmp_path / "run.ipynb"
    result.to_notebook(path)
    found = executed(path)
    close = 1e-12 if settings.precision == "float64" else 1e-5
    for trace, values in (
        (result.trace, found["values"]),
        (result.update, found["values"]),
        (result.second, found["second"]),
    ):
        for name in trace.arrays:
            np.testing.assert_allclose(
                values[name].numpy(), trace[name], rtol=close, atol=close, err_msg=name
            )


def test_a_text_stays_data(tmp_path):
    text = "'''\n\"\"\"; import os; raise SystemExit\n# %run \\ {braces} <b> \u2028 'a' " * 3
    settings = replace(START, text=text, tokenizer="characters", normalization="as_is")
    run(settings).to_notebook(tmp_path / "run.ipynb")
    assert executed(tmp_path / "run.ipynb")["text"] == text


def test_the_notebook_is_one(tmp_path):
    run(MATH).to_notebook(tmp_path / "run.ipynb")
    book = json.loads((tmp_path / "run.ipynb").read_text("utf-8"))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    code = {"cell_type", "execution_count", "outputs", "source", "id", "metadata"}
    for cell in book["cells"]:
        assert set(cell) == code if cell["cell_type"] == "code" else {*code} > set(cell)


def test_a_large_run_is_refused(tmp_path):
    large = replace(START, hidden_size=200, text=START.text * 2)
    with pytest.raises(ValueError, match=r"The run is given [\d,]+ numbers; a notebook holds at"):
        run(large).to_notebook(tmp_path / "run.ipynb")
    assert not list(tmp_path.iterdir())
