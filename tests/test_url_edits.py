"""Edits in links: what is written is read back, and means the same numbers to the engine."""

from random import Random

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from test_edits import draw_edits

from explainer import PRESETS, edits_from_link, from_link, run, to_link
from explainer.url_edits import EDITS_IN_LINK, parse_edits, write_edits
from explainer.view_state import ViewState

START = PRESETS["start"]

indices = st.lists(st.none() | st.integers(0, 4095), max_size=4).map(tuple)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6)
names = st.from_regex(r"[A-Za-z]\w{0,9}", fullmatch=True).filter(str.isascii)
edits = st.dictionaries(
    names, st.dictionaries(indices, numbers, min_size=1, max_size=4), max_size=4
)


def test_a_link_with_edits_reads_as_it_was_shared():
    link = "/cell?preset=math&edit=W_hz.0.1:0.5;z.*.*.2:1;learning_rate:2e-1&t=1"
    assert edits_from_link(link) == {
        "W_hz": {(0, 1): 0.5},
        "z": {(None, None, 2): 1.0},
        "learning_rate": {(): 0.2},
    }
    assert from_link(link) == PRESETS["math"]
    assert edits_from_link("/cell?t=1") == edits_from_link("/cell?edit=") == {}


def test_a_link_is_written_as_short_as_it_can_be():
    given = {"W_hz": {(0, 1): 0.5}, "z": {(None, None, 2): 1}, "n": -0.25}
    link = to_link(START, "cell", ViewState(t=3), edits=given)
    assert link == "/cell?edit=W_hz.0.1:0.5;z.*.*.2:1;n:-0.25&t=3"
    assert to_link(START, edits={}) == to_link(START, edits=None) == "/"


@given(given=edits, chapter=st.sampled_from(["", "cell"]))
def test_a_link_gives_edits_back(given, chapter):
    link = to_link(START, chapter, ViewState(t=2), edits=given)
    read = edits_from_link(link)
    assert read == given
    # of two that mean the same number the later one counts, so their order is kept
    assert [list(places) for places in read.values()] == [list(p) for p in given.values()]
    assert from_link(link) == START


def test_of_one_place_said_twice_the_later_one_counts():
    read = edits_from_link("edit=z.0.1.2:1;z.0.*.2:0.5;z.0.1.2:0.25")
    assert list(read["z"].items()) == [((0, None, 2), 0.5), ((0, 1, 2), 0.25)]
    assert run(START, edits=read).trace["z"][0, :2, 2].tolist() == [0.5, 0.25]


@pytest.mark.parametrize("number", range(8))
def test_a_link_gives_the_run_that_it_was_written_for(number):
    base = run(START)
    given = draw_edits(base, Random(number))
    wanted = run(START, edits=given)
    found = run(START, edits=edits_from_link(to_link(START, edits=given)))
    assert all(wanted.trace[n].tobytes() == found.trace[n].tobytes() for n in wanted.trace)
    assert all(wanted.second[n].tobytes() == found.second[n].tobytes() for n in wanted.second)


def test_the_empty_index_means_every_number():
    trace = run(START, edits={"z": {(): 1.0, (0, 0, 0): 0.5}}).trace
    assert trace["z"][0, 0, 0] == 0.5
    assert (trace["z"] == 1).sum() == trace["z"].size - 1


@pytest.mark.parametrize("kind", [np.array, torch.tensor, lambda rows: np.array(rows, np.float32)])
def test_an_array_is_written_number_by_number(kind):
    link = to_link(START, edits={"b_hz": kind([0.0, 0.5, -1.0, 2.0])})
    assert link == "/?edit=b_hz.0:0;b_hz.1:0.5;b_hz.2:-1;b_hz.3:2"


@pytest.mark.parametrize(
    ("given", "kind", "sentence"),
    [
        (3, TypeError, "edits must be numbers by quantity, such as {'z': 1.0}; got 3."),
        ({"a.b": 1}, ValueError, "edits must be numbers by quantity; got 'a.b'."),
        ({3: 1}, ValueError, "edits must be numbers by quantity; got 3."),
        ({"z": "1"}, TypeError, "z must be a number; got '1'."),
        ({"z": True}, TypeError, "z must be a number; got True."),
        ({"z": {(0,): None}}, TypeError, "z must be a number; got None."),
        ({"z": float("nan")}, ValueError, "z must be a finite number; got nan."),
        ({"z": {(0,): 10**400}}, ValueError, "z must be a finite number; got an integer of more"),
        (
            {"z": [[1], 2]},
            TypeError,
            "z must be a number, an array or numbers by index; got [[1], 2].",
        ),
        ({"z": {(0.5,): 1}}, TypeError, "index of z must be integers from 0, and None for all of"),
        ({"z": {-1: 1}}, TypeError, "index of z must be integers from 0, and None for all of"),
        (
            {"E": np.ones((100, 100))},
            ValueError,
            "The edits are too long for a link; at most 4,000 characters are possible.",
        ),
    ],
)
def test_edits_that_a_link_cannot_say(given, kind, sentence):
    with pytest.raises(kind) as error:
        to_link(START, edits=given)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    "entry",
    [
        "z",
        "z:",
        ":1",
        "z:one",
        "z:nan",
        "z:inf",
        "z:1e999",
        "z:1_000",
        "z:١",
        "z: 1",
        "z.-1.0.0:1",
        "z.0..0:1",
        "z.0.:1",
        "z.0,1:1",
        "z.9999999999:1",
        "z.0.1:1:2",
        "__class__:1",
        "<b>z</b>:1",
        "z\n:1",
        "x" * 500 + ":",
    ],
)
def test_an_entry_that_cannot_be_read_is_a_sentence_and_the_others_count(entry):
    found, problems = parse_edits(f"n:0.5;{entry};W_hz.0.1:1")
    assert found == {"n": {(): 0.5}, "W_hz": {(0, 1): 1.0}}
    (problem,) = problems
    assert (problem.field, type(problem).__name__) == ("edit", "InvalidValueError")
    assert len(str(problem)) < 220
    with pytest.raises(ValueError, match="edit must be entries such as W_hz"):
        edits_from_link({"edit": f"n:0.5;{entry}"})


@given(written=st.text(max_size=60) | st.text("z.*:;0123456789-+eE", max_size=60))
@example(written="z" * (EDITS_IN_LINK + 1))
@example(written=";" * EDITS_IN_LINK)
@example(written="z" + ".*" * 1_900 + ":1")
def test_whatever_a_link_says_is_edits_or_sentences(written):
    found, problems = parse_edits(written)
    assert all(str(p).endswith((".", ";")) and "\n" not in str(p) for p in problems)
    assert parse_edits(write_edits(found)) == (found, [])


def test_a_link_is_bounded():
    with pytest.raises(ValueError, match="The edits are too long for a link; at most 4,000 char"):
        edits_from_link({"edit": "z.0.0.0:1;" * 400 + "z:1;;"})


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("edit=zz:1", "edits must be quantities among z,"),
        ("edit=loss:1", "edits must be quantities among"),
        ("edit=z.0.0:1", "index of z must be 3 numbers, one for each of B T H; got (0, 0)."),
        ("edit=z.0.0.99:1", "index H of z must be an integer from 0 to 3; got 99."),
        ("edit=ids.0.0:1e6", "ids must be an integer from 0 to 35; got 1e+06."),
    ],
)
def test_what_the_run_does_not_have_is_a_sentence_of_the_run(link, sentence):
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the sentence follows)
        run(from_link(link), edits=edits_from_link(link))
    assert str(error.value).startswith(sentence)
