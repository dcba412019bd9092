"""Clicking at random on every page, wide and narrow: nothing breaks, and no page is left empty."""

import random
from contextlib import suppress

import pytest
from browser_tab import QUIET
from playwright.sync_api import Error, expect

from explainer.stage.chapters import CHAPTERS, HOME

pytestmark = pytest.mark.browser
KEYS = (
    *("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "Space", "Enter", "Escape", "Tab"),
    *("Shift+Tab", "Home", "End", "PageDown", "PageUp", "x", "r", "c"),
)
WORDS = (
    "",
    "0",
    "1",
    "-1",
    "3",
    "64",
    "99999",
    "1e9",
    "nan",
    "<b>x</b>",
    "the cat",
    "$x$",
    "0.5",
    " ",
)
QUERIES = (
    "",
    "?hidden_size=7&t=3",
    "?preset=math&cell=z:0,1,0",
    "?preset=story&sequence=5",
    "?cell=no",
)
CLICKED = {
    "sidebar": "[data-testid=stExpandSidebarButton], [data-testid=stSidebarCollapseButton] button",
    "menu": "[data-testid=stSidebarNavLink]",
    "cell": ".stage .cell, .stage .piece, .stage .chip",
    "stage": ".stage button",
    "choice": "[data-testid=stRadio] label:visible, [data-testid=stCheckbox] label:visible",
    "part": "[data-testid=stExpander] summary",
    "button": "[data-testid=stMain] button:visible",
}
"""What is clicked, by the kind of the action."""
WEIGHTS = {
    "sidebar": 4,
    "menu": 8,
    "cell": 16,
    "stage": 10,
    "choice": 8,
    "part": 5,
    "button": 5,
    "key": 14,
    "slider": 10,
    "field": 8,
    "back": 3,
    "link": 2,
    "forward": 1,
}
BROKEN = "[data-testid=stException], [role=dialog]:has-text('Connection error')"


class Clicker:
    """Acts on a page at random, always in the same way, and remembers what went wrong."""

    def __init__(self, page, address, seed):
        self.page, self.address, self.rng = page, address, random.Random(seed)
        self.problems, self.trail = [], []
        page.set_default_timeout(1_000)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("console", self.said)

    def said(self, message):
        known = ("Failed to load resource", "Cannot rerun script when disconnected")
        # the second is said by a page that is left
        if message.type == "error" and not message.text.startswith(known):
            self.problems.append(f"console: {message.text}")

    def one_of(self, selector):
        """One of the elements, drawn; None where there is none."""
        found = self.page.locator(selector)
        count = found.count()
        return found.nth(self.rng.randrange(count)) if count else None

    def act(self):
        kind = self.rng.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
        self.trail = [*self.trail[-8:], f"{kind} at {self.page.url[len(self.address) :][:200]}"]
        with suppress(Error):  # covered, or gone by now: a user would not have reached it either
            self.do(kind)
        if self.rng.random() < 0.3:
            self.page.wait_for_timeout(self.rng.randint(20, 400))
        if self.page.locator(BROKEN).count():
            self.problems.append(self.page.locator(BROKEN).first.inner_text()[:300])
        if not self.page.url.startswith(self.address):
            self.problems.append(f"left the app: {self.page.url}")
        assert not self.problems, (self.problems, self.trail)

    def do(self, kind):
        page, rng = self.page, self.rng
        if kind in CLICKED:
            element = self.one_of(CLICKED[kind])
            if element:
                element.click(force=rng.random() < 0.2)
        elif kind == "key":
            page.keyboard.press(rng.choice(KEYS))
        elif kind == "slider":
            element = self.one_of("input[type=range]")
            if element:
                element.focus()
                for _ in range(rng.randint(1, 4)):
                    page.keyboard.press(rng.choice(("ArrowRight", "ArrowLeft", "Home", "PageUp")))
        elif kind == "field":
            element = self.one_of(
                "input[type=text]:enabled:visible, input[type=number]:visible, textarea:visible"
            )
            if element:
                word = rng.choice(WORDS)
                is_number = element.get_attribute("type") == "number"
                element.fill("7" if is_number and not word.isdigit() else word)
                page.keyboard.press("Control+Enter")
        elif kind in ("back", "forward"):
            (page.go_back if kind == "back" else page.go_forward)(timeout=8_000)
            if page.url == "about:blank":  # before the first page
                page.go_forward()
        else:
            slug = rng.choice((HOME, *CHAPTERS)).slug
            page.goto(f"{self.address}/{slug}{rng.choice(QUERIES)}", timeout=60_000)


@pytest.mark.parametrize("width", [1300, 390])
def test_clicking_at_random_breaks_nothing(width, server, chromium, amount, figure):
    context = chromium.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(f"{server.address}/cell?open-settings=true")
    page.wait_for_function(QUIET, timeout=60_000)
    clicker, count = Clicker(page, server.address, width), amount(12, 1_000)
    for i in range(count):
        clicker.act()
        if i % 50 == 49 or i == count - 1:
            page.wait_for_function(QUIET, timeout=120_000)
            expect(page.locator("h1")).to_be_visible()
    context.close()
    assert "Traceback" not in server.log.read_text("utf-8")
    figure(f"clicking {count:,} times at random, {width} pixels wide", "0 fail")
