"""`compare`: where two runs part, found by hand."""

from dataclasses import replace

import numpy as np
import pytest

from explainer import PRESETS, compare, run

START = PRESETS["start"]


@pytest.fixture(scope="module")
def start():
    return run(START)


def test_a_run_is_equal_to_itself(start):
    found = compare(start, run(START))
    assert found.first is None
    assert not found.largest
    assert (dict(found.shapes), found.only_a, found.only_b) == ({}, (), ())
    parts = {*start.trace.arrays, *start.update.arrays}
    assert found.compared == len(parts) + len(start.second.arrays)
    assert repr(found) == f"Comparison(equal in {found.compared} quantities)"


def test_a_held_number_is_where_they_part_first(start):
    held = run(START, edits={"z": {(0, 2, 1): 1.0}})
    found = compare(start, held)
    alone = start.trace["z"][0, 2, 1]
    assert (found.first.name, found.first.index) == ("z", (0, 2, 1))
    assert (found.first.a, found.first.b) == (alone, 1.0)
    assert "r" in found.largest  # from the next time step on
    assert "a_iz" not in found.largest
    assert {"own_z", "free_z", "set_z"} <= set(found.only_b)
    assert repr(found).startswith(f"Comparison(part first at z[0, 2, 1]: {alone:.4g} and 1; ")
    assert "only in b: free_z, set_z" in repr(found)


@pytest.mark.parametrize("name", ["W_hz", "E", "b_in", "W_o"])
def test_a_changed_parameter_comes_before_what_follows_from_it(start, name):
    index = (0,) * start.trace[name].ndim
    found = compare(start, run(START, edits={name: {index: 0.5}}))
    assert (found.first.name, found.first.index, found.first.b) == (name, index, 0.5)


def test_time_comes_before_the_order_of_equations(start):
    found = compare(start, run(START, edits={"h": {(1, 3, None): 0.0}, "r": {(0, 5, 0): 0.0}}))
    assert (found.first.name, found.first.index[:2]) == ("h", (1, 3))


def test_the_learning_rate_parts_them_at_the_update(start):
    found = compare(start, run(replace(START, learning_rate=1.0)))
    assert str(found.first) == "learning_rate: 5 and 1"
    assert all(n.startswith(("lr_", "new_", "second.", "learning", "pred")) for n in found.largest)
    assert found.largest["second.loss"].a == start.second["loss"]


def test_the_largest_difference_of_each_quantity(start):
    other = run(replace(START, seed=2))
    found = compare(start.trace, other.trace)
    for name, most in found.largest.items():
        gap = np.abs(start.trace[name] - other.trace[name])
        assert abs(most.a - most.b) == gap.max() == gap[most.index]
    same = [n for n in start.trace.arrays if n not in found.largest]
    assert all((start.trace[n] == other.trace[n]).all() for n in same)


def test_on_the_way_back_the_last_time_step_comes_first(start):
    names = [n for n in start.trace if n.startswith("d_")]
    first = compare(start.trace, run(START, edits={"targets": {(0, 3): 1}}).trace)
    assert first.first.name == "targets"
    assert set(first.largest) & set(names)


def test_different_shapes_are_said(start):
    found = compare(start, run(replace(START, hidden_size=8)))
    assert found.shapes["h"] == ((2, 8, 4), (2, 8, 8))
    assert found.shapes["second.W_hz"] == ((4, 4), (8, 8))
    assert "have other shapes, such as" in repr(found)
    before = compare(start, run(replace(START, variant="reset_before")))
    assert "b_hn" in before.only_a
    assert "b_n" in before.only_b


def test_small_differences_do_not_count_if_asked(start):
    near = run(START, edits={"W_hz": {(0, 0): start.trace["W_hz"][0, 0] + 1e-9}})
    assert compare(start, near).first.name == "W_hz"
    assert compare(start, near, within=1e-6).first is None


@pytest.mark.parametrize(
    ("arguments", "kind", "sentence"),
    [
        (lambda r: (3, r), TypeError, "a must be a run or a trace, such as run(settings); got 3."),
        (lambda r: (r, r.trace), TypeError, "b must be a run, as a is; got Trace("),
        (lambda r: (r.trace, r), TypeError, "b must be a trace, as a is; got Run("),
        (lambda r: (r, r, -1), ValueError, "within must be a number from 0 to 1e+300; got -1."),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(start, arguments, kind, sentence):
    with pytest.raises(kind) as error:
        compare(*arguments(start))
    assert str(error.value).startswith(sentence)
