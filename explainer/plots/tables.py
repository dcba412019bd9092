"""Tables of a quantity with tokens as labels; pandas, no Streamlit, no torch."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import numpy as np
import pandas as pd

from explainer.batch_data import Batch
from explainer.engine.trace import Array, Trace
from explainer.tokenizer import Merge

MOST_ROWS = 20_000
"""Most rows of a table; a page with more would keep the browser waiting."""


SIGNS = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"}
"""What stands for a character in labels; the signs themselves are shown by their codes."""
NO_INK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffc"
    "\U00013441\U00013442\U00016fe4\U0001d159\U000e0100-\U000e01ef]"
)
"""Fillers, selectors and blanks that Unicode counts among letters, marks and symbols."""


def visible(token: str) -> str:
    """Return a token's label: it can be seen, and no other token has the same.

    A space or a line end is a sign. Any other character without ink of its own is its code, as
    is one that looks like another or like a sign: U+FEFF, or ⟨U+FEFF⟩ in a longer token.
    """
    if len(token) == 1:
        return SIGNS.get(token) or (token if shows(token, "") else f"U+{ord(token):04X}")
    label, literal_code = "", re.fullmatch(r"U\+[0-9A-F]{4,6}", token)
    for character in token:
        if character in SIGNS:
            label += SIGNS[character]
        elif shows(character, label[-1:]) and not (literal_code and character == "U"):
            label += character
        else:
            label += f"⟨U+{ord(character):04X}⟩"
    return label


def shows(character: str, before: str) -> bool:
    """Tell whether a character is seen as itself after the one before it.

    A combining mark is where it stands on a letter, unless the two look like a single character.
    """
    kind = unicodedata.category(character)[0]
    if kind in "CZ" or character in "␣⏎⇥␍⟨" or NO_INK.match(character):
        return False
    if kind == "M" and (not before or unicodedata.category(before)[0] not in "LM"):
        return False
    return unicodedata.is_normalized("NFC", before + character)


def quoted(token: str) -> str:
    """Return a token's label in quotes, so that no spreadsheet takes it for a formula."""
    return f"“{visible(token)}”"


def numbered(tokens: list[str]) -> list[str]:
    """Return labels of a sequence: place and token, so that no two are the same."""
    return [f"{i} {visible(token)}" for i, token in enumerate(tokens)]


def axis_labels(dim: str, size: int, batch: Batch, sequence: int | None = None) -> list[str]:
    """Return what to call each place along a dim: tokens where there are some."""
    if dim == "V" and size == len(batch.vocabulary):
        return numbered(list(batch.vocabulary))
    if dim == "T" and sequence is not None:
        labels = batch.labels(sequence)
        if not batch.features:
            return numbered(labels)
        return [f"t {label}" if label != "·" else f"· {i}" for i, label in enumerate(labels)]
    if dim == "D" and size == len(batch.features):
        return [visible(name) for name in batch.features]
    word = {"B": "sequence", "T": "t", "D": "feature", "H": "unit", "V": "id"}[dim]
    return [f"{word} {i}" for i in range(size)]


def matrix(
    trace: Trace, name: str, batch: Batch, sequence: int = 0, time: int | None = None
) -> pd.DataFrame:
    """Return a quantity as a table: of one sequence if it has several, at one time step if asked.

    Args:
        trace: where the quantity is.
        name: the quantity.
        batch: gives the tokens that label rows and columns.
        sequence: which sequence, for quantities of each sequence.
        time: which time step; None takes all, one in each row.
    """
    q = trace.quantities[name]
    value, dims = trace[name], list(q.dims)
    if "B" in dims:
        value = np.take(value, [sequence], dims.index("B")).squeeze(dims.index("B"))
        dims.remove("B")
    if "T" in dims and time is not None:
        value = np.take(value, [time], dims.index("T")).squeeze(dims.index("T"))
        dims.remove("T")
    own = {d: axis_labels(d, n, batch, sequence) for d, n in zip(dims, value.shape, strict=True)}
    if len(dims) == 3:  # a share in a weight's gradient: one row for each time step and row
        rows = pd.MultiIndex.from_product(
            [own[dims[0]], axis_labels(dims[1], value.shape[1], batch)]
        )
        return pd.DataFrame(
            value.reshape(-1, value.shape[2])[:MOST_ROWS],
            index=rows[:MOST_ROWS],
            columns=axis_labels(dims[2], value.shape[2], batch),
        )
    if len(dims) == 2:
        columns = axis_labels(dims[1], value.shape[1], batch)
        return pd.DataFrame(value[:MOST_ROWS], index=own[dims[0]][:MOST_ROWS], columns=columns)
    if len(dims) == 1:
        return pd.DataFrame(value, index=own[dims[0]], columns=[name])
    return pd.DataFrame([[float(value)]], index=[""], columns=[name])


