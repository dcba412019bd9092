"""All equations as LaTeX: complete, balanced, and read by KaTeX, which Streamlit brings along."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit
import torch
from node import NODE

from explainer import PRESETS, record, run
from explainer.export.latex import latex_document

START = PRESETS["start"]
RUNS = {
    "after": run(START),
    "before": run(replace(START, variant="reset_before", input="one_hot", clip_norm=1.0)),
    "held": run(START, edits={"z": 1.0, "W_hz": {(0, 1): 0.5}}),
    "layer": record(torch.nn.GRU(3, 2, batch_first=True), torch.zeros(1, 4, 3)).trace,
}


def equations(text):
    found = re.findall(r"\\begin\{equation\*\}\n  (.*) \\tag\*\{\\texttt\{(.*)\}\}\n", text)
    return {name.replace("\\_", "_"): equation for equation, name in found}


@pytest.mark.parametrize("result", RUNS.values(), ids=RUNS)
def test_every_equation_is_there_and_closed(result):
    text = latex_document(result)
    traces = [result] if result is RUNS["layer"] else [result.trace, result.update]
    wanted = {n for t in traces for n, q in t.quantities.items() if q.expression is not None}
    assert equations(text).keys() == wanted
    assert text.isascii()
    bare = re.sub(r"\\[\\{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert text.count(r"\left") == text.count(r"\right")
    for kind in ("equation*", "document"):
        assert text.count(f"\\begin{{{kind}}}") == text.count(f"\\end{{{kind}}}") > 0
    outside = re.sub(r"\$[^$]*\$|\\begin\{equation\*\}.*?\\end\{equation\*\}", "", text, flags=re.S)
    assert not re.search(r"(?<!\\)[_^&%#$]", outside)  # no sentence has a sign of LaTeX's


def test_katex_reads_them(tmp_path):
    static = Path(streamlit.__file__).parent / "static" / "static" / "js"
    katex = next(static.glob("katex.*.js"))
    written = sorted(
        {e for result in RUNS.values() for e in equations(latex_document(result)).values()}
    )
    assert len(written) > 150
    (tmp_path / "equations.json").write_text(json.dumps(written), "utf-8")
    (tmp_path / "read.mjs").write_text(
        f"""import {{ readFileSync }} from "node:fs";
const {{ default: katex }} = await import({json.dumps(katex.as_uri())});
for (const text of JSON.parse(readFileSync("equations.json", "utf-8")))
  katex.renderToString(text, {{ displayMode: true, throwOnError: true, strict: "error" }});
"""
    )
    subprocess.run([NODE, "read.mjs"], cwd=tmp_path, check=True, timeout=60)


def test_the_command_line_writes_them(tmp_path):
    words = ["latex", "/cell?preset=math", "-o", str(tmp_path / "m.tex")]
    subprocess.run([sys.executable, "-m", "explainer", *words], check=True, timeout=120)
    assert (
        equations((tmp_path / "m.tex").read_text("utf-8"))["h_reset"]
        == r"\check{h}_t = r_t \odot h_{t-1}"
    )
