"""The page about networks from elsewhere prints what it says."""

import re
import subprocess
import sys

from serve import ROOT


def test_the_examples_print_what_stands_below_them(tmp_path):
    page = (ROOT / "docs" / "networks.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", page, re.S)
    assert len(blocks) > 1
    code, expected = map("".join, zip(*blocks, strict=True))
    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == expected
