"""The stage beside Python: numbers checked, copied, of a large run; and a stage that fails."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from browser_tab import DESKTOP, Tab, soon
from marks import first_of
from playwright.sync_api import expect
from stage_tab import (
    STAGED,
    START,
    STORY,
    StageTab,
    button,
    cells,
    computed,
    expect_cells,
    expect_lines,
    expect_time,
    indices,
    inside,
    key,
    numbers_of,
    pin,
)

from explainer import explain
from explainer.plots.tables import visible

pytestmark = pytest.mark.browser


@pytest.mark.long
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


@pytest.mark.parametrize("slug", first_of(STAGED, "gradients"))
def test_a_page_checks_its_numbers(tab, slug):
    page = tab.open(slug, preset="start", dropout="0.3")
    check = inside(page, "[data-check]")
    expect(check).to_have_attribute("data-difference", re.compile("e-1|^0$"))
    assert 0 <= float(check.get_attribute("data-difference")) < 1e-12
    expect(check).to_contain_text("were compared with Python’s; largest difference")


@pytest.mark.long
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


@pytest.mark.long
def test_a_number_made_of_all_sequences_is_explained_once_they_are_here(tab):
    large = replace(STORY, hidden_size=256)
    page = tab.open("gradients", seconds=120, preset="story", hidden_size="256", weight="b_hz")
    expect(inside(page, "[data-check]")).to_have_attribute("data-difference", re.compile("e-"))
    pin(page, "d_b_hz", 1)
    expect_lines(page, large, "d_b_hz", (1,))


# 18. A stage that fails.


@pytest.mark.long
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
