"""Checking oneself on the stage: what is asked is hidden, and an answer is assessed."""

import math
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from stage_tab import (
    START,
    button,
    cell,
    choice,
    expect_cells,
    expect_lines,
    inside,
    numbers_of,
    stage,
)

from explainer.explanation.number_formula import format_number

pytestmark = pytest.mark.browser


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


@pytest.mark.long
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


@pytest.mark.long
def test_right_is_right(checking):
    index = (0, 1, 2)
    page = checking("r", index, preset="start")
    value = float(numbers_of(START, "r")[index])
    for typed in (f"{value:.2f}", f"{value:.4f}", repr(value), f"{value:.3f}".replace(".", ",")):
        assert verdict(page, typed).startswith("Right"), typed
    assert verdict(page, value + 0.02).startswith("Not yet")
    assert "not a number" in verdict(page, "r")
    assert "not a number" in verdict(page, "")


@pytest.mark.long
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


@pytest.mark.long
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
