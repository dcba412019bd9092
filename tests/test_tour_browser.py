"""The guided tour in a browser: by clicks, by keyboard, from a link, on a phone."""

import re
from urllib.parse import parse_qs, urlparse

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from browser_tab import PHONE, SERIOUS, soon
from playwright.sync_api import expect
from serve import serve
from stage_tab import StageTab, button, cell, inside
from test_tour import trace_of
from tour_answers import answers

from explainer.stage.tour.learning_stations import STATIONS
from explainer.url_edits import parse_edits

pytestmark = pytest.mark.browser


def at_station(page, number):
    expect(inside(page, ".tour")).to_have_attribute("data-station", str(number))
    expect(inside(page, ".station-title")).to_have_text(re.compile(f"^{number} of "))


def query(page):
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def verdict(page, kind):
    expect(inside(page, ".feedback")).to_have_class(re.compile(rf"\b{kind}\b"))


def answer(page, station, attempt):
    """Give an answer as a reader does."""
    if attempt.number is not None:
        inside(page, ".typed input").fill(str(attempt.number))
        button(page, "check").click()
    elif attempt.place:
        name, index = attempt.place
        dims = trace_of(station, "reset_after").quantities
        if name in dims and "T" in dims[name].dims:
            t = index[dims[name].dims.index("T")]
            button(page, "first time step").click()
            for _ in range(t):
                button(page, "next time step").click()
        cell(page, name, *index).click()
    elif station.descent:
        inside(page, "[data-rate]").press("End")
    else:
        edits, _ = parse_edits(";".join(set(attempt.edit.split(";")) - {*station.edit.split(";")}))
        for name, places in edits.items():
            for index, value in places.items():
                change_number(page, station, name, index, value)


def change_number(page, station, name, index, value):
    if index:
        cell(page, name, *index).dblclick()
    else:
        first = (0, station.t, 0)
        cell(page, name, *first).click()
        inside(page, ".panel").get_by_role("button", name="all of it").click()
    field = inside(page, "input[data-edit]")
    field.fill(f"{value:g}")
    field.press("Enter")


@pytest.mark.long
def test_a_reader_walks_the_whole_tour(tab):
    page = tab.open("tour")
    for number, station in enumerate(STATIONS, 1):
        at_station(page, number)
        tab.settle()
        right, wrong = answers(station.title, trace_of(station, "reset_after"))
        wanted = right[0]
        if station.kind != "change":
            wrong = [w for w in wrong if not w.place or w.place[0] in station.among]
            answer(page, station, wrong[0])
            verdict(page, "wrong")
        answer(page, station, wanted)
        verdict(page, "right")
        if number < len(STATIONS):
            button(page, "next station ▶").click()
    done = str(2 ** len(STATIONS) - 1)
    soon(page, lambda: query(page).get("answered") == done)
    assert query(page)["station"] == str(len(STATIONS))
    assert query(page)["trial"] == "learning_rate:1000"
    tab.choose("cell")
    assert "edit" not in query(page)
    page.get_by_test_id("stSidebarNavLink").get_by_text("Guided tour", exact=True).click()
    tab.stage("tour")
    at_station(page, len(STATIONS))
    expect(inside(page, ".stations .done")).to_have_count(len(STATIONS))


def test_a_station_is_answered_by_keyboard_alone(tab):
    page = tab.open("tour", station="7")
    tab.settle()
    cell(page, "z", 0, 2, 0).focus()
    page.keyboard.press("F2")
    page.keyboard.type("0.5")
    page.keyboard.press("Enter")
    verdict(page, "wrong")
    page.keyboard.press("F2")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    verdict(page, "right")
    expect(inside(page, ".spoken")).to_contain_text("Right. With z = 1 nothing of n comes in")
    button(page, "next station ▶").focus()
    page.keyboard.press("Enter")
    at_station(page, 8)
    expect(inside(page, ".station-title")).to_be_focused()
    button(page, "Hint").focus()
    page.keyboard.press("Enter")
    expect(inside(page, ".tour .hint")).to_be_visible()
    soon(page, lambda: query(page).get("answered") == "64")


@pytest.mark.long
def test_a_link_opens_a_station_on_a_fresh_server_with_what_was_tried(chromium, tmp_path):
    with serve(tmp_path / "log") as fresh:
        context = chromium.new_context(viewport=PHONE)
        tab = StageTab(context, fresh.address)
        page = tab.open("tour", 90, station="7", answered="3", trial="z:1", variant="reset_before")
        at_station(page, 7)
        verdict(page, "right")
        expect(inside(page, ".stations .done")).to_have_count(3)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"]
        button(page, "next equation").click()
        expect(cell(page, "h", 0, 2, 0)).to_be_visible()
        box = inside(page, ".tour").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        small = inside(page, ".tour button").evaluate_all(
            "(all) => all.map((b) => b.getBoundingClientRect())"
            ".filter((b) => Math.min(b.width, b.height) < 24).length"
        )
        assert small == 0
        context.close()
    assert not tab.problems


@pytest.mark.long
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_station_is_whole_on_every_screen_and_axe_finds_nothing_serious(tab, theme):
    tab.page.emulate_media(color_scheme=theme)
    page = tab.open("tour", station="10")
    for width in (1920, 1300, 820, 390):
        page.set_viewport_size({"width": width, "height": 900})
        tab.settle()
        expect(inside(page, ".station-title")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if width == 1300:  # where one equation is shown, those to come are faint
            page.evaluate(AXE_SCRIPT)
            soon(page, lambda: page.evaluate(SERIOUS) == [])
    page = tab.open("tour", station="10")
    assert inside(page, ".equation .formula").evaluate(CONTRAST) >= 4.5


CONTRAST = """(element) => {
    const channels = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number)
        .map((v) => (colour.startsWith("color(") ? v : v / 255));
    const light = (colour) => channels(colour)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const [ink, paper] = [
        light(getComputedStyle(element).color),
        light(getComputedStyle(element.closest(".equation")).backgroundColor),
    ];
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
}"""
