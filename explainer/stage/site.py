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
from explainer.presets import EXAMPLES, PRESETS
from explainer.stage.chapters import CHAPTERS, HOME, TOUR, Chapter
from explainer.stage.document import script
from explainer.stage.html import html_page
from explainer.stage.menu import Menu
from explainer.stage.prose.stories import STORIES
from explainer.stage.site_index import index_page

PAGES = (HOME, TOUR, *(chapter for chapter in CHAPTERS if chapter.slug in STORIES))
"""The pages of a site, in reading order."""
SHARED = ("tour", "tokens", "batches")
"""Slugs of pages that don't depend on the hidden size."""
EXAMPLES_OF_SITE = tuple(name for name in PRESETS if name != "your_text")
"""Presets that a site shows: a file takes no other text."""
SIZES = (1, 2, 4, 8)
"""Hidden sizes that a reader can choose, beside that of the preset."""
SCRIPT = "stage.js"


def write_site(
    folder: str | PathLike[str],
    presets: Sequence[str] = EXAMPLES_OF_SITE,
    hidden_sizes: Sequence[int] = SIZES,
    app: str = "",
) -> list[Path]:
    """Write a site, and return its files.

    Args:
        folder: where to; made if there is none. Files of the same names are replaced.
        presets: names of the presets to show; `index.html` leads to each.
        hidden_sizes: what a reader can choose, beside the size of the preset.
        app: address of a server with the app, to which the pages lead; "" where none is known.

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
    files[1].write_text(index_page(presets, app), "utf-8")
    for preset in presets:
        own = PRESETS[preset].hidden_size
        for size in sorted({own, *hidden_sizes}):
            result = run(replace(PRESETS[preset], hidden_size=size))
            (top / place_of(preset, size)).mkdir(exist_ok=True)
            for page in PAGES:
                if size == own or page.slug not in SHARED:
                    menu = menu_of(page, preset, size, presets, hidden_sizes)
                    text = html_page(result, page.slug, menu=menu, code=f"../{SCRIPT}", app=app)
                    files.append(top / place_of(preset, size) / f"{page.slug}.html")
                    files[-1].write_text(text, "utf-8")
    return files


def menu_of(
    page: Chapter, preset: str, size: int, presets: Sequence[str], hidden_sizes: Sequence[int]
) -> Menu:
    """Return where a page of a site leads.

    Args:
        page: the page.
        preset: what it shows.
        size: its hidden size.
        presets: all of the site.
        hidden_sizes: that a reader can choose, beside the size of the preset.
    """

    def address(slug: str, of: str, units: int | None = None) -> str:
        return f"../{place_of(of, None if slug in SHARED else units)}/{slug}.html"

    pages = {other.title: address(other.slug, preset, size) for other in PAGES}
    sizes = sorted({PRESETS[preset].hidden_size, *hidden_sizes})
    units = (
        {} if page.slug in SHARED else {f"H = {h}": address(page.slug, preset, h) for h in sizes}
    )
    networks = {EXAMPLES[other]: address(page.slug, other) for other in presets}
    others = {"Example": networks, "Hidden size": units}
    return Menu(page.title, pages, others, (EXAMPLES[preset], f"H = {size}"))


def place_of(preset: str, hidden_size: int | None = None) -> str:
    """Return the folder of a preset's pages with so many units."""
    own = PRESETS[preset].hidden_size
    return preset if hidden_size in (None, own) else f"{preset}-h{hidden_size}"
