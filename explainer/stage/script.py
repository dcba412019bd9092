"""The stage's modules as one script, for a file that needs no server.

Each module's `import` lines and `export` words are taken out, and the modules stand below each
other, what is imported above what imports it. That is safe because a top-level name means one
thing in all of them (`tests/test_script.py`).
"""

from __future__ import annotations

import re
from pathlib import Path

WEB = Path(__file__).parent / "web"
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


def link(entry: str) -> str:
    """Return a module and all that it imports as one, which exports what `entry` does by default.

    Args:
        entry: name of a module in `web/`, such as "stage".
    """
    parts = (IMPORT.sub("", text) for text in modules(entry).values())
    return "\n".join(re.sub(r"^export (?!default )", "", p, flags=re.MULTILINE) for p in parts)
