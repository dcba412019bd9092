"""What a benchmark returns, and how it is printed."""

from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """One figure: what was measured, how much it was, and what it should be."""

    what: str
    measured: str
    goal: str = ""


def markdown(rows: Iterable[Row]) -> str:
    """Return the rows as a markdown table."""
    lines = [Row("what", "measured", "goal"), Row("---", "---", "---"), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)
