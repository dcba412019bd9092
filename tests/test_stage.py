"""The stage in a browser: what is drawn, opened and stepped through is what `explain` says."""

import math
import re
from collections import deque
from dataclasses import replace
from functools import cache
from itertools import combinations
from random import Random
from urllib.parse import urlencode

import numpy as np
import pytest
import torch
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect
from serve import serve
from test_browser import DESKTOP, PHONE, Tab, slider, soon, watched

from explainer import PRESETS, explain, run
from explainer.explanation.number_formula import format_number
from explainer.plots.colours import HUES, SCALES
from explainer.plots.tables import visible
from explainer.stage.chapters import chapter as chapter_of

pytestmark = pytest.mark.browser
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


@pytest.fixture(scope="module")
def shared_tab(chromium, server):
    context = chromium.new_context(viewport=DESKTOP)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.address)
    tab = StageTab(context, server.address)
    tab.open(seconds=90, preset="math")
    yield tab
    context.close()


@pytest.fixture
def tab(shared_tab, server):
    """A tab as if it were new."""
    page = shared_tab.page
    with watched(server, shared_tab):
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light", reduced_motion="reduce", media="screen")
        yield shared_tab


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


# 1. Any number, opened anywhere.

WALKS = {
    f"{name}-{variant}": replace(PRESETS[name], variant=variant)
    for name in ("start", "math", "story")
    for variant in ("reset_after", "reset_before")
}
HANDFUL = 4


@pytest.mark.parametrize("slug", STAGED)
@pytest.mark.parametrize("walk", WALKS)
def test_any_number_opens_as_explain_writes_it(tab, walk, slug):
    settings, random = WALKS[walk], Random(f"{walk} {slug}")
    preset, variant = walk.split("-")
    if getattr(tab, "walk", None) != walk or slug == STAGED[0]:
        t = random.randrange(settings.context_length)
        sequence = random.randrange(settings.batch_size)
        tab.open(slug, preset=preset, variant=variant, t=t, sequence=sequence)
        tab.walk, tab.place = walk, (str(t), str(sequence))
    else:
        tab.choose(slug)
    page = tab.page
    shown = expect_cells(page, settings)
    quantities = sorted({name for name, *_ in shown})
    for name in random.sample(quantities, min(HANDFUL, len(quantities))):
        index = indices(random.choice([i for n, i, _ in shown if n == name]))
        cell(page, name, *index).click()
        expect_lines(page, settings, name, index)
    place = stage(page).get_attribute("data-t"), stage(page).get_attribute("data-sequence")
    assert place == tab.place, "another chapter, the same place"


# 2. From a number to what it is made of.


def far(settings):
    """How many steps each quantity is from the ids."""
    result = computed(settings)
    needed_by = {}
    for name, q in {**result.update.quantities, **result.trace.quantities}.items():
        for other in q.inputs:
            needed_by.setdefault(other, []).append(name)
    steps, waiting = {"ids": 0}, deque(["ids"])
    while waiting:
        name = waiting.popleft()
        for other in needed_by.get(name, ()):
            if other not in steps:
                steps[other] = steps[name] + 1
                waiting.append(other)
    return steps


def test_a_number_is_followed_back_to_its_token(tab):
    page = tab.open("update", preset="start")
    tab.walk = None
    page.get_by_test_id("stSelectbox").get_by_role("combobox", name="Parameter").click()
    page.get_by_role("option", name="W_hz", exact=True).click()
    cell(page, "new_W_hz", 1, 2).wait_for()
    tab.settle()
    pin(page, "new_W_hz", 1, 2)
    steps = far(START)
    way = [("new_W_hz", (1, 2))]
    while way[-1][0] != "ids":
        name, index = way[-1]
        expect_lines(page, START, name, index)
        pieces = inside(page, "[data-explanation] [data-line] button")
        here = pieces.evaluate_all("(all) => all.map((piece) => piece.dataset.of.split(':'))")
        # the state before the first time step leads nowhere
        leads = [
            (steps[n], n, indices(i))
            for n, i in here
            if n in steps and not (n in ("h_prev", "h") and indices(i)[1] < 2)
        ]
        # the way is to lead through the gradient
        wanted = [lead for lead in leads if lead[1] == "d_W_hz"] or leads
        _, *following = min(wanted)
        following = tuple(following)
        assert following not in way
        pieces.and_(page.locator(f'[data-of="{key(*following)}"]')).first.click()
        way.append(following)
    expect_lines(page, START, *way[-1])
    assert told(START, *way[-1])["symbols"].endswith("is given")
    assert len(way) > 5
    assert way[1][0] == "d_W_hz"
    stops = inside(page, ".trail .stop")
    assert stops.all_inner_texts() == [f"{n}[{','.join(map(str, i))}]" for n, i in way]
    for back in (len(way) - 2, 1, 0):
        stops.nth(back).click()
        expect_lines(page, START, *way[back])
        expect(stops).to_have_count(back + 1)


# 3. Steps.


