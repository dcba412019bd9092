"""A text through the embedding of a file, as numbers with its tokens as labels."""

from __future__ import annotations

import numpy as np

from explainer.engine.trace import Array
from explainer.errors import ConstraintError, InvalidValueError, shorten
from explainer.interop.cells import GRUNetwork
from explainer.number_table import MOST_ROWS, NumberTable


def embedding_of(network: GRUNetwork) -> Array | None:
    """Return the row of each token: the embedding's, or one-hot rows; None where neither fits."""
    if network.embedding is not None:
        return network.embedding
    D = next(iter(network.values())).input_size
    return np.eye(D) if len(network.tokens) == D else None


def text_table(network: GRUNetwork, text: str) -> NumberTable:
    """Return a text as one sequence of numbers, each token's next one as its target.

    Args:
        network: with an embedding; and with tokens, or the text is token ids with spaces between.
        text: to be split into the file's tokens, the longest that fits first.

    Raises:
        ValueError: there is no embedding, or a part of the text is no token.
    """
    rows = embedding_of(network)
    if rows is None:
        given = "The file has neither an embedding nor one token for each input feature"
        raise ConstraintError("text", "a text needs one", given, "Use a table of numbers.")
    tokens = network.tokens or tuple(map(str, range(len(rows))))
    if len(tokens) != len(rows):
        given = f"The file has {len(tokens):,} tokens, and an embedding of {len(rows):,} rows"
        raise ConstraintError("text", "a row is needed for each token", given)
    ids = split_tokens(text, tokens, spaced=not network.tokens)
    if not ids:
        raise InvalidValueError("text", "at least one token", "none")
    if len(ids) > MOST_ROWS:
        raise InvalidValueError("text", f"at most {MOST_ROWS:,} tokens", f"{len(ids):,}")
    one_hot = network.embedding is None
    return NumberTable(
        x=rows[ids][None],
        lengths=(len(ids),),
        features=tokens if one_hot else tuple(f"embedding {i}" for i in range(rows.shape[1])),
        sequences=("",),
        targets=np.array([[*ids[1:], np.nan]], dtype=np.float64),
        classes=tokens,
        steps=tuple(tokens[i] for i in ids),
    )


def split_tokens(text: str, tokens: tuple[str, ...], spaced: bool) -> list[int]:
    """Return the ids of a text's tokens, the longest that fits first.

    Args:
        text: the text.
        tokens: by their ids.
        spaced: whether tokens stand between spaces only, as they do where none has a space in it.

    Raises:
        ValueError: a part of it is no token.
    """
    places = {token: i for i, token in reversed([*enumerate(tokens)]) if token}
    skipped = spaced or not any(c.isspace() for token in places for c in token)
    longest = max(map(len, places), default=0)
    found, at = [], 0
    while at < len(text):
        if skipped and text[at].isspace():
            at += 1
            continue
        room = len(text[at:].split(maxsplit=1)[0]) if spaced else longest
        sizes = [room] if spaced else range(min(room, len(text) - at), 0, -1)
        size = next((n for n in sizes if text[at : at + n] in places), 0)
        if not size:
            what = "token ids of the embedding" if spaced else "the file's tokens"
            given = f"{shorten(text[at : at + max(1, room if spaced else 1)])} at character {at:,}"
            example = ", ".join(map(shorten, list(places)[:4]))
            advice = f"They begin with {example}."
            raise InvalidValueError("text", f"made of {what}", given, advice)
        found.append(places[text[at : at + size]])
        at += size
    return found
