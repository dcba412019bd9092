"""What the chapter about tokens says."""

from __future__ import annotations

from collections.abc import Sequence

from explainer.batches import tokenize
from explainer.engine.batch_run import Run
from explainer.plots import tables
from explainer.presets import PRESETS
from explainer.settings import Settings
from explainer.stage.prose.blocks import (
    Block,
    Caption,
    Figures,
    Heading,
    Note,
    Ribbon,
    Sheet,
    Text,
)
from explainer.tokenizer import END_OF_TEXT, Tokenizer, normalize

MOST_TOKENS = 1_000
"""Most tokens of a text in a file."""
TIES = {
    "first": "the one that comes first in the text wins",
    "alphabetical": "the first one in alphabetical order wins",
    "oldest": "the one made of the oldest tokens wins: characters in sorted order, then merges",
}
NO_TOKENS = Text(
    "The input is **numbers** here, so there are no tokens and no vocabulary: a row of the table "
    "is a time step, a column is a feature, and the numbers go in as they are. The rows of the "
    "chosen sequence:"
)
EVERY_CHARACTER = Text("Every character is a token here; nothing is merged.")


def tokens_story(run: Run, sequence: int) -> list[Block]:
    """Tell of the text as tokens, every merge, the vocabulary."""
    settings = run.settings
    if settings.values is not None:
        return [NO_TOKENS, Sheet(tables.matrix(run.trace, "values", run.batch, sequence))]
    tokenizer, ids = tokenize(settings)
    merged: list[Block] = [EVERY_CHARACTER]
    if tokenizer.merges:
        merged = [
            Heading("Merge by merge"),
            Caption(merge_rules(settings)),
            Sheet(tables.merges(tokenizer.merges), named=False),
        ]
    return [
        *token_words(settings, tokenizer, len(ids)),
        *merged,
        *few_merges(settings, tokenizer),
        *text_in_tokens(tokenizer, ids[:MOST_TOKENS].tolist(), len(ids)),
        *token_notes(settings),
        Heading("The vocabulary"),
        Sheet(tables.vocabulary(tokenizer.tokens), named=False),
    ]


def token_words(settings: Settings, tokenizer: Tokenizer, tokens: int) -> list[Block]:
    """Tell what tokens and merges are, and how many there are."""
    clean = normalize(settings.text, settings.normalization, settings.end_of_text)
    documents = clean.split(END_OF_TEXT) if settings.end_of_text else [clean]
    return [
        Text(
            "A network computes with numbers, so the text is split into **tokens**, and each token "
            "gets an **id**, its position in the vocabulary. The simplest tokens are single "
            "characters. Byte-pair encoding (BPE) starts from these and merges the most frequent "
            "pair of neighbours into one new token, again and again."
        ),
        Figures(
            (
                ("characters", f"{sum(map(len, documents)):,}"),
                ("tokens", f"{tokens:,}"),
                ("vocabulary V", f"{len(tokenizer):,}"),
            )
        ),
    ]


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
    return f"Among equally frequent pairs, {TIES[settings.ties]}. {overlaps}{least}"


def few_merges(settings: Settings, tokenizer: Tokenizer) -> list[Block]:
    """Tell why there are fewer merges than asked for, where there are."""
    if settings.tokenizer != "bpe" or len(tokenizer.merges) >= settings.merges:
        return []
    return [
        Caption(
            f"{len(tokenizer.merges):,} of {settings.merges:,} merges: no other pair occurs "
            f"at least {times(settings.min_frequency)}."
        )
    ]


def text_in_tokens(tokenizer: Tokenizer, shown: Sequence[int], tokens: int) -> list[Block]:
    """Show a text's first tokens, coloured by id."""
    known = [tables.visible(tokenizer.tokens[i]) for i in shown]
    story: list[Block] = [
        Heading("The text in tokens, coloured by id"),
        Ribbon("ribbon-text", known, shown),
    ]
    if tokens > len(shown):
        story.append(Caption(f"The first {len(shown):,} of {tokens:,} tokens."))
    return story


def token_notes(settings: Settings) -> list[Block]:
    """Tell of end-of-text tokens, and what the sources do with theirs."""
    story: list[Block] = []
    if settings.end_of_text:
        story.append(
            Text(
                "`<|endoftext|>` marks the beginning and the end of each document, so that the "
                "network can learn where a text begins and ends."
            )
        )
    if settings == PRESETS["linear_algebra"]:
        story.append(
            Note(
                "The notebook that this preset follows puts the token after each text *and* before "
                "it, so that it occurs twice between two texts."
            )
        )
    if settings.alphabet == PRESETS["math"].alphabet:
        story.append(
            Note(
                "The tutorial that this preset follows fixes the ids by hand (h 0, a 1, t 2, M 3). "
                "But its `sample` looks characters up in `list(set(text))`, whose order changes "
                "from run to run, and never feeds back the character that it drew. So the strings "
                "it generates can't be reproduced."
            )
        )
    return story


def times(count: int) -> str:
    """Return how often, in words."""
    return "once" if count == 1 else f"{count:,} times"
