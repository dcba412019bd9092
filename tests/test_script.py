"""The stage's modules, joined for a host that takes one script."""

import re
import subprocess
from collections import Counter
from itertools import chain

import pytest
from node import NODE

from explainer.stage import document, script

DECLARED = re.compile(
    r"^(?:export )?(?:default )?(?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE
)
TEXTS = {path.stem: path.read_text("utf-8") for path in script.WEB.glob("*.js")}


def test_a_name_means_one_thing_in_all_modules():
    found = Counter(name for text in TEXTS.values() for name in DECLARED.findall(text))
    assert [name for name, times in found.items() if times > 1] == []


def test_what_is_imported_stands_above():
    above = set()
    for name, text in script.modules("stage").items():
        assert set(script.IMPORT.findall(text)) <= above, "modules import each other in a circle"
        above.add(name)
    assert next(iter(script.modules("explanation"))) == "numbers"
    assert list(script.modules("explanation"))[-1] == "explanation"


def test_the_joined_script_imports_nothing_and_exports_its_entry_alone():
    joined = script.link("stage")
    assert not re.search(r"^\s*(import|export \{)", joined, re.MULTILINE)
    exported = re.findall(r"^export .*", joined, re.MULTILINE)
    assert exported == ["export default function stage(component) {"]
    declared = [DECLARED.findall(text) for text in script.modules("stage").values()]
    assert DECLARED.findall(joined) == list(chain.from_iterable(declared))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_text_never_becomes_markup_or_code(text):
    code = re.sub(r"/\*.*?\*/|//.*", "", text, flags=re.DOTALL)
    assert not re.search(
        r"\beval\b|\bnew Function\b|innerHTML|outerHTML|insertAdjacentHTML|document\.write", code
    )


def test_no_text_goes_on_over_a_line():
    """So that a line's indentation can be left out of what is sent."""
    for name, text in TEXTS.items():
        code = re.sub(r"\[[^]`]*`]", "", script.COMMENT.sub("", text))  # no sets of characters
        assert all(line.count("`") % 2 == 0 for line in code.splitlines()), name


def test_a_files_script_is_one_that_runs(tmp_path):
    """Comments are left out of it, and nothing else."""
    (tmp_path / "script.js").write_text(document.script(), encoding="utf-8")
    subprocess.run([NODE, "--check", tmp_path / "script.js"], check=True, timeout=60)


def test_no_comment_behind_code_ends_as_code_does():
    """Its line's end would go, and the next line be a part of it."""
    lines = [line for file in script.WEB.glob("*.js") for line in file.read_text().splitlines()]
    assert [line for line in lines if re.search(r"[^:]//.*[;{(\[,]$", line)] == []
