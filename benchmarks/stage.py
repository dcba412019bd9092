"""How fast the stage answers, beside the same matrices as Plotly charts, in one Chromium."""

from __future__ import annotations

from statistics import median, quantiles
from urllib.parse import urlencode

from playwright.sync_api import Page, sync_playwright

from benchmarks.server import SECONDS
from benchmarks.settings import CHARTS, WIDE
from benchmarks.table import Row
from explainer import PRESETS
from explainer.url import write_query
from tests.get_browser import FLAGS, NO_BROWSER, find
from tests.serve import serve, streamlit

CHARTS_PAGE = "benchmarks/charts.py"
STEPS = 40
"""Time steps measured on the stage."""
CHART_STEPS = 12
"""Time steps measured with charts; each takes about a second."""
SLIDES = 8
"""Moves of the slider, there and back again; with more units only a part has numbers."""

CLOCK = """
(watch) => {
  // from the event in the page to the numbers in the document, which an observer sees at once
  window.took = new Promise((done, fail) => {
    setTimeout(() => fail(new Error("nothing changed within 20 s")), 20000);
    let start = 0;
    const heard = (event) => {
      // scrolling moves the page below a pointer at rest, which is heard elsewhere
      if (event.type === "pointerover" && !event.composedPath()[0].dataset?.quantity) return;
      start ||= performance.now();
    };
    for (const kind of ["keydown", "pointerover", "click"])
      window.addEventListener(kind, heard, {capture: true});
    const observer = new MutationObserver(() => {
      if (!start || !watch()) return;
      done(performance.now() - start);
      observer.disconnect();
    });
    const everything = {subtree: true, childList: true, attributes: true, characterData: true};
    observer.observe(document, everything);
    for (const e of document.querySelectorAll("*"))
      if (e.shadowRoot) observer.observe(e.shadowRoot, everything);
  });
}
"""


def measure() -> list[Row]:
    """Time stepping, pointing, and the way from the slider to new numbers."""
    path = find()
    if path is None:
        return [Row("the stage in a browser", NO_BROWSER)]
    with (
        sync_playwright() as playwright,
        serve() as app,
        serve(command=streamlit(CHARTS_PAGE)) as other,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 1100})
        charts = browser.new_page(viewport={"width": 1600, "height": 1100})
        charts.goto(other.address)
        rows = []
        for name, settings in (*PRESETS.items(), ("T = 35, 8 × 8", WIDE)):
            query = urlencode(write_query(settings))
            open_stage(page, f"{app.address}/cell?{query}")
            page.get_by_role("slider", name="time step").last.focus()
            steps = [step(page) for _ in range(STEPS)]
            points = [point(page, i) for i in range(STEPS)]
            rows += [
                Row(f"key to new numbers, {name}, ms", spread(steps), "p95 under 16 ms"),
                Row(f"pointer to outlined operands, {name}, ms", spread(points), "under 16 ms"),
            ]
        slow = [chart_step(charts) for _ in range(CHART_STEPS)]
        ratio = median(slow) / median(steps)
        rows.append(Row(f"the same {len(CHARTS)} matrices as charts, ms", spread(slow)))
        rows.append(Row("charts against stage, medians", f"{ratio:.0f} times", "at least 40"))
        for name in ("start", "math", "linear_algebra", "story"):
            open_stage(page, f"{app.address}/cell?preset={name}&hidden_size=4")
            for way, sizes in (("ArrowRight", "never seen before"), ("ArrowLeft", "kept")):
                slides = [slide(page, way) for _ in range(SLIDES)]
                what = f"hidden size to new numbers, {name}, {sizes}, ms"
                rows.append(Row(what, spread(slides), "median under 250"))
        browser.close()
    return rows


def open_stage(page: Page, address: str) -> None:
    """Open a page and wait until its stage has numbers and the rest is quiet."""
    page.goto(address)
    page.wait_for_selector("[data-stage] [data-quantity]", state="attached", timeout=1000 * SECONDS)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(1500)


def root() -> str:
    """Return the JavaScript that finds the stage, also inside a shadow root."""
    return (
        "(() => { for (const e of document.querySelectorAll('*')) { "
        "const s = e.shadowRoot?.querySelector('[data-stage]'); if (s) return s; } "
        "return document.querySelector('[data-stage]'); })()"
    )


def step(page: Page) -> float:
    """Return the milliseconds from a key to the next time step's numbers."""
    last = page.evaluate(f"{root()}.querySelector('[data-do=next]') && {root()}.dataset.t")
    key = "Home" if int(last) + 1 == page.evaluate(steps_of()) else "ArrowRight"
    page.evaluate(
        f"({CLOCK})((stage => {{ const t = stage.dataset.t; "
        f"return () => stage.dataset.t !== t; }})({root()}))"
    )
    page.keyboard.press(key)
    return float(page.evaluate("window.took"))


def steps_of() -> str:
    """Return the JavaScript that counts the time steps."""
    return f"Number({root()}.querySelector('.strip').getAttribute('aria-valuemax')) + 1"


def point(page: Page, i: int) -> float:
    """Return the milliseconds from the pointer on a cell to its outlined operands."""
    cells = page.locator("[data-stage] [data-quantity=a_iz]")
    cell = cells.nth(i % cells.count())
    page.mouse.move(5, 5)
    cell.evaluate("e => e.scrollIntoView({block: 'center'})")
    box = cell.bounding_box()
    assert box
    page.wait_for_timeout(100)  # until nothing moves below the pointer any more
    page.evaluate(
        f"({CLOCK})((stage => () => stage.querySelector('.cell.operand') !== null)({root()}))"
    )
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    return float(page.evaluate("window.took"))


def chart_step(page: Page) -> float:
    """Return the milliseconds from a click to the next time step in all charts."""
    page.wait_for_function(
        f"document.querySelectorAll('.js-plotly-plot').length === {len(CHARTS)}",
        timeout=1000 * SECONDS,
    )
    page.wait_for_timeout(300)
    page.evaluate(
        f"({CLOCK})((title => () => {{ const now = [...document.querySelectorAll("
        f"'.js-plotly-plot')].map(e => e.textContent.match(/ at (\\d+)/)?.[1]); "
        f"return now.length === {len(CHARTS)} && now.every(t => t && t !== title); }})"
        f"(document.querySelector('.js-plotly-plot').textContent.match(/ at (\\d+)/)[1]))"
    )
    page.get_by_role("button", name="next time step").click()
    return float(page.evaluate("window.took"))


def slide(page: Page, key: str) -> float:
    """Return the milliseconds from a key on the slider to the numbers of another size."""
    page.get_by_role("slider", name="Hidden size H").focus()
    page.evaluate(
        f"({CLOCK})((stage => {{ const count = () => stage.querySelectorAll("
        f"'.cell[data-quantity=z]').length; const before = count() + ' ' + stage.querySelector("
        f"'[data-quantity=W_hz]').textContent; return () => count() + ' ' + stage.querySelector("
        f"'[data-quantity=W_hz]')?.textContent !== before; }})({root()}))"
    )
    page.keyboard.press(key)
    took = float(page.evaluate("window.took"))
    page.wait_for_timeout(800)
    return took


def spread(times: list[float]) -> str:
    """Write median and 95th percentile."""
    return f"median {median(times):.1f}, p95 {quantiles(times, n=20)[-1]:.1f}"
