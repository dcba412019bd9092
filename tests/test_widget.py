"""The stage as a widget: Python knows what is touched, and moves the stage; notebooks, exported."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from explainer import PRESETS, ExplainerError, ViewState, explain, record, run, widget

MATH = PRESETS["math"]


def test_without_anywidget_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(ImportError, match=r"anywidget must be installed .*pip install anywidget"):
        widget(run(MATH))


@pytest.fixture
def stage():
    pytest.importorskip("anywidget")
    return widget(run(MATH).trace, view=ViewState(t=1, cell="h:0,1,1"))


@pytest.mark.frameworks
def test_it_begins_where_it_is_told(stage):
    assert (stage.edits, stage.opened, stage.t, stage.sequence) == ({}, ("h", (0, 1, 1)), 1, 0)
    assert explain(stage.run.trace, *stage.opened).value == run(MATH).trace["h"][0, 1, 1]


@pytest.mark.frameworks
def test_what_the_browser_says_is_what_run_takes(stage):
    heard = []
    stage.observe(lambda change: heard.append(change.new), "edits")
    stage.set_state({"edits": "W_hz.0.1:0.5;z.*.*.1:1", "opened": ["z", [0, 2, 1]], "t": 2})
    wanted = {"W_hz": {(0, 1): 0.5}, "z": {(None, None, 1): 1.0}}
    assert heard == [wanted]
    assert (stage.edits, stage.opened, stage.t) == (wanted, ("z", (0, 2, 1)), 2)
    assert np.array_equal(stage.run.trace["h"], run(MATH, edits=wanted).trace["h"])


@pytest.mark.frameworks
def test_edits_of_any_form_are_sent_as_the_browser_reads_them(stage):
    stage.edits = {"z": 1.0, "W_hz": np.eye(2)}
    assert stage.get_state("edits") == {"edits": "z:1;W_hz.0.0:1;W_hz.0.1:0;W_hz.1.0:0;W_hz.1.1:1"}
    assert stage.edits["z"] == {(): 1.0}


@pytest.mark.frameworks
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("edits", {"nothing": 1.0}, "edits must be quantities among"),
        ("edits", {"z": {(9, 9, 9): 1.0}}, "index B of z must be"),
        ("opened", ("h", (0, 9, 1)), "index must be a tuple of integers"),
        ("opened", ("nothing", ()), "opened must be one of"),
        ("opened", 3, "opened must be a name and an index"),
        ("t", 3, "t must be an integer from 0 to 2"),
    ],
)
def test_what_can_not_be_is_refused_and_all_stays(stage, name, value, words):
    before = getattr(stage, name)
    with pytest.raises(ExplainerError, match=words):
        setattr(stage, name, value)
    assert getattr(stage, name) == before


@pytest.mark.frameworks
def test_a_layer_can_be_touched_too():
    pytest.importorskip("anywidget")
    layer = record(torch.nn.GRU(3, 2, batch_first=True), torch.zeros(1, 4, 3)).trace
    stage = widget(layer)
    stage.edits = {"z": 1.0}
    assert np.array_equal(stage.run["h"], np.zeros((1, 4, 2)))


def notebook(path, *cells):
    """Write a notebook of code cells."""
    made = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": s}
        for s in cells
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    text = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
    path.write_text(json.dumps(text), "utf-8")


FIRST = """from pathlib import Path
from explainer import PRESETS, run, widget
w = widget(run(PRESETS["math"]).trace)
def say(_=None):
    Path("said.new").write_text(repr((w.edits, w.opened, w.t)))
    Path("said.new").rename("said")
w.observe(say, ["edits", "opened", "t"])
w"""
SECOND = """w.edits = {"z": 1.0}
w.opened = ("z", (0, 2, 1))"""


def environment(folder):
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
    return os.environ | {name: str(folder / name) for name in names} | {"PYTHONPATH": path}


@contextmanager
def lab(folder):
    """Yield the address of a JupyterLab over a folder."""
    pytest.importorskip("jupyterlab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token="]
    words = [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.root_dir={folder}"]
    log = (folder / "lab.log").open("w")
    env = environment(folder)
    server = subprocess.Popen(words, cwd=folder, env=env, stdout=log, stderr=log)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def said(folder, wanted):
    for _ in range(300):
        if (folder / "said").exists() and eval((folder / "said").read_text()) == wanted:
            return
        time.sleep(0.1)
    pytest.fail(f"Python heard {(folder / 'said').read_text()}, not {wanted}")


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.frameworks
@pytest.mark.filterwarnings("ignore")
def test_in_jupyterlab_both_sides_follow_each_other(chromium, tmp_path):
    from playwright.sync_api import expect

    notebook(tmp_path / "n.ipynb", FIRST, SECOND)
    with lab(tmp_path) as address:
        page = chromium.new_page(viewport={"width": 1300, "height": 900})
        page.route(lambda url: not url.startswith(address), lambda route: route.abort())
        page.goto(f"{address}/lab/tree/n.ipynb?reset")
        page.locator(".jp-CodeCell").first.click(timeout=90_000)
        page.keyboard.press("Shift+Enter")
        cell = page.locator('.cell[data-quantity="W_hz"]').first
        cell.wait_for(timeout=90_000)
        expect(page.locator(".stage .where")).to_have_text("t = 0 of 0 … 2")
        # the stage tells Python
        cell.dblclick()
        page.locator(".stage input[data-edit]").fill("0.5")
        page.keyboard.press("Enter")
        page.locator('.cell[data-quantity="h"]').nth(1).click()
        said(tmp_path, ({"W_hz": {(0, 0): 0.5}}, ("h", (0, 0, 1)), 0))
        page.keyboard.press("ArrowRight")  # the notebook's own keys stay away
        # Python moves the stage
        page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        opened = page.locator(".stage [data-explanation]")
        expect(opened).to_have_attribute("data-explanation", "z:0,2,1", timeout=30_000)
        expect(page.locator(".stage [data-chip]")).to_have_attribute("data-chip", "z")
        said(tmp_path, ({"z": {(): 1.0}}, ("z", (0, 2, 1)), 2))
        page.close()


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.frameworks
def test_an_exported_notebook_shows_stages_without_a_network(chromium, tmp_path):
    from playwright.sync_api import expect

    pytest.importorskip("nbconvert")
    begin = "from explainer import PRESETS, run, widget\nr = run(PRESETS['math'])"
    notebook(tmp_path / "n.ipynb", f"{begin}\nr.trace", "w = widget(r)\nw.edits = {'z': 1.0}\nw")
    options = ["--execute", "--to", "html", "--ExecutePreprocessor.store_widget_state=False"]
    subprocess.run(
        [sys.executable, "-m", "nbconvert", *options, "n.ipynb"],
        cwd=tmp_path,
        env=environment(tmp_path),
        check=True,
        capture_output=True,
        timeout=180,
    )
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.goto((tmp_path / "n.html").as_uri())
    frames = page.locator("iframe")
    expect(frames).to_have_count(2)
    for i, chips in enumerate((0, 1)):
        frame = frames.nth(i).content_frame
        expect(frame.locator('.cell[data-quantity="h"]').first).to_be_attached()
        expect(frame.locator("[data-difference]")).to_be_attached()
        assert float(frame.locator("[data-difference]").get_attribute("data-difference")) < 1e-12
        expect(frame.locator("[data-chip]")).to_have_count(chips)
    context.close()
