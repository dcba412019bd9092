"""Tokens: how a text becomes numbers."""

import streamlit as st

from explainer.app.address import bound, unfolding
from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.app.token_ribbon import MOST_TOKENS, ribbon
from explainer.batches import tokenize
from explainer.plots import tables
from explainer.settings import Settings
from explainer.stage.prose.token_stories import (
    EVERY_CHARACTER,
    NO_TOKENS,
    few_merges,
    merge_rules,
    text_in_tokens,
    times,
    token_notes,
    token_words,
)
from explainer.tokenizer import END_OF_TEXT, Tokenizer, normalize


def body(page: Page) -> None:
    """Show the text as tokens, every merge, the vocabulary."""
    settings = page.run.settings
    if settings.values is not None:
        page.tell([NO_TOKENS])
        page.choose_sequence()
        st.dataframe(tables.matrix(page.trace, "values", page.run.batch, page.sequence))
        return
    tokenizer, ids = tokenize(settings)
    page.tell(token_words(settings, tokenizer, len(ids)))
    if tokenizer.merges:
        merge_by_merge(page, settings, tokenizer)
    else:
        page.tell([EVERY_CHARACTER])
    page.tell(few_merges(settings, tokenizer))
    page.tell(text_in_tokens(tokenizer, ids[:MOST_TOKENS].tolist(), len(ids)))
    page.tell(token_notes(settings))
    st.subheader("Try the tokenizer")
    written = st.text_input(**bound("try-text"))
    cut(tokenizer, normalize(written or "", settings.normalization, settings.end_of_text))
    with unfolding("open-vocabulary"):
        st.dataframe(tables.vocabulary(tokenizer.tokens), hide_index=True)


def merge_by_merge(page: Page, settings: Settings, tokenizer: Tokenizer) -> None:
    """Let the user choose a merge: its pair, and the text before and after it."""
    st.subheader("Merge by merge")
    st.caption(merge_rules(settings))
    most = len(tokenizer.merges)
    done = st.slider(**bound("merge", max_value=most, value=most))
    if done:
        merge = tokenizer.merges[done - 1]
        pair = " + ".join(tables.visible(p) for p in merge.pair)
        page.text(f"Merge {done} of {most}, and how often its pair occurs:")
        st.code(
            f"{pair} → {tables.visible(merge.token)}   "
            f"side by side {times(merge.count)}, merged {times(merge.merged)}",
            language=None,
            wrap_lines=True,
        )
        if merge.merged < merge.count and settings.count_overlaps:
            st.caption("Pairs that overlap, as in a run of one letter, can't all be merged.")
    clean = normalize(settings.text, settings.normalization, settings.end_of_text)
    start = clean[:600].split(END_OF_TEXT) if settings.end_of_text else [clean[:600]]
    without = " (not counting end-of-text tokens)" if settings.end_of_text else ""
    for label, count in (("before", done - 1), ("after", done)):
        if count >= 0 and (done or label == "after"):
            pieces = [p for d in start for p in tokenizer.pieces(d, count)]
            st.caption(
                f"{label}: {len(pieces)} tokens in the first {sum(map(len, start))} "
                f"characters{without}, a vocabulary of {len(tokenizer) - most + count}"
            )
            known = [tables.visible(p) for p in pieces]
            ribbon(f"ribbon-{label}", known, [tokenizer.ids.get(p, 0) for p in pieces])
    with unfolding("open-merges"):
        st.dataframe(tables.merges(tokenizer.merges), hide_index=True)


def cut(tokenizer: Tokenizer, written: str) -> None:
    """Show a text of the reader's as tokens, and say which characters are unknown."""
    missing = tokenizer.unknown(written)
    found = tokenizer.encode(written, skip_unknown=True)
    ribbon("ribbon-try", [tables.visible(tokenizer.tokens[i]) for i in found], found)
    st.code(f"ids {found}", language=None, wrap_lines=True)
    if missing:
        what = "became the unknown token" if tokenizer.has_unknown else "left out"
        st.caption(f"Not in the vocabulary, and {what} ({missing.total()} in all):")
        st.code(" ".join(f"{c!r} × {n}" for c, n in missing.items()), language=None)


show_chapter("tokens", body)
