"""The kept picture that a process shows before it can compute: its numbers, what one may do."""

import json
import math
from threading import Event

import numpy as np
import pytest
import streamlit as st
from browser_tab import DESKTOP, Tab, soon, watched
from make_first_pictures import pictures
from playwright.sync_api import expect
from serve import serve
from streamlit.testing.v1 import AppTest
from test_payload import Sent

from explainer import PRESETS
from explainer.app import server as first
from explainer.app.first_picture import first_picture, kept_pictures
from explainer.stage.payload import SAMPLES
from explainer.stage.place import Place
from tests.serve import ROOT

AHEAD = "[data-testid=stMain] .st-key-stage-ahead [data-stage]"
STAGE = "[data-testid=stMain] [data-stage]:visible"


def numbers(sent, part):
    """Given numbers, or those of a check, by name."""
    network = [q for part in sent.meta["network"].values() for q in part]
    shapes = {q["name"]: [sent.meta["sizes"][dim] for dim in q["dims"]] for q in network}
    shapes |= {f"second.{name}": shapes.get(name) for name in ("mask_x", "mask_h")}
    shapes |= {name: q["shape"] for name, q in sent.quantities.items()}
    found = {}
    for name, piece in sent.meta[part].items():
        size = int(np.prod(shapes[name]))
        if part == "checks":
            size = len(range(0, size, max(1, math.ceil(size / SAMPLES))))
        found[name] = sent.decode(piece, (size,))
    return found


def test_what_is_kept_is_what_would_be_computed():
    """After a change of what is sent: `python tests/make_first_pictures.py`."""
    kept, computed = kept_pictures(), pictures()
    assert [(n, list(of)) for n, of in kept.items()] == [(n, list(o)) for n, o in computed.items()]
    for preset, slug in [(preset, slug) for preset, of in computed.items() for slug in of]:
        pair = [Sent(kept[preset][slug]), Sent(computed[preset][slug])]
        for part in ("given", "checks"):
            here, there = (numbers(one, part) for one in pair)
            assert here.keys() == there.keys() != set()
            for name, value in there.items():
                np.testing.assert_allclose(here[name], value, 1e-9, 1e-12, err_msg=name)
        for one in pair:  # how numbers are written may hang on their last digits
            del one.meta["given"], one.meta["checks"]
        assert pair[0].meta == pair[1].meta, (preset, slug)


@pytest.mark.parametrize(
    ("slug", "query", "kept"),
    [
        ("cell", {}, True),
        ("home", {"preset": "story"}, True),
        ("update", {"preset": "math", "t": "2"}, True),
        ("cell", {"hidden_size": str(PRESETS["start"].hidden_size)}, True),
        ("cell", {"hidden_size": "5"}, False),
        ("cell", {"seed": "x"}, False),
        ("cell", {"edit": "z.0.0.0:1"}, False),
        ("cell", {"against": "preset=math"}, False),
        ("update", {"parameter": "W_in"}, False),
        ("training", {}, False),
        ("tokens", {}, False),
    ],
)
def test_a_picture_is_kept_of_what_a_preset_shows(monkeypatch, slug, query, kept):
    monkeypatch.setattr(type(st.query_params), "to_dict", lambda _: query)
    monkeypatch.setattr("explainer.app.first_picture.position", lambda *_: Place(0, 0))
    given = first_picture(slug)
    assert bool(given) == kept
    assert not given or json.loads(given["place"]) == {"sequence": 0, "t": 0}


def test_the_first_visitor_of_a_process_sees_it_and_nobody_else(monkeypatch):
    mounted = []
    monkeypatch.setattr(first, "PREPARED", Event())
    monkeypatch.setattr(first, "PATIENCE", 0.01)
    monkeypatch.setattr(first, "mount_stage", lambda **given: mounted.append(given))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert [given["key"] for given in mounted] == ["stage-ahead"]
    assert mounted[0]["data"]["meta"] == kept_pictures()["start"]["home"]["meta"]
    drawn = {c.key for c in app.get("bidi_component")}
    assert "stage" in drawn
    assert "stage-ahead" not in drawn
    app.run()
    assert len(mounted) == 1


@pytest.mark.browser
@pytest.mark.long
def test_what_is_done_before_the_page_is_there_stays(chromium):
    context = chromium.new_context(viewport=DESKTOP)
    with serve() as server:
        tab = Tab(context, server.address)
        with watched(server, tab):
            page = tab.page
            # a server that hears nothing of the picture waits a while longer
            page.route("**/first-values?*", lambda route: route.abort())
            page.goto(f"{server.address}/cell")
            page.wait_for_selector(f"{AHEAD} [data-quantity]")
            stage = page.locator(STAGE)
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowRight")
            expect(stage).to_have_attribute("data-t", "2")
            stage.locator("[data-quantity=W_hz]").first.dblclick()
            stage.locator("input[data-edit]").fill("0.5")
            page.keyboard.press("Enter")
            expect(stage.locator("[data-chip]")).to_have_count(1)
            tab.settle()
            expect(page.locator(AHEAD)).to_have_count(0)
            expect(stage).to_have_attribute("data-t", "2")
            expect(stage.locator("[data-chip]")).to_have_count(1)
            soon(page, lambda: tab.query.get("edit") == "W_hz.0.0:0.5")
            # the server has been told, too
            expect(page.locator(".st-key-edit input")).to_have_value("W_hz.0.0:0.5")
    context.close()
