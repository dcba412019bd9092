"""From a text to tokens and ids, and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explainer.errors import ConstraintError, as_list, in_range, must_be, names_of, shorten

END_OF_TEXT = "<|endoftext|>"
"""Stands between documents in a text, and is a token where `Settings.end_of_text` says so."""
UNKNOWN = "<|unknown|>"
"""Stands for every character not in the vocabulary, where `Settings.unknown_token` says so."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Merge:
    """One merge of a byte-pair tokenizer: the pair made one token, and how often.

    Attributes:
        pair: the left token and the right one.
        count: how often they stood side by side, at least 1; three equal tokens count twice, or
            once if pairs that overlap are not counted.
        merged: how many new tokens that made, 1 to `count`: of three equal tokens two are merged.
    """

    pair: tuple[str, str]
    count: int
    merged: int

    @property
    def token(self) -> str:
        """The new token."""
        return "".join(self.pair)


def learn_merges(
    text: str, most: int, ties: str = "first", overlaps: bool = True
) -> tuple[Merge, ...]:
    """Return the merges of a text: the most frequent pair, then the next.

    The tokens are a linked list, and every pair of neighbours has a number and a count. A merge
    changes the pairs around it and no others, so nothing is counted twice. The work is done
    inside NumPy, which lets other threads run meanwhile.

    Args:
        text: any text.
        most: how many merges at most; fewer if no pair is left. More merges begin with the same.
        ties: which of equally frequent pairs is merged, as `Settings.ties` has it.
        overlaps: whether pairs that overlap all count, as two in three equal tokens.
    """
    tokens = list(dict.fromkeys(text))
    number = {token: i for i, token in enumerate(tokens)}
    # the place of a token is that of its first character; one more place closes the list to a ring
    end = len(text)
    ids = np.fromiter((*map(number.__getitem__, text), -1), np.int64, end + 1)
    places = np.arange(end + 1)
    before, after = np.roll(places, 1), np.roll(places, -1)
    known: dict[int, int] = {}  # the number of each pair, by its two ids as one

    def numbers(at: Ints) -> Ints:
        """Return the number of the pair that begins at each place, 0 where none does."""
        codes, where = np.unique(ids[at] * 2**32 + ids[after[at]], return_inverse=True)
        own = np.array([known.setdefault(code, len(known) + 1) for code in codes.tolist()])
        return np.where((at == end) | (after[at] == end), 0, own[where])

    def mergeable() -> Ints:
        """Return how often each pair counts: of those that overlap, every other one."""
        doubled = np.flatnonzero((ids == ids[after]) & (pairs > 0))
        found = counts.copy()
        found[pairs[doubled]] = 0
        kept = pairs[apart(doubled, after[doubled])]
        return found + np.bincount(kept, minlength=len(found))

    def chosen_place(tied: NDArray[np.bool_]) -> int:
        """Return where the first of the pairs that win begins, among equally frequent ones."""
        if ties == "first":
            return int(tied[pairs].argmax())
        codes = np.fromiter(known, np.int64, len(known))[np.flatnonzero(tied) - 1]
        order = sorted(range(len(tokens)), key=tokens.__getitem__)
        if ties == "oldest":  # characters, sorted, then what was merged
            order = [i for i in order if i < characters] + [*range(characters, len(tokens))]
        rank = np.argsort(order)
        best = np.argmin(rank[codes >> 32] * 2**32 + rank[codes & (2**32 - 1)])
        return int((pairs == known[int(codes[best])]).argmax())

    characters = len(tokens)
    pairs = numbers(places)  # of the pair that begins at each place
    counts = np.bincount(pairs)  # of the pair with each number
    counts[0] = 0
    merges: list[Merge] = []
    while len(merges) < most:
        own = counts if overlaps else mergeable()
        count = int(own.max())
        if not count:
            break
        first = chosen_place(own == count)
        lefts = np.flatnonzero(pairs == pairs[first])
        if ids[first] == ids[after[first]]:
            lefts = apart(lefts, after[lefts])
        rights = after[lefts]
        merge = Merge((tokens[ids[first]], tokens[ids[rights[0]]]), count, len(lefts))
        merges.append(merge)
        if merge.token not in number:  # two merges can give the same: a + bc, ab + c
            number[merge.token] = len(tokens)
            tokens.append(merge.token)
        np.subtract.at(counts, pairs[distinct(end + 1, before[lefts], lefts, rights)], 1)
        ids[lefts] = number[merge.token]
        after[lefts] = after[rights]
        before[after[lefts]] = lefts
        pairs[rights] = 0
        found = distinct(end + 1, before[lefts], lefts)
        pairs[found] = numbers(found)
        counts = np.concatenate([counts, np.zeros(len(known) + 1 - len(counts), np.int64)])
        np.add.at(counts, pairs[found], 1)
        counts[0] = 0
    return tuple(merges)


