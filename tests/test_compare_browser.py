"""Two states side by side on the stage: A, B and B − A are what Python computes."""

from dataclasses import replace

import pytest
from browser_tab import DESKTOP, PHONE, soon
from playwright.sync_api import expect
from serve import serve
from stage_tab import MATH, START, StageTab, button, cell, cells, in_cell, indices, inside, pin
from test_stage_edits import edit_of, type_in

from explainer import compare, run

pytestmark = pytest.mark.browser


def values(result, name):
    return (result.trace if name in result.trace else result.update)[name]


def expect_difference(page, a, b):
    """Every cell shows B − A."""
    shown, wrong = cells(page), []
    assert shown
    for name, places, text in shown:
        index = indices(places)
        expected = float(values(b, name)[index] - values(a, name)[index])
        if text != in_cell("", expected) and abs(expected) > 1e-12:
            wrong.append((name, places, text, expected))
    assert wrong == []


def expect_side(page, result):
    wrong = [
        (name, places, text)
        for name, places, text in cells(page)
        if text != in_cell(name, float(values(result, name)[indices(places)]))
    ]
    assert wrong == []


def keep(page):
    button(page, "Keep as A").click()
    expect(inside(page, "[data-compare]")).to_be_visible()


def show(page, side):
    name = {"a": "A", "b": "B", "difference": "B − A"}[side]
    button(page, name).click()
    expect(inside(page, "[data-compare]")).to_have_attribute("data-compare", side)


def hold_z(page):
    cell(page, "z", 0, 1, 0).focus()
    page.keyboard.press("F2")
    type_in(page, "1")


@pytest.mark.long
def test_what_is_changed_stands_beside_what_was_kept(tab, chromium, tmp_path):
    page = tab.open("cell", seconds=90, preset="math", t="1")
    keep(page)
    hold_z(page)
    a, b = run(MATH), run(MATH, edits={"z": {(0, 1, 0): 1.0}})
    show(page, "difference")
    expect_difference(page, a, b)
    show(page, "a")
    expect_side(page, a)
    show(page, "b")
    expect_side(page, b)
    losses = [f"{float(r.trace['loss']):.4f}" for r in (a, b)]
    expect(inside(page, ".compare .losses")).to_have_text(f"loss A {losses[0]} · B {losses[1]}")
    show(page, "difference")
    inside(page, '[data-compare-do="part"]').click()
    first = compare(a.trace, b.trace).first
    opened = inside(page, "[data-explanation]")
    expect(opened).to_have_attribute("data-explanation", f"z:{','.join(map(str, first.index))}")
    difference = float(b.trace["z"][first.index] - a.trace["z"][first.index])
    expect(inside(page, '[data-beside="B − A"]')).to_have_text(f"{difference:.4f}")
    expect(inside(page, '[data-beside="in A"]')).to_contain_text(f"{a.trace['z'][first.index]:.4f}")
    written = {"against", "compared", "cell"}
    for _ in range(2):  # the server, too, writes the address, and knows of the settings alone
        soon(page, lambda: written <= tab.query.keys())
        page.wait_for_timeout(800)
    shown, link = cells(page), page.url.removeprefix(tab.address)
    context = chromium.new_context(viewport=DESKTOP)
    with serve(tmp_path / "log.txt") as fresh:
        other = StageTab(context, fresh.address)
        other.page.goto(f"{fresh.address}{link}")
        other.stage("cell", 90)
        expect(inside(other.page, "[data-compare]")).to_have_attribute("data-compare", "difference")
        soon(other.page, lambda: cells(other.page) == shown)
    context.close()


def test_another_setting_stands_beside_what_was_kept(tab):
    page = tab.open("cell", seconds=90, preset="start", against="preset=start&seed=5")
    show(page, "difference")
    expect_difference(page, run(replace(START, seed=5)), run(START))
    tab.choose("gradients")
    expect(inside(page, "[data-compare]")).to_be_visible()
    inside(page, '[data-compare-do="forget"]').click()
    expect(inside(page, "[data-compare]")).to_have_count(0)
    soon(page, lambda: "against" not in tab.query)


@pytest.mark.long
def test_states_of_other_sizes_stand_beside_each_other(tab):
    page = tab.open("cell", seconds=90, preset="math", against="preset=math&hidden_size=3")
    show(page, "a")
    expect_side(page, run(replace(MATH, hidden_size=3)))
    cell(page, "W_hz", 0, 1).dblclick()
    type_in_vain = inside(page, "input[data-edit]")
    if type_in_vain.count():
        type_in_vain.fill("1")
        page.keyboard.press("Enter")
        expect(inside(page, ".status")).to_contain_text("A stays as it was kept")
        page.keyboard.press("Escape")
    show(page, "b")
    expect_side(page, run(MATH))


def test_a_pair_is_one_choice(tab):
    page = tab.open("cell", seconds=90, preset="start", t="2")
    inside(page, '[data-compare-do="pair"]').select_option(label="update gate held at 1")
    soon(page, lambda: edit_of(page) == "z:1")
    expect(inside(page, "[data-compare]")).to_be_visible()
    show(page, "difference")
    expect_difference(page, run(START), run(START, edits={"z": 1.0}))
    inside(page, '[data-compare-do="pair"]').select_option(index=2)
    soon(page, lambda: tab.query.get("variant") == "reset_before")
    b = run(replace(START, variant="reset_before"), edits=dict.fromkeys(("b_r", "b_z", "b_n"), 0.0))
    show(page, "b")
    expect_side(page, b)


@pytest.mark.long
def test_a_link_that_compares_with_nothing_says_so(tab):
    page = tab.open("cell", seconds=90, against="hidden_size=0")
    expect(inside(page, ".status")).to_contain_text("hidden_size must be")
    expect(inside(page, "[data-compare]")).to_have_count(0)
    expect(button(page, "Keep as A")).to_be_visible()


@pytest.mark.long
def test_states_are_compared_by_keyboard_on_a_phone(tab):
    tab.page.set_viewport_size(PHONE)
    page = tab.open("cell", seconds=90, preset="math", against="preset=math&seed=3")
    button(page, "B − A").focus()
    page.keyboard.press("Enter")
    expect(inside(page, "[data-compare]")).to_have_attribute("data-compare", "difference")
    expect(button(page, "B − A")).to_be_focused()
    pin(page, "a_ir", 0, 0, 1)
    expect(inside(page, '[data-beside="in A"]')).to_be_visible()
