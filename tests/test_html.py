"""Chapters as files: what stands in them, and what can't."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from explainer import PRESETS, ViewState, run
from explainer.engine.edits import edited_run
from explainer.engine.unedited import unedited_run
from explainer.fingerprints import text_hash
from explainer.stage import payload
from explainer.stage.chapters import CHAPTERS
from explainer.stage.html import edits_text, html_page
from explainer.stage.site import PAGES, SHARED, write_site
from explainer.stage.staged import staged
from explainer.stage.tour.learning_stations import STATIONS
from explainer.url import edits_from_link

STAGED = ["home", *(c.slug for c in CHAPTERS if c.scene)]
START = PRESETS["start"]


class Page(HTMLParser):
    """Elements of a file, in order, with what stands in its scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.scripts, self.inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] += data


def sent(text):
    return json.loads(Page(text).scripts[0])


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("slug", STAGED)
def test_a_chapter_is_one_small_file_that_asks_for_nothing(preset, slug, tmp_path):
    run(PRESETS[preset]).to_html(tmp_path / "page.html", chapter=slug)
    text = (tmp_path / "page.html").read_text("utf-8")
    assert len(text.encode()) <= 400 * 1024
    page = Page(text)
    assert not [a for _, a in page.elements if {"src", "href"} & a.keys() and a.get("src")]
    assert json.loads(sent(text)["meta"])["slug"] == slug


@pytest.mark.long
@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
def test_the_tour_is_one_file_of_all_stations(variant, tmp_path):
    run(replace(START, variant=variant)).to_html(tmp_path / "tour.html", chapter="tour")
    text = (tmp_path / "tour.html").read_text("utf-8")
    assert len(text.encode()) <= 400 * 1024
    data = sent(text)

    def unpacked(at):
        value = data["shared"][at]
        if isinstance(value, dict):
            return {key: unpacked(each) for key, each in value.items()}
        return [unpacked(each) for each in value] if isinstance(value, list) else value

    assert len(data["stations"]) == len(STATIONS)
    for station, packed in zip(STATIONS, data["stations"], strict=True):
        own = run(station.run_settings(variant))
        meta = unpacked(packed["meta"])
        about = meta["station"]
        assert about["title"] == station.title
        whole = staged(own, station.page(), station.lanes, station=about)
        assert meta == json.loads(whole["meta"])
        assert packed["numbers"] == whole["numbers"]


def test_a_users_text_stays_text():
    hostile = "</script><img src=x onerror=alert(1)><!-- ]]> &amp; " * 9
    settings = replace(START, text=hostile + START.text, tokenizer="bpe", merges=100)
    result = run(settings)
    assert any("</script><img" in token for token in result.batch.vocabulary)
    text = html_page(result)
    tags = [tag for tag, _ in Page(text).elements]
    assert tags.count("img") == 0
    assert tags.count("script") == 2
    assert "</script><img" not in text


def test_what_is_edited_is_written_shortly():
    edits = {"z": {(None, None, 2): 1.0}, "W_hz": {(0, 1): 0.5}, "n": 0.25}
    edited = run(START, edits=edits)
    assert set(edits_text(edited).split(";")) == {"z.*.*.2:1", "W_hz.0.1:0.5", "n.*.*.*:0.25"}
    data = sent(html_page(edited))
    again = run(START, edits=edits_from_link({"edit": data["edit"]}))
    assert np.array_equal(again.trace["h"], edited.trace["h"])
    # what is given in the file is as it was: the browser makes the edits
    assert data["numbers"] == sent(html_page(run(START)))["numbers"]


def test_scattered_edits_are_written_one_by_one():
    edited = run(START, edits={"z": {(0, 0, 0): 1.0, (1, 2, 3): 1.0}})
    assert set(edits_text(edited).split(";")) == {"z.0.0.0:1", "z.1.2.3:1"}


def test_where_the_reader_looks_goes_along():
    data = sent(html_page(run(START), view=ViewState(t=3, cell="h:0,3,1")))
    assert data["query"] == "t=3&cell=h%3A0%2C3%2C1"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"chapter": "nowhere"}, "chapter must be one of"),
        ({"chapter": "training"}, "chapter must be one of"),
        ({"theme": "pink"}, "theme must be one of auto, light, dark"),
        (
            {"chapter": "gradients", "view": ViewState(weight="b_r")},
            "weight must be one of E, W_ir",
        ),
        ({"chapter": "update", "view": ViewState(parameter="x")}, "parameter must be one of E"),
    ],
)
def test_what_can_not_be_is_said(options, words):
    with pytest.raises(ValueError, match=words):
        html_page(run(START), **options)


def test_a_large_run_is_a_file_and_words_in_a_notebook(monkeypatch):
    large = run(replace(START, hidden_size=256, batch_size=4))
    assert "million products" in json.loads(sent(html_page(large))["meta"])["large"]
    monkeypatch.setattr(payload, "MOST_GIVEN", 1_000)
    with pytest.raises(ValueError, match="smaller hidden size"):
        html_page(large)
    assert large._repr_html_().startswith("<pre>Run(")