def test_steps_need_no_server(tab):
    page = tab.open("cell", preset="start")
    last = START.context_length - 1
    expect_cells(page, START)
    before = tab.words
    for name, t in (("next", 1), ("next", 2), ("previous", 1), ("last", last), ("first", 0)):
        button(page, f"{name} time step").click()
        expect_time(page, t)
        expect_cells(page, START)
    strip = inside(page, ".strip")
    strip.focus()
    for press, t in (
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("End", last),
        ("ArrowRight", last),
        ("PageUp", last - 1),
        ("PageDown", last),
        ("Home", 0),
        ("ArrowLeft", 0),
        ("PageDown", 1),
    ):
        page.keyboard.press(press)
        expect_time(page, t)
    expect_cells(page, START)
    random, t = Random(3), 1
    for _ in range(50):
        right = random.random() < 0.55
        page.keyboard.press("ArrowRight" if right else "ArrowLeft", delay=0)
        t = min(t + 1, last) if right else max(t - 1, 0)
    rest(tab, t=str(t))  # only written once no more steps come
    expect_time(page, t)
    timed = [i for n, i, _ in expect_cells(page, START) if n == "h"]
    assert {indices(i)[1] for i in timed} == {t}
    assert tab.words == before, "a step is the browser's alone"


def test_the_open_number_goes_along(tab):
    page = tab.open("cell", preset="start", t="2")
    pin(page, "z", 0, 2, 1)
    before = tab.words
    for press, t in (("PageDown", 3), ("PageDown", 4), ("PageUp", 3)):
        page.keyboard.press(press)
        expect_time(page, t)
        expect_lines(page, START, "z", (0, t, 1))
    button(page, "first time step").click()
    expect_lines(page, START, "z", (0, 0, 1))
    rest(tab, cell="z:0,0,1")
    assert "t" not in tab.query
    pin(page, "b_iz", 1)  # no time step of its own
    button(page, "next time step").click()
    expect_time(page, 1)
    expect_lines(page, START, "b_iz", (1,))
    assert tab.words == before


def test_time_plays(tab):
    page = tab.open("cell", preset="start")
    last = START.context_length - 1
    choice(page, "speed").select_option("5")
    before = tab.words
    button(page, "play").click()
    expect(button(page, "pause")).to_be_visible()
    expect_time(page, 2)
    button(page, "pause").click()
    expect(button(page, "play")).to_be_visible()
    stopped = stage(page).get_attribute("data-t")
    page.wait_for_timeout(500)  # at this speed, time for two more
    assert stage(page).get_attribute("data-t") == stopped
    inside(page, ".strip").focus()
    page.keyboard.press(" ")
    expect(button(page, "pause")).to_be_visible()
    page.keyboard.press(" ")
    expect(button(page, "play")).to_be_visible()
    page.keyboard.press(" ")
    expect_time(page, last)
    expect(button(page, "play")).to_be_visible()
    expect_cells(page, START)
    rest(tab, t=str(last))
    assert tab.words == before
    tab.choose("gradients")  # backwards, as the gradients are computed
    choice(page, "speed").select_option("5")
    button(page, "play").click()
    expect_time(page, 0)
    expect(button(page, "play")).to_be_visible()
    expect_cells(page, START)


# 4. The strip and the sequence.


def test_the_strip_is_dragged_along(tab):
    page = tab.open("cell", preset="start")
    before = tab.words
    chips = inside(page, ".strip .chip")
    tokens = [visible(computed(START).batch.vocabulary[i]) for i in computed(START).batch.ids[0]]
    assert chips.locator(".token").all_inner_texts() == tokens
    boxes = [chip.bounding_box() for chip in chips.all()]
    at = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
    page.mouse.move(*at[1])
    page.mouse.down()
    expect_time(page, 1)
    for t in (2, 4, 6, 3):
        page.mouse.move(*at[t], steps=3)
        expect_time(page, t)
    page.mouse.up()
    page.mouse.move(*at[7], steps=3)
    expect_time(page, 3)
    expect_cells(page, START)
    said = inside(page, ".strip").get_attribute("aria-valuetext")
    assert said == f"time step 3, token {tokens[3]}, id {computed(START).batch.ids[0, 3]}"
    assert tab.words == before


@pytest.mark.parametrize("name", ["r", "z", "n", "h"])
def test_the_strip_has_the_chosen_mean(tab, name):
    page = tab.page
    if name == "r":
        tab.open("cell", preset="start")
    choice(page, "mean").select_option(name)
    means = computed(START).trace[name][0].mean(-1)
    heats = inside(page, ".strip .heat")
    wanted = [f"mean of {name}: {format_number(float(m), 2)}" for m in means]
    assert heats.evaluate_all("(all) => all.map((heat) => heat.title)") == wanted
    colours = heats.evaluate_all("(all) => all.map((e) => getComputedStyle(e).backgroundColor)")
    order = np.argsort(means)
    # white is nothing, and a scale only gets darker from there
    away = [brightness(colours[i]) for i in order if means[i] > 0]
    assert away == sorted(away, reverse=True)


