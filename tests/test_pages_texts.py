"""Texts of the reader's own, uploaded or typed, and runs kept for them."""

import weakref
from dataclasses import replace

import pytest
from app_pages import LONG, MATH, START, run_of, sentences, upload, visit

from explainer.app.cache import BUDGET, CACHE, weigh_again
from explainer.app.current_run import kept_run
from explainer.fingerprints import text_hash
from explainer.url import write_query

pytestmark = pytest.mark.page


def test_a_long_text_is_uploaded_and_the_link_knows_it():
    at = upload(visit("batches"), LONG.encode("utf-8-sig"))
    assert not at.error
    assert run_of(at).settings == replace(START, text=LONG)
    assert at.session_state["fingerprint"] == text_hash(LONG)
    query = write_query(run_of(at).settings)
    other = visit("batches", **query)
    assert text_hash(LONG) in sentences(other)[0]
    upload(other, LONG.encode())
    assert not other.error
    assert run_of(other).settings == run_of(at).settings


def test_another_text_than_the_link_asks_for():
    at = visit("batches", fingerprint=text_hash(LONG))
    assert "This link needs the text" in sentences(at)[0]
    assert sentences(at)[0].endswith("Until then the preset's text is shown.")
    upload(at, b"another text, which is long enough for a batch")
    assert not at.error
    assert run_of(at).settings.text.startswith("another text")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            b"a\xff\xfe",
            "file must be text in UTF-8; got a byte that is not, at position 1. Save it",
        ),
        (b"", "text must be a string of 1 to 200,000 characters; got 0 characters."),
        (b"x" * 200_001, "text must be a string of 1 to 200,000 characters; got 200,001 char"),
    ],
    ids=["not text", "empty", "too long"],
)
def test_a_file_that_can_not_be_used(data, sentence):
    at = upload(visit("batches", seed="7"), data)
    (said,) = sentences(at)
    assert said.startswith(sentence)
    assert run_of(at).settings == replace(START, seed=7)


def test_a_preset_takes_the_place_of_an_uploaded_text():
    at = upload(visit("batches"), LONG.encode())
    at.selectbox(key="preset").set_value("math").run()
    shown = run_of(at).settings
    # either the preset's own text is shown, or the link says which text it is
    assert shown == MATH or at.session_state["fingerprint"] == text_hash(shown.text)


def test_a_run_is_computed_once_for_all_readers():
    first, second = (run_of(visit("loss", seed="11")) for _ in range(2))
    assert first is second
    assert first is kept_run(replace(START, seed=11))


def test_a_kept_run_is_counted_with_what_was_computed_on_demand(monkeypatch):
    settings = replace(START, seed=12)
    result, before = kept_run(settings), CACHE.nbytes
    added = result.trace["d_W_hz_t"].nbytes
    weigh_again(result)
    assert CACHE.nbytes == before + added
    assert kept_run(settings) is result
    with monkeypatch.context() as changed:
        changed.setattr(type(result), "nbytes", property(lambda _: BUDGET))
        weigh_again(result)
    forgotten = weakref.ref(result)
    assert kept_run(settings) is result, "while somebody holds it"
    del result
    assert forgotten() is None, "too large to be kept for nobody"
