"""The stage's code is named to a browser, which fetches it once, and not sent with each change."""

import json

from streamlit.testing.v1 import AppTest

from explainer.stage.script import WEB
from tests.serve import ROOT


def test_a_change_of_the_settings_sends_no_code():
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.query_params["preset"] = "start"
    app.switch_page("pages/cell.py").run()
    (stage,) = (c for c in app.get("bidi_component") if c.key == "stage")
    assert json.loads(stage.proto.json)
    assert not stage.proto.js_content + stage.proto.css_content
    for path in (stage.proto.js_source_path, stage.proto.css_source_path):
        assert (WEB / path.split("?")[0].rpartition("/")[2]).is_file()
    assert stage.proto.ByteSize() < 80_000
