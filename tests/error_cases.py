"""For tests of errors: a small run, odd values, the sentence that a call ends with."""

import re
from dataclasses import replace
from functools import cache

import pytest
import torch

from explainer import PRESETS, run, train

SMALL = replace(
    PRESETS["start"],
    text="aaaabcdefghij",
    tokenizer="characters",
    end_of_text=False,
    batch_size=1,
    context_length=3,
    hidden_size=2,
    dropout=0.0,
)
NAN, INF, HUGE = float("nan"), float("inf"), 1.7e308
ALL = ...


def parameters_with(changes=None, settings=SMALL):
    """The settings' first parameters, some of them filled with another number."""
    values = {n: torch.from_numpy(v.copy()) for n, v in run(settings).update.before.items()}
    for (name, place), value in (changes or {}).items():
        values[name][place] = value
    return values


def without(name):
    """The first parameters without one of them."""
    return {n: v for n, v in parameters_with().items() if n != name}


@cache
def math_run():
    return run(PRESETS["math"])


@cache
def math_history():
    return train(PRESETS["math"], epochs=1)


def sentence_of(error, call, *arguments, **named):
    """The sentence that a call ends with."""
    with pytest.raises(error) as caught:
        call(*arguments, **named)
    assert type(caught.value) is error
    return str(caught.value)


def deep():
    """A list in a list, 100,000 times."""
    value = []
    for _ in range(100_000):
        value = [value]
    return value


class Unwritable:
    """Its repr fails."""

    def __repr__(self):
        raise RuntimeError


class Verbose:
    """Its repr is long, and has several lines."""

    def __repr__(self):
        return "a\nb " * 100_000


# Every situation, and the sentence it ends with.

TOO_SHORT = replace(PRESETS["start"], text="abcde", tokenizer="characters", end_of_text=False)
MANY = "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
LARGE = replace(SMALL, text=MANY, context_length=4096, hidden_size=256)
CARRIED = replace(SMALL, text="ab" * 3000, context_length=1, carry_state=True, batch_index=2001)
NAMES = "E, W_ir, W_iz, W_in, W_hr, W_hz, W_hn, b_ir, b_iz, b_in, b_hr, b_hz, b_hn, W_o"
FINITE = "only finite numbers can be shown."


def assert_sentence(call, error, sentence):
    """A call ends with this sentence, which is short."""
    said = sentence_of(error, call)
    if isinstance(sentence, re.Pattern):
        assert sentence.fullmatch(said), said
    else:
        assert said == sentence
    assert len(said) <= 330
