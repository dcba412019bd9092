"""A text of the reader's is text on every page: no markup, no formula."""

import json
import re
from dataclasses import replace

import pytest
from app_pages import START, newcomer, page_of, parts, run_of, sentences, stage, texts, visit
from test_payload import STAGED

from explainer.batches import tokenize
from explainer.stage.chapters import CHAPTERS, HOME
from explainer.url import write_query

pytestmark = pytest.mark.page
HOSTILE = "<script>alert(1)</script> **bold** ![x](http://127.0.0.1/x) $x$ :smile: [a](b) <b>&amp;"
MARKS = ("<script", "**bold", "![x]", "$x$", ":smile:", "[a](b)", "<b>&amp;")


def hostile_settings():
    """The hostile text several times, merged until it is one token."""
    settings = replace(START, text=HOSTILE * 5, normalization="as_is", batch_size=1)
    for merges in range(20, 256):
        settings = replace(settings, merges=merges, context_length=2)
        if HOSTILE in tokenize(settings)[0].ids:
            return settings
    raise AssertionError


@pytest.fixture(scope="module")
def hostile():
    return newcomer(**write_query(hostile_settings()))


MAY_HOLD_TEXT = {
    "bidi_component": {"json"},
    "code": {"code_text"},
    "text_area": {"default", "value"},
    "text_input": {"default", "value"},
}
"""Elements that show a text as it is, and the field that holds it. Dataframes hold bytes."""


def assert_text_stays_text(at):
    for node in at:
        if not hasattr(getattr(node, "proto", None), "ListFields"):
            continue
        for field, text in texts(node.proto):
            if field in MAY_HOLD_TEXT.get(node.type, ()):
                continue
            if node.type == "plotly_chart" and field == "spec":
                for part in parts(json.loads(text)):  # Plotly reads some HTML
                    rest = re.sub(r"</?b>|<br>|<extra></extra>", "", part)
                    assert "<" not in rest, f"{node.key}: {part}"
                continue
            unescaped = re.sub(r"\\.", "", text)
            for mark in MARKS:
                assert mark not in unescaped, f"{mark} in {node.type}.{field}: {text[:200]}"


@pytest.mark.parametrize("chapter", [HOME, *CHAPTERS], ids=lambda c: c.slug)
def test_a_text_with_markup_stays_text(hostile, chapter):
    at = hostile.switch_page(page_of(chapter.slug)).run()
    assert HOSTILE in run_of(at).batch.vocabulary
    assert not at.error
    if chapter.slug in STAGED:
        assert HOSTILE.replace(" ", "␣") in stage(at).meta["tokens"]
    assert_text_stays_text(at)


def test_a_text_with_markup_stays_text_when_it_is_tried():
    at = visit("tokens")
    at.text_input(key="try-text").set_value(HOSTILE).run()
    run_of(at)
    assert_text_stays_text(at)


@pytest.mark.parametrize("tokenizer", ["characters", "bpe"])
def test_no_cell_of_a_table_is_a_formula_to_a_spreadsheet(tokenizer):
    """Streamlit's own export writes cells as they are, and spreadsheets run what begins so."""
    text = "=1+1 @SUM(A1) +2 -3 \t=4 " * 8
    query = {"preset": "your_text", "text": text, "tokenizer": tokenizer, "merges": "20"}
    at = newcomer(**query, context_length="4", batch_size="2", head_bias="true")
    tables = 0
    for chapter in CHAPTERS:
        at.switch_page(page_of(chapter.slug)).run()
        assert "=" in run_of(at).batch.vocabulary
        for table in at.dataframe:
            tables += 1
            shown = [*table.value.columns, *table.value.index, *table.value.to_numpy().ravel()]
            for cell in shown:
                parts = cell if isinstance(cell, tuple) else [cell]
                for part in (part for part in parts if isinstance(part, str)):
                    assert not re.match(r"[=+@\t\r]|-(?!\d)", part), (chapter.slug, part)
    assert tables > len(CHAPTERS)


@pytest.mark.parametrize("name", ["hidden_size", "variant", "preset", "training", "fingerprint"])
def test_a_link_with_markup_is_shown_as_it_is(name):
    for start in range(0, len(HOSTILE), 25):  # a sentence quotes a text's beginning
        at = visit("batches", **{name: HOSTILE[start:]})
        run_of(at)
        assert HOSTILE[start : start + 12] in sentences(at)[0]
        assert_text_stays_text(at)
