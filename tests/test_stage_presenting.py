"""The stage for a class and on paper: one equation after the other, filling the screen."""

import pytest
from browser_tab import PHONE, soon
from marks import first_of
from playwright.sync_api import expect
from stage_tab import (
    FOCUS,
    ON_TOP,
    START,
    button,
    choice,
    expect_cells,
    expect_time,
    inside,
    pin,
    rest,
    trace_of,
)

from explainer.stage.chapters import chapter as chapter_of

pytestmark = pytest.mark.browser


IN_CLASS = """(stage) => {
    const cells = [...stage.querySelectorAll(".cell")].filter((c) => c.getClientRects().length);
    const letters = cells.map((c) => parseFloat(getComputedStyle(c).fontSize) * c.currentCSSZoom);
    const controls = [...stage.querySelectorAll("select, input")];
    return {
        letters: Math.min(...letters) / innerHeight,
        controls: controls.filter((c) => c.getClientRects().length).length,
        equation: stage.querySelector(".equation .count").textContent,
        shown: [...new Set(cells.map((c) => c.dataset.quantity))].sort(),
    };
}"""


def expect_in_class(page, count, *shown):
    expect(inside(page, ".equation .count")).to_have_text(count)
    seen = page.locator("[data-stage].presenting").evaluate(IN_CLASS)
    assert seen["shown"] == sorted(shown)
    assert seen["controls"] == 0
    return seen["letters"]


@pytest.mark.parametrize(("width", "height"), first_of([(1280, 720), (1920, 1080)]))
def test_in_class_an_equation_fills_the_screen(tab, width, height):
    tab.page.set_viewport_size({"width": width, "height": height})
    page = tab.open("cell", preset="start", t="3", equation="a_hr", present="true")
    assert all(page.evaluate(ON_TOP))
    soon(page, lambda: expect_in_class(page, "2 of 13", *A_HR) >= 0.03)
    page.keyboard.press("PageDown")
    soon(page, lambda: expect_in_class(page, "3 of 13", "a_ir", "a_hr", "a_r") >= 0.03)
    page.keyboard.press("PageUp")
    soon(page, lambda: expect_in_class(page, "2 of 13", *A_HR) >= 0.03)


A_HR = ("h_prev", "W_hr", "b_hr", "a_hr")


def test_a_clicker_walks_through_equations_time_and_chapters(tab):
    page = tab.open("cell", preset="math", t="1", equation="n", present="true")
    page.evaluate("document.activeElement?.blur()")  # no key is lost, wherever the focus is
    page.keyboard.press("PageDown")
    expect(inside(page, ".equation .count")).to_have_text("14 of 14")
    page.keyboard.press("PageDown")
    expect_time(page, 2)
    expect(inside(page, ".equation .count")).to_have_text("1 of 14")
    page.keyboard.press("PageUp")
    expect_time(page, 1)
    expect(inside(page, ".equation .count")).to_have_text("14 of 14")
    page.keyboard.press("PageDown")
    for _ in range(14):
        page.keyboard.press("PageDown")
    tab.stage("time")
    expect_time(page, 0)
    assert all(page.evaluate(ON_TOP))
    page.keyboard.press("PageUp")
    tab.stage("cell")
    expect_time(page, 2)
    expect(inside(page, ".equation .count")).to_have_text("14 of 14")
    soon(page, lambda: tab.query.get("present") == "true" and tab.query.get("equation") == "h")
    # a number is opened, and a field in it: Escape leaves
    pin(page, "h", 0, 2, 1)
    page.keyboard.press("Escape")
    soon(page, lambda: not any(page.evaluate(ON_TOP)[:3]))
    expect(inside(page, ".equation")).to_be_hidden()
    assert page.evaluate(FOCUS)["within"]
    soon(page, lambda: "present" not in tab.query)


@pytest.mark.long
def test_a_phone_presents_too(tab):
    tab.page.set_viewport_size(PHONE)
    page = tab.open("cell", preset="math", t="1", equation="h", present="true")
    expect_in_class(page, "14 of 14", "z", "h_prev", "n", "h")
    button(page, "on (Page Down)").click()
    expect_time(page, 2)
    button(page, "leave (Escape)").click()
    expect(page.locator("[data-stage].presenting")).to_have_count(0)


