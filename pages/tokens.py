"""Tokens: how a text becomes numbers."""

import streamlit as st

from explainer.app.address import bound, unfolding
from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.app.token_ribbon import MOST_TOKENS, ribbon
from explainer.batches import tokenize
from explainer.plots import tables
from explainer.presets import PRESETS
from explainer.settings import Settings
from explainer.tokenizer import END_OF_TEXT, Tokenizer, normalize


def body(page: Page) -> None:
    """Show the text as tokens, every merge, the vocabulary."""
    settings = page.run.settings
    if settings.values is not None:
        page.text(
            "The input is **numbers** here, so there are no tokens and no vocabulary: a row of the "
            "table is a time step, a column a feature, and what goes in are the numbers as they "
            "are. The rows of the sequence that is looked at:"
        )
        page.choose_sequence()
        st.dataframe(tables.matrix(page.trace, "values", page.run.batch, page.sequence))
        return
    tokenizer, ids = tokenize(settings)
    page.text(
        "A network computes with numbers, so the text is split into **tokens**, and each token "
        "gets an **id**, its position in the vocabulary. The simplest tokens are single "
        "characters. Byte-pair encoding (BPE) starts from these and merges the most frequent pair "
        "of neighbours into one new token, again and again."
    )
    left, middle, right = st.columns(3)
    clean = normalize(settings.text, settings.normalization, settings.end_of_text)
    documents = clean.split(END_OF_TEXT) if settings.end_of_text else [clean]
    left.metric("characters", f"{sum(map(len, documents)):,}")
    middle.metric("tokens", f"{len(ids):,}")
    right.metric("vocabulary V", f"{len(tokenizer):,}")
    if tokenizer.merges:
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
    else:
        page.text("Every character is a token here; nothing is merged.")
    if settings.tokenizer == "bpe" and len(tokenizer.merges) < settings.merges:
        st.caption(
            f"{len(tokenizer.merges):,} of {settings.merges:,} merges: no other pair stands side "
            f"by side at least {times(settings.min_frequency)}."
        )
    st.subheader("The text in tokens, coloured by id")
    shown = ids[: min(len(ids), MOST_TOKENS)].tolist()
    ribbon("ribbon-text", [tables.visible(tokenizer.tokens[i]) for i in shown], shown)
    if len(ids) > len(shown):
        st.caption(f"The first {len(shown):,} of {len(ids):,} tokens.")
    if settings.end_of_text:
        page.text(
            "`<|endoftext|>` marks the beginning and the end of each document, so that the network "
            "can learn where a text begins and ends."
        )
    if settings == PRESETS["linear_algebra"]:
        page.note(
            "The notebook that this preset follows puts the token after each text *and* before it, "
            "so that it occurs twice between two texts."
        )
    if settings.alphabet == PRESETS["math"].alphabet:
        page.note(
            "The tutorial that this preset follows fixes the ids by hand (h 0, a 1, t 2, M 3). But "
            "its `sample` looks characters up in `list(set(text))`, whose order changes from run "
            "to run, and never feeds back the character that it drew. So the strings it generates "
            "can't be reproduced."
        )
    st.subheader("Try the tokenizer")
    written = st.text_input(**bound("try-text"))
    cut(tokenizer, normalize(written or "", settings.normalization, settings.end_of_text))
    with unfolding("open-vocabulary"):
        st.dataframe(tables.vocabulary(tokenizer.tokens), hide_index=True)


TIES = {
    "first": "the one that comes first in the text wins",
    "alphabetical": "the first one in alphabetical order wins",
    "oldest": "the one of the oldest tokens wins: characters, sorted, before merges in their order",
}


def merge_rules(settings: Settings) -> str:
    """Say which pair is merged where several could be, and which pairs count."""
    overlaps = (
        "In a run such as *aaa* both pairs count, though only one of them can be merged."
        if settings.count_overlaps
        else "In a run such as *aaa* only one pair counts, the one that can be merged."
    )
    least = (
        f" A pair that occurs fewer than {times(settings.min_frequency)} is not merged."
        if settings.min_frequency > 1
        else ""
    )
    return f"Of pairs that are equally frequent, {TIES[settings.ties]}. {overlaps}{least}"


def times(count: int) -> str:
    """Return how often, in words."""
    return "once" if count == 1 else f"{count:,} times"


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
