"""Every chapter in a browser: drawn, as wide as the screen, in both themes, for everybody."""

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from browser_tab import DESKTOP, PHONE, SERIOUS, soon
from marks import first_of
from playwright.sync_api import expect

from explainer.stage.chapters import CHAPTERS, HOME

pytestmark = pytest.mark.browser
LOOKS = {
    "desktop-light": ({"preset": "start"}, DESKTOP, "light"),
    "desktop-dark": ({"preset": "math"}, DESKTOP, "dark"),
    "phone-light": ({"preset": "math", "variant": "reset_after"}, PHONE, "light"),
    "phone-dark": ({"preset": "start", "variant": "reset_before"}, PHONE, "dark"),
}
LOOK = """() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    const main = document.querySelector("[data-testid=stMain]");
    const charts = all("[data-testid=stPlotlyChart]");
    const scrolls = (element) => element && element !== main
        && ((element.scrollWidth > element.clientWidth
            && /auto|scroll/.test(getComputedStyle(element).overflowX))
            || scrolls(element.parentElement));
    return {
        katex: all(".katex-error").map((e) => e.textContent),
        formulas: all(".katex").length,
        charts: charts.length,
        unnamed: charts.filter((c) => !c.getAttribute("aria-label")?.trim()).length,
        stages: all("[data-testid=stBidiComponentIsolated]")
            .map((host) => host.shadowRoot.querySelector("[data-stage]")?.dataset.stage)
            .filter(Boolean),
        exceptions: all("[data-testid=stException]").length,
        errors: all("[data-testid=stAlertContentError]").map((e) => e.textContent),
        sideways: Math.max(
            document.documentElement.scrollWidth - window.innerWidth,
            document.body.scrollWidth - window.innerWidth,
            main.scrollWidth - main.clientWidth),
        cut: charts.filter((c) => {
            const svg = c.querySelector(".main-svg").getBoundingClientRect();
            return svg.right > window.innerWidth + 1 && !scrolls(c);
        }).map((c) => c.getAttribute("aria-label")),
        background: getComputedStyle(document.querySelector("[data-testid=stApp]"))
            .backgroundColor,
        ink: getComputedStyle(document.querySelector("h1")).color,
        paper: charts.map((c) => getComputedStyle(c.querySelector(".main-svg")).backgroundColor),
    };
}"""


PICTURES = ("time", "prediction", "loss", "training", "gates")


def on_stage(chapter):
    """What stands on the stage of a page; networks that are not the settings' have theirs."""
    if chapter.slug in ("own", "gates"):
        return {"own": "cell", "gates": "time"}[chapter.slug]
    return chapter.slug if chapter.timed or chapter.slug == "update" else ""


@pytest.fixture(scope="module", params=first_of(LOOKS, "desktop-light", "phone-dark"))
def walk(request, shared_tab, server):
    """What is seen on the way through the whole story, by chapter."""
    query, size, theme = LOOKS[request.param]
    page = shared_tab.page
    shared_tab.problems.clear()
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=theme)
    seen = {}
    for chapter in (HOME, *CHAPTERS):
        if chapter is HOME:
            shared_tab.visit(**query)
        else:
            shared_tab.go_to(chapter.title)
        if staged := on_stage(chapter):
            page.locator(f'[data-stage="{staged}"]').wait_for()
            shared_tab.settle()
        # formulas are only made when a reader opens them; on a phone the menu is in the way
        if chapter.shows and size is DESKTOP:
            page.get_by_text("The equations and their source code").click()
            page.locator("[data-testid=stMain] .katex").first.wait_for()
            shared_tab.settle()
        for _ in range(30):  # a picture may still find its width
            seen[chapter.slug] = page.evaluate(LOOK)
            if not seen[chapter.slug]["cut"]:
                break
            page.wait_for_timeout(100)
    seen["problems"] = list(shared_tab.problems)
    seen["theme"] = theme
    seen["wide"] = size is DESKTOP
    return seen


@pytest.mark.parametrize("chapter", [HOME, *CHAPTERS], ids=lambda c: c.slug)
def test_a_chapter_is_drawn(walk, chapter):
    seen = walk[chapter.slug]
    assert seen["exceptions"] == 0
    assert seen["errors"] == []
    assert seen["katex"] == []
    assert seen["unnamed"] == 0
    assert bool(seen["charts"]) == (chapter.slug in PICTURES)
    assert seen["stages"] == ([on_stage(chapter)] if on_stage(chapter) else [])
    if walk["wide"]:
        assert bool(seen["formulas"]) == bool(chapter.shows)


@pytest.mark.parametrize("chapter", [HOME, *CHAPTERS], ids=lambda c: c.slug)
def test_a_chapter_fits_the_width_of_its_screen(walk, chapter):
    seen = walk[chapter.slug]
    assert seen["sideways"] <= 0
    assert seen["cut"] == []


@pytest.mark.parametrize("theme", first_of(["dark", "light"]))
@pytest.mark.parametrize("slug", first_of(["gradients", "own", "batches", "gates"]))
def test_axe_finds_nothing_serious_on_a_whole_page(shared_tab, slug, theme):
    page = shared_tab.page
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme=theme)
    page.goto(f"{shared_tab.address}/{slug}")
    expect(page.get_by_text("Checked in this run")).to_be_visible()
    shared_tab.settle()
    page.evaluate(AXE_SCRIPT)
    soon(page, lambda: page.evaluate(SERIOUS) == [])  # what is drawn anew fades in


def brightness(colour):
    """0 black to 1 white, of a colour as the browser writes it; None for a transparent one."""
    red, green, blue, *alpha = map(float, re.findall(r"[\d.]+", colour))
    if alpha and alpha[0] == 0:
        return None
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def test_every_chapter_follows_the_theme(walk):
    dark = walk["theme"] == "dark"
    for slug in ("home", *(c.slug for c in CHAPTERS)):
        seen = walk[slug]
        assert (brightness(seen["background"]) < 0.2) == dark, slug
        assert (brightness(seen["ink"]) > 0.8) == dark, slug
        for paper in map(brightness, seen["paper"]):
            assert paper is None or (paper < 0.2) == dark, slug


def test_nothing_goes_wrong_on_the_way(walk):
    assert walk["problems"] == []


def test_a_link_on_a_phone_shows_its_chapter(tab):
    tab.page.set_viewport_size(PHONE)
    page = tab.visit("loss", preset="math")
    uncovered = """() => {
        const words = document.createRange();
        words.selectNodeContents(document.querySelector("h1"));
        const box = words.getBoundingClientRect();
        const top = document.elementFromPoint(box.left + 20, box.top + box.height / 2);
        return top?.closest("h1") !== null;
    }"""
    assert page.evaluate(uncovered), "the settings stand over the chapter"
