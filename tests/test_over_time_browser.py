"""Quantities over time on the stage, in files: their numbers, and where they lead."""

import re
from dataclasses import replace

import numpy as np
import pytest
from marks import first_of
from playwright.sync_api import expect
from stage_tab import MATH, START, button, cell, inside
from test_html_browser import opened, page
from test_stage_edits import type_in

from explainer import PRESETS, ViewState, explain, run
from explainer.analysis.influence import growth, influence, rnn_influence
from explainer.errors import InvalidValueError
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


@pytest.mark.long
def test_after_the_end_of_a_sequence_there_is_nothing_to_explain(page, tmp_path):
    result = run(replace(START, lengths=(5, 8)))
    result.to_html(tmp_path / "cell.html", chapter="cell", view=ViewState(t=4))
    opened(page, tmp_path / "cell.html")
    cell(page, "h", 0, 4, 1).click()
    expect(inside(page, '[data-line="numbers"]')).to_contain_text("=")
    button(page, "next time step").click()
    with pytest.raises(InvalidValueError) as refused:
        explain(result.trace, "h", (0, 5, 1))
    expect(inside(page, ".panel .ended")).to_have_text(
        re.compile(re.escape(str(refused.value)), re.I)
    )
    expect(inside(page, "[data-line]")).to_have_count(0)
    assert inside(page, ".cell.operand").count() == 0
    button(page, "previous time step").click()
    expect(inside(page, '[data-line="numbers"]')).to_contain_text("=")
    expect(inside(page, ".panel .ended")).to_have_count(0)


@pytest.mark.long
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


def terms(page):
    """Label and norm of each contribution, and of their sum."""
    found = inside(page, ".term").evaluate_all(
        "all => all.map(e => [e.querySelector('.term-label').textContent,"
        " e.querySelector('.norm').textContent, e.classList.contains('most')])"
    )
    return [(label, float(norm.split()[1].replace("−", "-")), most) for label, norm, most in found]


@pytest.mark.parametrize("parameter", first_of(["W_hz", "b_hn", "E"]))
def test_a_gradient_is_the_sum_of_its_contributions(page, tmp_path, parameter):
    result = run(START)
    view = ViewState(weight=parameter)
    result.to_html(tmp_path / "gradients.html", chapter="gradients", view=view)
    opened(page, tmp_path / "gradients.html")
    shares = result.trace[f"d_{parameter}_t"]
    expected = [float(np.linalg.norm(share)) for share in shares]
    *parts, total = terms(page)
    assert [norm for _, norm, _ in parts] == pytest.approx(expected, rel=0.006)
    assert [most for *_, most in parts] == [t == np.argmax(expected) for t in range(len(shares))]
    assert total[1] == pytest.approx(np.linalg.norm(result.trace[f"d_{parameter}"]), rel=0.006)
    assert [int(label.split()[0]) for label, *_ in parts] == list(range(len(shares)))
    line = inside(page, ".contributions .answer-line")
    expect(line).to_contain_text(f"Time step {np.argmax(expected)} (")
    canvas = inside(page, ".term").nth(3).locator("canvas")
    canvas.click(position={"x": 1, "y": 1})
    index = ",".join(["3"] + ["0"] * (shares.ndim - 1))
    named = f"d_{parameter}_t:{index}"
    expect(inside(page, "[data-explanation]")).to_have_attribute("data-explanation", named)
    expect(inside(page, ".where")).to_have_text("t = 3 of 0 … 7")


def test_how_far_back_the_past_matters_stands_beside_an_rnn(page, tmp_path):
    result = run(START)
    result.to_html(tmp_path / "gradients.html", chapter="gradients")
    opened(page, tmp_path / "gradients.html")
    said = inside(page, ".map figcaption").all_text_contents()
    for text, norms in zip(said, (influence(result, 0), rnn_influence(result, 0)), strict=True):
        assert f"multiplies the gradient by {growth(norms):.2f}" in text
    drawn = inside(page, ".map canvas").first
    alpha = drawn.evaluate(
        "c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " return Array.from({length: d.length / 4}, (_, i) => d[4 * i + 3] > 0); }"
    )
    np.testing.assert_array_equal(np.reshape(alpha, (8, 8)), np.tri(8, dtype=bool))
    drawn.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    number = f"{influence(result, 0)[2, 1]:.3g}"
    expect(inside(page, ".status")).to_contain_text(f"target 2 at state 1 l: {number}")
    page.keyboard.press("Enter")
    expect(inside(page, ".where")).to_have_text("t = 1 of 0 … 7")
    inside(page, ".unfold").and_(page.get_by_label("rows of W_hz")).click()
    cell(page, "W_hz", 0, 0).first.dblclick()
    type_in(page, "1")
    expect(inside(page, ".influence .title")).to_contain_text("before your changes")


@pytest.mark.long
def test_what_is_left_of_a_state_is_the_product_of_z(page, tmp_path):
    result = run(START)
    result.to_html(tmp_path / "time.html", chapter="time", view=ViewState(t=5))
    opened(page, tmp_path / "time.html")
    z = result.trace["z"][0]
    shown = inside(page, ".memory .cell").evaluate_all(
        "all => all.map(c => [c.dataset.share, c.textContent])"
    )
    for at, text in shown:
        k, unit = map(int, at.split(","))
        if k > 5:
            assert text == ""
        else:
            assert float(text) == pytest.approx(z[k + 1 : 6, unit].prod(), rel=0.06)
    lives = np.log(2) / -np.log(z).mean(0)
    said = inside(page, ".memory .answer-line")
    expect(said).to_contain_text(f"unit {lives.argmax()}, {lives.max():.2g} time steps")
    inside(page, '.memory [data-share="2,1"]').click()
    expect(inside(page, "[data-explanation]")).to_have_attribute("data-explanation", "z:0,5,1")
