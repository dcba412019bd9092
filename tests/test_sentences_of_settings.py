"""Every situation with settings, links and texts, and the sentence it ends with."""

import re
from dataclasses import replace

import numpy as np
import pytest
from error_cases import SMALL, TOO_SHORT, assert_sentence

from explainer import PRESETS, Settings
from explainer.batches import batch
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    WrongTypeError,
)
from explainer.tokenizer import Tokenizer
from explainer.url import (
    from_link,
    to_link,
    view_from_link,
)
from explainer.view_state import ViewState

GIVEN = [
    # settings
    (
        lambda: Settings(text="a", hidden_size=200_001),
        InvalidValueError,
        "hidden_size must be an integer from 1 to 200,000; got 200001.",
    ),
    (
        lambda: Settings(text="a", hidden_size="3"),
        WrongTypeError,
        "hidden_size must be an integer from 1 to 200,000; got '3'.",
    ),
    (
        lambda: Settings(text="a", learning_rate=2000),
        InvalidValueError,
        "learning_rate must be a number from 0 to 1,000; got 2000.",
    ),
    (
        lambda: Settings(text="a", updates=10**6),
        InvalidValueError,
        "updates must be an integer from 0 to 20,000; got 1000000. "
        "For more updates, call train() in a notebook.",
    ),
    (
        lambda: Settings(text="a", clip_norm=0),
        InvalidValueError,
        "clip_norm must be a number from 1e-06 to 1,000; got 0. None switches clipping off.",
    ),
    (
        lambda: Settings(text="a", variant="lstm"),
        InvalidValueError,
        "variant must be one of reset_after, reset_before; got 'lstm'.",
    ),
    (
        lambda: Settings(text="a", variant=3),
        WrongTypeError,
        "variant must be one of reset_after, reset_before; got 3.",
    ),
    (
        lambda: Settings(text="a", training=1),
        WrongTypeError,
        "training must be True or False; got 1.",
    ),
    (lambda: Settings(text=3), WrongTypeError, "text must be a string; got 3."),
    (
        lambda: Settings(text=""),
        InvalidValueError,
        "text must be a string of 1 to 200,000 characters; got 0 characters.",
    ),
    (
        lambda: Settings(text="a", alphabet="b" * 1001),
        InvalidValueError,
        "alphabet must be a string of 0 to 1,000 characters; got 1,001 characters.",
    ),
    (
        lambda: Settings(text="ab\ud800"),
        InvalidValueError,
        r"text must be a string of whole characters; got half of a surrogate pair, '\ud800', at "
        "position 2. Save the text as UTF-8 again.",
    ),
    (
        lambda: ViewState(cell="h"),
        InvalidValueError,
        "cell must be a quantity and its index, such as 'h:0,3,1'; got 'h'.",
    ),
    # links
    (
        lambda: from_link("?hidden_size=abc"),
        InvalidValueError,
        "hidden_size must be an integer from 1 to 200,000; got 'abc'. The preset's value is shown.",
    ),
    (
        lambda: from_link("?training=maybe&preset=x"),
        InvalidValueError,
        "preset must be one of start, math, linear_algebra, story, your_text; got 'x'. "
        "The preset start is shown. "
        "training must be true or false; got 'maybe'. The preset's value is shown.",
    ),
    (
        lambda: from_link("?fingerprint=abc"),
        ConstraintError,
        "This link needs the text with the fingerprint 'abc'; its text is too long to be part of "
        "it. Upload that text to see the same numbers.",
    ),
    (
        lambda: from_link("?text=" + "a" * 3000),
        InvalidValueError,
        "text must be a string of at most 2,000 characters in a link; got 3,000 characters. "
        "Upload it instead. The preset's value is shown.",
    ),
    (
        lambda: from_link(3),
        WrongTypeError,
        "link must be a link, or a mapping such as {'preset': 'math'}; got 3.",
    ),
    (
        lambda: from_link({"seed": 5}),
        WrongTypeError,
        "link must be a mapping from strings to strings; got 'seed': 5.",
    ),
    (lambda: from_link("", text=3), WrongTypeError, "text must be a string; got 3."),
    (
        lambda: to_link(SMALL, base=SMALL),
        InvalidValueError,
        re.compile(r"base must be None or a preset, such as PRESETS\['math'\]; got Settings.*"),
    ),
    (
        lambda: to_link(SMALL, "9"),
        InvalidValueError,
        "chapter must be the slug of a page, such as 'cell'; got '9'.",
    ),
    (
        lambda: to_link(SMALL, view=3),
        WrongTypeError,
        "view must be a ViewState or None; got 3.",
    ),
    *(
        (
            lambda edits=edits: to_link(SMALL, edits=edits),
            WrongTypeError,
            re.compile(r"edits must be numbers by quantity, such as \{'z': 1.0\}; got .*"),
        )
        for edits in (0, "", np.zeros((2, 2)))
    ),
    (
        lambda: view_from_link("?t=-1"),
        InvalidValueError,
        "t must be an integer from 0 to 199,999; got -1.",
    ),
    # texts
    (
        lambda: batch(TOO_SHORT),
        ConstraintError,
        "The text has 5 tokens; batch size 2 × context length 8 needs at least 17. "
        "Use a longer text or a shorter context.",
    ),
    (
        lambda: batch(replace(TOO_SHORT, text="abcdefghij")),
        ConstraintError,
        "The text has 10 tokens; batch size 2 × context length 8 needs at least 17. "
        "Use a longer text, a smaller batch or a shorter context.",
    ),
    (
        lambda: batch(replace(PRESETS["your_text"], merges=256)),
        ConstraintError,
        "The text has 3 tokens; batch size 2 × context length 8 needs at least 17. "
        "Use a longer text, fewer merges or a shorter context.",
    ),
    (
        lambda: batch(replace(SMALL, batch_index=9)),
        InvalidValueError,
        "batch_index must be an integer from 0 to 3; got 9. "
        "The text has 4 batches of 1 × 3 tokens.",
    ),
    (
        lambda: Tokenizer(["abc"]).encode("abxcy"),
        ConstraintError,
        "The text has 'x', 'y'; the vocabulary has only the characters 'abc'. "
        "Leave them out, or use the token for unknown characters.",
    ),
    (
        lambda: Tokenizer(["abc"]).decode([0, 3]),
        InvalidValueError,
        "id must be an integer from 0 to 2; got 3.",
    ),
    (
        lambda: Tokenizer(["abc"]).decode(3),
        WrongTypeError,
        "ids must be a list of integers; got 3.",
    ),
    (lambda: Tokenizer(3), WrongTypeError, "documents must be a list of strings; got 3."),
]


@pytest.mark.parametrize(("call", "error", "sentence"), GIVEN)
def test_every_situation_has_its_sentence(call, error, sentence):
    assert_sentence(call, error, sentence)
