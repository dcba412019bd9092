"""On paper: what a page says and shows, as wide as a sheet, black on white, no controls."""

import pytest
from browser_tab import Tab
from marks import first_of
from playwright.sync_api import expect

from explainer import PRESETS, run

pytestmark = pytest.mark.browser
WIDE = {"width": 1920, "height": 900}
SHEET = 704
"""Width of A4 between its margins, in pixels."""
CONTROLS = (
    "button:not(.unfold, .term-label), select, textarea, [role=slider]:not(.strip),"
    "[data-testid=stSidebar], [data-testid=stExpander], nav a"
)
DRAWN = "[data-testid=stPlotlyChart], [data-testid=stDataFrame]"
WIDTHS = """(drawn) => {
    dispatchEvent(new Event("beforeprint"));
    const stage = document.querySelector("[data-testid=stBidiComponentIsolated], #host");
    const cells = [...(stage?.shadowRoot ?? document).querySelectorAll(".lane .row")];
    return [
        ...cells.map((row) => row.lastElementChild.getBoundingClientRect().right
            - row.getBoundingClientRect().left),
        ...drawn.map((e) => getComputedStyle(e).getPropertyValue("--fit")
            * e.getBoundingClientRect().width),
    ];
}"""
"""How wide everything is as the browser begins to print: at once, before anything follows."""
PAPER = """(e) => {
    for (; e; e = e.parentElement ?? e.getRootNode().host) {
        const { backgroundColor, backgroundImage } = getComputedStyle(e);
        if (!/, 0\\)$/.test(backgroundColor)) return backgroundColor;
    }
    return "";
}"""
INK = "(e) => getComputedStyle(e).color"


def expect_paper(page):
    assert 0 < max(page.locator(DRAWN).evaluate_all(WIDTHS)) <= SHEET
    page.emulate_media(media="print")
    expect(page.locator(CONTROLS).filter(visible=True)).to_have_count(0)
    title = page.locator("h1")
    assert title.evaluate(PAPER) == "rgb(255, 255, 255)"
    assert title.evaluate(INK) == "rgb(17, 17, 17)"
    for chart in page.locator(".main-svg").all():
        assert chart.evaluate("(e) => getComputedStyle(e).backgroundColor") == "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("slug", first_of(["batches", "gates"]))
def test_a_page_prints_on_a_sheet(chromium, server, slug):
    context = chromium.new_context(viewport=WIDE, color_scheme="dark")
    page = Tab(context, server.address).visit(slug)
    page.locator(f"{DRAWN}, .cell").first.wait_for()
    expect_paper(page)
    context.close()


def test_a_file_prints_on_a_sheet(chromium, tmp_path):
    run(PRESETS["math"]).to_html(tmp_path / "loss.html", chapter="loss")
    context = chromium.new_context(viewport=WIDE, color_scheme="dark", offline=True)
    page = context.new_page()
    page.goto((tmp_path / "loss.html").as_uri())
    page.locator(f"{DRAWN}, .cell").first.wait_for()
    expect_paper(page)
    context.close()
