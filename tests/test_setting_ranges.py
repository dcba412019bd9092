"""Settings: the ends of every range, values of other types."""

from dataclasses import FrozenInstanceError, fields, replace
from functools import partial

import numpy as np
import pytest
from error_cases import INF, NAN, SMALL, sentence_of

from explainer import PRESETS, Settings, run, train
from explainer.analysis.checks import verify
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    WrongTypeError,
    shorten,
)
from explainer.url import (
    write_query,
)

FIELDS = {f.name: f.metadata for f in fields(Settings)}
NUMBERS = [name for name, meta in FIELDS.items() if "low" in meta and meta["kind"] is not tuple]
CHOICES = [name for name, meta in FIELDS.items() if "options" in meta]
REAL = [name for name in NUMBERS if FIELDS[name]["kind"] is float]
SWITCHES = [name for name, meta in FIELDS.items() if meta["kind"] is bool]


def test_every_field_is_a_number_a_choice_a_switch_or_a_text():
    assert {*NUMBERS, *CHOICES, *SWITCHES, "text", "alphabet", "lengths", "values"} == set(FIELDS)
    assert all(meta["label"] for meta in FIELDS.values())


def range_of(name):
    """What a number must be, in words."""
    kind, low, high = (FIELDS[name][k] for k in ("kind", "low", "high"))
    return (
        f"an integer from {low:,} to {high:,};"
        if kind is int
        else f"a number from {low:g} to {high:,g};"
    )


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_at_the_ends_of_its_range_is_possible(name):
    other = {"batch_size": {"context_length": 1}, "context_length": {"batch_size": 1}}
    for value in (FIELDS[name]["low"], FIELDS[name]["high"]):
        settings = Settings(text="a", **{name: value}, **other.get(name, {}))
        assert getattr(settings, name) == value


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_out_of_its_range_says_the_range(name):
    low, high = FIELDS[name]["low"], FIELDS[name]["high"]
    not_finite = (NAN, INF, -INF) if name in REAL else ()
    for value in (low - 1, high + 1, -(10**6), 10**12, 10**400, -(10**400), 10**5000, *not_finite):
        sentence = sentence_of(InvalidValueError, Settings, text="a", **{name: value})
        assert sentence.startswith(f"{name} must be {range_of(name)} got {shorten(value)}.")


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_of_another_type_says_the_range(name):
    missing = [] if name == "clip_norm" else [None]
    fractions = [] if name in REAL else [2.5, NAN, np.float64(2.0)]
    times = [np.timedelta64(3, "ns"), np.datetime64(3, "ns"), np.datetime64("NaT")]
    others = ["3", True, np.bool_(True), [1], {1: 2}, 1j, np.array([1])]
    for value in (*others, *times, *missing, *fractions):
        sentence = sentence_of(WrongTypeError, Settings, text="a", **{name: value})
        assert sentence.startswith(f"{name} must be {range_of(name)} got ")


def test_no_clipping_is_none():
    assert Settings(text="a", clip_norm=None).clip_norm is None


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_that_is_not_there_lists_what_is(name):
    options = FIELDS[name]["options"]
    expected = f"{name} must be one of {', '.join(options)}; got "
    first = next(iter(options))
    for value in ("nothing", "", first.upper()):
        sentence = sentence_of(InvalidValueError, Settings, text="a", **{name: value})
        assert sentence == f"{expected}{value!r}."
    for value in (3, None, [first], {first: 1}, {first}, np.array([first])):
        sentence = sentence_of(WrongTypeError, Settings, text="a", **{name: value})
        assert sentence == f"{expected}{value!r}."


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_true_or_false(name):
    for value in (1, 0, "true", None, [True], np.array([True])):
        sentence = sentence_of(WrongTypeError, Settings, text="a", **{name: value})
        assert sentence == f"{name} must be True or False; got {shorten(value)}."


@pytest.mark.parametrize("name", ["text", "alphabet"])
def test_a_text_at_the_end_of_its_range_is_possible(name):
    text = "x" * FIELDS[name]["high"]
    assert getattr(Settings(**{"text": "a"} | {name: text}), name) == text


@pytest.mark.parametrize("half", [0xD800, 0xDC80, 0xDFFF])
def test_half_a_character_is_refused(half):
    sentence = sentence_of(InvalidValueError, replace, SMALL, text=f"abc{chr(half)}")
    assert f"{chr(half)!r}, at position 3." in sentence


@pytest.mark.parametrize("size", ["batch_size", "context_length", "hidden_size", "embedding_size"])
def test_no_size_alone_has_a_bound_but_all_together_have(size):
    far = {"batch_size": 1, "context_length": 2, size: 5_000}
    settings = replace(SMALL, text="ab" * 6_000, input="embedding", **far)
    if size == "hidden_size":
        sentence = sentence_of(ConstraintError, run, settings)
        assert "hidden size 5,000" in sentence
        assert "GB of memory; at most 40,000,000 are possible" in sentence
        assert sentence_of(ConstraintError, partial(train, epochs=1), settings) == sentence
        return
    result = run(settings)
    assert 5_000 in result.trace.sizes.values()
    (check,) = verify(result, ("cell",))
    assert check.difference < 1e-12


@pytest.mark.parametrize("name", [n for n in FIELDS if n not in ("lengths", "values")])
def test_a_value_of_numpys_types_is_the_same_value(name):
    value = 2.5 if name == "clip_norm" else getattr(SMALL, name)
    expected = replace(SMALL, **{name: value})
    for same_value in (np.array(value)[()], *([np.float32(2.5)] if name == "clip_norm" else [])):
        assert isinstance(same_value, np.generic)
        settings = replace(SMALL, **{name: same_value})
        assert settings == expected
        assert hash(settings) == hash(expected)
        assert type(getattr(settings, name)) is type(value)
        assert write_query(settings) == write_query(expected)


def test_a_text_of_another_kind_is_a_text():
    class Title(str):
        __slots__ = ()

        def __str__(self):
            raise RuntimeError

    settings = replace(PRESETS["math"], text=Title("Math" * 6), variant=np.str_("reset_after"))
    assert (type(settings.text), type(settings.variant)) == (str, str)
    assert settings.text == "Math" * 6


def test_a_whole_number_is_taken_as_a_real_one_where_that_is_meant():
    assert type(replace(SMALL, learning_rate=5).learning_rate) is float


def test_settings_stay_as_they_are():
    with pytest.raises(FrozenInstanceError):
        SMALL.seed = 3
    assert len({SMALL, replace(SMALL), replace(SMALL, seed=99)}) == 2
