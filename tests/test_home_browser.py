"""The living picture of the first page: real numbers, to move through, to change, to follow."""

import re

import pytest
from browser_tab import PHONE, soon
from marks import first_of
from playwright.sync_api import expect
from stage_tab import MATH, START, cell, in_cell, inside
from test_stage_edits import computed, drag, edit_of

from explainer.stage.chapters import CHAPTERS

pytestmark = pytest.mark.browser


def home(tab, **query):
    query = "&".join(f"{name}={value}" for name, value in query.items())
    tab.page.goto(f"{tab.address}/?{query}")
    tab.stage("home", 90)
    return tab.page


def numbers(page, name):
    """What a row holds, by index."""
    found = inside(page, f'.picture [data-quantity="{name}"]').evaluate_all(
        "(all) => all.map((c) => [c.dataset.index, c.textContent])"
    )
    return {tuple(map(int, at.split(","))) if at else (): text for at, text in found}


def expect_numbers(page, settings, edits=()):
    trace = computed(settings, edits).trace
    for name in ("e", "r", "z", "n", "h", "p", "d_h", "ce_3", "W_hz", "W_o", "loss"):
        shown = numbers(page, name)
        assert shown, name
        for index, text in shown.items():
            value = float(trace[name][index])
            said = float(text.replace("−", "-").replace("\u2009", ""))
            assert said == pytest.approx(value, rel=0.06, abs=0.0051), (name, index)
    second = float(computed(settings, edits).second["loss"])
    expect(inside(page, ".after")).to_have_text(f"→ {second:.4f} after one update")


def test_every_part_of_the_picture_is_the_run(tab):
    expect_numbers(home(tab), START)
    expect_numbers(home(tab, preset="math"), MATH)


def test_a_dragged_weight_is_followed_by_the_whole_picture(tab):
    page = home(tab, preset="math")
    before = numbers(page, "d_h")
    drag(page, inside(page, '[data-quantity="W_hz"][data-index="0,1"]'), 50)
    soon(page, lambda: edit_of(page) is not None)
    place, value = edit_of(page).split(":")
    assert place == "W_hz.0.1"
    expect_numbers(page, MATH, (("W_hz", (((0, 1), float(value)),)),))
    assert numbers(page, "d_h") != before
    expect(inside(page, "[data-chip]")).to_have_count(1)


def edited_to(edit):
    """The number that the address says, as a cell shows it."""
    return edit and in_cell("W_hz", float(edit.removeprefix("W_hz.0.1:")))


def test_a_row_leads_to_its_chapter_with_what_was_done(tab):
    page = home(tab, preset="math")
    inside(page, '[aria-label="next time step"]').click()
    expect(inside(page, ".step.current").first).to_have_attribute("data-column", "1")
    drag(page, inside(page, '[data-quantity="W_hz"][data-index="0,1"]'), 30)
    weight = inside(page, '[data-quantity="W_hz"][data-index="0,1"]').inner_text()
    soon(page, lambda: edited_to(edit_of(page)) == weight)  # written only at rest
    inside(page, 'a[data-chapter="cell"]').nth(1).click()
    tab.stage("cell")
    expect(inside(page, ".where")).to_have_text(re.compile("t = 1 "))
    expect(inside(page, "[data-chip]")).to_have_attribute("data-chip", "W_hz[0,1]")
    expect(cell(page, "W_hz", 0, 1)).to_have_text(weight)
    soon(page, lambda: edited_to(edit_of(page)) == weight)


@pytest.mark.long
def test_start_leads_to_the_first_chapter(tab):
    page = home(tab)
    page.get_by_role("link", name="Start").click()
    expect(page.get_by_role("heading", name="Tokens", exact=True)).to_be_visible()


@pytest.mark.long
def test_all_of_a_card_leads_to_its_chapter(tab):
    page = home(tab)
    card = page.locator(".st-key-card-loss")
    card.scroll_into_view_if_needed()
    box = card.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 8, box["y"] + box["height"] - 8)
    tab.stage("loss")


@pytest.mark.parametrize("width", first_of([320, PHONE["width"], 820, 1024, 1920]))
def test_nothing_is_clipped(tab, width):
    tab.page.set_viewport_size({"width": width, "height": 900})
    page = home(tab)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    inner = inside(page, ".picture").evaluate("(p) => [p.scrollWidth, p.clientWidth]")
    assert inner[0] <= inner[1] + 1
    cards = page.locator('[class*="st-key-card-"]')
    assert cards.count() == len(CHAPTERS)
    for box in (card.bounding_box() for card in cards.all()):
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
