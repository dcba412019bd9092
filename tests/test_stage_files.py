"""The stage's code is named to a browser, which fetches it once, and not sent with each change."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from explainer.stage.script import WEB
from tests.serve import ROOT


@pytest.mark.parametrize(("slug", "preset"), [("cell", "start"), ("update", "story")])
def test_a_change_of_the_settings_sends_no_code(slug, preset):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.query_params["preset"] = preset
    app.switch_page(f"pages/{slug}.py").run()
    (stage,) = (c for c in app.get("bidi_component") if c.key == "stage")
    assert json.loads(stage.proto.json)
    assert not stage.proto.js_content + stage.proto.css_content
    for path in (stage.proto.js_source_path, stage.proto.css_source_path):
        assert (WEB / path.split("?")[0].rpartition("/")[2]).is_file()
    assert stage.proto.ByteSize() < 80_000


@pytest.mark.browser
def test_the_first_visitor_gets_the_code_before_the_numbers(server, chromium):
    page = chromium.new_context().new_page()
    order = []
    page.on("request", lambda request: order.append(request.url.rpartition("/")[2]))
    large = 20_000  # bytes; everything that comes before the numbers is smaller
    page.on(
        "websocket",
        lambda socket: socket.on(
            "framereceived", lambda frame: len(frame) > large and order.append("numbers")
        ),
    )
    page.goto(server.address)
    page.wait_for_selector("[data-stage] [data-quantity]", timeout=90_000)
    assert order.index("stage.js") < order.index("numbers")
    assert order.count("stage.js") == 1
    # one stage is left
    assert page.locator("[data-stage]").count() == 1
    page.context.close()