def test_another_sequence_is_chosen_for_stage_and_charts(tab):
    page = tab.open("time", preset="start", t="2")
    over_time = inside(page, ".over-time .cell[data-index]").first
    expect(over_time).to_have_attribute("data-index", "0,0,0")
    pin(page, "h", 0, 2, 3)
    choice(page, "sequence").select_option("1")
    expect(stage(page)).to_have_attribute("data-sequence", "1")
    expect_lines(page, START, "h", (1, 2, 3))
    expect(over_time).to_have_attribute("data-index", "1,0,0")
    tab.settle()
    expect(stage(page)).to_have_attribute("data-sequence", "1")
    expect_time(page, 2)
    expect_cells(page, START)
    expect_lines(page, START, "h", (1, 2, 3))
    rest(tab, sequence="1", t="2", cell="h:1,2,3")
    tab.choose("cell")
    expect(stage(page)).to_have_attribute("data-sequence", "1")
    tab.choose("loss")
    expect(over_time).to_have_attribute("data-index", "1,0")


# 5. Links.


def test_a_link_is_opened_on_a_new_server(tab, chromium, tmp_path):
    page = tab.open("cell", preset="start", t="1", sequence="1", digits="4")
    button(page, "last time step").click()
    pin(page, "n", 1, 7, 2)
    rest(tab, t="7", cell="n:1,7,2", sequence="1", digits="4")
    wanted = cells(page)
    _, _, link = page.url.partition(tab.address)
    with serve(tmp_path / "log.txt") as fresh:
        context = chromium.new_context(viewport=DESKTOP)
        other = StageTab(context, fresh.address)
        other.page.goto(f"{fresh.address}{link}")
        other.stage("cell", 90)
        expect_time(other.page, 7)
        expect(stage(other.page)).to_have_attribute("data-sequence", "1")
        expect_lines(other.page, START, "n", (1, 7, 2))
        assert cells(other.page) == wanted
        assert other.problems == []
        assert other.page.get_by_role("dialog").count() == 0
        assert "Traceback" not in fresh.log.read_text("utf-8")
        context.close()


def test_a_reload_keeps_the_place(tab):
    page = tab.open("gradients", preset="start", sequence="1")
    inside(page, ".strip").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    pin(page, "d_h", 1, 3, 2)
    choice(page, "digits").select_option("full")
    choice(page, "range").select_option("run")
    rest(tab, t="3", cell="d_h:1,3,2", digits="full", range="run")
    query, shown = tab.query, expect_cells(page, START, None)
    page.reload()
    tab.stage("gradients")
    assert cells(page) == shown
    assert explained(page) == "d_h:1,3,2"
    assert choice(page, "range").input_value() == "run"
    assert tab.query == query
    # beyond this test, colours and digits are as they were
    choice(page, "digits").select_option("2")
    choice(page, "range").select_option("time")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"t": "77"}, "t must be an integer from 0 to 7; got 77. Shown: t 0."),
        ({"t": "-1"}, "t must be an integer from 0 to 7; got -1. Shown: t 0."),
        ({"t": "a"}, "t must be an integer from 0 to 7; got a. Shown: t 0."),
        ({"sequence": "2"}, "sequence must be an integer from 0 to 1; got 2. Shown: sequence 0."),
        ({"cell": "z:0,9,1"}, "The link asks for the number z:0,9,1, which is not here."),
        ({"cell": "nonsense:1"}, "The link asks for the number nonsense:1, which is not here."),
        ({"cell": "z:0,1"}, "The link asks for the number z:0,1, which is not here."),
        ({"cell": "z:0,a,<b>"}, "The link asks for the number z:0,a,<b>, which is not here."),
    ],
    ids=lambda case: "-".join(case) if isinstance(case, dict) else "",
)
def test_a_link_that_asks_for_nothing_here_is_told_so(tab, query, sentence):
    page = tab.open("cell", preset="start", **query)
    expect(inside(page, ".status")).to_have_text(sentence)
    expect_time(page, 0)
    expect(stage(page)).to_have_attribute("data-sequence", "0")
    expect(inside(page, "[data-explanation]")).to_have_count(0)
    expect_cells(page, START)


def test_the_menu_keeps_the_place(tab):
    page = tab.open("cell", preset="start")
    button(page, "next time step").click()
    button(page, "next time step").click()
    choice(page, "sequence").select_option("1")
    pin(page, "z", 1, 2, 0)
    rest(tab, t="2", sequence="1")
    tab.choose("loss")
    expect_time(page, 2)
    expect(stage(page)).to_have_attribute("data-sequence", "1")
    expect_cells(page, START)
    rest(tab, t="2", sequence="1")
    assert "cell" not in tab.query, "what was open there stays there"
    page.reload()
    tab.stage("loss")
    expect_time(page, 2)
    tab.choose("prediction")
    expect_time(page, 2)


def test_a_place_in_a_link_is_kept_through_the_menu(tab):
    page = tab.open("cell", preset="start", t="2", sequence="1")
    tab.choose("time")
    expect_time(page, 2)
    expect(stage(page)).to_have_attribute("data-sequence", "1")
    expect(inside(page, '[data-lane="over-h"] .cell').first).to_have_attribute(
        "data-index", "1,0,0"
    )


