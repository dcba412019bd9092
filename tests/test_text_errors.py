"""Links and texts that do not do: what is said, and the advice that helps."""

from dataclasses import replace

import pytest
from error_cases import CARRIED, LARGE, SMALL, TOO_SHORT, sentence_of

from explainer import run, train
from explainer.batches import batch
from explainer.errors import (
    ConstraintError,
    ExplainerError,
    InvalidValueError,
)
from explainer.tokenizer import UNKNOWN, Tokenizer
from explainer.url import (
    read_query,
)


def test_what_is_wrong_with_a_link_is_told_apart_by_its_fields():
    _, problems = read_query({"lengths": "3,4,5", "seed": "x"})
    assert [p.field for p in problems] == ["seed", "lengths"]
    assert all(isinstance(p, ExplainerError) for p in problems)


# Texts.


def test_a_text_that_is_too_short_says_so_everywhere():
    sentence = sentence_of(ConstraintError, batch, TOO_SHORT)
    for call in (run, lambda s: train(s, epochs=1)):
        assert sentence_of(ConstraintError, call, TOO_SHORT) == sentence


@pytest.mark.parametrize("way", ["merges", "batch_size", "context_length"])
def test_the_advice_for_a_text_that_is_too_short_helps(way):
    """Each way that is named is enough, taken to its end; one that is not named would not be."""
    words = {"merges": "merges", "batch_size": "batch,", "context_length": "context"}
    for text in ("abcab", "ab" * 6, "abcabcabcabc", "abcdefghijklmnop"):
        for merges in (0, 3, 9):
            short = replace(
                TOO_SHORT, text=text, tokenizer="bpe", merges=merges, batch_size=3, context_length=8
            )
            advice = sentence_of(ConstraintError, batch, short).split(". ")[1].replace(" or", ",")
            other = {"merges": 0, "batch_size": 1, "context_length": 1}[way]
            try:
                batch(replace(short, **{way: other}))
            except ConstraintError:
                assert words[way] not in advice
            else:
                assert words[way] in advice


@pytest.mark.parametrize("index", [1, 30, 200_000])
def test_a_batch_that_is_not_there_says_which_are(index):
    long = replace(SMALL, text="abcdefg", context_length=6, batch_index=index)
    sentence = sentence_of(InvalidValueError, run, long)
    assert sentence.endswith(f"got {index}. The text has 1 batch of 1 × 6 tokens.")


@pytest.mark.parametrize("input_", ["embedding", "one_hot"])
def test_a_vocabulary_too_large_to_show_is_refused_before_it_is_computed(input_):
    for call in (run, lambda s: train(s, epochs=1)):
        sentence = sentence_of(ConstraintError, call, replace(LARGE, input=input_))
        assert "a vocabulary of 20,000 tokens" in sentence


def test_an_unknown_character_is_refused_or_left_out_or_has_a_token():
    plain, with_token = Tokenizer(["abc"]), Tokenizer(["abc"], unknown=True)
    assert plain.encode("abxcy", skip_unknown=True) == [0, 1, 2]
    assert with_token.encode("abxcy") == [1, 2, 0, 3, 0]
    assert with_token.decode([1, 0]) == f"a{UNKNOWN}"
    assert plain.unknown("axxy") == {"x": 2, "y": 1}


def test_a_state_is_carried_over_as_many_batches_as_are_possible():
    run(replace(CARRIED, carry_state=False))
