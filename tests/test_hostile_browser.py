"""What a reader writes, into a text or a link, stays text in a browser."""

import pytest
from browser_tab import chart_text, slider
from playwright.sync_api import expect

from explainer.url import read_query

pytestmark = pytest.mark.browser
TEXT = "<img src=x onerror=window.hacked=1> <b>bold</b> <script>window.hacked=1</script> "


def test_a_text_with_html_stays_text(tab):
    page = tab.visit(
        "tokens", text=TEXT * 12, merges="60", batch_size="1", context_length="3", t="1"
    )
    for title in ("Tokens", "Embedding", "Prediction"):
        tab.go_to(title)
        tokens = page.locator(":is(.ribbon, .strip) .token")
        expect(tokens.first).to_be_attached()
        shown = tokens.all_text_contents()
        for part in ("<img␣src=x␣onerror=window.hacked=1>", "<b>bold</b>", "<script>"):
            assert any(part in token for token in shown), shown
        for chart in page.get_by_test_id("stPlotlyChart").all()[:2]:
            chart.hover()  # one more way to draw it
        made = page.get_by_test_id("stMain").locator("img, b, script, [onerror]")
        assert made.count() == 0
        assert page.evaluate("window.hacked") is None


def errors(page):
    return page.get_by_test_id("stAlertContentError")


def sentences(page):
    """The errors as they are read: a word joiner (U+2060) can't be seen."""
    return [said.replace("\u2060", "") for said in errors(page).all_inner_texts()]


def test_a_bad_link_is_answered_with_sentences(tab):
    query = {"hidden_size": "999999", "variant": "lstm", "learning_rate": "3"}
    page = tab.visit("loss", **query, t="77")
    _, problems = read_query(query)
    assert len(problems) == 2
    assert sentences(page) == list(map(str, problems))
    expect(slider(page, "Learning rate")).to_have_attribute("aria-valuetext", "3")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert "Traceback" not in page.locator("body").inner_text()
    assert chart_text(page)


@pytest.mark.long
def test_a_sentence_quotes_a_link_as_it_is(tab):
    query = {
        "tokenizer": "http://127.0.0.1:9/ [a](b) <b>x</b> `y`",
        "variant": "www.example.org a@b.example **x** $y$",
        "initial": ":material/home: :smile: :red[x] # ~~y~~",
        "input": "a -> b <- c -- d >= e <= f ~= g",
    }
    page = tab.visit("tokens", **query)
    _, problems = read_query(query)
    for said in errors(page).all():
        made = said.locator("a, img, b, code, em, strong, del, .katex, [role=img]")
        assert made.all_inner_texts() == []
    assert sorted(sentences(page)) == sorted(map(str, problems))
