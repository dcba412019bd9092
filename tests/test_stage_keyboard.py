"""The stage by keyboard alone: where the focus is, and where it goes."""

import pytest
from browser_tab import slider, soon
from playwright.sync_api import expect
from stage_tab import (
    FOCUS,
    ON_TOP,
    START,
    button,
    cell,
    expect_lines,
    expect_time,
    indices,
    inside,
    pin,
    stage,
)

pytestmark = pytest.mark.browser


def test_the_stage_is_used_without_a_pointer(tab):
    page = tab.open("cell", preset="start", t="1")
    stage(page).focus()
    lanes = inside(page, ".lane").count()
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUS)
        if not now["within"]:
            break
        assert now["outlined"], now
        stops.append(now)
    what = [stop["what"] for stop in stops]
    # at time step 1 no button is out of use
    for wanted in (
        *("first time step", "previous time step", "play", "next time step", "last time step"),
        *("speed", "sequence", "mean", "time step", "equation", "range", "digits"),
        *("convention", "checking", "previous equation", "next equation"),
    ):
        assert what.count(wanted) == 1, (wanted, what)
    assert [stop["lane"] for stop in stops if stop["cell"]] == [str(i) for i in range(lanes)]

    first = inside(page, '.lane[data-lane="1"] [data-quantity][tabindex="0"]')
    first.focus()
    start = page.evaluate(FOCUS)["cell"]
    page.keyboard.press("ArrowDown")
    below = page.evaluate(FOCUS)
    assert below["cell"] != start
    page.keyboard.press("ArrowRight")
    right = page.evaluate(FOCUS)
    assert right["cell"] not in (start, below["cell"])
    assert right["outlined"]
    expect_time(page, 1)
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(FOCUS)["cell"] == below["cell"]
    page.keyboard.press("ArrowUp")
    assert page.evaluate(FOCUS)["cell"] == start
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    name, places = page.evaluate(FOCUS)["cell"]
    expect_lines(page, START, name, indices(places))
    page.keyboard.press("Escape")
    expect(inside(page, "[data-explanation]")).to_have_count(0)
    assert page.evaluate(FOCUS)["cell"] == [name, places], "focus stays where the reader was"
    roving = inside(page, '.lane[data-lane="1"] [data-quantity][tabindex="0"]')
    assert roving.count() == 1
    assert roving.get_attribute("data-quantity") == name
    page.keyboard.press(" ")
    expect_lines(page, START, name, indices(places))
    page.keyboard.press("PageDown")
    expect_time(page, 2)
    # and on into the formula
    cell(page, "h", 0, 2, 1).focus()
    page.keyboard.press("Enter")
    expect_lines(page, START, "h", (0, 2, 1))
    operand = inside(page, "[data-explanation] [data-line=numbers] button").first
    operand.focus()
    assert page.evaluate(FOCUS)["outlined"]
    of = operand.get_attribute("data-of")
    page.keyboard.press("Enter")
    expect(inside(page, "[data-explanation]")).to_have_attribute("data-explanation", of)


def test_the_focus_stays_when_the_formula_changes(tab):
    page = tab.open("cell", preset="start", t="3", cell="h:0,3,1")
    inside(page, '[data-line="symbols"] button[data-of="n:0,3,1"]').click()
    expect_lines(page, START, "n", (0, 3, 1))
    assert page.evaluate(FOCUS)["what"] == "stop here"
    page.keyboard.press("PageDown")
    expect_lines(page, START, "n", (0, 4, 1))
    page.keyboard.press("ArrowLeft")
    expect_lines(page, START, "n", (0, 3, 1))
    page.keyboard.press("Escape")
    expect(inside(page, "[data-explanation]")).to_have_count(0)
    assert page.evaluate(FOCUS)["within"]
    page.keyboard.press("PageDown")
    expect_time(page, 4)
    pin(page, "h", 0, 4, 1)
    button(page, "close the formula").click()
    assert page.evaluate(FOCUS)["within"]
    page.keyboard.press("PageUp")
    expect_time(page, 3)
    # a clicker goes on after a term was clicked, and Escape leaves
    pin(page, "h", 0, 3, 1)
    button(page, "present").click()
    inside(page, '[data-line="symbols"] button[data-of="z:0,3,1"]').first.click()
    page.keyboard.press("ArrowRight")
    expect_lines(page, START, "z", (0, 4, 1))
    page.keyboard.press("Escape")
    soon(page, lambda: not any(page.evaluate(ON_TOP)[:3]))


@pytest.mark.long
def test_keys_work_at_once_and_from_anywhere(tab):
    page = tab.open("cell", preset="start")
    assert not page.evaluate(FOCUS)["within"]
    for pressed, t in (("PageDown", 1), ("ArrowRight", 2), ("PageUp", 1), ("ArrowLeft", 0)):
        page.keyboard.press(pressed)
        expect_time(page, t)
    pin(page, "z", 0, 0, 1)
    page.get_by_role("heading", level=1).click()
    assert not page.evaluate(FOCUS)["within"]
    page.keyboard.press("Escape")
    expect(inside(page, "[data-explanation]")).to_have_count(0)
    # what has keys of its own keeps them
    slider(page, "Hidden size H").focus()
    page.keyboard.press("PageDown")
    page.wait_for_timeout(300)
    expect_time(page, 0)


@pytest.mark.long
def test_the_stage_dims_only_while_a_number_is_pointed_at(tab):
    page = tab.open("cell", preset="start")
    dimmed = inside(page, ".veil.drawn")
    for opened in (False, True):
        if opened:
            pin(page, "h", 0, 0, 1)
        cell(page, "z", 0, 0, 1).hover()
        expect(dimmed).to_have_count(1)
        inside(page, ".lane > .title").first.hover()
        expect(dimmed).to_have_count(0)
        expect(inside(page, ".cell.result")).to_have_count(1 if opened else 0)
