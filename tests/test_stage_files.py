"""The stage's code is named to a browser, which fetches it once, and not sent with each change."""

import json
import subprocess
import sys

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest

from explainer.app import server as first
from explainer.stage.script import WEB, link
from tests.serve import ROOT, serve

APP = str(ROOT / "app.py")


@pytest.mark.parametrize(("slug", "preset"), [("cell", "start"), ("update", "story")])
def test_a_change_of_the_settings_sends_no_code(slug, preset):
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["preset"] = preset
    app.switch_page(f"pages/{slug}.py").run()
    (stage,) = (c for c in app.get("bidi_component") if c.key == "stage")
    assert json.loads(stage.proto.json)
    assert not stage.proto.js_content + stage.proto.css_content
    for path in (stage.proto.js_source_path, stage.proto.css_source_path):
        assert (WEB / path.split("?")[0].rpartition("/")[2]).is_file()
    assert stage.proto.ByteSize() < 80_000


def test_the_menu_and_the_settings_wait_for_nothing_that_computes():
    code = """
import sys
import app, explainer.app.header, explainer.app.sidebar
assert not {"torch", "pandas"} & sys.modules.keys()
app.prepare_process()
print(sorted({"torch", "torch._dynamo"} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "['torch']\n"


@pytest.mark.parametrize(
    ("headless", "host", "opened"),
    [
        (False, "0.0.0.0", ["http://localhost:8501"]),
        (False, "127.0.0.1", ["http://127.0.0.1:8501"]),
        (True, "127.0.0.1", []),
    ],
)
def test_whoever_starts_the_app_sees_it(monkeypatch, headless, host, opened):
    given = {"server.headless": headless, "server.address": host}
    monkeypatch.setattr(first.config, "is_manually_set", given.__contains__)
    usual = first.config.get_option
    monkeypatch.setattr(first.config, "get_option", lambda name: given.get(name, usual(name)))
    shown = []
    monkeypatch.setattr(first.cli_util, "open_browser", shown.append)
    first.open_browser()
    assert shown == opened


@pytest.mark.long
@pytest.mark.browser
def test_a_new_server_runs_a_page_once_and_sends_the_stage_as_one_file(tmp_path, chromium):
    page = chromium.new_context().new_page()
    files, runs = [], []

    def heard(frame):
        message = ForwardMsg()
        message.ParseFromString(frame)
        if message.WhichOneof("type") == "new_session":
            runs.append(message.new_session.main_script_path)

    page.on("response", lambda answer: "bidi-components" in answer.url and files.append(answer))
    page.on("websocket", lambda socket: socket.on("framereceived", heard))
    with serve(tmp_path / "log.txt") as server:
        page.goto(f"{server.address}/cell")
        page.wait_for_selector("[data-stage] [data-quantity]", timeout=90_000)
        assert len(runs) == 1  # not pages/cell.py, and app.py after it
        kinds = [answer.url.split("?")[0].rpartition(".")[2] for answer in files]
        assert set(kinds) == {"css", "js"}
        assert kinds.count("js") == 1  # styles are asked for by the stage ahead, too
        assert any(answer.text() == link("stage", short=True) for answer in files)
        # one stage is left
        assert page.locator("[data-stage]").count() == 1
        page.context.close()
    log = (tmp_path / "log.txt").read_text("utf-8")
    assert "Traceback" not in log
    assert "ScriptRunContext" not in log
