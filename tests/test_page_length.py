"""How long the pages are: three screens at most, but for what the reader unfolds."""

import pytest
from playwright.sync_api import expect
from test_browser import on_stage

from explainer.stage.chapters import CHAPTERS, HOME

pytestmark = pytest.mark.browser
SCREEN = {"width": 1300, "height": 900}
HEIGHT = """() => document.querySelector("[data-testid=stMain]").scrollHeight"""
OVERLAP = """() => {
    const [title, question] = ["h1", "h5"].map((tag) => document.querySelector(tag));
    if (!question) return 0;
    return title.getBoundingClientRect().bottom - question.getBoundingClientRect().top;
}"""
"""How many pixels of the question lie under the title."""
SCREENS = {"gradients": 4.0, "own": 3.2}
"""Most screens of a page, 3 of all others: gradients have a lane for each gate, one's own network
has what stands out in it."""


def test_no_page_is_longer_than_it_may_be(chromium, server):
    context = chromium.new_context(viewport=SCREEN)
    page = context.new_page()
    lengths = {}
    for chapter in (HOME, *CHAPTERS):
        page.goto(f"{server.address}/{chapter.slug}")
        expect(page.locator("h1")).to_be_visible()
        if on_stage(chapter):
            expect(page.locator("[data-stage] [data-quantity]").first).to_be_attached()
        if chapter.slug not in ("home", CHAPTERS[-1].slug):  # its last element
            expect(page.get_by_text("Next:", exact=False).last).to_be_attached()
        page.wait_for_timeout(300)
        assert page.evaluate(OVERLAP) < 1, chapter.slug
        lengths[chapter.slug] = page.evaluate(HEIGHT) / SCREEN["height"]
    context.close()
    assert {s: n for s, n in lengths.items() if n > SCREENS.get(s, 3.0)} == {}
