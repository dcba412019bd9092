"""How much the load tests do, and the table of what they measured.

`pytest` takes the short version of each, `make load` the long one.
"""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONG = os.environ.get("LOAD") == "long"


def pytest_collection_modifyitems(items):
    """Mark all of them as long, in their short versions, too."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("long")


@pytest.fixture
def amount():
    """Choose between the short version and the long one."""
    return lambda short, long: long if LONG else short


@pytest.fixture
def figure(record_property):
    """Note what was measured, in words, and its figure."""
    return record_property


def pytest_terminal_summary(terminalreporter):
    """Print every figure of the long versions."""
    reports = [r for name in ("passed", "failed") for r in terminalreporter.getreports(name)]
    figures = [row for r in reports for row in r.user_properties if "tests/load/" in r.nodeid]
    if LONG and figures:
        width = max(len(what) for what, _ in figures)
        terminalreporter.section("load")
        for what, value in figures:
            terminalreporter.write_line(f"{what:{width}}  {value}")
