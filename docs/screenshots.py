"""Take a picture of home, the tour and every chapter, light and dark: `python -m docs.screenshots`.

A running app is expected at http://localhost:8501, as `make run` starts it.
"""

import io
import sys
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from explainer.stage.chapters import CHAPTERS, HOME, TOUR
from tests.get_browser import get

HERE = Path(__file__).parent
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WHERE = {
    "tour": "station=7&trial=z.0.2.0:1",
    "cell": "t=3&cell=z:0,3,1",
    "embedding": "t=2&cell=e:0,2,1",
    "time": "preset=story&t=3",
    "gradients": "t=2&cell=d_h_prev:0,2,1",
    "training": "preset=story&updates=100",
}
"""What a chapter's picture shows, where it is not the first thing one sees."""
SIZE = {"width": 1400, "height": 900}
STAGES_SET = """() => [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
    .every((host) => host.shadowRoot?.querySelector(".fallback")?.hidden !== false)"""
COLOURS = 192
"""Colours of a picture; a drawing of flat cells needs no more."""


def settled(page: Page) -> None:
    """Wait until the script has run and nothing is a placeholder any more."""
    page.wait_for_selector("h1", timeout=60_000)
    page.wait_for_timeout(1_000)
    page.wait_for_function(
        "!document.querySelector('[data-testid=stSkeleton], [data-testid=stStatusWidget]')"
    )
    page.wait_for_function(STAGES_SET)
    page.wait_for_timeout(2_000)  # Plotly draws after its element is there


def main(address: str = "http://localhost:8501", *only: str) -> None:
    """Take every picture, or only those of some chapters."""
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=get(), args=["--no-sandbox", "--disable-gpu"])
        for theme in THEMES:
            for chapter in (c for c in (HOME, TOUR, *CHAPTERS) if c.slug in only or not only):
                context = browser.new_context(color_scheme=theme)
                page = context.new_page()
                page.set_viewport_size({"width": SIZE["width"], "height": SIZE["height"]})
                page.goto(f"{address}/{chapter.slug}?{WHERE.get(chapter.slug, 't=2')}")
                settled(page)
                taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                target = HERE / f"{chapter.slug}-{theme}.png"
                taken.quantize(COLOURS).save(target, optimize=True)
                context.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
