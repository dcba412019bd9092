"""Time steps, sequences and the strip of tokens: what the stage shows there is the run's."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from browser_tab import slider
from colour_vision import brightness
from playwright.sync_api import expect
from stage_tab import (
    MATH,
    START,
    StageTab,
    button,
    cell,
    choice,
    computed,
    expect_cells,
    expect_lines,
    expect_time,
    indices,
    inside,
    pin,
    rest,
    stage,
)

from explainer.explanation.number_formula import format_number
from explainer.plots.tables import visible

pytestmark = pytest.mark.browser


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


@pytest.mark.long
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


# 6. Other settings.


@pytest.mark.long
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


@pytest.mark.long
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
