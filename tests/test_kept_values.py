"""What a run gives back stays as it is, and is short in a notebook."""

import re
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from error_cases import SMALL, parameters_with, sentence_of

import explainer
from explainer import PRESETS, History, explain, run, train
from explainer.errors import (
    LONGEST,
    UnknownNameError,
    WrongTypeError,
    shorten,
)


def test_no_number_of_a_run_can_be_changed(start_run):
    for trace in (start_run.trace, start_run.update, start_run.second):
        for name in trace:
            assert trace[name].dtype == np.float64
            assert not trace[name].flags.writeable
            with pytest.raises(ValueError, match="read-only"):
                trace[name][...] = 0
        with pytest.raises(TypeError):
            trace.arrays["z"] = 0
        with pytest.raises(FrozenInstanceError):
            trace.sizes = {}
    with pytest.raises(ValueError, match="read-only"):
        start_run.batch.ids[0, 0] = 1
    with pytest.raises(TypeError):
        start_run.trace.gradients["z"] = 0


def test_a_run_does_not_change_with_what_it_was_given():
    parameters, h_0 = parameters_with(), torch.ones(1, 2, dtype=torch.float64)
    result = run(SMALL, parameters, h_0)
    before = {name: result.trace[name].copy() for name in (*parameters, "h_0")}
    for values in (*parameters.values(), h_0):
        values.zero_()
    for name, values in before.items():
        np.testing.assert_array_equal(result.trace[name], values, err_msg=name)


@pytest.mark.parametrize("name", ["q", "", "new_W_o", "d_h_other", "x" * 300_000])
def test_a_name_that_is_not_in_a_trace_is_told_so(start_run, name):
    sentence = sentence_of(UnknownNameError, start_run.trace.__getitem__, name)
    assert sentence.startswith("name must be one of ")
    assert sentence.endswith(f" more; got {shorten(name)}.")
    assert name not in start_run.trace
    assert sentence == sentence_of(UnknownNameError, explain, start_run.trace, name)


@pytest.mark.parametrize("name", [["z"], {"z": 1}, {"z"}, 3, None, ("z",)])
def test_what_is_no_name_is_told_so(start_run, name):
    sentence = sentence_of(WrongTypeError, start_run.trace.__getitem__, name)
    assert sentence == f"name must be a string, such as 'z'; got {name!r}."
    assert name not in start_run.trace
    assert sentence == sentence_of(WrongTypeError, explain, start_run.trace, name)


def test_a_trace_has_what_it_lists(start_run):
    trace = start_run.trace
    assert list(trace) == list(trace.quantities)
    assert all(trace[name].shape == trace.shape(name) for name in trace)
    assert trace.gradients["z"] is trace["d_z"]
    assert all(value.shape == trace[n].shape for n, value in trace.gradients.items())
    assert trace.gradients["W_hz"].shape == trace["W_hz"].shape
    assert start_run.nbytes > trace.nbytes > 0


# Training.


def test_an_update_of_a_training_can_be_a_number_of_numpys():
    history = train(PRESETS["math"], epochs=np.int64(2))
    assert history.at(np.int64(4)).trace["loss"] == history.losses[4]


# What a notebook shows.


def test_what_a_notebook_shows_of_a_run_is_short():
    result = run(PRESETS["math"])
    sizes = "B=2, T=3, D=4, H=2, V=4"
    assert re.fullmatch(rf"Run\(reset_before, {sizes}, loss [\d.]+ → [\d.]+\)", repr(result))
    assert repr(result.trace) == f"Trace({len(list(result.trace))} quantities, {sizes})"
    assert repr(result.update) == f"Update({len(list(result.update))} quantities, {sizes})"
    assert "vocabulary" not in repr(result.batch)


def test_the_package_lists_its_public_names():
    assert dir(explainer) == sorted(explainer.__all__)


def test_settings_and_trainings_are_short_in_a_notebook():
    assert len(repr(PRESETS["story"])) < 1_000
    assert repr(PRESETS["math"]).startswith("Settings(text='MathMath")
    history = train(PRESETS["math"], epochs=1)
    assert repr(history) == f"History(3 updates, last loss {history.losses[-1]:.6g})"
    assert repr(History(PRESETS["math"])) == "History(0 updates)"


class Wide:
    """What Python writes of it is longer than a line."""

    def __repr__(self):
        return "Wide(" + ", ".join(map(str, range(100))) + ")"


@pytest.mark.parametrize(
    "value", [Wide(), [Wide()] * 6, dict.fromkeys(range(9), "x" * 200), "x" * 10_000, Wide]
)
def test_a_value_in_a_sentence_is_short(value):
    assert len(shorten(value)) <= LONGEST + 1
