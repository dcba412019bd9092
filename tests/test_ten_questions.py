"""Ten questions that students came with: each is answered on the first screen of one page, or at
one station of the tour. What stands there is computed here from the run."""

import re
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import expect
from stage_tab import START, inside
from test_tour import trace_of
from test_tour_browser import answer, at_station
from tour_answers import answers

from explainer import explain, run
from explainer.analysis.influence import growth, influence, rnn_influence
from explainer.stage.tour.learning_stations import STATIONS

pytestmark = pytest.mark.browser
SCREEN = {"width": 1300, "height": 900}


@pytest.fixture(autouse=True)
def screen(tab):
    """The first screen is one of this size."""
    tab.page.set_viewport_size(SCREEN)


@pytest.fixture(scope="module")
def start():
    return run(START)


def on_first_screen(element, *texts):
    """It says so without scrolling."""
    for text in texts:
        expect(element).to_contain_text(text)
    box = element.bounding_box()
    assert box is not None
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= SCREEN["height"]


def paragraph(page, words):
    return page.get_by_test_id("stMain").locator("p").filter(has_text=words)


def told_at(page, title):
    """What a station says to a right answer."""
    number, station = next((i, s) for i, s in enumerate(STATIONS, 1) if s.title == title)
    at_station(page, number)
    answer(page, station, answers(title, trace_of(station, "reset_after"))[0][0])
    return inside(page, ".feedback.right")


def station(tab, title):
    number = next(i for i, s in enumerate(STATIONS, 1) if s.title == title)
    return tab.open("tour", station=str(number))


@pytest.mark.long
def test_which_letter_has_an_update_gate_near_1(tab, start):
    page = tab.open("time")
    z = start.trace["z"][0]
    t, unit = np.unravel_index(z.argmax(), z.shape)
    shown = inside(page, f'[data-lane="over-z"] [data-index="0,{t},{unit}"]')
    on_first_screen(shown, f"{z[t, unit]:.2f}")
    heads = inside(page, '[data-lane="over-z"] .heads .place')
    on_first_screen(heads.nth(int(t)), start.batch.vocabulary[start.batch.ids[0, t]])


def test_one_number_of_h_down_to_the_letter(tab, start):
    page = tab.open("cell", t="3", cell="h:0,3,1")
    for name, index in (("n", (0, 3, 1)), ("a_in", (0, 3, 1)), ("x", (0, 3, 0)), ("e", (0, 3, 0))):
        on_first_screen(inside(page, '[data-line="numbers"]'))
        piece = f'.panel .piece[data-of="{name}:{",".join(map(str, index))}"]'
        inside(page, piece).first.click()
        numbers = explain(start.trace, name, index, digits=4).numbers
        expect(inside(page, '[data-line="numbers"]')).to_have_text(numbers)
    inside(page, '.panel .piece[data-of="ids:0,3"]').first.click()
    letter = start.batch.vocabulary[int(start.trace["ids"][0, 3])]
    on_first_screen(inside(page, '[data-beside="token"]'), f"“{letter}”")


@pytest.mark.long
def test_why_there_is_a_reset_gate(tab):
    page = station(tab, "Why there is one")
    told = told_at(page, "Why there is one")
    here = next(s for s in STATIONS if s.title == "Why there is one")
    settings = here.run_settings("reset_after")
    before, after = (run(settings, edits=e).trace["loss"] for e in (None, {"r": 1.0}))
    assert after > 2 * before
    said = [float(n) for n in re.findall(r"\d+\.\d+", told.inner_text())]
    assert said[:2] == pytest.approx([float(before), float(after)], rel=0.01)
    on_first_screen(told, "leave the past out")


@pytest.mark.long
def test_why_dropout_divides_by_1_minus_q(tab, start):
    page = tab.open("dropout")
    kept = f"{float(start.trace['mask_x'].mean()):.1%}"
    factor = f"{1 / (1 - START.dropout):.4f}"
    on_first_screen(paragraph(page, "the expected value stays the same"), factor, kept)


@pytest.mark.long
def test_three_steps_of_the_loss(tab):
    page = station(tab, "Second and third step")
    told = told_at(page, "Second and third step")
    here = next(s for s in STATIONS if s.title == "Second and third step")
    exact = float(trace_of(here, "reset_after")["ce_3"][here.t])
    said = [float(n) for n in re.findall(r"= (\d+\.\d+)", told.inner_text())]
    assert said == pytest.approx([exact], rel=0.01)
    on_first_screen(told, "minus")


@pytest.mark.long
def test_the_largest_gradient_and_its_time_step(tab, start):
    page = tab.open("gradients")
    names = start.update.before
    norms = {n: float(np.linalg.norm(start.trace[f"d_{n}"])) for n in names}
    largest = max(norms, key=norms.get)
    shares = start.trace[f"d_{largest}_t"]
    t = int(np.argmax([np.linalg.norm(share) for share in shares]))
    says = paragraph(page, "The largest gradient is that of")
    on_first_screen(says, largest, f"{norms[largest]:.4f}", f"time step {t} ")


@pytest.mark.long
def test_the_loss_after_one_update(tab, start):
    page = tab.open("update")
    before, after = float(start.trace["loss"]), float(start.second["loss"])
    on_first_screen(inside(page, ".descent .answer-line"), f"{before:.4f} → {after:.4f}")
    promised = before + float(start.update["predicted_change"])
    on_first_screen(inside(page, ".loss-promised"), f"{promised:.4f}")


@pytest.mark.long
def test_a_silly_learning_rate(tab):
    page = tab.open("update", learning_rate="100")
    found = run(replace(START, learning_rate=100.0))
    before, after = float(found.trace["loss"]), float(found.second["loss"])
    assert after > before
    on_first_screen(inside(page, ".descent .answer-line"), f"{before:.4f} → {after:.4f}")


@pytest.mark.long
def test_gradients_vanish_and_more_so_in_an_rnn(tab, start):
    page = tab.open("gradients")
    for i, norms in enumerate((influence(start, 0), rnn_influence(start, 0))):
        said = inside(page, ".map figcaption").nth(i)
        on_first_screen(said, f"by {growth(norms):.2f}")


def test_a_text_of_ones_own(tab):
    page = tab.page
    page.goto(f"{tab.address}/tokens?preset=your_text")
    own = "Où est la mer, où est le vent ?"
    box = page.get_by_label("Your text", exact=True)
    on_first_screen(box)
    box.fill(own)
    box.press("Control+Enter")
    tokens = page.get_by_test_id("stMetric").filter(has_text="characters")
    on_first_screen(tokens, str(len(own)))
