"""How soon everything follows a number that is dragged, beside the same change by the server."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, sync_playwright

from benchmarks.settings import CHARTS
from benchmarks.stage import CHARTS_PAGE, CLOCK, chart_step, open_stage, root, spread
from benchmarks.table import Row
from explainer import PRESETS
from explainer.settings import Settings
from explainer.url import write_query
from tests.get_browser import FLAGS, NO_BROWSER, find
from tests.serve import serve, streamlit

RUNS: dict[str, Settings] = {
    **{name: PRESETS[name] for name in ("start", "math", "linear_algebra")},
    "start with H = 32": replace(PRESETS["start"], hidden_size=32),
    "story": PRESETS["story"],
}
GOALS = {"story": "p95 under 25 ms"}
DRAGGED = {"cell": "W_hz", "gradients": "W_hz", "update": "W_o"}
"""What is dragged on each page."""
MOVES = 60
"""Moves of the pointer that are measured."""
WARM = 10
"""Moves before them."""
TURNS = 8
"""Presses of a key on a slider in the sidebar; each takes the way through the server."""
CHART_STEPS = 8

LISTEN = """
(stage, kind) => {
  // from the event to what it changed in the document, of which an observer hears at once
  window.took = [];
  let start = 0;
  window.addEventListener(kind, () => { start = performance.now(); }, {capture: true});
  new MutationObserver(() => {
    if (start) took.push(performance.now() - start);
    start = 0;
  }).observe(stage, {subtree: true, childList: true, characterData: true});
}
"""


def measure() -> list[Row]:
    """Time drags on three pages of every run, the same change by the server, and charts."""
    path = find()
    if path is None:
        return [Row("a number dragged in a browser", NO_BROWSER)]
    rows = []
    with (
        sync_playwright() as playwright,
        serve() as app,
        serve(command=streamlit(CHARTS_PAGE)) as other,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        charts = browser.new_page(viewport={"width": 1300, "height": 900})
        charts.goto(other.address)
        for name, settings in RUNS.items():
            query = urlencode(write_query(settings))
            for slug, dragged in DRAGGED.items():
                open_stage(page, f"{app.address}/{slug}?{query}")
                took = drag(page, dragged)
                what = f"{dragged} dragged on /{slug}, {name}, ms"
                rows.append(Row(what, spread(took), GOALS.get(name, "p95 under 16 ms")))
            took = slide_rate(page)
            goal = GOALS.get(name, "p95 under 16 ms")
            rows.append(Row(f"learning rate on the stage, {name}, ms", spread(took), goal))
            open_stage(page, f"{app.address}/update?{query}")  # without the stage's own rate
            asked = [turn(page, ("ArrowLeft", "ArrowRight")[i % 2]) for i in range(TURNS)]
            rows.append(Row(f"learning rate in the sidebar, {name}, ms", spread(asked)))
            rows.append(ratio(f"by way of the server against on the stage, {name}", asked, took))
        slow = [chart_step(charts) for _ in range(CHART_STEPS)]
        rows.append(Row(f"{len(CHARTS)} charts drawn anew, ms", spread(slow)))
        rows.append(ratio("these charts against a drag at story", slow, took))
        browser.close()
    return rows


def ratio(what: str, slow: list[float], fast: list[float]) -> Row:
    """Return how many times as long one way takes, by medians."""
    return Row(f"{what}, medians", f"{median(slow) / median(fast):.0f} times")


def drag(page: Page, name: str) -> list[float]:
    """Return the milliseconds from each move of a drag to the numbers in the document."""
    cell = page.locator(f"[data-stage] [data-quantity={name}]:visible").first
    if not cell.count():  # its rows are folded
        page.locator(f'[data-stage] .unfold[aria-label$=" of {name}"]').first.click()
    start, middle = grip(cell)
    listen(page, "pointermove")
    page.mouse.move(start, middle)
    page.mouse.down()
    for i in range(WARM + MOVES):
        # up and down again, always by another number
        page.mouse.move(start, middle - 8 - (i % 20) * 3 - i // 20)
    page.mouse.up()
    return times(page)


def slide_rate(page: Page) -> list[float]:
    """Return the milliseconds from a key on the stage's learning rate to its numbers."""
    page.get_by_role("slider", name="rate tried on the stage").focus()
    listen(page, "input")
    for i in range(WARM + MOVES):
        page.keyboard.press("ArrowRight" if i % 20 < 10 else "ArrowLeft")
    return times(page)


def listen(page: Page, kind: str) -> None:
    """Measure from now on how long the stage takes from each event of a kind."""
    page.evaluate(f"(kind) => ({LISTEN})({root()}, kind)", kind)


def times(page: Page) -> list[float]:
    """Return what was measured since, but for the first ones."""
    took: list[float] = page.evaluate("window.took")
    return took[WARM:]


def grip(cell: Locator) -> tuple[float, float]:
    """Bring a cell into view; return its middle."""
    cell.evaluate("e => e.scrollIntoView({block: 'center'})")
    box = cell.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def turn(page: Page, key: str) -> float:
    """Return the milliseconds from a key on the sidebar's learning rate to the stage's numbers."""
    page.get_by_role("slider", name="Learning rate").focus()
    page.evaluate(
        f"({CLOCK})((stage => {{ const steps = () => [...stage.querySelectorAll("
        f"'[data-quantity^=lr_d_]')].map((e) => e.textContent).join(); const before = steps(); "
        f"return () => steps() !== before; }})({root()}))"
    )
    page.keyboard.press(key)
    took = float(page.evaluate("window.took"))
    page.wait_for_timeout(1000)  # until the rest of the page is there
    return took
