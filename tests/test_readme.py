"""What the README and the pages for teachers say: examples, commands, links."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_example_prints_what_stands_below_it(number, tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", readme, re.S)
    assert len(examples) == 3
    code, output = examples[number]
    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == output


TEXTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_a_link_leads_somewhere(text):
    found = re.findall(r"\]\(([^)\s]+)\)", text.read_text("utf-8"))
    for link in found:
        assert link.startswith("https://") or (text.parent / link.partition("#")[0]).exists(), link


def blocks(text):
    """Indented blocks of a text: what begins with `from explainer`, and the commands."""
    lines = (ROOT / text).read_text("utf-8").split("\n")
    found, block = [], []
    for line in lines:
        if line.startswith("    "):
            block.append(line[4:])
        elif block:
            found.append("\n".join(block))
            block = []
    return found


@pytest.mark.parametrize("block", blocks("docs/teachers.md"))
def test_what_teachers_type_works(block, tmp_path):
    if block.startswith("from "):
        words = [sys.executable, "-c", block]
    else:
        python, *words = shlex.split(block)
        assert python == "python"
        words = [sys.executable, *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, timeout=180, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert list(tmp_path.iterdir())