def test_a_notebook_shows_the_stage():
    shown = run(START)._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert Page(shown).elements[0][1]["srcdoc"].startswith("<!doctype html>")


def srcdoc(shown):
    return sent(Page(shown).elements[0][1]["srcdoc"])


@pytest.mark.parametrize("preset", PRESETS)
def test_a_trace_shows_the_stage_of_its_run(preset):
    result = run(PRESETS[preset])
    assert srcdoc(result.trace._repr_html_()) == srcdoc(result._repr_html_())


def test_a_run_of_other_parameters_masks_and_states_is_shown_as_it_is():
    settings = replace(START, dropout=0.5, redraw_masks=True)
    other = {n: value * 2 for n, value in run(settings).update.after.items()}
    result = run(settings, other, np.full((2, 4), 0.5), draw=3)
    edits = {"z": {(None, None, 2): 1.0}, "W_hz": {(0, 1): 0.5}, "ids": {(0, 0): 3}}
    edited = edited_run(result, edits)
    plain = unedited_run(edited.trace)
    for name in ("trace", "update", "second"):
        then, now = getattr(result, name), getattr(plain, name)
        assert all(np.array_equal(then[n], now[n]) for n in then.arrays), name
    assert plain.batch.vocabulary == result.batch.vocabulary
    assert sent(html_page(edited))["numbers"] == sent(html_page(result))["numbers"]
    assert sent(html_page(edited.trace)) == sent(html_page(edited))


def test_a_page_says_its_equations_in_words():
    text = html_page(run(START), "cell")
    assert "<dt><code>r = σ(a_ir + a_hr)</code></dt><dd>Reset gate: how much" in text
    assert "<details>" not in html_page(run(START), "home")


def test_all_links_of_a_site_lead_to_its_files(tmp_path):
    files = write_site(tmp_path, ["math", "start"], [1, 3])
    # what does not depend on the hidden size is there once
    assert len(files) == 2 + 2 * (3 * (len(PAGES) - len(SHARED)) + len(SHARED))
    for file in files[1:]:
        text = file.read_text("utf-8")
        links = [a["href"] for tag, a in Page(text).elements if tag == "a" and "href" in a]
        assert links
        for link in links:
            if not re.fullmatch("[a-z]+", link):  # those of the stage follow the menu
                assert (file.parent / link).is_file(), (file, link)
    first = (tmp_path / "index.html").read_text("utf-8")
    assert all(f'href="{preset}/home.html"' in first for preset in ("math", "start"))


@pytest.mark.parametrize("presets", [["none"], []])
def test_a_site_of_no_preset_is_refused(presets, tmp_path):
    with pytest.raises(ValueError, match="presets must be some of"):
        write_site(tmp_path, presets)


def command(*words):
    return subprocess.run(
        [sys.executable, "-m", "explainer", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_link_is_written_as_a_file_on_the_command_line(tmp_path):
    file = tmp_path / "page.html"
    done = command("html", "/gradients?preset=math&t=1&edit=z.*.*.1:1", "-o", file)
    assert done.returncode == 0, done.stderr
    data = sent(file.read_text("utf-8"))
    assert (data["edit"], data["query"]) == ("z.*.*.1:1", "t=1")
    assert json.loads(data["meta"])["slug"] == "gradients"
    wrong = command("html", "/cell?hidden_size=0", "-o", file)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("hidden_size must be")
    assert "Traceback" not in wrong.stderr
    nowhere = command("html", "/cell", "-o", tmp_path / "none" / "page.html")
    assert nowhere.returncode == 1
    assert nowhere.stderr.endswith("page.html can't be used: No such file or directory.\n")


def test_a_command_takes_the_files_that_a_link_leaves_out(tmp_path):
    table, text, file = (tmp_path / name for name in ("rows.csv", "text.txt", "page.html"))
    table.write_text("a,b,target\n0.5,1,0\n0.25,-1,1\n0,0.5,0\n", "utf-8")
    text.write_text("Math is fun. " * 9, "utf-8")
    size = "/cell?context_length=3&batch_size=1"
    done = command("html", size, "--numbers", table, "-o", file)
    assert done.returncode == 0, done.stderr
    assert json.loads(sent(file.read_text("utf-8"))["meta"])["features"] == ["a", "b"]
    done = command("worksheet", size, "--numbers", table, "-o", tmp_path / "sheets")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sheets" / "key.html").exists()
    done = command("latex", "?preset=your_text", "--text", text, "-o", tmp_path / "all.tex")
    assert done.returncode == 0, done.stderr
    known = f"fingerprint={text_hash(text.read_text('utf-8'))}"
    assert command("html", f"/cell?{known}", "--text", text, "-o", file).returncode == 0
    for link, option in ((f"/cell?{known}", "--text"), ("/cell?values=0123", "--numbers")):
        refused = command("html", link, "-o", file)
        assert refused.returncode == 1
        assert refused.stderr.endswith(f"a link can't carry that file. Add {option} FILE.\n")
