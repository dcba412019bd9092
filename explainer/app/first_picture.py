"""What a stage is sent for a preset, kept with the code: the first picture waits for no library.

Only the first visitor of a process sees it, until what computes is imported; then the page draws
its own, with the same numbers. `tests/make_first_pictures.py` makes the file.
"""

from __future__ import annotations

import json
import lzma
from functools import cache
from importlib.resources import files

import streamlit as st

from explainer.app.position import position
from explainer.presets import PRESETS
from explainer.url import read_query

FILE = files("explainer") / "data" / "first_pictures.json.xz"
"""What the stage of each chapter is sent, by preset and slug."""
OTHERS = {"edit", "against", "weight", "parameter"}
"""What else an address may say that decides which numbers there are."""


def first_picture(slug: str) -> dict[str, str] | None:
    """Return what the stage of a chapter is given for the address; None where that is not kept.

    Args:
        slug: of the chapter.
    """
    query = st.query_params.to_dict()
    settings, problems = read_query(query)
    preset = next((name for name, base in PRESETS.items() if base == settings), "")
    kept = kept_pictures().get(preset, {}).get(slug)
    if not kept or problems or OTHERS & query.keys():
        return None
    here = position(slug, json.loads(kept["meta"])["sizes"])
    place = json.dumps({"sequence": here.sequence, "t": here.t})
    return {"influence": "", **kept, "place": place, "edit": "", "against": "", "ahead": "true"}


@cache
def kept_pictures() -> dict[str, dict[str, dict[str, str]]]:
    """Return what is kept."""
    pictures: dict[str, dict[str, dict[str, str]]] = json.loads(lzma.decompress(FILE.read_bytes()))
    return pictures
