"""Every chapter, run without a browser: what it shows, with every preset and variant."""

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from app_pages import (
    APP,
    PICTURES,
    SECONDS,
    VARIANTS,
    array,
    components,
    figures,
    newcomer,
    page_of,
    run_of,
    stage,
    visit,
)
from streamlit.testing.v1 import AppTest
from test_payload import STAGED, assert_sent_as_computed

from explainer import PRESETS
from explainer.plots.colours import SCALES
from explainer.stage.chapters import CHAPTERS, HOME

pytestmark = pytest.mark.page


@pytest.fixture(scope="module", params=product(PRESETS, VARIANTS), ids="-".join)
def reader(request):
    """Someone who goes through the whole story with one preset and one variant."""
    preset, variant = request.param
    at = newcomer(preset=preset, variant=variant)
    at.expected = replace(PRESETS[preset], variant=variant)
    return at


@pytest.mark.parametrize("chapter", [HOME, *CHAPTERS], ids=lambda c: c.slug)
def test_a_chapter_shows_what_it_promises(reader, chapter):
    at = reader.switch_page(page_of(chapter.slug)).run()
    assert run_of(at).settings == at.expected
    assert [t.value for t in at.title] == [
        chapter.title if chapter is not HOME else "GRU Explainer"
    ]
    assert any(chapter.question in m.value for m in at.markdown)
    assert any(chapter.task in s.value for s in at.success) or chapter is HOME
    assert not at.error
    if chapter.slug != "own":  # what stands out in the network of the other pages
        assert [w.value for w in at.warning] == []
    drawn = figures(at)
    assert bool(drawn) == (chapter.slug in PICTURES)
    for key, figure in drawn.items():
        for trace in figure["data"]:
            assert np.isfinite(array(trace["y"])).all(), key
    assert all(c.proto.alt for c in at.get("plotly_chart"))
    lines = [c.value for c in at.caption if c.value.startswith("**Checked in this run**")]
    assert len(lines) == (chapter is not HOME)
    for line in lines:
        differences = re.findall(r": \*\*(.+?)\*\* from ", line)
        assert differences
        assert all(0 <= float(d) < 1e-10 for d in differences), line


@pytest.mark.parametrize("slug", [HOME.slug, *(c.slug for c in CHAPTERS)])
def test_a_stage_has_the_numbers_of_the_run(reader, slug):
    at = reader.switch_page(page_of(slug)).run()
    result = run_of(at)
    staged = slug in (*STAGED, HOME.slug)
    assert ("stage" in components(at)) == staged
    if staged:
        sent = stage(at)
        assert sent.meta["slug"] == slug
        assert sent.meta["backwards"] == (slug == "gradients")
        assert sent.named()
        assert_sent_as_computed(sent, result)


@pytest.mark.parametrize("chapter", [c for c in CHAPTERS if c.shows], ids=lambda c: c.slug)
def test_a_chapter_shows_its_equations_and_the_code_that_ran(chapter):
    at = visit(chapter.slug, variant="reset_before")
    result = run_of(at)
    shown = [n for n in chapter.shows if n in result.trace or n in result.update]
    assert at.selectbox(key=f"table-{chapter.slug}").options == shown
    named, captions = [m.value for m in at.markdown], [c.value for c in at.caption]
    sources = []
    for name in shown:
        q = (result.trace if name in result.trace else result.update).quantities[name]
        assert f"**`{name}`**" in named
        assert any(q.description in c for c in captions), q.description
        sources += [q.source.strip()] if q.source else []
    assert [c.value for c in at.code if c.language == "python"] == sources
    assert sources or chapter.slug == "batches"


def test_a_chart_has_colours_of_its_own_in_the_dark():
    for theme in SCALES:
        (bars,) = figures(visit("time", theme=theme))["mean-z"]["data"]
        assert bars["marker"]["color"] == SCALES[theme]["signed"][3][1]


@pytest.mark.parametrize("slug", [c.slug for c in CHAPTERS if c.shows])
def test_a_part_of_a_page_is_made_when_it_is_opened(slug):
    at = AppTest.from_file(APP, default_timeout=SECONDS).switch_page(page_of(slug)).run()
    run_of(at)
    assert not at.code
    assert not any((box.key or "").startswith(("open-", "table-")) for box in at.selectbox)
    at.session_state["open-sources"] = True
    at.run()
    assert any(c.language == "python" for c in at.code) == (slug != "batches")


def test_the_story_is_told_in_order():
    at = visit()
    links = at.get("page_link")
    told = [link.proto.page for link in links]
    assert told == ["tour", *(c.slug for c in CHAPTERS)]
