"""Numbers changed and held on the stage: everything that follows is what Python computes."""

import re
from dataclasses import replace
from functools import cache
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from browser_tab import DESKTOP, PHONE, soon
from playwright.sync_api import expect
from serve import serve
from stage_tab import (
    LINES,
    MATH,
    START,
    StageTab,
    button,
    cell,
    cells,
    expect_time,
    explained,
    in_cell,
    indices,
    inside,
    pin,
    stage,
)

from explainer import PRESETS, explain, run
from explainer.explanation.number_formula import format_number

pytestmark = pytest.mark.browser
SMALL = re.compile(r"0|.*e-1[3-9]")
"""A difference below 1e-12, as JavaScript writes it."""


@cache
def computed(settings, edits):
    """A run with edits: names, and pairs of an index and a number."""
    return run(settings, edits={name: dict(places) for name, places in edits})


def expect_run(page, settings, **edits):
    """Every cell that is drawn shows Python's number, and what changed is marked."""
    result = computed(settings, tuple((n, tuple(e.items())) for n, e in edits.items()))
    before = computed(settings, ())
    shown = cells(page)
    assert shown
    wrong, marked = [], set()
    for name, places, text in shown:
        index = indices(places)
        value, was = (
            float((r.trace if name in r.trace else r.update)[name][index]) for r in (result, before)
        )
        if text != in_cell(name, value):
            wrong.append((name, places, text, value))
        if abs(value - was) > 1e-9:
            marked.add((name, places))
    assert wrong == []
    found = inside(page, ".cell.changed").evaluate_all(
        "(all) => all.map((c) => [c.dataset.quantity, c.dataset.index])"
    )
    assert marked <= {tuple(f) for f in found}
    assert bool(found) == bool(marked)
    losses = inside(page, ".losses")
    if edits:
        loss = [f"{float(r.trace['loss']):.4f}" for r in (before, result)]
        expect(losses).to_have_text(f"loss {loss[0]} → {loss[1]}")
    return result


def chips(page):
    return inside(page, "[data-chip]").evaluate_all("(all) => all.map((c) => c.dataset.chip)")


def type_in(page, text):
    """Type into the open field, and keep it."""
    field = inside(page, "input[data-edit]")
    expect(field).to_be_focused()
    field.fill(text)
    page.keyboard.press("Enter")
    expect(field).to_have_count(0)


def edit_of(page):
    return parse_qs(urlparse(page.url).query).get("edit", [None])[0]


def middle(place):
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, place, up, *held):
    """Drag a number up with the mouse, so many pixels."""
    x, y = middle(place)
    for key in held:
        page.keyboard.down(key)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - up, steps=6)
    page.mouse.up()
    for key in held:
        page.keyboard.up(key)


def test_a_number_is_typed_on_its_cell_and_everything_follows(tab):
    page = tab.open("cell", preset="start", t="2")
    weight = cell(page, "W_hz", 0, 1)
    weight.dblclick()
    expect(inside(page, "input[data-edit]")).to_have_attribute("data-edit", "W_hz[0,1]")
    type_in(page, "0.5")
    assert chips(page) == ["W_hz[0,1]"]
    expect(weight).to_be_focused()
    result = expect_run(page, START, W_hz={(0, 1): 0.5})
    told = explain(result.trace, "W_hz", (0, 1))
    assert stage(page).evaluate(LINES)["numbers"] == told.numbers
    button(page, "next time step").click()
    expect_run(page, START, W_hz={(0, 1): 0.5})
    weight.dblclick()
    inside(page, "input[data-edit]").fill("7")
    page.keyboard.press("Escape")
    expect(inside(page, "input[data-edit]")).to_have_count(0)
    expect(weight).to_be_focused()
    expect_run(page, START, W_hz={(0, 1): 0.5})
    inside(page, "[data-chip]").get_by_role("button", name="undo W_hz[0,1]").click()
    assert chips(page) == []
    expect_run(page, START)


