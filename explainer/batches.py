"""Batches of a text: its tokens' ids, cut into windows of inputs and targets."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import takewhile
from threading import Lock

import numpy as np

from explainer.batch_data import Batch, Ids, Marks
from explainer.errors import ConstraintError, in_range
from explainer.kept_texts import KeptTexts
from explainer.settings import Settings, must_be_settings
from explainer.tokenizer import END_OF_TEXT, Merge, Tokenizer, learn_merges, normalize
from explainer.value_batches import value_batch

MOST_MERGES = Settings.__dataclass_fields__["merges"].metadata["high"]
KEPT = KeptTexts(48 * 2**20)
"""The texts that were cut last, and what was learned from them."""
WORD = 300
"""What a token and its id take beside the token's characters, in bytes."""
_learning = Lock()


def tokenize(settings: Settings) -> tuple[Tokenizer, Ids]:
    """Return the tokenizer that the settings ask for, and the ids of their text.

    With an end-of-text token, one stands before and one after every document, as in the
    explainer notebook.

    Returns:
        The tokenizer, and the ids (tokens of the text,), each 0 to V - 1.

    Raises:
        TypeError: `settings` is none.
    """
    must_be_settings(settings)
    key = (
        settings.text,
        settings.merges if settings.tokenizer == "bpe" else 0,
        settings.ties,
        settings.count_overlaps,
        settings.min_frequency,
        settings.normalization,
        settings.alphabet,
        settings.end_of_text,
        settings.unknown_token,
    )

    def nbytes(cut: tuple[Tokenizer, Ids]) -> int:
        tokenizer, ids = cut
        texts = (settings.text, settings.alphabet, *tokenizer.tokens)
        return ids.nbytes + WORD * len(tokenizer) + sum(map(sys.getsizeof, texts))

    return KEPT.get(key, lambda: _tokenize(*key), nbytes)


def _tokenize(
    text: str,
    merges: int,
    ties: str,
    overlaps: bool,
    least: int,
    normalization: str,
    alphabet: str,
    end_of_text: bool,
    unknown: bool,
) -> tuple[Tokenizer, Ids]:
    text = normalize(text, normalization, end_of_text)
    documents = text.split(END_OF_TEXT) if end_of_text else [text]
    learned: tuple[Merge, ...] = ()
    if merges:
        with _learning:  # one text at a time, so that equal ones are learned from once
            learned = _learned("".join(documents), ties, overlaps)[:merges]
        # a pair that is frequent enough may come again after one that is not: the first one ends it
        learned = tuple(takewhile(lambda merge: merge.count >= least, learned))
    tokenizer = Tokenizer(documents, learned, alphabet, end_of_text, unknown)
    if end_of_text:
        text = "".join(f"{END_OF_TEXT}{d}{END_OF_TEXT}" for d in documents)
    ids = np.array(tokenizer.encode(text), dtype=np.int64)
    ids.setflags(write=False)
    return tokenizer, ids


def _learned(text: str, ties: str, overlaps: bool) -> tuple[Merge, ...]:
    """Return every merge that settings can ask for; fewer are the first of them."""
    key = text, ties, overlaps

    def nbytes(merges: tuple[Merge, ...]) -> int:
        parts = (text, *(token for merge in merges for token in merge.pair))
        return WORD * len(merges) + sum(map(sys.getsizeof, parts))

    return KEPT.get(key, lambda: learn_merges(text, MOST_MERGES, ties, overlaps), nbytes)


