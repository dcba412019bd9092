"""Settings, place and address in a browser: each follows the others, on a new server too."""

import csv
import io
from urllib.parse import urlencode

import pytest
from browser_tab import DESKTOP, Tab, cell_texts, chart_text, slider, soon, time_slider
from playwright.sync_api import expect
from serve import serve

from explainer import PRESETS, run
from explainer.stage.chapters import CHAPTERS, HOME, TOUR

pytestmark = pytest.mark.browser
MENU = [c.title for c in (HOME, TOUR, *CHAPTERS)]


@pytest.mark.long
def test_a_shared_link_opens_its_chapter_with_its_settings_on_a_new_server(chromium, tmp_path):
    """Streamlit runs pages/loss.py without app.py as long as nobody has been to app.py."""
    link = {"preset": "math", "hidden_size": "3", "t": "2"}
    context = chromium.new_context(viewport=DESKTOP)
    with serve(tmp_path / "log.txt") as fresh:
        tab = Tab(context, fresh.address)
        tab.page.goto(f"{fresh.address}/loss?{urlencode(link)}")
        tab.settle(90)
        page = tab.page
        assert page.locator("h1").all_inner_texts() == ["Loss"]
        assert page.get_by_test_id("stSidebarNavLink").all_inner_texts() == MENU
        said = [slider(page, name) for name in ("Hidden size H", "Learning rate")]
        assert [one.get_attribute("aria-valuetext") for one in said] == ["3", "0.01"]
        token = time_slider(page).get_attribute("aria-valuetext")
        assert token == "time step 2, token t, id 2"
        assert tab.query == link
        for in_the_way in (
            page.get_by_role("dialog"),
            page.get_by_text("Page not found"),
            page.get_by_test_id("stException"),
        ):
            assert in_the_way.count() == 0
        assert tab.problems == []
        assert "Traceback" not in fresh.log.read_text("utf-8")
    context.close()


def test_the_hidden_size_changes_the_numbers_and_the_address(tab):
    page = tab.visit("cell", preset="math")
    before = cell_texts(page)
    assert {index for name, index, _ in before if name == "z"} == {"0,0,0", "0,0,1"}
    slider(page, "Hidden size H").focus()
    page.keyboard.press("ArrowRight")
    soon(page, lambda: tab.query.get("hidden_size") == "3")
    soon(page, lambda: any(name == "z" and i == "0,0,2" for name, i, _ in cell_texts(page)))
    slider(page, "Hidden size H").focus()
    page.keyboard.press("ArrowLeft")
    soon(page, lambda: "hidden_size" not in tab.query)
    soon(page, lambda: cell_texts(page) == before)


@pytest.mark.long
def test_the_learning_rate_changes_the_loss_after_the_update(tab):
    page = tab.visit("update", preset="math")
    soon(page, lambda: page.locator(".descent .curve").count() == 1)
    before, after = (page.locator(f".loss-{when}").inner_text() for when in ("before", "after"))
    slider(page, "Learning rate").focus()
    page.keyboard.press("End")
    soon(page, lambda: tab.query.get("learning_rate") == "100")
    soon(page, lambda: page.locator(".loss-after").inner_text() != after)
    assert page.locator(".loss-before").inner_text() == before


def test_a_reload_shows_the_same_picture(tab):
    query = {
        "preset": "math",
        "hidden_size": "3",
        "seed": "5",
        "variant": "reset_after",
        "t": "2",
        "sequence": "1",
        "digits": "4",
        "range": "run",
        "convention": "true",
    }
    page = tab.visit("time", **query)
    shown = cell_texts(page)
    assert {name for name, *_ in shown} >= {"r", "z", "n", "h"}
    assert tab.query == query
    page.reload()
    tab.settle()
    assert cell_texts(page) == shown
    assert tab.query == query