@pytest.mark.long
def test_the_numbers_made_by_edits_are_checked_too(tab):
    page = tab.open("cell", preset="start", t="1", edit="W_hz.0.1:0.5;z.*.*.2:1")
    line = inside(page, "[data-check]")
    expect(line).to_contain_text("of this page with the edits were compared with Python’s")
    assert 0 <= float(line.get_attribute("data-difference")) < 1e-12
    weight = cell(page, "W_hz", 1, 1)
    weight.dblclick()
    type_in(page, "-0.75")
    # the server is told at rest, and sends its own numbers
    expect(line).to_contain_text("with the edits")
    assert 0 <= float(line.get_attribute("data-difference")) < 1e-12
    button(page, "reset all").click()
    expect(line).not_to_contain_text("the edits")


@pytest.mark.long
@pytest.mark.parametrize("slug", ["gradients", "update", "loss"])
def test_loss_gradients_and_update_follow(tab, slug):
    page = tab.open(slug, preset="start", t="1", edit="W_hz.0.1:0.5;z.*.*.2:1;b_ir.0:-2")
    edits = {"W_hz": {(0, 1): 0.5}, "z": {(None, None, 2): 1.0}, "b_ir": {(0,): -2.0}}
    expect_run(page, START, **edits)


def test_a_number_is_held_alone_and_with_its_unit(tab):
    page = tab.open("cell", preset="start", t="2")
    pin(page, "z", 0, 2, 1)
    page.keyboard.press("F2")
    type_in(page, "1")
    result = expect_run(page, START, z={(0, 2, 1): 1.0})
    told = explain(result.trace, "z", (0, 2, 1))
    lines = stage(page).evaluate(LINES)
    assert (lines["symbols"], lines["numbers"]) == (told.symbols, told.numbers)
    assert "by itself" in told.numbers
    button(page, "hold the whole unit").click()
    expect(inside(page, "input[data-edit]")).to_have_attribute("data-edit", "z[*,*,1]")
    type_in(page, "0")
    assert chips(page) == ["z[0,2,1]", "z[*,*,1]"]
    # the later one counts
    expect_run(page, START, z={(None, None, 1): 0.0})
    button(page, "take back").click()
    expect_run(page, START, z={(0, 2, 1): 1.0})
    button(page, "reset all").click()
    expect_run(page, START)
    assert explained(page) == "z:0,2,1"


@pytest.mark.long
def test_a_held_number_stops_its_gradient(tab):
    page = tab.open("gradients", preset="start", t="2", edit="z.0.2.1:1", cell="d_a_z:0,2,1")
    result = expect_run(page, START, z={(0, 2, 1): 1.0})
    told = explain(result.trace, "d_a_z", (0, 2, 1))
    lines = stage(page).evaluate(LINES)
    assert lines == {"symbols": told.symbols, "shapes": told.shapes, "numbers": told.numbers}


def test_a_number_is_dragged(tab):
    page = tab.open("cell", preset="start", t="2")
    weight = cell(page, "W_hz", 0, 1)
    was = float(computed(START, ()).trace["W_hz"][0, 1])
    drag(page, weight, 3)
    assert chips(page) == [], "a few pixels are no drag"
    drag(page, weight, 40)
    assert explained(page) is None or explained(page) == "W_hz:0,1"
    value = float(edited_value(page, "W_hz[0,1]"))
    assert value == pytest.approx(was + 0.40, abs=1e-4)
    drag(page, weight, -40, "Shift")
    assert float(edited_value(page, "W_hz[0,1]")) == pytest.approx(was + 0.36, abs=1e-4)
    page.keyboard.press("Control+z")
    assert float(edited_value(page, "W_hz[0,1]")) == pytest.approx(was + 0.40, abs=1e-4)
    page.keyboard.press("Control+z")
    assert chips(page) == []
    expect_run(page, START)
    page.keyboard.press("Control+Shift+z")
    assert chips(page) == ["W_hz[0,1]"]
    # what is computed is not dragged
    drag(page, cell(page, "z", 0, 2, 1), 40)
    assert chips(page) == ["W_hz[0,1]"]


def edited_value(page, chip):
    shown = inside(page, f'[data-chip="{chip}"] strong').inner_text()
    return shown.replace("−", "-")