def apart(lefts: Ints, rights: Ints) -> Ints:
    """Return every other one of the pairs that overlap, from left to right."""
    order = np.arange(len(lefts))
    begins = np.append(True, lefts[1:] != rights[:-1])  # where a run of them begins
    first: Ints = np.maximum.accumulate(np.where(begins, order, 0))
    return np.extract((order - first) % 2 == 0, lefts)


def distinct(size: int, *places: Ints) -> Ints:
    """Return these places, 0 to size - 1, each once and in order."""
    chosen = np.zeros(size, dtype=bool)
    for some in places:
        chosen[some] = True
    return np.flatnonzero(chosen)


def merge_pair(ids: Ints, left: int, right: int, token: int) -> Ints:
    """Return the ids with every occurrence of a pair made one token, from left to right."""
    lefts = np.flatnonzero((ids[:-1] == left) & (ids[1:] == right))
    if not lefts.size:
        return ids
    if left == right:
        lefts = apart(lefts, lefts + 1)
    merged = ids.copy()
    merged[lefts] = token
    return np.delete(merged, lefts + 1)


BETWEEN = -1
"""Stands for the end of a text among ids; below it, an unknown character c is -2 - ord(c)."""


class Tokenizer:
    """Cuts text into tokens: characters, and pairs of tokens that were merged into one.

    The vocabulary is: the unknown token if there is one, the characters (those of `alphabet`
    first, in its order, then the others sorted), the merges in the order they were learned, the
    end-of-text token if there is one. With no merges this is a character tokenizer.

    Args:
        documents: the text to learn from. Pairs are counted over all documents joined, as the
            explainer notebook does; the most frequent pair is merged, the first one of equals
            unless merges were learned otherwise.
        merges: how many pairs to merge, fewer if no pair is left; or the merges, if they were
            learned before.
        alphabet: characters whose ids come first, in this order.
        end_of_text: whether `END_OF_TEXT` is a token.
        unknown: whether `UNKNOWN` is a token, with id 0, for characters not in the vocabulary.

    Attributes:
        merges: in the order they were learned.
        tokens: V tokens, each at the place of its id.
        ids: 0 to V - 1, the id of each token.
    """

    def __init__(
        self,
        documents: Iterable[str],
        merges: int | Sequence[Merge] = 0,
        alphabet: str = "",
        end_of_text: bool = False,
        unknown: bool = False,
    ) -> None:
        documents = as_list("documents", documents, "a list of strings")
        for document in documents:
            must_be("documents", document, str, "a list of strings")
        text = "".join(documents)
        characters = set(text)
        first = dict.fromkeys(c for c in alphabet if c in characters)
        self.merges = learn_merges(text, merges) if isinstance(merges, int) else tuple(merges)
        tokens = [
            *([UNKNOWN] if unknown else []),
            *first,
            *sorted(characters - set(first)),
            *(merge.token for merge in self.merges),
            *([END_OF_TEXT] if end_of_text else []),
        ]
        self.tokens = tuple(dict.fromkeys(tokens))  # two merges of the same token have one id
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self.has_end_of_text = end_of_text
        self.has_unknown = unknown

    def __len__(self) -> int:
        """Size of the vocabulary, V."""
        return len(self.tokens)

    def cut(self, texts: Sequence[str], merges: int | None = None) -> Ints:
        """Return the ids of texts, `BETWEEN` between two, with the first `merges` merges applied.

        Unknown characters keep their place, each as a number below `BETWEEN`. Nothing is merged
        across the end of a text.
        """
        text = "".join(texts)
        number = {c: self.ids.get(c, BETWEEN - 1 - ord(c)) for c in set(text)}
        ids = np.fromiter(map(number.__getitem__, text), np.int64, len(text))
        ids = np.insert(ids, np.cumsum([len(t) for t in texts[:-1]], dtype=np.int64), BETWEEN)
        for merge in self.merges[:merges]:
            left, right = merge.pair
            ids = merge_pair(ids, self.ids[left], self.ids[right], self.ids[merge.token])
        return ids

    def pieces(self, text: str, merges: int | None = None) -> list[str]:
        """Cut a text without end-of-text tokens into tokens, applying the first `merges` merges."""
        ids = self.cut([text], merges).tolist()
        return [self.tokens[i] if i >= 0 else chr(BETWEEN - 1 - i) for i in ids]

    def unknown(self, text: str) -> Counter[str]:
        """Count the characters of a text that the vocabulary does not have."""
        if self.has_end_of_text:
            text = text.replace(END_OF_TEXT, "")
        return Counter({c: n for c, n in Counter(text).items() if c not in self.ids})

    def encode(self, text: str, skip_unknown: bool = False, what: str = "text") -> list[int]:
        """Return the ids of a text.

        Args:
            text: any text; `END_OF_TEXT` in it becomes its token if there is one.
            skip_unknown: leave out characters that are not in the vocabulary.
            what: what an error calls the text.

        Raises:
            ValueError: a character is not in the vocabulary, there is no unknown token, and
                it should not be left out.
        """
        must_be("text", text, str, "a string")
        missing = self.unknown(text)
        if missing and not (skip_unknown or self.has_unknown):
            known = "".join(t for t in self.tokens if len(t) == 1)
            raise ConstraintError(
                what,
                f"the vocabulary has only the characters {shorten(known)}",
                f"The {what} has {names_of(map(repr, missing))}",
                "Leave them out, or use the token for unknown characters.",
            )
        ids = self.cut(text.split(END_OF_TEXT) if self.has_end_of_text else [text])
        if self.has_unknown:
            ids[ids < BETWEEN] = self.ids[UNKNOWN]
        ids = ids[ids >= BETWEEN]
        if self.has_end_of_text:
            ids[ids == BETWEEN] = self.ids[END_OF_TEXT]
        encoded: list[int] = ids.tolist()
        return encoded

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of these ids.

        Raises:
            TypeError: these are no integers.
            ValueError: there is no such id.
        """
        last = len(self) - 1

        def checked(i: object) -> int:  # most need no more than a look
            return i if type(i) is int and 0 <= i <= last else in_range("id", i, int, 0, last)

        return "".join(self.tokens[checked(i)] for i in as_list("ids", ids, "a list of integers"))


def normalize(text: str, normalization: str, end_of_text: bool) -> str:
    """Return a text as `Settings.normalization` says.

    Args:
        text: any text.
        normalization: "letters" keeps a to z and A to Z, makes everything between them one space
            and then lowers them, in the lecture's order; so of letters like the Kelvin sign,
            whose lower case is another letter, none is kept.
        end_of_text: whether `END_OF_TEXT` is a token, and stays; else it is text like any other.
    """
    if normalization == "as_is":
        return text
    if normalization == "lower":
        return text.lower()
    documents = text.split(END_OF_TEXT) if end_of_text else [text]
    return END_OF_TEXT.join(re.sub("[^A-Za-z]+", " ", d).lower() for d in documents)
