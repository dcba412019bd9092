"""Errors are made in one place: fields, and a sentence that says what must hold, what was given."""

import ast
import builtins
import copy
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from error_cases import Unwritable, Verbose, deep

from explainer.errors import (
    ConstraintError,
    ExplainerError,
    InvalidValueError,
    NotFiniteError,
    OutOfRangeError,
    UnknownNameError,
    WrongTypeError,
    names_of,
    shorten,
)


def test_an_error_is_a_sentence_made_of_fields():
    error = InvalidValueError("hidden_size", "an integer from 1 to 256", "300", "Try 8.")
    assert str(error) == "hidden_size must be an integer from 1 to 256; got 300. Try 8."
    assert (error.field, error.given, error.advice) == ("hidden_size", "300", "Try 8.")
    assert str(error.also("Or 4.")).endswith("got 300. Try 8. Or 4.")
    assert str(error.within("at update 3")).startswith("At update 3, hidden_size must")
    twice = error.within("after the update").within("at update 3", "Begin again.")
    assert str(twice).startswith("At update 3, after the update, hidden_size must")
    assert twice.advice == "Begin again."
    for again in (pickle.loads(pickle.dumps(twice)), copy.deepcopy(twice)):
        assert type(again) is InvalidValueError
        assert str(again) == str(twice)
        assert again.args == twice.args


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidValueError, ValueError),
        (ConstraintError, ValueError),
        (NotFiniteError, ValueError),
        (WrongTypeError, TypeError),
        (UnknownNameError, KeyError),
        (OutOfRangeError, IndexError),
    ],
)
def test_an_error_is_one_of_pythons_own(error, kind):
    assert issubclass(error, kind)
    assert issubclass(error, ExplainerError)
    assert "'" not in str(error("n", "an integer", "3"))  # str of a KeyError is a repr


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (300, "300"),
        ("a", "'a'"),
        (np.array([1]), "array([1])"),
        (10**5000, "an integer of more than 40 digits"),
        ((10**5000,), "an instance of <class 'tuple'>"),
        (["\ud800"], r"['\ud800']"),
        (deep(), "[[[[[[[...]]]]]]]"),
        (Unwritable(), re.compile(r"<Unwritable instance at 0x[0-9a-f]+>")),
        (Verbose(), re.compile(r"[ab ]+\.\.\.[ab ]+")),
        ("x" * 10**6, re.compile(r"'x+\.\.\.x+'")),
        (dict.fromkeys(range(10**5)), re.compile(r"\{0: None.*")),
    ],
    ids=range(11),
)
def test_a_value_is_written_in_a_few_words_whatever_it_is(value, written):
    short = shorten(value)
    if isinstance(written, re.Pattern):
        assert written.fullmatch(short), short
    else:
        assert short == written
    assert len(short) <= 61


def test_a_list_of_names_is_short_and_begins_with_what_was_meant():
    assert names_of(["a", "b"]) == "a, b"
    assert names_of([f"W_{i}" for i in range(100)], "W_77x").startswith("W_77, ")
    assert names_of([f"W_{i}" for i in range(100)]).endswith(" more")
    assert len(names_of(["x" * 10**6] * 10**4)) < 150
    assert names_of([3, "a"]) == "3, a"


BARE = {
    "explainer/app/state_by_key.py": "a mapping without a key is Python's own KeyError",
    "explainer/__init__.py": "a module without an attribute is Python's own AttributeError",
    "explainer/engine/quantity.py": "for whoever writes or wires equations",
    "explainer/stage/lanes.py": "for whoever writes a lane",
}
"""Files that raise Python's own errors, and why."""
ROOT = Path(__file__).parent.parent
FILES = [str(p.relative_to(ROOT)) for p in sorted((ROOT / "explainer").rglob("*.py"))]


@pytest.mark.parametrize("file", FILES)
def test_no_error_has_a_sentence_made_elsewhere(file):
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    raised = {
        node.exc.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
    shared = {e.__name__ for e in subclasses(ExplainerError)}
    others = {n for n in raised - shared if isinstance(getattr(builtins, n, None), type)}
    assert bool(others) == (file in BARE), f"{file} raises {others}"


def subclasses(kind):
    """A class and all below it."""
    return {kind}.union(*map(subclasses, kind.__subclasses__()))