def test_back_shows_the_number_that_was_open(tab):
    page = tab.open("cell", preset="start", t="2")
    pin(page, "n", 0, 2, 1)
    rest(tab, cell="n:0,2,1")
    tab.choose("time")
    assert inside(page, "[data-explanation]").count() == 0
    page.go_back()
    tab.stage("cell")
    expect_lines(page, START, "n", (0, 2, 1))
    rest(tab, t="2", cell="n:0,2,1")
    tab.choose("time")  # and by the menu it stays behind, as before
    rest(tab, t="2")
    assert "cell" not in tab.query


@pytest.mark.parametrize(
    ("slug", "choice", "parameter", "name"),
    [
        ("gradients", "weight", "W_in", "d_W_in"),
        ("update", "parameter", "W_hn", "new_W_hn"),
        ("update", "parameter", "b_in", "b_in"),
    ],
)
def test_a_link_to_a_number_of_any_parameter_opens_it(tab, slug, choice, parameter, name):
    page = tab.open(slug, preset="start")
    page.get_by_role("combobox", name="Parameter").click()
    page.get_by_role("option", name=parameter, exact=True).click()
    index = (1, 2) if "W" in name else (2,)
    cell(page, name, *index).wait_for(state="attached")
    rows = inside(page, ".unfold").and_(page.get_by_label(re.compile(f"rows of {name}$")))
    if rows.count():
        rows.click()
    tab.settle()
    pin(page, name, *index)
    rest(tab, **{choice: parameter}, cell=key(name, index))
    page.goto(page.url)  # a new reader, as far as the server knows
    tab.stage(slug)
    expect_lines(page, START, name, index)
    tab.choose("loss")
    tab.choose(slug)
    rest(tab, **{choice: parameter})
    expect(inside(page, f'[data-quantity="{name}"]').first).to_be_attached()


# 6. Other settings.


def test_other_settings_are_shown_while_time_plays(tab):
    page = tab.open("cell", preset="start")
    choice(page, "speed").select_option("0.5")
    button(page, "play").click()
    expect_time(page, 1)
    slider(page, "Hidden size H").focus()
    page.keyboard.press("ArrowRight")
    larger = replace(START, hidden_size=5)
    t = int(stage(page).get_attribute("data-t"))
    cell(page, "h", 0, t, 4).or_(cell(page, "h", 0, t + 1, 4)).first.wait_for()
    tab.settle()
    if button(page, "pause").count():
        button(page, "pause").click()
    assert int(stage(page).get_attribute("data-t")) >= t
    expect_cells(page, larger)
    t = stage(page).get_attribute("data-t")
    rest(tab, hidden_size="5", t=t)
    button(page, "first time step").click()
    expect_cells(page, larger)
    pin(page, "h", 0, 0, 4)
    expect_lines(page, larger, "h", (0, 0, 4))
    slider(page, "Hidden size H").focus()
    page.keyboard.press("ArrowLeft")
    expect(cell(page, "h", 0, 0, 4)).to_have_count(0)
    tab.settle()
    expect_cells(page, START)


def test_two_readers_see_their_own_numbers(tab):
    page = tab.open("cell", preset="math", t="1")
    other = StageTab(page.context, tab.address)
    try:
        theirs = other.open("cell", preset="math", t="1", seed="5")
        for _ in range(2):
            expect_cells(page, MATH)
            expect_cells(theirs, replace(MATH, seed=5))
            button(page, "next time step").click()
            button(theirs, "previous time step").click()
            expect_time(page, 2)
            expect_time(theirs, 0)
        pin(theirs, "a_iz", 0, 0, 1)
        expect_lines(theirs, replace(MATH, seed=5), "a_iz", (0, 0, 1))
        pin(page, "a_iz", 0, 2, 1)
        expect_lines(page, MATH, "a_iz", (0, 2, 1))
        assert other.problems == []
    finally:
        other.page.close()


# 7. Colours.


def rgb(colour):
    """Red, green and blue from 0 to 1, of a colour as a style sheet or the browser writes it."""
    if colour.startswith("#"):
        return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue, *alpha = map(float, re.findall(r"[\d.]+", colour))
    assert not alpha or alpha[0] == 1, f"{colour} is see-through"
    return [red / 255, green / 255, blue / 255]


def linear(colour):
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb(colour)]


def brightness(colour):
    return float(np.dot((0.2126, 0.7152, 0.0722), linear(colour)))


def contrast(one, other):
    low, high = sorted((brightness(one), brightness(other)))
    return (high + 0.05) / (low + 0.05)


