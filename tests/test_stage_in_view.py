"""What a reader looks for is in view: on a phone, on the first screen, after a step."""

import pytest
from browser_tab import PHONE, soon
from marks import first_of
from playwright.sync_api import expect
from stage_tab import (
    START,
    button,
    cell,
    choice,
    expect_lines,
    indices,
    inside,
    on_screen,
    pin,
    rest,
)

pytestmark = pytest.mark.browser


def test_a_phone_shows_one_equation(tab):
    tab.page.set_viewport_size(PHONE)
    page = tab.open("cell", preset="start", t="1")
    shown = [lane for lane in inside(page, ".lane").all() if lane.is_visible()]
    assert len(shown) == 1
    sideways = """() => Math.max(
        document.documentElement.scrollWidth - innerWidth,
        document.querySelector("[data-testid=stMain]").scrollWidth - innerWidth)"""
    assert page.evaluate(sideways) <= 0
    pin(page, "a_ir", 0, 1, 2)
    expect_lines(page, START, "a_ir", (0, 1, 2))
    for line in inside(page, "[data-line]").all():
        line.scroll_into_view_if_needed()
        box = line.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        assert float(line.evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)")) >= 12
        uncovered = """(e) => {
            const box = e.getBoundingClientRect();
            const at = e.getRootNode().elementFromPoint(box.left + 8, box.top + 8);
            return at !== null && (e.contains(at) || at.contains(e));
        }"""
        assert line.evaluate(uncovered)
    assert page.evaluate(sideways) <= 0
    button(page, "next equation").click()
    assert len([lane for lane in inside(page, ".lane").all() if lane.is_visible()]) == 1


@pytest.mark.parametrize(
    ("slug", "wanted", "equation"),
    first_of(
        [
            ("cell", "h:0,3,1", "h"),
            ("cell", "z:0,3,1", "z"),
            ("cell", "W_hz:0,1", "a_hz"),
            ("gradients", "d_h:0,3,1", "d_h"),
            ("update", "new_W_o:30,1", "new_W_o"),
        ]
    ),
)
def test_a_link_to_a_number_shows_it_on_a_phone(tab, slug, wanted, equation):
    tab.page.set_viewport_size(PHONE)
    page = tab.open(slug, preset="start", cell=wanted)
    expect(choice(page, "equation").locator("option:checked")).to_contain_text(f"· {equation}")
    name, _, places = wanted.partition(":")
    box = cell(page, name, *indices(places)).bounding_box()
    foot = inside(page, ".foot").bounding_box()
    assert 0 < box["y"] < box["y"] + box["height"] <= foot["y"], "above what explains it"
    rest(tab, cell=wanted)
    assert "equation" not in tab.query, "a larger screen shows all of them"
    choice(page, "equation").select_option("0")
    soon(page, lambda: "equation" in tab.query)


def test_the_new_state_is_on_the_first_screen(tab):
    tab.page.set_viewport_size({"width": 1300, "height": 800})
    page = tab.open("cell", preset="start", t="3")
    for unit in range(START.hidden_size):
        assert on_screen(page, cell(page, "h", 0, 3, unit))
    tops = [lane.bounding_box()["y"] for lane in inside(page, ".lane").all()]
    assert tops[1] == tops[2] == tops[3], "three lanes use the width"


@pytest.mark.parametrize("slug", first_of(["cell", "gradients"]))
def test_a_stepped_equation_comes_into_view(tab, slug):
    tab.page.set_viewport_size({"width": 900, "height": 620})
    page = tab.open(slug, preset="start", t="3")
    expect(choice(page, "equation")).to_be_visible()
    for _ in range(choice(page, "equation").locator("option").count() - 1):
        button(page, "next equation").dispatch_event("click")
        name = choice(page, "equation").locator("option:checked").inner_text().split("· ")[1]
        result = inside(page, f'.row.now .cell[data-quantity="{name}"]').first
        soon(page, lambda result=result: on_screen(page, result))


@pytest.mark.long
def test_a_link_brings_its_equation_into_view(tab):
    tab.page.set_viewport_size({"width": 900, "height": 620})
    page = tab.open("cell", preset="start", t="3", equation="h")
    soon(page, lambda: on_screen(page, cell(page, "h", 0, 3, 1)))
