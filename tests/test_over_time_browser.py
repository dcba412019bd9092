"""Quantities over time on the stage, in files: their numbers, and where they lead."""

import numpy as np
import pytest
from playwright.sync_api import expect
from test_html_browser import opened, page
from test_stage import MATH, START, button, inside
from test_stage_edits import type_in

from explainer import PRESETS, run
from explainer.plots.tables import visible

pytestmark = pytest.mark.browser
__all__ = ["page"]

READ = """cells => cells.map(c => [c.dataset.index, c.textContent])"""


def over_time(page, name):
    """The cells of a quantity over time."""
    return inside(page, f'[data-lane="over-{name}"] .cell')


def expect_numbers(page, name, values):
    """Every number of a sequence over time, units downwards, in full."""
    value = np.atleast_2d(values.T)
    written = [text.replace("−", "-") for _, text in over_time(page, name).evaluate_all(READ)]
    np.testing.assert_allclose(np.array(written, float).reshape(value.shape), value, rtol=1e-12)


def test_every_number_over_time_is_the_runs_and_leads_to_its_place(page, tmp_path):
    result = run(START)
    result.to_html(tmp_path / "time.html", chapter="time")
    opened(page, tmp_path / "time.html")
    inside(page, '[data-choose="digits"]').select_option("full")
    for sequence in (1, 0):
        inside(page, '[data-choose="sequence"]').select_option(str(sequence))
        for name in ("r", "z", "n", "h"):
            expect_numbers(page, name, result.trace[name][sequence])
    inside(page, '[data-choose="digits"]').select_option("2")
    heads = inside(page, '[data-lane="over-h"] .heads .place').all_text_contents()
    tokens = [visible(result.batch.vocabulary[i]) for i in result.batch.ids[0]]
    assert [head.split()[-1] for head in heads[1:]] == tokens[1:]
    over_time(page, "h").nth(8 + 5).click()  # unit 1, time step 5
    expect(inside(page, "[data-explanation]")).to_have_attribute("data-explanation", "h:0,5,1")
    expect(inside(page, ".where")).to_have_text("t = 5 of 0 … 7")
    assert inside(page, '[data-lane="over-z"] .current').text_content() == heads[5]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(inside(page, "[data-explanation]")).to_have_attribute("data-explanation", "h:0,6,2")


def test_what_is_held_is_seen_over_time(page, tmp_path):
    run(MATH).to_html(tmp_path / "time.html", chapter="time")
    opened(page, tmp_path / "time.html")
    over_time(page, "z").nth(1).dblclick()
    type_in(page, "1")
    edited = run(MATH, edits={"z": {(0, 1, 0): 1.0}})
    inside(page, '[data-choose="digits"]').select_option("full")
    for name in ("z", "h"):
        expect_numbers(page, name, edited.trace[name][0])
    button(page, "Keep as A").click()
    expect(over_time(page, "h").first).to_be_visible()


def test_many_time_steps_fit_the_screen_in_colours(page, tmp_path):
    result = run(PRESETS["story"])
    result.to_html(tmp_path / "time.html", chapter="time")
    opened(page, tmp_path / "time.html")
    expect(over_time(page, "h")).to_have_count(16 * 35)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    over_time(page, "h").nth(34).hover()
    number = f"h[0,34,0] = {result.trace['h'][0, 34, 0]:.6f}".replace("-", "−")
    expect(inside(page, ".status")).to_contain_text(number[:-1])
