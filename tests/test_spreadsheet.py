"""A run as a spreadsheet: another program's recalculation gives the run's numbers."""

import re
import shutil
import subprocess
import warnings
from dataclasses import replace
from io import BytesIO

import numpy as np
import openpyxl
import pytest

from explainer import PRESETS, Settings, run
from explainer.export.spreadsheet import spreadsheet_bytes

MATH = PRESETS["math"]
SMALL = replace(
    PRESETS["start"],
    text="abc abd",
    context_length=2,
    batch_size=1,
    hidden_size=2,
    embedding_size=2,
    dropout=0.5,
    clip_norm=0.01,
)
NUMBERS = np.sin(np.arange(10.0)).reshape(5, 2)
CASES = {
    "math": (MATH, None),
    "embedding, clipped": (SMALL, None),
    "other activations": (
        replace(SMALL, gate_activation="hard_sigmoid_6", candidate_activation="relu"),
        None,
    ),
    "last answers": (
        replace(SMALL, batch_size=2, text="abc abd abe", lengths=(2, 1), answers="last"),
        None,
    ),
    "numbers": (Settings(values=NUMBERS, hidden_size=2, context_length=3), None),
    "edited": (MATH, {"W_hz": {(0, 1): 0.5}, "z": {(None, None, 1): 1.0}}),
}


def recalculated(path, tmp_path):
    """Every number of a spreadsheet as another program computes it, by sheet, row and column."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office:
        target = tmp_path / "office"
        command = [office, "--headless", "--convert-to", "xlsx", "--outdir", str(target), str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        book = openpyxl.load_workbook(target / path.name, data_only=True)
        return {
            (sheet.title, c.row, c.column): c.value
            for sheet in book
            for line in sheet.iter_rows()
            for c in line
        }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import formulas

        solution = formulas.ExcelModel().loads(str(path)).finish().calculate()
    found = {}
    for key, value in solution.items():
        match = re.fullmatch(r"'\[.*\](\w+)'!([A-Z]+)(\d+)", str(key))
        if match:
            column = openpyxl.utils.column_index_from_string(match[2])
            found[match[1].title(), int(match[3]), column] = value.value[0, 0]
    return found


def numbers_by_name(path):
    """Where each quantity's numbers stand: rows of cells by name."""
    for sheet in openpyxl.load_workbook(path):
        rows = list(sheet.iter_rows())
        for i, line in enumerate(rows):
            if line[0].comment:
                block = []
                for cells in rows[i + 2 :]:
                    row = [c for c in cells[1:] if c.data_type in "nf" and c.value is not None]
                    if not row:
                        break
                    block += row
                yield line[0].value, sheet.title, block


@pytest.mark.long
@pytest.mark.parametrize(("settings", "edits"), CASES.values(), ids=CASES.keys())
def test_recalculation_gives_the_run(settings, edits, tmp_path):
    result = run(settings, edits=edits)
    path = tmp_path / "run.xlsx"
    result.to_xlsx(path)
    values = recalculated(path, tmp_path)
    seen = set()
    for name, sheet, cells in numbers_by_name(path):
        trace = result.trace if name in result.trace.arrays else result.update
        found = [float(values[sheet, c.row, c.column]) for c in cells]
        np.testing.assert_allclose(found, trace[name].ravel(), 1e-12, 1e-12, err_msg=name)
        kind = "n" if trace.quantities[name].expression is None else "f"
        assert {c.data_type for c in cells} == {kind}
        seen.add(name)
    assert seen == set(result.trace.arrays) | set(result.update.arrays)


def test_a_text_never_becomes_a_formula():
    settings = replace(MATH, text="=1+2;@+-=|\x0b" * 3, alphabet="", tokenizer="characters")
    book = openpyxl.load_workbook(BytesIO(spreadsheet_bytes(run(settings))))
    lines = list(book["Given"].iter_rows(max_row=3))
    words = [c for line in lines[1:] for c in line[1:] if c.value is not None]
    assert "=" in [c.value for c in words]
    assert {(c.data_type, c.quotePrefix) for c in words} == {("s", True)}


def test_large_runs_are_refused():
    with pytest.raises(ValueError, match=r"The run has [\d,]+ numbers; a spreadsheet takes at"):
        spreadsheet_bytes(run(PRESETS["story"]))
    long = replace(MATH, text="Math" * 60, batch_size=1, context_length=130)
    with pytest.raises(ValueError, match=r"Sums of the run have 130 terms; a spreadsheet takes"):
        spreadsheet_bytes(run(long))
