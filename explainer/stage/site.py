"""A site of files: home, tour and all chapters with a stage, for some presets and hidden sizes.

Any web host can serve it, and it works from a disk: no page asks for anything but its own script.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

from explainer.engine.run import run
from explainer.errors import InvalidValueError, names_of, shorten
from explainer.presets import PRESETS
from explainer.stage.chapters import CHAPTERS, HOME, TOUR
from explainer.stage.document import script
from explainer.stage.html import html_page

PAGES = (HOME, *(chapter for chapter in CHAPTERS if chapter.scene))
"""The pages of a site, in reading order."""
SIZES = (1, 2, 4, 8)
"""Hidden sizes that a reader can choose, beside that of the preset."""
SCRIPT = "stage.js"


def write_site(
    folder: str | PathLike[str],
    presets: Sequence[str] = tuple(PRESETS),
    hidden_sizes: Sequence[int] = SIZES,
) -> list[Path]:
    """Write a site, and return its files.

    Args:
        folder: where to; made if there is none. Files of the same names are replaced.
        presets: names of the presets to show; the first one's home is `index.html`.
        hidden_sizes: what a reader can choose, beside the size of the preset.

    Raises:
        ValueError: there is no such preset, or a hidden size is impossible.
    """
    for name in presets:
        if name not in PRESETS:
            raise InvalidValueError("presets", f"some of {names_of(PRESETS)}", shorten(name))
    if not presets:
        raise InvalidValueError("presets", f"some of {names_of(PRESETS)}", "none")
    top = Path(folder)
    top.mkdir(parents=True, exist_ok=True)
    files = [top / SCRIPT, top / "index.html"]
    files[0].write_text(script(), "utf-8")
    for preset in presets:
        own = PRESETS[preset].hidden_size
        sizes = sorted({own, *hidden_sizes})
        for size in sizes:
            result = run(replace(PRESETS[preset], hidden_size=size))
            at = top / place_of(preset, size)
            at.mkdir(exist_ok=True)
            for page in (*PAGES, TOUR) if size == own else PAGES:
                tour = f"../{place_of(preset)}/{TOUR.slug}.html"
                links = {HOME.title: f"{HOME.slug}.html", TOUR.title: tour}
                links |= {other.title: f"{other.slug}.html" for other in PAGES}
                links |= {
                    f"H = {other}": f"../{place_of(preset, other)}/{page.slug}.html"
                    for other in (sizes if page in PAGES else ())
                }
                links |= {
                    f"preset {other}": f"../{place_of(other)}/{page.slug}.html" for other in presets
                }
                files.append(at / f"{page.slug}.html")
                text = html_page(result, page.slug, links=links, code=f"../{SCRIPT}")
                files[-1].write_text(text, "utf-8")
    first = f"{place_of(presets[0])}/{HOME.slug}.html"
    files[1].write_text(
        f'<!doctype html><meta charset="utf-8"><title>GRU Explainer</title>'
        f'<meta http-equiv="refresh" content="0; url={first}">'
        f'<a href="{first}">GRU Explainer</a>\n',
        "utf-8",
    )
    return files


def place_of(preset: str, hidden_size: int | None = None) -> str:
    """Return the folder of a preset's pages with so many units."""
    own = PRESETS[preset].hidden_size
    return preset if hidden_size in (None, own) else f"{preset}-h{hidden_size}"