def batch(settings: Settings, index: int | None = None) -> Batch:
    """Return a batch of the text, cut as the settings' `windows` say.

    * in_order: tokens index·B·T to (index + 1)·B·T, row after row. The explainer notebook takes
      the first window only, the matrices tutorial goes through all of them.
    * sequential: the text is cut into B parts of equal length, and each row reads on in its own
      part from batch to batch, so that a state that is carried on goes on where it was. The
      lecture's sequential partitioning, without its random start.
    * random: each row begins anywhere, drawn from seed and index, whatever was drawn before: an
      epoch reads some tokens more than once and others not at all.
    * shuffled: windows of T tokens side by side, in an order that is drawn anew for each epoch, so
      that each is read once; the first window begins a few tokens further on each time. The
      lecture's random sampling, but the text is never begun so late that a batch would be lost.

    Args:
        settings: text, tokenizer, batch size, context length.
        index: which batch; None takes the settings' own.

    Raises:
        ValueError: the text is too short, or has no such batch.
    """
    must_be_settings(settings)
    if index is None:
        index = settings.batch_index
    if settings.values is not None:
        return value_batch(settings, settings.values, index)
    tokenizer, ids = tokenize(settings)
    B, T = settings.batch_size, settings.context_length
    if len(ids) <= rows_apart(settings) * T:
        raise too_short(settings, [tokenizer.tokens[i] for i in ids])
    count = max((len(ids) - 1) // (B * T), 1)
    inputs, targets, index = cut_window(settings, ids, index, count)
    return Batch(inputs, targets, tokenizer.tokens, index, count, settings.lengths, marks(settings))


def marks(settings: Settings) -> Marks | None:
    """Return which answers count in the loss, (B, T); None where all do."""
    if not counts_some(settings):
        return None
    lengths = np.array(settings.lengths or (settings.context_length,) * settings.batch_size)
    places = np.arange(settings.context_length)
    ends = lengths[:, None]
    return places == ends - 1 if settings.answers == "last" else places < ends


def counts_some(settings: Settings) -> bool:
    """Tell whether some answers may not count in the loss."""
    return settings.answers == "last" or bool(settings.lengths) or settings.values is not None


def output_names(settings: Settings) -> tuple[str, ...]:
    """Return what each number that comes out is called: a token, or what numbers ask for."""
    must_be_settings(settings)
    return tokenize(settings)[0].tokens if settings.values is None else settings.values.outputs


def cut_window(settings: Settings, ids: Ids, index: int, count: int) -> tuple[Ids, Ids, int]:
    """Return a batch's ids and targets, (B, T), and which batch it is.

    Args:
        settings: how the text is cut.
        ids: of the whole text.
        index: which batch.
        count: how many there are.

    Raises:
        ValueError: the text has no such batch.
    """
    B, T = settings.batch_size, settings.context_length
    if settings.windows == "random":
        # a generator of its own for each batch, so that each can be drawn without those before
        index = in_range("batch_index", index, int, 0, 2**32 - 1)
        draw = np.random.default_rng((settings.seed, index))
        starts = draw.integers(0, len(ids) - T, B)
        rows = np.stack([ids[s : s + T + 1] for s in starts])
        rows.setflags(write=False)
        return rows[:, :-1], rows[:, 1:], index
    if settings.windows == "shuffled":
        index = in_range("batch_index", index, int, 0, 2**32 - 1)
        epoch, nth = divmod(index, count)
        draw = np.random.default_rng((settings.seed, epoch))
        late = min(T - 1, len(ids) - 1 - count * B * T)  # of these tokens none is missed
        begin = int(draw.integers(0, late, endpoint=True))
        order = draw.permutation((len(ids) - 1 - begin) // T)[nth * B : (nth + 1) * B]
        rows = np.stack([ids[s : s + T + 1] for s in begin + order * T])
        rows.setflags(write=False)
        return rows[:, :-1], rows[:, 1:], index
    batches = f"The text has {count:,} {'batches' if count > 1 else 'batch'} of {B} × {T} tokens."
    index = in_range("batch_index", index, int, 0, count - 1, batches)
    if settings.windows == "sequential":
        length = (len(ids) - 1) // B
        parts = ids[: B * length].reshape(B, length), ids[1 : B * length + 1].reshape(B, length)
        inputs, targets = (part[:, index * T : (index + 1) * T] for part in parts)
        return inputs, targets, index
    window = ids[index * B * T : (index + 1) * B * T + 1]
    return window[:-1].reshape(B, T), window[1:].reshape(B, T), index


def rows_apart(settings: Settings) -> int:
    """Return how many rows stand beside one another in the text: B, but 1 if drawn at random."""
    return 1 if settings.windows == "random" else settings.batch_size


def too_short(settings: Settings, tokens: Sequence[str]) -> ConstraintError:
    """Return what is said of a text with too few tokens, with advice that would help."""
    rows, T = rows_apart(settings), settings.context_length
    ways = ["a longer text"]
    without_merges = sum(1 if t == END_OF_TEXT else len(t) for t in tokens)
    if len(tokens) <= rows * T < without_merges:
        ways.append("fewer merges")
    if rows > 1 and len(tokens) > T:
        ways.append("a smaller batch")
    if T > 1 and len(tokens) > rows:
        ways.append("a shorter context")
    batch_size = "" if settings.windows == "random" else f"batch size {rows} × "
    return ConstraintError(
        "text",
        f"{batch_size}context length {T} needs at least {rows * T + 1:,}",
        f"The text has {len(tokens):,} token{'s' if len(tokens) != 1 else ''}",
        f"Use {' or '.join(filter(None, (', '.join(ways[:-1]), ways[-1])))}.",
    )
