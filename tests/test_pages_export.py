"""What can be taken away from a page."""

import json
import re
from urllib.parse import parse_qsl

import pytest
from app_pages import visit

from explainer.app.panels import export_panel

pytestmark = pytest.mark.page


def downloads(at):
    return [b.proto.label for b in at.get("download_button") if b.proto.label != "Download as CSV"]


def test_a_small_run_can_be_taken_away_in_every_form():
    at = visit("cell", preset="math", edit="z.0.0.0:1")
    files = ["This page (.html)", "Notebook (.ipynb)", "Spreadsheet (.xlsx)", "Equations (.tex)"]
    assert downloads(at) == [*files, "Worksheet", "Key", "Answers (CSV)"]
    at.multiselect(key="worksheet-equations").set_value([]).run()
    assert downloads(at) == files
    assert "equations must be one or more" in " ".join(sentences_of(at))
    at = visit("cell", preset="math", updates="2")
    assert downloads(at) == files


def test_a_page_is_taken_away_at_the_present_place(monkeypatch):
    made = {}
    keep = lambda label, name, mime, make: made.update({label: make})  # noqa: E731
    monkeypatch.setattr(export_panel, "download", keep)
    query = {"t": "2", "sequence": "1", "digits": "4", "cell": "d_h:1,2,0", "present": "true"}
    visit("gradients", preset="math", weight="W_in", edit="z.0.0.0:1", **query)
    page = made["This page (.html)"]().decode()
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    wanted = {"t": "2", "sequence": "1", "digits": "4", "cell": "d_h:1,2,0", "weight": "W_in"}
    assert {k: v for k, v in parse_qsl(data["query"]) if not k.startswith("open_")} == wanted
    assert data["edit"] == "z.0.0.0:1"
    shown = {
        r["name"]
        for lane in json.loads(data["meta"])["scene"]
        for b in lane["bands"]
        for r in b["rows"]
    }
    assert "d_W_in" in shown


def sentences_of(at):
    return [re.sub(r"\\(.)", r"\1", c.value) for c in at.caption]


def test_a_large_run_says_why_it_can_not_be_taken_away():
    at = visit("cell", preset="story")
    assert downloads(at) == ["This page (.html)", "Notebook (.ipynb)", "Equations (.tex)"]
    said = " ".join(sentences_of(at))
    assert re.search(r"The run has [\d,]+ numbers; a spreadsheet takes at most 20,000", said)
    assert "too large to compute by hand" in said