def test_a_mask_is_flipped(tab):
    page = tab.open("dropout", preset="start", dropout="0.4", t="1")
    mask = cell(page, "mask_x", 0, 1, 2)
    was = int(float(mask.inner_text()))
    mask.dblclick()
    assert chips(page) == ["mask_x[0,1,2]"]
    expect_run(page, replace(START, dropout=0.4), mask_x={(0, 1, 2): float(1 - was)})
    mask.dblclick()
    assert int(float(mask.inner_text())) == was


def test_everything_is_done_without_a_pointer(tab):
    page = tab.open("cell", preset="start", t="1")
    cell(page, "W_hz", 0, 1).click()
    was = float(computed(START, ()).trace["W_hz"][0, 1])
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+Shift+ArrowDown")
    assert float(edited_value(page, "W_hz[0,1]")) == pytest.approx(was + 0.19, abs=1e-4)
    expect(cell(page, "W_hz", 0, 1)).to_be_focused()
    page.keyboard.press("F2")
    type_in(page, "-1")
    expect_run(page, START, W_hz={(0, 1): -1.0})
    page.keyboard.press("F2")
    inside(page, "input[data-edit]").fill("abc")
    page.keyboard.press("Enter")
    expect(inside(page, "input[data-edit]")).to_have_attribute("aria-invalid", "true")
    expect(inside(page, ".status")).to_contain_text("W_hz must be a finite number")
    page.keyboard.press("Escape")
    expect(cell(page, "W_hz", 0, 1)).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Control+z")
    assert chips(page) == []
    expect_run(page, START)
    cell(page, "h", 0, 1, 0).click()
    page.keyboard.press("Alt+ArrowUp")
    expect(inside(page, ".status")).to_contain_text("press F2 to hold it")
    cell(page, "h_prev", 0, 1, 0).focus()
    page.keyboard.press("F2")
    expect(inside(page, ".status")).to_contain_text("can’t be changed or held")
    expect_time(page, 1)


@pytest.mark.long
def test_fifty_quick_edits_are_all_there(tab):
    page = tab.open("cell", preset="start", t="3")
    cell(page, "W_hz", 0, 1).click()
    was = float(computed(START, ()).trace["W_hz"][0, 1])
    for _ in range(50):
        page.keyboard.press("Alt+ArrowUp", delay=0)
    value = float(np.round(was + 5, 10))
    expect_run(page, START, W_hz={(0, 1): value})
    soon(page, lambda: edit_of(page) is not None)
    assert float(edit_of(page).split(":")[1]) == pytest.approx(value, abs=1e-9)
    for _ in range(50):
        page.keyboard.press("Control+z", delay=0)
    expect_run(page, START)
    soon(page, lambda: edit_of(page) is None)


@pytest.mark.long
def test_a_link_with_edits_is_opened_on_a_new_server(tab, chromium, tmp_path):
    page = tab.open("cell", preset="math", t="1")
    cell(page, "W_hz", 0, 1).dblclick()
    type_in(page, "0.25")
    pin(page, "z", 0, 1, 1)
    button(page, "hold").click()
    type_in(page, "1")
    soon(page, lambda: edit_of(page) == "W_hz.0.1:0.25;z.0.1.1:1")
    tab.choose("time")
    assert chips(page) == ["W_hz[0,1]", "z[0,1,1]"], "edits come along"
    tab.choose("cell")
    soon(page, lambda: edit_of(page) == "W_hz.0.1:0.25;z.0.1.1:1")
    with serve(tmp_path / "log.txt") as fresh:
        context = chromium.new_context(viewport=DESKTOP)
        other = StageTab(context, fresh.address)
        other.page.goto(page.url.replace(tab.address, fresh.address))
        other.stage("cell", 90)
        assert chips(other.page) == ["W_hz[0,1]", "z[0,1,1]"]
        expect_run(other.page, MATH, W_hz={(0, 1): 0.25}, z={(0, 1, 1): 1.0})
        context.close()


@pytest.mark.long
def test_what_a_link_can_not_edit_is_said(tab):
    page = tab.open("cell", preset="start", edit="q:1;W_hz.9.9:1;W_hz.0.0:0.5")
    assert chips(page) == [], "all of them, or none"
    said = inside(page, ".status")
    expect(said).to_contain_text("edits must be quantities among")
    expect(said).to_contain_text("index H of W_hz must be an integer from 0 to 3; got 9.")


