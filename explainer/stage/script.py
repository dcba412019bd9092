"""The stage's modules as one script, for a file that needs no server.

Each module's `import` lines and `export` words are taken out, and the modules stand below each
other, what is imported above what imports it. That is safe because a top-level name means one
thing in all of them (`tests/test_script.py`).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

WEB = Path(__file__).parent / "web"
COMMENT = re.compile(
    r"^ */\*(?:(?!\*/).)*\*/\n|^ *//[^\n]*\n|/\*\* @[^\n]*?\*/ ", re.MULTILINE | re.DOTALL
)
"""A comment on lines of its own, or a type inside a line."""
INDENT = re.compile(r"^ +", re.MULTILINE)
"""What a line begins with; no text of ours goes on over a line (`tests/test_script.py`)."""
LINES = re.compile(r"(?<=[;{(\[,])\n+|(?<=\n)\n+")
"""Ends of lines that say nothing: after a statement, within one, and of empty lines."""
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)


def modules(entry: str) -> dict[str, str]:
    """Return a module and all that it imports, as text by name, imported ones first."""
    found: dict[str, str] = {}
    waiting: set[str] = set()

    def visit(name: str) -> None:
        if name in found or name in waiting:
            return
        waiting.add(name)
        text = (WEB / f"{name}.js").read_text(encoding="utf-8")
        for imported in IMPORT.findall(text):
            visit(imported)
        found[name] = text

    visit(entry)
    return found


def link(entry: str, short: bool = False) -> str:
    """Return a module and all that it imports as one, which exports what `entry` does by default.

    Args:
        entry: name of a module in `web/`, such as "stage".
        short: leave comments and indentation out; what is sent or kept in a file should be small.
    """
    parts = []
    for name, text in modules(entry).items():
        exported = r"^export (?!default )" if name == entry else r"^export (default )?"
        parts.append(re.sub(exported, "", IMPORT.sub("", text), flags=re.MULTILINE))
    joined = "\n".join(parts)
    return LINES.sub("", INDENT.sub("", COMMENT.sub("", joined))) if short else joined


@cache
def style(name: str) -> str:
    """Return a style sheet in `web/` without comments and the spaces that say nothing."""
    text = INDENT.sub("", COMMENT.sub("", (WEB / f"{name}.css").read_text("utf-8")))
    return re.sub(r"(?<=[{};,])\n+| (?={)|(?<=[:,]) |;\s*(?=})", "", text)
