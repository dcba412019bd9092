"""How long the pages are: three screens at most, but for what the reader unfolds."""

import pytest
from playwright.sync_api import expect

from explainer import PRESETS
from explainer.stage.chapters import CHAPTERS, HOME, TOUR

pytestmark = [pytest.mark.browser, pytest.mark.long]
SCREEN = {"width": 1300, "height": 900}
MOST = 3.0
"""Most screens of a page."""
PHONE = {"width": 390, "height": 844}
SETTLED = """() => document.querySelector("[data-testid=stApp]").dataset.testScriptState
    === "notRunning" && !document.querySelector("[data-testid=stSkeleton]")"""
HEIGHT = """() => document.querySelector("[data-testid=stMain]").scrollHeight"""
OVERLAP = """() => {
    const [title, question] = ["h1", "h5"].map((tag) => document.querySelector(tag));
    if (!question) return 0;
    return title.getBoundingClientRect().bottom - question.getBoundingClientRect().top;
}"""
"""How many pixels of the question lie under the title."""
STAGES = {c: c.slug for c in (HOME, TOUR, *CHAPTERS) if c in (HOME, TOUR) or c.scene}
STAGES |= {chapter: "cell" for chapter in CHAPTERS if chapter.slug == "own"}
"""Pages with a stage, and what it shows as they open."""


@pytest.mark.parametrize("preset", PRESETS)
def test_no_page_is_longer_than_it_may_be(chromium, server, preset):
    context = chromium.new_context(viewport=SCREEN)
    page = context.new_page()
    page.goto(f"{server.address}/home?preset={preset}")
    lengths = {}
    alike = () if preset == "start" else ("tour", "gates", "own")  # whatever the preset
    for chapter in (HOME, TOUR, *CHAPTERS):
        if chapter.slug in alike:
            continue
        if chapter is not HOME:
            page.get_by_test_id("stSidebarNavLink").get_by_text(chapter.title, exact=True).click()
            expect(page.locator("h1")).to_have_text(chapter.title)
        if chapter in STAGES:
            stage = page.locator(f"[data-stage={STAGES[chapter]}]")
            expect(stage.locator("[data-quantity]").first).to_be_attached()
        page.wait_for_function(SETTLED)
        page.wait_for_timeout(200)
        assert page.evaluate(OVERLAP) < 1, chapter.slug
        lengths[chapter.slug] = page.evaluate(HEIGHT) / SCREEN["height"]
    context.close()
    assert {slug: n for slug, n in lengths.items() if n > MOST} == {}


def test_no_matrix_is_cut_into_many_pieces_on_a_phone(chromium, server):
    context = chromium.new_context(viewport=PHONE)
    page = context.new_page()
    page.goto(f"{server.address}/update")
    matrices = page.locator("[data-stage=update] .lane .row.caption")
    expect(matrices.first).to_contain_text("36 × 4")
    expect(matrices).to_have_count(4)
    expect(page.locator("[data-stage=update] .lane")).not_to_contain_text("ᵀ")
    page.set_viewport_size(SCREEN)
    expect(matrices.first).to_contain_text("4 × 36")
    page.set_viewport_size(PHONE | {"width": 320})
    page.goto(f"{server.address}/cell?hidden_size=8&equation=a_hr")
    holder = page.locator(".lanes-holder")
    expect(holder.locator("[data-quantity=W_hr]").first).to_be_visible()
    assert holder.evaluate("(e) => e.scrollWidth - e.clientWidth") <= 0
    context.close()


@pytest.mark.parametrize(
    ("slug", "name", "width"), [("loss", "ce_1", PHONE["width"]), ("gradients", "d_logits", 320)]
)
def test_a_row_of_all_tokens_folds_on_a_phone(chromium, server, slug, name, width):
    context = chromium.new_context(viewport=PHONE | {"width": width})
    page = context.new_page()
    page.goto(f"{server.address}/{slug}?t=3&equation={name}")
    lane = page.locator(f"[data-stage={slug}] .lane.here")
    cells = lane.locator(f"[data-quantity={name}]")
    shown = cells.filter(visible=True)
    target = lane.locator("[data-quantity=y]").and_(page.get_by_text("1", exact=True))
    more = lane.locator(".unfold")
    expect(cells).to_have_count(36)
    expect(more).to_have_text(f"{36 - shown.count()} more")
    expect(lane.locator(".heads")).to_have_count(1)
    ends = [box["x"] + box["width"] for box in (one.bounding_box() for one in shown.all())]
    assert max(ends) <= width
    focused = shown.last
    focused.focus()
    for _ in range(3):
        expect(target).to_be_visible()
        page.keyboard.press("PageDown")
    expect(focused).to_be_focused()
    more.click()
    expect(shown).to_have_count(36)
    expect(more).to_have_text("fold")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    lane.locator(".heads .head").scroll_into_view_if_needed()
    cells.last.scroll_into_view_if_needed()
    expect(lane.locator(".heads .head")).to_be_in_viewport()
    context.close()