def batch_table(
    batch: Batch, ids: Array | np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> pd.DataFrame:
    """Return a batch's ids as tokens: a row for each sequence, a column for each time step."""
    tokens = [[f"{quoted(batch.vocabulary[int(i)])}  ({int(i)})" for i in row] for row in ids]
    for row, length in zip(tokens, batch.lengths, strict=False):
        row[length:] = ["·"] * (len(row) - length)
    return pd.DataFrame(
        tokens,
        index=axis_labels("B", len(tokens), batch),
        columns=axis_labels("T", len(tokens[0]), batch),
    )


def wanted(batch: Batch, sequence: int) -> pd.DataFrame:
    """Return what should come out of numbers: a row for each time step, empty where nothing."""
    labels = axis_labels("T", batch.ids.shape[1], batch, sequence)
    counted = np.ones(len(labels), bool) if batch.counted is None else batch.counted[sequence]
    if batch.wanted is not None:
        numbers = np.where(counted[:, None], batch.wanted[sequence], np.nan)
        return pd.DataFrame(numbers, index=labels, columns=[visible(n) for n in batch.vocabulary])
    pairs = zip(batch.targets[sequence], counted, strict=True)
    names = [quoted(batch.vocabulary[i]) if c else "" for i, c in pairs]
    return pd.DataFrame({"class": names}, index=labels)


def next_token_pairs(batch: Batch, sequence: int) -> pd.DataFrame:
    """Return the triangle of one sequence: every beginning, and the token that should follow."""
    tokens = [quoted(token) for token in batch.labels(sequence)]
    targets = [quoted(batch.vocabulary[i]) for i in batch.targets[sequence]]
    if batch.counted is not None:
        targets = [t if c else "" for t, c in zip(targets, batch.counted[sequence], strict=True)]
    rows = [
        [*tokens[: t + 1], *[""] * (len(tokens) - t - 1), targets[t]] for t in range(len(tokens))
    ]
    columns = [*axis_labels("T", len(tokens), batch), "target"]
    return pd.DataFrame(rows, index=axis_labels("T", len(tokens), batch), columns=columns)


def merges(learned: tuple[Merge, ...]) -> pd.DataFrame:
    """Return the merges of a byte-pair tokenizer in the order they were learned."""
    return pd.DataFrame(
        {
            "merge": range(1, len(learned) + 1),
            "left": [quoted(m.pair[0]) for m in learned],
            "right": [quoted(m.pair[1]) for m in learned],
            "new token": [quoted(m.token) for m in learned],
            "side by side": [m.count for m in learned],
            "merged": [m.merged for m in learned],
        }
    )


def vocabulary(tokens: tuple[str, ...]) -> pd.DataFrame:
    """Return the vocabulary: every token with its id."""
    return pd.DataFrame({"id": range(len(tokens)), "token": [quoted(t) for t in tokens]})


def parameters_changed(update: Trace, after: dict[str, Array]) -> pd.DataFrame:
    """Return one row for each parameter, that of the largest gradient first."""
    rows: list[dict[str, Any]] = []
    for name, new in after.items():
        change = new - update[name]
        rows.append(
            {
                "parameter": name,
                "shape": " × ".join(map(str, new.shape)),
                "‖gradient‖": float(np.sqrt((update[f"d_{name}"] ** 2).sum())),
                "largest change": float(np.abs(change).max()),
                "numbers changed": f"{int((change != 0).sum())} of {change.size}",
            }
        )
    rows.sort(key=lambda row: -row["‖gradient‖"])
    return pd.DataFrame(rows)
