"""Byte pairs against the plain loop and another library, what is filtered, and labels."""

import random
import re
import string
import time
import tracemalloc
import unicodedata
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as Library
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from explainer import Settings, batches
from explainer.kept_texts import KeptTexts
from explainer.plots.tables import visible
from explainer.tokenizer import END_OF_TEXT, UNKNOWN, Tokenizer, learn_merges, normalize

TEXTS = (
    st.text("a", max_size=40)
    | st.text("ab", max_size=80)
    | st.text("abc ", max_size=80)
    | st.text()
)


def merge(tokens, pair):
    """Make every occurrence of the pair one token, from left to right."""
    merged, i = [], 0
    while i < len(tokens):
        size = 2 if tuple(tokens[i : i + 2]) == pair else 1
        merged.append("".join(tokens[i : i + size]))
        i += size
    return merged


def plain_merges(text, most, ties="first", overlaps=True):
    """Every pair counted anew for each merge: (pair, count, how many were merged)."""
    tokens, merges = list(text), []
    vocabulary = sorted(set(text))
    while len(merges) < most and len(tokens) > 1:
        counts = Counter(pairwise(tokens))
        if not overlaps:
            counts = {p: len(tokens) - len(merge(tokens, p)) for p in counts}
        count = max(counts.values())
        tied = [p for p in counts if counts[p] == count]
        if ties == "first":
            pair = tied[0]
        elif ties == "alphabetical":
            pair = min(tied)
        else:
            pair = min(tied, key=lambda p: tuple(map(vocabulary.index, p)))
        vocabulary += [] if "".join(pair) in vocabulary else ["".join(pair)]
        merged = merge(tokens, pair)
        merges.append((pair, count, len(tokens) - len(merged)))
        tokens = merged
    return merges


def plain_pieces(text, pairs):
    tokens = list(text)
    for pair in pairs:
        tokens = merge(tokens, pair)
    return tokens


@given(
    text=TEXTS,
    most=st.integers(0, 40),
    ties=st.sampled_from(["first", "alphabetical", "oldest"]),
    overlaps=st.booleans(),
)
def test_merges_counts_and_ties_are_those_of_the_plain_loop(text, most, ties, overlaps):
    learned = learn_merges(text, most, ties, overlaps)
    found = [(m.pair, m.count, m.merged) for m in learned]
    assert found == plain_merges(text, most, ties, overlaps)


def test_by_hand_which_pair_is_merged():
    """b a occurs first, a b comes first in the alphabet; a a stands twice in aaa."""

    def pairs(text, **rules):
        return [m.token for m in learn_merges(text, 2, **rules)]

    assert pairs("ba.ba.ab.ab") == ["ba", "ba."]
    assert pairs("ba-ba+ab*ab", ties="alphabetical") == ["ab", "ba"]
    assert pairs("aaa bc bc") == ["aa", " b"]
    assert pairs("aaa bc bc", overlaps=False) == [" b", " bc"]
    # of c + a and the merged ab + c: alphabetically ab + c, but c is older than ab
    text = "ab1ab2ab3 abc4abc5 ca6ca7"
    assert pairs(text, ties="alphabetical") == ["ab", "abc"]
    assert pairs(text, ties="oldest") == ["ab", "ca"]


@pytest.mark.parametrize(("least", "merges"), [(1, 5), (2, 4), (3, 3), (4, 1), (5, 0)])
def test_the_least_frequency_of_a_pair(least, merges):
    settings = Settings(text="abababab cdcd cd", merges=5, min_frequency=least, end_of_text=False)
    tokenizer, _ = batches.tokenize(settings)
    assert len(tokenizer.merges) == merges
    assert all(merge.count >= least for merge in tokenizer.merges)


@given(text=st.text("abcde", min_size=2, max_size=200), most=st.integers(1, 12))
def test_the_oldest_of_equally_frequent_pairs_is_another_librarys(text, most):
    """As long as no pairs overlap: it counts them once when a text is read, twice after merges."""
    expected, tokens = plain_merges(text, most, "oldest"), list(text)
    pairs = []
    for pair, count, merged in expected:
        if count < 2 or merged < count:
            break
        tokens = merge(tokens, pair)
        pairs.append(pair)
    library = Library(BPE())
    size = len(set(text)) + len(pairs)
    library.train_from_iterator([text], BpeTrainer(vocab_size=size, show_progress=False))
    assert library.get_vocab() == Tokenizer([text], learn_merges(text, len(pairs), "oldest")).ids


