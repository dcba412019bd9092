"""Take the pictures of the README: `python -m docs.screenshots`, beside a running app.

The app is expected at http://localhost:8501, as `make run` starts it.
"""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.get_browser import get

HERE = Path(__file__).parent

PICTURES = (
    ("cell-light", "light", "cell?t=3", 1250),
    ("time-dark", "dark", "time?preset=story&t=3", 1250),
)
"""Name, colour scheme, address, height in pixels."""


def settled(page: Page) -> None:
    """Wait until the script has run and nothing is a placeholder any more."""
    page.wait_for_selector(".js-plotly-plot", timeout=60_000)
    page.wait_for_function(
        "!document.querySelector('[data-testid=stSkeleton], [data-testid=stStatusWidget]')"
    )
    page.wait_for_timeout(1_000)  # Plotly draws after its element is there


def main(address: str = "http://localhost:8501") -> None:
    """Take every picture."""
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=get(), args=["--no-sandbox", "--disable-gpu"])
        for name, scheme, where, height in PICTURES:
            page = browser.new_page(
                viewport={"width": 1400, "height": height},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            page.goto(f"{address}/{where}")
            settled(page)
            page.screenshot(path=HERE / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