def test_a_finger_scrolls_and_a_long_press_drags(server, chromium):
    context = chromium.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    tab = StageTab(context, server.address)
    page = tab.open("cell", preset="start", equation="a_hz")
    weight = cell(page, "W_hz", 0, 1)
    x, y = middle(weight)
    touch = context.new_cdp_session(page)

    def finger(kind, *at):
        points = [{"x": at[0], "y": at[1]}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger("touchStart", x, y)
    for step in range(1, 6):
        finger("touchMove", x, y - 10 * step)
    finger("touchEnd")
    page.wait_for_timeout(600)
    assert chips(page) == [], "it scrolled"
    x, y = middle(weight)
    finger("touchStart", x, y)
    page.wait_for_timeout(700)
    for step in range(1, 6):
        finger("touchMove", x, y - 10 * step)
    finger("touchEnd")
    assert chips(page) == ["W_hz[0,1]"]
    was = float(computed(START, ()).trace["W_hz"][0, 1])
    assert float(edited_value(page, "W_hz[0,1]")) == pytest.approx(was + 0.5, abs=0.02)
    context.close()


@pytest.mark.long
def test_a_large_run_follows_one_sequence_at_a_time(tab):
    """Its shown sequence at once; the loss, and the check, once a worker has added them all up."""
    page = tab.open("cell", seconds=120, preset="story", hidden_size="64", batch_size="32")
    settings = replace(PRESETS["story"], hidden_size=64, batch_size=32)
    line, losses = inside(page, "[data-check]"), inside(page, ".losses")
    expect(inside(page, "[data-batch]")).to_contain_text("too large to follow in a frame")
    expect(line).to_have_attribute("data-difference", SMALL, timeout=60_000)
    weight = cell(page, "W_hz", 0, 1)
    weight.focus()
    page.keyboard.press("F2")
    type_in(page, "0.5")
    expect(line).to_contain_text("of this page with the edits were", timeout=60_000)
    expect(line).to_have_attribute("data-difference", SMALL)
    ends = [run(settings), run(settings, edits={"W_hz": {(0, 1): 0.5}})]
    before, after = (format_number(float(one.trace["loss"]), 4) for one in ends)
    expect(losses).to_have_text(f"loss {before} → {after}", timeout=60_000)


# The learning rate, dragged on the stage.


def test_the_learning_rate_is_dragged_and_the_update_follows(tab):
    page = tab.open("update", preset="start")
    box = inside(page, ".descent")
    for place in (20, -35):  # steps of the slider, 50 for a rate ten times as large
        box.locator("input[data-rate]").fill(str(place))
        rate = float(f"{10 ** (place / 50):.2e}")
        result = expect_run(page, START, learning_rate={(): rate})
        promised = float(result.trace["loss"] + result.update["predicted_change"])
        expect(box.locator(".loss-after")).to_have_text(f"{float(result.second['loss']):.4f}")
        expect(box.locator(".loss-promised")).to_have_text(f"{promised:.4f}")
        soon(page, lambda rate=rate: edit_of(page) == f"learning_rate:{rate:g}")
    button(page, "undo learning_rate").click()
    expect(box.locator(".loss-after")).to_have_text(f"{float(run(START).second['loss']):.4f}")


@pytest.mark.long
@pytest.mark.parametrize("clip_norm", [None, 0.05])
def test_the_curve_goes_through_the_chosen_rate_and_begins_at_the_loss(tab, clip_norm):
    settings = replace(MATH, clip_norm=clip_norm)
    page = tab.open("update", preset="math", **({"clip_norm": str(clip_norm)} if clip_norm else {}))
    expect_curve(page, settings, 33)


def expect_curve(page, settings, count):
    """The chosen rate is in the middle of so many points, and their losses are the engine's."""
    curve = inside(page, ".descent .curve")
    expect(curve).to_have_attribute("points", re.compile(rf"^\S+( \S+){{{count - 1}}}$"))
    points = [tuple(map(float, p.split(","))) for p in curve.get_attribute("points").split()]
    result = inside(page, ".descent .result")
    chosen = tuple(float(result.get_attribute(name)) for name in ("cx", "cy"))
    assert chosen == pytest.approx(points[count // 2], abs=1e-6)
    # heights are linear in the loss: two known losses give all others
    losses = [
        float(run(settings, edits={"learning_rate": rate}).second["loss"])
        for rate in (1e-9, settings.learning_rate, 1.5 * settings.learning_rate)
    ]
    heights = [points[i * (count // 8)][1] for i in (0, 4, 6)]
    slope = (heights[1] - heights[0]) / (losses[1] - losses[0])
    assert heights[2] == pytest.approx(heights[0] + slope * (losses[2] - losses[0]), abs=0.01)


@pytest.mark.long
def test_the_rate_is_dragged_in_the_picture(tab):
    page = tab.open("update", preset="start")
    picture = inside(page, ".descent svg")
    box = picture.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 40, steps=4)
    page.mouse.up()
    page.wait_for_timeout(500)  # the moves may have been so slow that the address followed some
    soon(page, lambda: edit_of(page) is not None)
    rate = float(edit_of(page).split(":")[1])
    assert START.learning_rate < rate < 2 * START.learning_rate
    expect_run(page, START, learning_rate={(): rate})
    button(page, "↶ undo").click()
    expect(inside(page, "[data-chip]")).to_have_count(0)


def test_a_given_number_says_what_it_does_to_the_loss(tab):
    page = tab.open("cell", preset="math", edit="z.0.1.0:0.9", cell="W_hn:0,1")
    expect_growth(page, MATH, {"z": {(0, 1, 0): 0.9}})
    pin(page, "z", 0, 0, 1)
    expect(inside(page, '[data-beside="if it grew by 0.1"]')).to_have_count(0)


def expect_growth(page, settings, edits):
    """The opened W_hn[0,1] says what its growth promises and does."""
    before = run(settings, edits=edits)
    value = float(before.trace["W_hn"][0, 1])
    after = run(settings, edits=edits | {"W_hn": {(0, 1): value + 0.1}})
    promised = 0.1 * float(before.trace["d_W_hn"][0, 1])
    real = float(after.trace["loss"] - before.trace["loss"])
    line = inside(page, '[data-beside="if it grew by 0.1"]')
    expect(line).to_have_text(re.compile(r"changes by [^…]+$"), timeout=60_000)
    expect(line).not_to_contain_text("…")
    numbers = re.fullmatch(
        r"the loss would change by \+?(\S+) \(gradient × 0.1\); it really changes by \+?(\S+)",
        line.inner_text().replace("−", "-"),
    )
    assert float(numbers[1]) == pytest.approx(promised, rel=0.005)
    assert float(numbers[2]) == pytest.approx(real, rel=0.005)


@pytest.mark.long
@pytest.mark.parametrize("slug", ["cell", "update"])
def test_a_large_run_tells_what_growth_does_and_draws_the_curve(tab, slug):
    """By and by: a worker adds up the batch for each of these numbers."""
    large = {"hidden_size": 64, "batch_size": 32}
    asked = {"preset": "story", "cell": "W_hn:0,1", "parameter": "W_hn"}
    page = tab.open(slug, seconds=120, edit="W_hz.0.1:0.5", **asked, **large)
    settings = replace(PRESETS["story"], **large)
    expect_growth(page, settings, {"W_hz": {(0, 1): 0.5}})
    if slug == "update":
        button(page, "reset all").click()
        expect_curve(page, settings, 9)
        expect(inside(page, "[data-batch] progress")).to_be_hidden()


def test_another_token_is_chosen_where_the_user_is(tab):
    page = tab.open("cell", preset="start", t="2")
    token = inside(page, '[data-choose="token"]')
    was = token.input_value()
    token.select_option("7")
    expect_run(page, START, ids={(0, 2): 7.0})
    soon(page, lambda: edit_of(page) == "ids.0.2:7")
    expect(inside(page, ".chip.current .id")).to_have_text("7")
    token.select_option(was)
    expect(inside(page, "[data-chip]")).to_have_count(0)
    expect_run(page, START)