# Machado, Oliveira and Fernandes 2009, severity 1, for linear light
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def lab(colour, blindness):
    """CIE L*a*b* of a colour as such eyes see it."""
    seen = np.clip(BLINDNESS[blindness] @ linear(colour), 0, 1)
    x, y, z = (
        c ** (1 / 3) if c > 216 / 24389 else (24389 / 27 * c + 16) / 116
        for c in TO_XYZ @ seen / TO_XYZ.sum(1)
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(one, other, blindness):
    return float(np.linalg.norm(lab(one, blindness) - lab(other, blindness)))


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_ends_of_a_scale_stay_apart(theme, blindness):
    for kind, scale in SCALES[theme].items():
        assert apart(scale[0][1], scale[-1][1], blindness) > 25, kind


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hues_stay_apart(theme, blindness):
    """A name says what its hue says, so less will do than for a scale; 2.3 is just noticeable."""
    near = {
        f"{a} {b}": apart(HUES[theme][a], HUES[theme][b], blindness)
        for a, b in combinations(HUES[theme], 2)
    }
    assert min(near.values()) > LEAST_APART, near


LEAST_APART = 3

PAINT = """(root) => {
    const colours = (selector) => [...root.querySelectorAll(selector)]
        .filter((e) => e.checkVisibility() && e.textContent.trim())
        .map((e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor,
            e.textContent, e.dataset.quantity ?? ""]);
    return {
        page: getComputedStyle(root).backgroundColor,
        around: getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor,
        cells: colours("[data-quantity]"),
        names: colours(".name, .title, .piece, .stop"),
        theme: root.dataset.theme,
    };
}"""


def test_every_number_can_be_read_in_both_themes(tab):
    seen = {}
    for theme in ("light", "dark"):
        tab.page.emulate_media(color_scheme=theme)
        for slug in ("cell", "gradients", "update"):
            if slug == "cell":
                tab.open("cell", preset="start", t="3")
            else:
                tab.choose(slug)
            found = stage(tab.page).evaluate(PAINT)
            assert found["theme"] == theme
            assert found["page"] == found["around"]
            seen[theme, slug] = found
            least = min((contrast(c[0], c[1]), *c[2:]) for c in found["cells"])
            assert least[0] >= 4.5, least
            least = min((contrast(ink, found["page"]), text) for ink, _, text, _ in found["names"])
            assert least[0] >= 4.5, least
            for hue in HUES[theme].values():
                assert contrast(hue, found["page"]) >= 4.5, hue
    for slug in ("cell", "gradients", "update"):
        light, dark = seen["light", slug], seen["dark", slug]
        assert [c[2:] for c in light["cells"]] == [c[2:] for c in dark["cells"]]
        # the ends of a scale may be alike, and what lies between is not
        same = sum(a[1] == b[1] for a, b in zip(light["cells"], dark["cells"], strict=True))
        assert same < len(light["cells"]) / 10
        assert brightness(dark["page"]) < 0.1 < 0.8 < brightness(light["page"])


def test_the_stage_follows_the_theme_while_it_is_open(tab):
    page = tab.open("cell", preset="start")
    light = stage(page).evaluate(PAINT)
    page.emulate_media(color_scheme="dark")
    expect(stage(page)).to_have_attribute("data-theme", "dark")
    dark = stage(page).evaluate(PAINT)
    assert light["page"] != dark["page"]
    assert min(contrast(ink, paper) for ink, paper, *_ in dark["cells"]) >= 4.5


# 8. A phone.


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
    [
        ("cell", "h:0,3,1", "h"),
        ("cell", "z:0,3,1", "z"),
        ("cell", "W_hz:0,1", "a_hz"),
        ("gradients", "d_h:0,3,1", "d_h"),
        ("update", "new_W_o:30,1", "new_W_o"),
    ],
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


def on_screen(page, place):
    box = place.bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"]


def test_the_new_state_is_on_the_first_screen(tab):
    tab.page.set_viewport_size({"width": 1300, "height": 800})
    page = tab.open("cell", preset="start", t="3")
    for unit in range(START.hidden_size):
        assert on_screen(page, cell(page, "h", 0, 3, unit))
    tops = [lane.bounding_box()["y"] for lane in inside(page, ".lane").all()]
    assert tops[1] == tops[2] == tops[3], "three lanes use the width"


@pytest.mark.parametrize("slug", ["cell", "gradients"])
def test_a_stepped_equation_comes_into_view(tab, slug):
    tab.page.set_viewport_size({"width": 900, "height": 620})
    page = tab.open(slug, preset="start", t="3")
    expect(choice(page, "equation")).to_be_visible()
    for _ in range(choice(page, "equation").locator("option").count() - 1):
        button(page, "next equation").dispatch_event("click")
        name = choice(page, "equation").locator("option:checked").inner_text().split("· ")[1]
        result = inside(page, f'.row.now .cell[data-quantity="{name}"]').first
        soon(page, lambda result=result: on_screen(page, result))


def test_a_link_brings_its_equation_into_view(tab):
    tab.page.set_viewport_size({"width": 900, "height": 620})
    page = tab.open("cell", preset="start", t="3", equation="h")
    soon(page, lambda: on_screen(page, cell(page, "h", 0, 3, 1)))


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


# 10. For screen readers.

AXE = """async () => {
    const host = [...document.querySelectorAll("*")]
        .find((e) => e.shadowRoot?.querySelector("[data-stage]"));
    host?.setAttribute("data-host", "");
    const where = host ? { fromShadowDom: ["[data-host]", "[data-stage]"] } : "[data-stage]";
    const only = { resultTypes: ["violations"] };
    const { violations, passes } = await axe.run({ include: [where] }, only);
    host?.removeAttribute("data-host");
    return { passes: passes.length, violations: violations.map((v) => ({
        id: v.id, impact: v.impact, help: v.help, count: v.nodes.length,
        nodes: v.nodes.slice(0, 4).map((n) => [n.html, n.failureSummary]),
    })) };
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("slug", ["cell", "gradients", "update"])
def test_axe_finds_nothing_serious(tab, slug, theme):
    tab.page.emulate_media(color_scheme=theme)
    page = tab.open(slug, preset="math", t="1")
    page.evaluate(AXE_SCRIPT)
    for opened in (False, True):
        if opened:
            inside(page, "[data-quantity]").last.click()
            page.mouse.move(0, 0)
        found = page.evaluate(AXE)
        assert found["passes"] > 10
        serious = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert serious == []


# 11. Check yourself.


@pytest.fixture
def checking(tab):
    """Ask for a quantity, and answer; the stage's verdict comes back."""

    def begin(name, index, **query):
        page = tab.open("cell", t="1", **query)
        inside(page, '[data-switch="checking"]').check()
        options = choice(page, "equation").locator("option")
        labels = options.all_inner_texts()
        (label,) = [text for text in labels if text.endswith(f"· {name}")]
        choice(page, "equation").select_option(label=label)
        cell(page, name, *index).click()
        places = ",".join(map(str, index))
        expect(inside(page, ".question")).to_contain_text(f"What is {name}[{places}] (sequence")
        return page

    return begin


def verdict(page, value):
    inside(page, ".answer").fill(value if isinstance(value, str) else repr(float(value)))
    button(page, "check").click()
    expect(inside(page, ".verdict")).not_to_be_empty()
    return inside(page, ".verdict").inner_text()


def test_what_is_asked_is_hidden(checking):
    index = (0, 1, 2)
    page = checking("r", index, preset="start")
    value = float(numbers_of(START, "r")[index])
    told_in_full, in_short = format_number(value, None), format_number(value, 4)
    hidden = inside(page, '[data-quantity="r"]')
    assert set(hidden.all_inner_texts()) == {"?"}
    assert len(set(hidden.evaluate_all("(c) => c.map((x) => x.style.background)"))) == 1

    def nowhere():
        heard = stage(page).aria_snapshot() + stage(page).evaluate("(root) => root.outerHTML")
        assert in_short not in heard
        assert told_in_full not in heard
        assert told_in_full not in stage(page).inner_text()

    nowhere()
    expect(inside(page, ".status")).to_contain_text("r[0,1,2] = ?")
    cell(page, "r", 0, 1, 3).hover()
    expect(inside(page, ".status")).to_contain_text("r[0,1,3] = ?")
    another = format_number(float(numbers_of(START, "r")[0, 1, 3]), None)
    assert another not in stage(page).inner_text()
    assert button(page, "copy value").count() == 0
    assert button(page, "copy as NumPy").count() == 0
    button(page, "next time step").click()
    assert set(hidden.all_inner_texts()) == {"?"}
    button(page, "previous time step").click()
    nowhere()
    # other numbers that are made of it would give it away
    cell(page, "n", *index).click()
    expect(inside(page, "[data-line=numbers]")).to_contain_text("?")
    nowhere()


def test_the_ranking_does_not_give_away_what_is_asked(tab):
    page = tab.open("prediction", preset="start", t="1")
    inside(page, '[data-switch="checking"]').check()
    choice(page, "equation").select_option(label="3 · p")
    expect(inside(page, '[data-quantity="p"]').first).to_have_text("?")
    best = float(numbers_of(START, "p")[0, 1].max())
    assert format_number(best, 4) not in stage(page).inner_text()
    button(page, "show it").click()
    expect(inside(page, ".ranking")).to_contain_text(format_number(best, 4))
    width = inside(page, ".ranking .bar-of").first.evaluate("(bar) => bar.style.width")
    assert float(width.removesuffix("%")) == pytest.approx(100 * best, rel=1e-4)


def test_what_is_asked_is_shown_when_asked_for(checking):
    page = checking("r", (0, 1, 2), preset="start")
    assert verdict(page, 0.123).startswith("Not yet")
    button(page, "show it").click()
    value = float(numbers_of(START, "r")[0, 1, 2])
    expect(inside(page, ".verdict")).to_have_text(f"It is {format_number(value, None)}.")
    expect(inside(page, ".answer")).to_have_value("")
    expect_lines(page, START, "r", (0, 1, 2))
    expect_cells(page, START)


def test_right_is_right(checking):
    index = (0, 1, 2)
    page = checking("r", index, preset="start")
    value = float(numbers_of(START, "r")[index])
    for typed in (f"{value:.2f}", f"{value:.4f}", repr(value), f"{value:.3f}".replace(".", ",")):
        assert verdict(page, typed).startswith("Right"), typed
    assert verdict(page, value + 0.02).startswith("Not yet")
    assert "not a number" in verdict(page, "r")
    assert "not a number" in verdict(page, "")


def test_usual_slips_are_named_in_gates(checking):
    index = (0, 1, 2)
    page = checking("r", index, preset="start")
    a = numbers_of(START, "a_ir")[index] + numbers_of(START, "a_hr")[index]
    assert verdict(page, a) == "Almost: the sigmoid σ is still missing."
    page = checking("a_iz", index, preset="start")
    without = numbers_of(START, "a_iz")[index] - numbers_of(START, "b_iz")[2]
    assert "the bias b_iz[2]" in verdict(page, without)
    assert "missing" in verdict(page, without)
    page = checking("h", index, preset="start")
    z, n, h_prev = (numbers_of(START, name)[index] for name in ("z", "n", "h_prev"))
    assert "z and 1 − z are swapped" in verdict(page, (1 - z) * h_prev + z * n)
    assert verdict(page, z * h_prev + (1 - z) * n).startswith("Right")


@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
def test_a_misplaced_reset_gate_is_named(checking, variant):
    index = (0, 1, 2)
    settings = replace(START, variant=variant)
    page = checking("n", index, preset="start", variant=variant)
    h, r = numbers_of(settings, "h_prev")[0, 1], numbers_of(settings, "r")[0, 1]
    W, a_in = numbers_of(settings, "W_hn"), numbers_of(settings, "a_in")[index]
    if variant == "reset_after":
        past = (r * h) @ W[2] + numbers_of(settings, "b_hn")[2]
    else:
        past = r[2] * (h @ W[2])
    said = verdict(page, math.tanh(a_in + past))
    assert "reset gate is in the wrong place" in said
    assert verdict(page, numbers_of(settings, "n")[index]).startswith("Right")


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


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
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


@pytest.mark.parametrize("slug", ["cell", "prediction", "update"])
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


def test_how_an_equation_comes_about_is_shown_cell_by_cell(tab):
    tab.page.emulate_media(reduced_motion="no-preference")
    page = tab.open("cell", preset="start", t="1")
    button(page, "next equation").click()
    expect(inside(page, ".cell.result").first).to_be_visible()
    expect(inside(page, ".cell.operand").first).to_be_visible()
    expect(inside(page, ".cell.result")).to_have_count(0)
    expect_cells(page, START)


def test_the_other_convention_gives_the_same_state(tab):
    page = tab.open("cell", preset="start", t="2")
    inside(page, '[data-switch="convention"]').check()
    index = (0, 2, 1)
    cell(page, "h_other", *index).wait_for()
    rest(tab, convention="true")
    expect_cells(page, START)
    shown = {(n, i): text for n, i, text in cells(page)}
    for unit in range(4):
        one = numbers_of(START, "h")[0, 2, unit]
        assert shown["h_other", f"0,2,{unit}"] == in_cell("h", float(one))
        assert math.isclose(numbers_of(START, "h_other")[0, 2, unit], one, abs_tol=1e-12)
    for name in ("h_other", "z_other"):
        pin(page, name, *index)
        expect_lines(page, START, name, index)
    rest(tab, cell="z_other:0,2,1")
    page.reload()
    tab.stage("cell")
    assert cell(page, "h_other", *index).count() == 1
    expect_lines(page, START, "z_other", index)
    inside(page, '[data-switch="convention"]').uncheck()
    soon(page, lambda: "convention" not in tab.query)
    assert cell(page, "h_other", *index).count() == 0


# 14. What a reader writes.


def test_a_token_with_html_stays_text(tab):
    text = "<b>x</b><img src=x onerror=alert(1)>"
    link = {"text": text * 12, "merges": "34", "batch_size": "1", "context_length": "3", "t": "1"}
    settings = replace(START, text=text * 12, merges=34, batch_size=1, context_length=3)
    tokens = [visible(token) for token in computed(settings).batch.vocabulary]
    assert any("<b>" in token for token in tokens)
    assert any("<img" in token for token in tokens)
    page = tab.open("prediction", **link)
    for slug in ("prediction", "embedding", "update"):
        if slug != "prediction":
            tab.choose(slug)
        heads = inside(page, ".place").all_text_contents()  # those of folded rows, too
        # of a large vocabulary, Update has the first tokens alone
        assert any(("<" if slug == "update" else "<img") in head for head in heads)
        strip = inside(page, ".strip .token").evaluate_all("(all) => all.map((x) => x.textContent)")
        assert strip == [tokens[i] for i in computed(settings).batch.ids[0]]
        drawn = inside(page, "[data-quantity]:visible")
        for shown in (drawn.first, drawn.last):
            shown.hover()
            shown.click()
            index = indices(shown.get_attribute("data-index"))
            expect_lines(page, settings, shown.get_attribute("data-quantity"), index)
        assert inside(page, "img, b, script, [onerror]").count() == 0
    status = inside(page, ".status")
    expect(status).to_contain_text("token")
    assert tab.problems == []


# 15. To take away.


def copied(page, name):
    button(page, name).click()
    expect(button(page, "copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    expect(button(page, name)).to_be_visible()
    return text


CLOSE = {"rel": 1e-13, "abs": 0}


def test_numbers_are_copied_in_full(tab):
    page = tab.open("cell", preset="start", t="2", sequence="1")
    pin(page, "z", 1, 2, 3)
    value = float(numbers_of(START, "z")[1, 2, 3])
    got = copied(page, "copy value")
    assert got == repr(float(got))
    assert float(got) == pytest.approx(value, **CLOSE)
    assert copied(page, "copy LaTeX") == explain(computed(START).trace, "z", (1, 2, 3)).latex
    known = {"np": np, "torch": torch}
    got = eval(copied(page, "copy as NumPy"), known)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, numbers_of(START, "z")[1, 2], rtol=1e-14)
    pin(page, "W_iz", 2, 1)
    # as it stands there: turned
    wanted = numbers_of(START, "W_iz").T.tolist()
    assert eval(copied(page, "copy as NumPy"), known).tolist() == wanted
    got = eval(copied(page, "copy as PyTorch"), known)
    assert got.dtype == torch.float64
    assert got.tolist() == wanted
    tiny = replace(START, learning_rate=1e-4)
    tab.open("update", preset="start", learning_rate="0.0001")
    name, index = "lr_d_W_o", (2, 3)
    pin(page, name, *index)
    value = float(numbers_of(tiny, name)[index])
    assert abs(value) < 1e-5
    assert float(copied(page, "copy value")) == pytest.approx(value, **CLOSE)


# 16. The browser's numbers beside Python's.


@pytest.mark.parametrize("slug", STAGED)
def test_a_page_checks_its_numbers(tab, slug):
    page = tab.open(slug, preset="start", dropout="0.3")
    check = inside(page, "[data-check]")
    expect(check).to_have_attribute("data-difference", re.compile("e-1|^0$"))
    assert 0 <= float(check.get_attribute("data-difference")) < 1e-12
    expect(check).to_contain_text("were compared with Python’s; largest difference")


def test_a_number_that_is_computed_wrong_is_found(server, chromium):
    context = chromium.new_context(viewport=DESKTOP)
    tab = StageTab(context, server.address)
    tab.page.add_init_script("Math.tanh = (x) => x / (1 + Math.abs(x));")
    page = tab.open("cell", preset="start")
    check = inside(page, "[data-check]")
    expect(check).to_have_attribute("data-difference", re.compile(r"^0\.[0-9]"))
    context.close()


# 17. A large run.


def test_a_large_run_is_computed_here_one_sequence_at_a_time(tab):
    large = replace(STORY, hidden_size=256)
    page = tab.open("cell", seconds=120, preset="story", hidden_size="256", t="3")
    assert inside(page, "canvas.overview").count() >= 6
    assert inside(page, "canvas.overview").first.is_visible()
    expect_cells(page, large)
    shown = {name for name, *_ in cells(page)}
    assert {"W_hz", "a_hz", "h_prev", "h"} <= shown
    expect(inside(page, "[data-batch]")).to_contain_text("too large to follow in a frame")
    pin(page, "a_hz", 0, 3, 1)
    expect_lines(page, large, "a_hz", (0, 3, 1))
    operands = inside(page, "[data-explanation] [data-line=numbers] button[data-of]")
    of = operands.evaluate_all("(all) => all.map((x) => x.dataset.of)")
    units = [int(o.rsplit(",", 1)[1]) for o in of if o.startswith("h_prev:0,3,")]
    unit = max(units)
    assert unit > 40, "no such row is drawn"
    way = [("h_prev", (0, 3, unit)), *((name, (0, 2, unit)) for name in ("h", "z", "a_hz"))]
    for name, index in way:
        operands.and_(page.locator(f'[data-of="{key(name, index)}"]')).first.click()
        expect_lines(page, large, name, index)
    expect_time(page, 2)
    expect_cells(page, large)
    # the overview moves the part with numbers
    canvas = page.get_by_role("img", name=re.compile("^W_hz, all"))
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 0.7, "y": box["height"] * 0.5})
    soon(page, lambda: all("…" not in text for *_, text in cells(page)))
    expect_cells(page, large)
    units = {indices(i)[0] for n, i, _ in cells(page) if n == "W_hz"}
    assert min(units) > 100