# On paper.

ON_PAPER = """() => {
    const stage = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
        .map((host) => host.shadowRoot.querySelector("[data-stage]"))[0];
    const drawn = (e) => e.getClientRects().length > 0;
    const lanes = [...stage.querySelectorAll(".lane")].filter(drawn);
    return {
        theme: stage.dataset.theme,
        widest: Math.max(...lanes.map((lane) => lane.getBoundingClientRect().right)),
        lanes: lanes.length,
        controls: [...stage.querySelectorAll("button:not(.unfold), select, input")]
            .filter(drawn).length,
        sidebar: drawn(document.querySelector("[data-testid=stSidebar]")),
        paper: getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor,
        height: document.documentElement.scrollHeight,
    };
}"""


@pytest.mark.parametrize("slug", first_of(["cell", "prediction", "update"]))
def test_a_chapter_prints_without_controls_in_light_colours(tab, slug):
    tab.page.emulate_media(color_scheme="dark", media="screen")
    page = tab.open(slug, preset="start", t="3")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 703, "height": 1032})  # A4 between its margins
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    soon(page, lambda: page.evaluate(ON_PAPER)["theme"] == "light")
    seen = page.evaluate(ON_PAPER)
    assert seen["widest"] <= 703
    assert seen["lanes"] == len(chapter_of(slug).scene)
    assert seen["controls"] == 0
    assert not seen["sidebar"]
    assert seen["paper"] == "rgb(255, 255, 255)"
    assert seen["height"] > 1032  # the page goes on below, nothing scrolls in a box
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen", color_scheme="dark")
    soon(page, lambda: page.evaluate(ON_PAPER)["theme"] == "dark")


# 13. One equation after the other.

SIZE = "(e) => parseFloat(getComputedStyle(e).fontSize)"
"""Of letters: a number that is still to come has none to be seen."""


def test_equations_come_one_by_one(tab):
    page = tab.open("cell", preset="start", t="1")
    chosen = choice(page, "equation")
    order = [text.split("· ")[1] for text in chosen.locator("option").all_inner_texts()[1:]]
    # every equation of the cell, in the order of its lanes
    assert order[0] == "a_ir"
    assert order[-1] == "h"
    faint = inside(page, ".row.later")
    for i, name in enumerate(order):
        button(page, "next equation").click()
        expect(inside(page, ".equation .count")).to_have_text(f"{i + 1} of {len(order)}")
        q = trace_of(START, name).quantities[name]
        expect(inside(page, ".equation .why")).to_have_text(q.description)
        later = faint.locator("[data-quantity]").evaluate_all(
            "(cells) => [...new Set(cells.map((c) => c.dataset.quantity))]"
        )
        assert set(order[i + 1 :]) <= set(later) | {"h_prev"}
        assert name not in later
        assert not set(order[: i + 1]) & set(later)
        if i == 3:
            rest(tab, equation=name)
            assert faint.locator(".cell").first.evaluate(SIZE) == 0
            assert inside(page, ".row.now .cell").first.evaluate(SIZE) > 12
    rest(tab, equation="h")
    expect(faint).to_have_count(0)
    page.reload()
    tab.stage("cell")
    expect(inside(page, ".equation .count")).to_have_text(f"{len(order)} of {len(order)}")
    button(page, "previous equation").click()
    rest(tab, equation=order[-2])
    chosen.select_option("-1")
    soon(page, lambda: "equation" not in tab.query)
    expect(inside(page, ".equation")).to_be_hidden()


@pytest.mark.long
def test_how_an_equation_comes_about_is_shown_cell_by_cell(tab):
    tab.page.emulate_media(reduced_motion="no-preference")
    page = tab.open("cell", preset="start", t="1")
    button(page, "next equation").click()
    expect(inside(page, ".cell.result").first).to_be_visible()
    expect(inside(page, ".cell.operand").first).to_be_visible()
    expect(inside(page, ".cell.result")).to_have_count(0)
    expect_cells(page, START)
