"""One place for the position, and what the address says of it, in a real browser."""

import pytest
from browser_tab import PHONE, soon
from playwright.sync_api import expect
from stage_tab import inside

pytestmark = pytest.mark.browser


def step(tab, times=1):
    """Step the stage forwards, and wait until the address says so."""
    before = int(tab.query.get("t", 0))
    for _ in range(times):
        tab.page.locator('[data-do="next"]').click()
    soon(tab.page, lambda: tab.query.get("t") == str(before + times))


def opened(page):
    """The indices of *Open any number*, by dim."""
    fields = page.locator('[data-testid="stNumberInput"]')
    texts = {}
    for i in range(fields.count()):
        label = fields.nth(i).locator("label").inner_text()
        if label[:2] in ("B ", "T "):
            texts[label[0]] = fields.nth(i).locator("input").input_value()
    return texts


@pytest.mark.long
def test_any_number_is_opened_where_the_stage_is(tab):
    page = tab.open()
    step(tab, 3)
    page.get_by_text("Open any number: its formula").click()
    soon(page, lambda: opened(page) == {"B": "0", "T": "3"})
    assert tab.query == {"t": "3", "open-number": "true"}
    page.locator('[data-choose="sequence"]').select_option("1")
    soon(page, lambda: opened(page) == {"B": "1", "T": "3"})
    tab.settle()
    step(tab)
    tab.choose("time")
    assert opened(page) == {}
    page.get_by_text("Open any number: its formula").click()
    soon(page, lambda: opened(page) == {"B": "1", "T": "4"})
    assert tab.query == {"t": "4", "sequence": "1", "open-number": "true"}
    page.get_by_text("Open any number: its formula").click()
    soon(page, lambda: tab.query == {"t": "4", "sequence": "1"})


@pytest.mark.long
def test_batches_and_the_stage_look_at_one_sequence(tab):
    page = tab.open(sequence=1)
    menu = page.get_by_test_id("stSidebarNavLink")
    menu.get_by_text("Batches", exact=True).click()
    field = page.get_by_label("Sequence (0 to 1)")
    expect(field).to_have_value("1")
    field.fill("0")
    field.press("Enter")
    tab.settle()
    tab.choose("cell")
    assert page.locator("[data-stage]").get_attribute("data-sequence") == "0"
    page.goto(f"{tab.address}/batches?sequence=1")
    expect(page.get_by_label("Sequence (0 to 1)")).to_have_value("1")


@pytest.mark.long
def test_back_leads_to_the_chapter_before_with_what_was_open(tab):
    page = tab.open(t=3, cell="h:0,3,1", **{"open-number": "true"})
    tab.choose("time")
    page.go_back()
    tab.stage("cell")
    soon(page, lambda: tab.query.get("cell") == "h:0,3,1")
    assert tab.query == {"t": "3", "cell": "h:0,3,1", "open-number": "true"}


def test_a_link_with_edits_is_taken_along_and_taken_back(tab):
    page = tab.open("cell", edit="W_hz.0.1:0.5;z.*.*.2:1")
    chips = inside(page, "[data-chip]")
    expect(chips).to_have_count(2)
    tab.choose("loss")
    expect(chips).to_have_count(2)
    tab.page.get_by_test_id("stSidebarNavLink").get_by_text("Batches", exact=True).click()
    said = page.get_by_text("What if: W_hz[0,1] changed to 0.5 · z[*,*,2] held at 1")
    expect(said).to_be_visible()
    assert tab.query["edit"] == "W_hz.0.1:0.5;z.*.*.2:1"
    page.get_by_role("button", name="Reset all", exact=True).click()
    expect(page.get_by_text("What if:")).to_have_count(0)
    soon(page, lambda: "edit" not in tab.query)
    tab.choose("cell")
    expect(page.get_by_text("What if:")).to_have_count(0)


def test_an_embedded_page_is_the_piece_alone(tab):
    page = tab.page
    page.goto(f"{tab.address}/cell?preset=math&t=1&embed=true")
    expect(inside(page, '[data-quantity="h"]').first).to_be_attached()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_text("Checked in this run")).to_be_visible()
    expect(page.get_by_text("Try this.")).to_have_count(0)
    expect(page.get_by_text("At each time step the cell mixes")).to_have_count(0)
    expect(inside(page, ".where")).to_have_text("t = 1 of 0 … 2")
    tab.open("cell")
    expect(page.get_by_test_id("stSidebar")).to_be_visible()


@pytest.mark.long
def test_a_phone_shows_the_stage_though_the_settings_are_open(chromium, server):
    context = chromium.new_context(viewport=PHONE)
    page = context.new_page()
    page.goto(f"{server.address}/cell?open-settings=true")
    # a phone shows one equation at a time, so the first numbers of all may be hidden
    number = page.locator("[data-stage] .lane.here [data-quantity]").first
    expect(number).to_be_visible()
    expect(number).to_be_in_viewport()
    number.click()
    expect(page.locator("[data-stage] [data-line=numbers]")).to_be_visible()
    context.close()