def test_a_number_made_of_all_sequences_is_explained_once_they_are_here(tab):
    large = replace(STORY, hidden_size=256)
    page = tab.open("gradients", seconds=120, preset="story", hidden_size="256", weight="b_hz")
    expect(inside(page, "[data-check]")).to_have_attribute("data-difference", re.compile("e-"))
    pin(page, "d_b_hz", 1)
    expect_lines(page, large, "d_b_hz", (1,))


# 18. A stage that fails.


def test_a_stage_that_fails_says_so(server, chromium):
    context = chromium.new_context(viewport=DESKTOP)
    tab = Tab(context, server.address)
    page = tab.page
    page.add_init_script(
        "window.atob = () => { throw new Error('no such thing in this browser'); }"
    )
    page.goto(f"{server.address}/cell?preset=math&t=1")
    tab.settle()
    sentence = page.get_by_text("The stage could not be drawn in this browser")
    expect(sentence).to_be_visible(timeout=10_000)
    expect(page.get_by_text("The stage could not be drawn here")).to_be_visible()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    shown = page.locator("body").inner_text()
    assert "Traceback" not in shown
    assert "no such thing" not in shown
    assert page.get_by_test_id("stException").count() == 0
    assert not [p for p in tab.problems if p.startswith("page error")]
    context.close()
