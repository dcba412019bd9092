"""Links to a place on the stage, and what becomes of a place on the way."""

import re

import pytest
from browser_tab import DESKTOP
from marks import first_of
from playwright.sync_api import expect
from serve import serve
from stage_tab import (
    START,
    StageTab,
    button,
    cell,
    cells,
    choice,
    expect_cells,
    expect_lines,
    expect_time,
    explained,
    inside,
    key,
    pin,
    rest,
    stage,
)

pytestmark = pytest.mark.browser


@pytest.mark.long
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
    first_of(
        [
            ({"t": "77"}, "t must be an integer from 0 to 7; got 77. Shown: t 0."),
            ({"t": "-1"}, "t must be an integer from 0 to 7; got -1. Shown: t 0."),
            ({"t": "a"}, "t must be an integer from 0 to 7; got a. Shown: t 0."),
            (
                {"sequence": "2"},
                "sequence must be an integer from 0 to 1; got 2. Shown: sequence 0.",
            ),
            ({"cell": "z:0,9,1"}, "The link asks for the number z:0,9,1, which is not here."),
            ({"cell": "nonsense:1"}, "The link asks for the number nonsense:1, which is not here."),
            ({"cell": "z:0,1"}, "The link asks for the number z:0,1, which is not here."),
            ({"cell": "z:0,a,<b>"}, "The link asks for the number z:0,a,<b>, which is not here."),
        ]
    ),
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


@pytest.mark.long
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


@pytest.mark.long
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
