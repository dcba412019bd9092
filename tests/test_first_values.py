"""What a stage is sent for another hidden size, before its page is drawn again."""

import inspect
import json

import pytest
from browser_tab import DESKTOP, Tab, soon, watched
from playwright.sync_api import expect

from explainer import PRESETS
from explainer.app import current_run, first_values
from explainer.app.cache import CACHE
from explainer.app.server import answer_stage
from explainer.errors import ExplainerError
from explainer.stage.chapters import CHAPTERS, HOME, TOUR

STAGED = [c.slug for c in (HOME, *CHAPTERS) if c.scene or c is HOME]


@pytest.fixture
def sent(monkeypatch):
    """What a page of the app gives its stage, for a link."""
    from app_pages import APP, page_of
    from streamlit.testing.v1 import AppTest

    from explainer.app import stage_component

    given = {}
    mount = stage_component.mount_stage

    def mounted(**what):
        given.update(what.get("data") or {})
        mount(**what)

    monkeypatch.setattr(stage_component, "mount_stage", mounted)

    def open_page(slug, query):
        at = AppTest.from_file(APP, default_timeout=60)
        at.query_params.update(query)
        at.switch_page(page_of(slug)).run()
        assert not at.exception
        return dict(given)

    return open_page


@pytest.mark.page
@pytest.mark.parametrize("slug", STAGED)
def test_a_stage_is_sent_ahead_what_its_page_brings(sent, slug):
    query = {"preset": "math", "hidden_size": "3", "t": "1", "edit": "z.*.*.1:1"}
    if slug in ("gradients", "update"):
        query["weight" if slug == "gradients" else "parameter"] = "W_in"
    CACHE.clear()
    ahead = first_values.first_values(slug, query)
    CACHE.clear()
    brought = sent(slug, query)
    assert json.loads(ahead["meta"])["sizes"]["H"] == 3
    assert ahead == {name: brought[name] for name in ahead}
    assert ahead.keys() >= {"meta", "numbers", "checked"}
    assert ("influence" in ahead) == bool(brought["influence"])


@pytest.mark.parametrize(
    ("slug", "query"),
    [
        ("cell", {"updates": "5"}),
        ("cell", {"fingerprint": "0123"}),
        ("cell", {"values": "0123"}),
        ("cell", {"hidden_size": "many"}),
        ("cell", {"edit": "W_hz.0.1:much"}),
        ("cell", {"t": "-1"}),
        *((slug, {}) for slug in (TOUR.slug, "tokens", "training", "gates", "own")),
    ],
)
def test_what_its_page_says_more_about_is_not_sent_ahead(slug, query):
    assert first_values.first_values(slug, query) == {}


@pytest.mark.parametrize(
    ("slug", "query"),
    [
        ("cell", {"edit": "W_hz.0.99:1"}),
        ("cell", {"batch_index": "999"}),
        ("gradients", {"weight": "nothing"}),
        ("nowhere", {}),
        ("", {}),
    ],
)
def test_what_cannot_be_run_is_left_to_its_page(slug, query):
    with pytest.raises(ExplainerError):
        first_values.first_values(slug, query)


def test_what_one_would_wait_for_is_left_to_its_page(monkeypatch):
    assert not current_run.takes_long(PRESETS["start"])
    monkeypatch.setattr(current_run, "FEW_NUMBERS", 0)
    assert first_values.first_values("cell", {}) == {}


def test_nobody_else_waits_for_an_answer():
    assert not inspect.iscoroutinefunction(answer_stage), "it would hold the event loop up"


@pytest.mark.browser
def test_numbers_follow_while_the_slider_moves(chromium, server):
    context = chromium.new_context(viewport=DESKTOP)
    tab = Tab(context, server.address)
    with watched(server, tab):
        page = tab.visit("cell")
        asked = []
        page.on("requestfinished", lambda request: asked.append(request.url))
        units = page.locator("[data-stage] .cell[data-quantity=z]")
        twice = 2  # z stands in two rows of the cell
        expect(units).to_have_count(twice * PRESETS["start"].hidden_size)
        thumb = page.locator(".st-key-hidden_size [data-testid=stSliderThumbValue]")
        box = thumb.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] + 8)
        page.mouse.down()
        track = page.locator(".st-key-hidden_size [role=group]").bounding_box()
        page.mouse.move(track["x"] + track["width"] * 6 / 31, track["y"] + 8, steps=8)
        expect(thumb).to_have_text("7")
        expect(units).to_have_count(twice * 7)
        # the page has heard of it once the slider rests; the stage has asked before
        soon(page, lambda: any("first-values" in u and "hidden_size=7" in u for u in asked))
        difference = page.locator("[data-stage] [data-difference]")
        soon(page, lambda: float(difference.get_attribute("data-difference") or 1) < 1e-12)
        page.mouse.up()
        soon(page, lambda: tab.query.get("hidden_size") == "7")
        tab.settle()
        expect(units).to_have_count(twice * 7)
        page.keyboard.press("ArrowRight")
        expect(units).to_have_count(twice * 8)
        soon(page, lambda: tab.query["hidden_size"] == "8")
        tab.settle()
        expect(units).to_have_count(twice * 8)
        # what comes next in the same direction is there before the reader goes on
        soon(page, lambda: any("first-values" in url and "hidden_size=9" in url for url in asked))
        page.wait_for_timeout(300)
        asked.clear()
        page.keyboard.press("ArrowRight")
        expect(units).to_have_count(twice * 9)
        soon(page, lambda: tab.query["hidden_size"] == "9")
        tab.settle()
        expect(units).to_have_count(twice * 9)
        assert not any("first-values" in url and "hidden_size=9" in url for url in asked)
    context.close()
