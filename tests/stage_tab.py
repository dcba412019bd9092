"""A tab with a stage: what it shows, how it is used, and what Python says should stand there."""

import math
from functools import cache
from urllib.parse import urlencode

from browser_tab import Tab, soon
from playwright.sync_api import expect

from explainer import PRESETS, explain, run
from explainer.explanation.number_formula import format_number
from explainer.stage.chapters import chapter as chapter_of

STAGED = ("embedding", "dropout", "cell", "time", "prediction", "loss", "gradients", "update")
START, MATH, STORY = PRESETS["start"], PRESETS["math"], PRESETS["story"]


class StageTab(Tab):
    """A tab with a stage, and every word between it and the server."""

    def __init__(self, context, address):
        super().__init__(context, address)
        self.words = 0
        self.page.on("websocket", self.connected)
        self.page.on("dialog", self.asked_something)

    def connected(self, socket):
        def said(_):
            self.words += 1

        socket.on("framesent", said)
        socket.on("framereceived", said)

    def asked_something(self, dialog):
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, path="cell", seconds=30, **query):
        """Open a link, and wait for its stage."""
        self.page.goto(f"{self.address}/{path}?{urlencode(query)}")
        self.stage(path, seconds)
        return self.page

    def choose(self, slug):
        """Go to a chapter through the menu, and wait for its stage."""
        links = self.page.get_by_test_id("stSidebarNavLink")
        links.get_by_text(chapter_of(slug).title, exact=True).click()
        self.stage(slug)

    def stage(self, slug, seconds=30):
        drawn = self.page.locator(f'[data-stage="{slug}"] [data-quantity]').first
        drawn.wait_for(state="attached", timeout=seconds * 1000)
        self.settle(seconds)


# What the engine says.


@cache
def computed(settings):
    return run(settings)


def trace_of(settings, name):
    """Where a quantity comes about: in the first pass, else in the update."""
    result = computed(settings)
    return result.trace if name in result.trace else result.update


@cache
def numbers_of(settings, name):
    return trace_of(settings, name)[name]


@cache
def told(settings, name, index):
    """The three lines of one number."""
    opened = explain(trace_of(settings, name), name, index)
    return {"symbols": opened.symbols, "shapes": opened.shapes, "numbers": opened.numbers}


def in_cell(name, value, digits=2):
    """A number as a cell shows it, in significant digits: only 0 looks like 0, only 1 like 1."""
    if name in ("ids", "targets"):
        return str(int(value))
    if digits is None:
        return format_number(value, None)
    if value == int(value):
        return f"{value + 0.0:.0f}".replace("-", "−")
    written = f"{value:.{digits - 1}e}"
    mantissa, power = written.split("e")
    if 1e-3 <= abs(value) < 1e6:
        decimals = len(mantissa.lstrip("-").replace(".", "")) - 1 - int(power)
        return f"{value:.{max(0, decimals)}f}".replace("-", "−")
    return f"{mantissa}e{int(power)}".replace("-", "−")


def indices(text):
    return tuple(int(i) for i in text.split(",")) if text else ()


def key(name, index):
    return f"{name}:{','.join(map(str, index))}"


# What the stage shows.

CELLS = """(root) => [...root.querySelectorAll("[data-quantity]")]
    .filter((cell) => !cell.closest(".over-time, .folded"))  // test_over_time_browser.py
    .map((cell) => [cell.dataset.quantity, cell.dataset.index, cell.textContent])"""
LINES = """(root) => {
    const lines = [...root.querySelectorAll("[data-explanation] [data-line]")];
    return Object.fromEntries(lines.map((line) => [line.dataset.line, line.textContent]));
}"""


def stage(page):
    return page.locator("[data-stage]")


def inside(page, selector):
    return stage(page).locator(selector)


def button(page, name):
    return stage(page).get_by_role("button", name=name, exact=True)


def choice(page, name):
    return inside(page, f'select[data-choose="{name}"]')


def cell(page, name, *index):
    places = ",".join(map(str, index))
    return inside(page, f'[data-quantity="{name}"][data-index="{places}"]').first


def cells(page):
    """Every drawn cell: quantity, index, text."""
    return stage(page).evaluate(CELLS)


def explained(page):
    """Which number is open."""
    return inside(page, "[data-explanation]").get_attribute("data-explanation")


def expect_time(page, t):
    expect(stage(page)).to_have_attribute("data-t", str(t))


def expect_lines(page, settings, name, index):
    """The number is open, and its three lines are those of `explain`."""
    wanted = told(settings, name, tuple(index))
    opened = inside(page, f'[data-explanation="{key(name, index)}"]')
    for line in wanted:
        expect(opened.locator(f'[data-line="{line}"]')).not_to_have_text("…")
    assert stage(page).evaluate(LINES) == wanted


def expect_cells(page, settings, digits=2):
    """Every cell that is drawn shows the engine's number."""
    shown = cells(page)
    assert shown
    wrong = []
    for name, places, text in shown:
        value = float(numbers_of(settings, name)[indices(places)])
        # in full the browser's last digits may be others than Python's
        full = digits is None and name not in ("ids", "targets")
        same = full and math.isclose(float(text.replace("−", "-")), value, rel_tol=1e-12)
        if not same and text != in_cell(name, value, digits):
            wrong.append((name, places, text, value))
    assert wrong == []
    return shown


def pin(page, name, *index):
    """Open a number by its cell."""
    cell(page, name, *index).click()
    expect(inside(page, "[data-explanation]")).to_have_attribute(
        "data-explanation", key(name, index)
    )


def rest(tab, **wanted):
    """Wait until the address says where the reader is."""
    soon(tab.page, lambda: all(tab.query.get(name) == value for name, value in wanted.items()))


def on_screen(page, place):
    box = place.bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"]


# 9. Keyboard only.

FOCUS = """() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    const style = getComputedStyle(at);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return {
        within: at.closest("[data-stage]") !== null,
        what: at.getAttribute("aria-label") ?? at.dataset.choose ?? at.dataset.switch
            ?? at.dataset.quantity ?? at.className,
        cell: at.dataset.quantity ? [at.dataset.quantity, at.dataset.index] : null,
        lane: at.closest(".lane")?.dataset.lane ?? null,
        outlined,
    };
}"""


# 12. On a projector.

ON_TOP = """() => {
    const sidebar = document.querySelector("[data-testid=stSidebar]").getBoundingClientRect();
    const all = [[sidebar.left + 40, 60], [sidebar.left + 40, 300], [sidebar.left + 150, 600],
        [innerWidth - 30, 20], [innerWidth / 2, innerHeight - 10]];
    return all.map(([x, y]) => {
        const top = document.elementFromPoint(x, y);
        return top !== null && (top.closest("[data-stage]") !== null
            || Boolean(top.shadowRoot?.querySelector("[data-stage]")));
    });
}"""