@pytest.mark.long
def test_settings_and_time_survive_the_way_through_the_menu(tab):
    page = tab.visit("cell", preset="math", hidden_size="3")
    page.get_by_role("button", name="next time step").click()
    soon(page, lambda: tab.query.get("t") == "1")
    expected = {"preset": "math", "hidden_size": "3"}
    for title in ("Tokens", "Loss"):
        tab.go_to(title)
        assert {k: v for k, v in tab.query.items() if k != "t"} == expected
        expect(slider(page, "Hidden size H")).to_have_attribute("aria-valuetext", "3")
    expect(time_slider(page)).to_have_attribute("aria-valuetext", "time step 1, token a, id 1")
    soon(page, lambda: tab.query == expected | {"t": "1"})


def test_a_preset_is_chosen(tab):
    page = tab.visit("tokens", hidden_size="7", seed="3")
    page.get_by_test_id("stSelectbox").get_by_role("combobox", name="Preset").click()
    page.get_by_role("option", name="math").click()
    expect(slider(page, "Hidden size H")).to_have_attribute("aria-valuetext", "2")
    expect(slider(page, "Learning rate")).to_have_attribute("aria-valuetext", "0.01")
    soon(page, lambda: "".join(page.locator(".ribbon .token").all_inner_texts())[:8] == "MathMath")
    soon(page, lambda: tab.query == {"preset": "math"})


@pytest.mark.long
def test_clipping_is_switched_off(tab):
    page = tab.visit("update", preset="math", clip_norm="0.5")
    expect(page.get_by_role("heading", name="Clipping")).to_have_count(1)
    page.get_by_text("More settings").click()
    field = page.get_by_role("spinbutton", name="Clip the gradient norm at")
    field.fill("0")
    field.press("Enter")
    expect(page.get_by_role("heading", name="Clipping")).to_have_count(0, timeout=10_000)
    soon(page, lambda: tab.query.get("clip_norm", "0") == "0")
    page.reload()
    tab.settle()
    expect(page.get_by_role("heading", name="Clipping")).to_have_count(0)


@pytest.mark.long
def test_two_readers_do_not_disturb_each_other(tab):
    link = {"preset": "math", "seed": "5"}
    page = tab.visit("time", **link)
    mine = chart_text(page)
    other = Tab(page.context, tab.address)
    try:
        theirs = other.visit("time", **link)
        assert chart_text(theirs) == mine
        slider(theirs, "Hidden size H").focus()
        theirs.keyboard.press("ArrowLeft")
        soon(theirs, lambda: chart_text(theirs) != mine)
        page.get_by_role("button", name="next time step").click()
        soon(page, lambda: tab.query == link | {"t": "1"})
        expect(slider(page, "Hidden size H")).to_have_attribute("aria-valuetext", "2")
        tab.settle()
        assert chart_text(page) == mine
        assert other.query == link | {"hidden_size": "1"}
        assert other.problems == []
    finally:
        other.page.close()


def test_numbers_are_taken_away_as_a_file(tab):
    page = tab.visit("cell", preset="math", sequence="1")
    page.get_by_text("Numbers as a table").click()
    with page.expect_download() as waiting:
        page.get_by_test_id("stDownloadButton").get_by_role("button").click()
    download = waiting.value
    assert download.suggested_filename == "a_ir.csv"
    rows = list(csv.reader(io.StringIO(download.path().read_text("utf-8"))))
    assert rows[0] == ["", "unit 0", "unit 1"]
    assert [row[0] for row in rows[1:]] == ["0 h", "1 M", "2 a"]
    numbers = [[float(cell) for cell in row[1:]] for row in rows[1:]]
    assert numbers == run(PRESETS["math"]).trace["a_ir"][1].tolist()


@pytest.mark.long
def test_home_has_an_address_too(tab):
    page = tab.visit("home", hidden_size="3")
    expect(page.locator("h1")).to_have_text("GRU Explainer")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(slider(page, "Hidden size H")).to_have_attribute("aria-valuetext", "3")


def test_a_file_of_ones_own_is_read(tab):
    page = tab.visit("tokens", **{"open-settings": "true"})
    own = b"a text of my own, and long; " * 100
    file = {"name": "own.txt", "mimeType": "text/plain", "buffer": own}
    page.locator("input[type=file]").first.set_input_files(file)
    characters = page.get_by_test_id("stMetric").filter(has_text="characters")
    expect(characters).to_contain_text(f"{len(own):,}")
    soon(page, lambda: "fingerprint" in tab.query)