@given(text=TEXTS, most=st.integers(0, 40), fewer=st.integers(0, 40))
def test_fewer_merges_are_the_first_of_more(text, most, fewer):
    assert learn_merges(text, most)[:fewer] == learn_merges(text, min(most, fewer))


@given(documents=st.lists(TEXTS, max_size=4), other=TEXTS, merges=st.integers(0, 20))
def test_a_text_is_cut_document_by_document_as_the_plain_loop_does(documents, other, merges):
    """Pairs are counted over all documents joined, but none is merged across two of them."""
    tokenizer = Tokenizer(documents, merges, end_of_text=True, unknown=True)
    pairs = [m.pair for m in tokenizer.merges]
    expected = []
    for i, document in enumerate([*documents, other]):
        expected += [END_OF_TEXT] if i else []
        expected += plain_pieces(document, pairs)
    ids = [tokenizer.ids.get(token, tokenizer.ids[UNKNOWN]) for token in expected]
    assert tokenizer.encode(END_OF_TEXT.join([*documents, other])) == ids
    assert tokenizer.pieces(other) == plain_pieces(other, pairs)
    assert tokenizer.pieces(other, merges // 2) == plain_pieces(other, pairs[: merges // 2])


@given(text=st.text("abcde", min_size=2, max_size=200), most=st.integers(1, 12))
def test_merges_are_those_of_another_library_where_no_count_is_tied(text, most):
    """Of pairs that are equally frequent the library takes another one than the notebook."""
    tokens, pairs = list(text), []
    for pair, count, merged in plain_merges(text, most):
        tied = Counter(Counter(pairwise(tokens)).values())[count] > 1
        if tied or count < 2 or merged < count:
            break
        tokens = merge(tokens, pair)
        pairs.append(pair)
    library = Library(BPE())
    size = len(set(text)) + len(pairs)
    library.train_from_iterator([text], BpeTrainer(vocab_size=size, show_progress=False))
    assert [m.pair for m in learn_merges(text, len(pairs))] == pairs
    assert library.get_vocab() == Tokenizer([text], len(pairs)).ids


@given(text=st.text("abc", max_size=100), other=st.text("abc", max_size=100))
def test_a_text_is_cut_as_by_another_library(text, other):
    tokenizer = Tokenizer(["abc", text], 20)
    pairs = [m.pair for m in tokenizer.merges]
    if len({m.token for m in tokenizer.merges}) == len(pairs):
        library = Library(BPE(tokenizer.ids, pairs))
        assert library.encode(other).ids == tokenizer.encode(other)


@pytest.mark.long
def test_a_long_text_is_cut_in_the_time_of_a_few_plain_merges():
    letters = string.ascii_letters + string.digits + " ."
    text = "".join(random.Random(1).choices(letters, k=199_000))
    start = time.process_time()
    expected = plain_merges(text, 20)
    between = time.process_time()
    tokenizer = Tokenizer([text], 256)
    tokenizer.encode(text)
    took = time.process_time() - between
    assert took < between - start
    assert [(m.pair, m.count, m.merged) for m in tokenizer.merges[:20]] == expected
    assert len(tokenizer.merges) == 256


def test_a_text_is_learned_from_once_whoever_asks_for_how_many_merges(monkeypatch):
    texts = []
    learn = batches.learn_merges
    monkeypatch.setattr(
        batches, "learn_merges", lambda text, *rest: texts.append(text) or learn(text, *rest)
    )
    settings = Settings(text="a text that nobody has cut before, " * 20, end_of_text=False)
    asked = [1, 40, 5, 256] * 2
    with ThreadPoolExecutor(4) as pool:
        cut = list(pool.map(lambda n: batches.tokenize(replace(settings, merges=n)), asked))
    assert texts == [settings.text]
    for n, (tokenizer, ids) in zip(asked, cut, strict=True):
        alone = Tokenizer([settings.text], n)
        assert tokenizer.tokens == alone.tokens
        assert ids.tolist() == alone.encode(settings.text)


@pytest.mark.long
def test_the_texts_that_are_kept_are_bounded_by_their_size(monkeypatch):
    """Few long ones and many short ones take the same memory, which is what is really held."""
    most = 2**20
    for length, count in ((20_000, 12), (30, 1_000)):
        monkeypatch.setattr(batches, "KEPT", KeptTexts(most))
        rng, taken = random.Random(length), []
        tracemalloc.start()
        try:
            for i in range(count):
                text = "".join(rng.choices("abcdefgh \u4e2d\U0001f600", k=length))
                batches.tokenize(Settings(text=text, merges=5 * (i % 20 == 3), end_of_text=False))
                taken.append(batches.KEPT.nbytes)
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most / 2 < max(taken) <= most
        assert held <= 1.2 * taken[-1]


def test_what_is_asked_for_again_stays_and_what_is_too_large_is_not_kept():
    kept, made = KeptTexts(100), []

    def get(key, size=40):
        return kept.get(key, lambda: made.append(key) or key, lambda _: size)

    for key in ("a", "b", "a", "c", "a"):  # c takes the place of b
        assert get(key) == key
    assert made == ["a", "b", "c"]
    get("large", 101)
    get("large", 101)
    assert made == ["a", "b", "c", "large", "large"]
    assert kept.nbytes == 80
    get("b")
    assert made[-1] == "b"


# What is filtered.


@given(text=st.text() | st.text(f"aZ K\u212a\u0130{END_OF_TEXT}"), end_of_text=st.booleans())
def test_letters_are_those_of_the_lecture(text, end_of_text):
    """The lecture filters, then lowers: `re.sub('[^A-Za-z]+', ' ', text).lower()`."""
    text = f"{text}{END_OF_TEXT}{text}"
    parts = text.split(END_OF_TEXT) if end_of_text else [text]
    lecture = [re.sub("[^A-Za-z]+", " ", part).lower() for part in parts]
    assert normalize(text, "letters", end_of_text) == END_OF_TEXT.join(lecture)


def test_no_mark_is_left_where_it_is_no_token():
    text = "see <|endoftext|> here! OK \u212a"
    assert normalize(text, "letters", end_of_text=False) == "see endoftext here ok "
    assert normalize(text, "letters", end_of_text=True) == "see <|endoftext|> here ok "


# Labels.

INK = {"L", "N", "P", "S"}
LOOKALIKES = st.text(
    "U+FE0⟨⟩␣ \n⏎\ufeff\u00a0\u00ade\u0301\u0e33\u0915\u093f\ufe0f\u212aK\u0085⇥\t"
)


@given(tokens=st.lists(LOOKALIKES.filter(bool) | st.text(min_size=1), unique=True, max_size=30))
def test_every_label_can_be_seen_and_is_its_own(tokens):
    labels = [visible(token) for token in tokens]
    assert len(set(labels)) == len(labels)
    for label in labels:
        assert unicodedata.category(label[0])[0] in INK, label.encode("unicode_escape")
        assert not any(unicodedata.category(c)[0] in "CZ" for c in label)


def test_every_character_has_a_label_of_its_own():
    labels = [visible(chr(c)) for c in range(0x110000)]
    assert len(set(labels)) == len(labels)
    assert all(unicodedata.category(label[0])[0] in INK for label in labels)


@pytest.mark.parametrize(
    ("token", "label"),
    [
        (" ", "␣"),
        ("␣", "U+2423"),
        ("\ufeff", "U+FEFF"),
        ("\u00a0", "U+00A0"),
        ("\u0301", "U+0301"),
        ("\u2800", "U+2800"),
        ("\u3164", "U+3164"),
        ("U+FEFF", "⟨U+0055⟩+FEFF"),
        ("a\u00a0!", "a⟨U+00A0⟩!"),
        ("\u00e9", "\u00e9"),
        ("e\u0301", "e⟨U+0301⟩"),
        ("\u0915\u093f", "\u0915\u093f"),
        ("\u212a", "U+212A"),
        ("a b\r\n", "a␣b␍⏎"),
        ("⟩", "⟩"),
        ("日本", "日本"),
    ],
)
def test_a_label_says_what_a_token_is(token, label):
    assert visible(token) == label
