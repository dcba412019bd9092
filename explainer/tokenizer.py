"""From a text to tokens and ids, and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

END_OF_TEXT = "<|endoftext|>"
"""Stands between documents in a text, and is a token where `Settings.end_of_text` says so."""
UNKNOWN = "<|unknown|>"


@dataclass(frozen=True)
class Merge:
    """One merge of a byte-pair tokenizer: the pair made one token, and how often it stood."""

    pair: tuple[str, str]
    count: int

    @property
    def token(self) -> str:
        """The new token."""
        return "".join(self.pair)


def merge_pair(tokens: Sequence[str], pair: tuple[str, str]) -> list[str]:
    """Return the tokens with every occurrence of the pair made one, from left to right."""
    merged: list[str] = []
    i = 0
    while i < len(tokens):
        if tokens[i] == pair[0] and tuple(tokens[i : i + 2]) == pair:
            merged.append(pair[0] + pair[1])
            i += 2
        else:
            merged.append(tokens[i])
            i += 1
    return merged


class Tokenizer:
    """Cuts text into tokens: characters, and pairs of tokens that were merged into one.

    The vocabulary is: the unknown token if there is one, the characters (those of `alphabet`
    first, in its order, then the others sorted), the merges in the order they were learned, the
    end-of-text token if there is one. With no merges this is a character tokenizer.

    Args:
        documents: the text to learn from. Pairs are counted over all documents joined, as the
            explainer notebook does; the most frequent pair is merged, the first one of equals.
        merges: how many pairs to merge; fewer if no pair is left.
        alphabet: characters whose ids come first, in this order.
        end_of_text: whether `END_OF_TEXT` is a token.
        unknown: whether `UNKNOWN` is a token, with id 0, for characters not in the vocabulary.
    """

    def __init__(
        self,
        documents: Iterable[str],
        merges: int = 0,
        alphabet: str = "",
        end_of_text: bool = False,
        unknown: bool = False,
    ) -> None:
        text = "".join(documents)
        first = dict.fromkeys(c for c in alphabet if c in text)
        tokens = [*([UNKNOWN] if unknown else []), *first, *sorted(set(text) - set(first))]
        learned: list[Merge] = []
        pieces = list(text)
        for _ in range(merges):
            pairs = Counter(pairwise(pieces))
            if not pairs:
                break
            pair, count = pairs.most_common(1)[0]
            learned.append(Merge(pair, count))
            pieces = merge_pair(pieces, pair)
        # two merges can give the same token (a + bc, ab + c); it has one id
        tokens += [*(m.token for m in learned), *([END_OF_TEXT] if end_of_text else [])]
        self.merges = tuple(learned)
        self.tokens = tuple(dict.fromkeys(tokens))
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self.has_end_of_text = end_of_text
        self.has_unknown = unknown

    def __len__(self) -> int:
        """Size of the vocabulary, V."""
        return len(self.tokens)

    def pieces(self, text: str, merges: int | None = None) -> list[str]:
        """Cut a text without end-of-text tokens into tokens, applying the first `merges` merges."""
        tokens = list(text)
        for merge in self.merges[:merges]:
            tokens = merge_pair(tokens, merge.pair)
        return tokens

    def unknown(self, text: str) -> Counter[str]:
        """Count the characters of a text that the vocabulary does not have."""
        if self.has_end_of_text:
            text = text.replace(END_OF_TEXT, "")
        return Counter(c for c in text if c not in self.ids)

    def encode(self, text: str, skip_unknown: bool = False) -> list[int]:
        """Return the ids of a text.

        Args:
            text: any text; `END_OF_TEXT` in it becomes its token if there is one.
            skip_unknown: leave out characters that are not in the vocabulary.

        Raises:
            ValueError: a character is not in the vocabulary, there is no unknown token, and
                it should not be left out.
        """
        missing = self.unknown(text)
        if missing and not (skip_unknown or self.has_unknown):
            raise ValueError(
                f"{', '.join(map(repr, missing))} not in the vocabulary of {len(self)} tokens; "
                f"possible characters: {''.join(t for t in self.tokens if len(t) == 1)!r}. Leave "
                f"them out, or choose the token for unknown characters."
            )
        ids: list[int] = []
        parts = text.split(END_OF_TEXT) if self.has_end_of_text else [text]
        for i, part in enumerate(parts):
            if i:
                ids.append(self.ids[END_OF_TEXT])
            for token in self.pieces(part):
                if token in self.ids:
                    ids.append(self.ids[token])
                elif self.has_unknown:
                    ids.append(self.ids[UNKNOWN])
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of these ids.

        Raises:
            ValueError: there is no such id.
        """
        ids = list(ids)
        wrong = [i for i in ids if not 0 <= i < len(self)]
        if wrong:
            raise ValueError(
                f"{wrong[0]} is not a token id; possible: 0 to {len(self) - 1}. "
                f"Encode the text with this tokenizer."
            )
        return "".join(self.tokens[i] for i in ids)


def normalize(text: str, normalization: str) -> str:
    """Return a text as `Settings.normalization` says; end-of-text marks stay."""
    if normalization == "as_is":
        return text
    documents = text.split(END_OF_TEXT)
    if normalization == "lower":
        return END_OF_TEXT.join(d.lower() for d in documents)
    return END_OF_TEXT.join(re.sub("[^a-z]+", " ", d.lower()) for d in documents)
