"""A trace is a mapping; runs and trainings survive copy and pickle, number for number."""

import copy
import io
import math
import pickle
from collections.abc import Mapping
from dataclasses import replace
from threading import Thread

import numpy as np
import pytest
import torch

from explainer import PRESETS, run, train
from explainer.engine.batch_run import check_size
from explainer.engine.network import network
from explainer.engine.not_finite import shown_by
from explainer.engine.quantity import Quantity, equation
from explainer.engine.training import RNNTraining

START = PRESETS["start"]
SETTINGS = {
    "start": START,
    "before, one-hot": replace(START, variant="reset_before", input="one_hot"),
    "clipped, head bias": replace(START, clip_norm=0.5, head_bias=True),
}
COPIES = {"copy": copy.deepcopy, "pickle": lambda thing: pickle.loads(pickle.dumps(thing))}


@pytest.fixture(scope="module")
def result():
    return run(START)


# A mapping.


def test_a_trace_is_a_mapping(result):
    trace = result.trace
    assert isinstance(trace, Mapping)
    assert len(trace) == len(list(trace)) == len(trace.keys()) == len(trace.quantities)
    for (name, value), same in zip(trace.items(), trace.values(), strict=True):
        assert value is same is trace[name]
    assert dict(trace).keys() == {**trace}.keys() == trace.keys()
    assert trace.get("nothing") is None
    assert trace == trace
    assert trace != run(START).trace
    assert len({trace, result.second, trace}) == 2


def test_a_trace_is_saved_as_a_file_of_numpy_s(result):
    file = io.BytesIO()
    np.savez(file, **result.trace)
    file.seek(0)
    with np.load(file) as saved:
        assert set(saved) == set(result.trace)
        for name, value in result.trace.items():
            np.testing.assert_array_equal(saved[name], value)


def test_what_is_computed_on_demand_is_computed_once_and_counted():
    trace = run(START).trace
    before = trace.nbytes
    contributions = trace["d_W_hz_t"]
    assert contributions is trace["d_W_hz_t"]
    assert not contributions.flags.writeable
    assert trace.nbytes == before + contributions.nbytes


def test_threads_that_ask_at_once_get_the_same_array():
    trace, found = run(START).trace, []
    threads = [Thread(target=lambda: found.append(trace["d_W_hn_t"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(value) for value in found}) == 1


def test_what_is_computed_on_demand_is_finite_or_refused(result):
    huge = {n: np.full(result.trace.shape(n), 1.5e308) for n in ("a_ir", "a_hr")}
    trace = replace(result.trace, arrays={**result.trace.arrays, **huge})
    with pytest.raises(ValueError, match=r"a_r\[0, 0, 0\] is the first to become inf"):
        trace["a_r"]


# Copies.


def assert_same(trace, other):
    assert list(other) == list(trace)
    assert dict(other.sizes) == dict(trace.sizes)
    assert dict(other.quantities) == dict(trace.quantities)
    for name, value in trace.items():
        assert np.abs(other[name] - value).max(initial=0.0) == 0.0, name
        assert not other[name].flags.writeable, name
        assert other[name].dtype == value.dtype


@pytest.mark.parametrize("way", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_run_survives(settings, way):
    result = run(settings)
    other = way(result)
    assert other.settings == result.settings
    for part in ("trace", "update", "second"):
        assert type(getattr(other, part)) is type(getattr(result, part))
        assert_same(getattr(result, part), getattr(other, part))
    for ids in ("ids", "targets"):
        np.testing.assert_array_equal(getattr(other.batch, ids), getattr(result.batch, ids))
        assert not getattr(other.batch, ids).flags.writeable
    assert other.trace["z"] is not result.trace["z"]


@pytest.mark.parametrize("way", COPIES.values(), ids=COPIES)
def test_a_training_survives_and_goes_on(way):
    history = train(replace(START, carry_state=True), 2)
    other = way(history)
    assert other.losses == history.losses
    assert_same(history.at(3).trace, other.at(3).trace)
    assert [other.step() for _ in range(3)] == [history.step() for _ in range(3)]
    for name, value in history.state_at(history.updates).parameters.items():
        assert torch.equal(other.state_at(other.updates).parameters[name], value)


@pytest.mark.parametrize("way", COPIES.values(), ids=COPIES)
def test_a_training_of_an_ordinary_rnn_survives(way):
    training = RNNTraining(START)
    other = way(training)
    assert training.step() == other.step()


def test_an_equation_is_copied_by_the_name_of_its_function(result):
    z = result.trace.quantities["z"]
    assert b"sigmoid" in pickle.dumps(z)  # the tree
    other = pickle.loads(pickle.dumps(z))
    assert isinstance(other, Quantity)
    assert other.function is z.function
    assert other == z


def test_an_equation_that_has_no_place_in_a_module_can_not_come_back():
    @equation(symbol="y", dims="B")
    def local(x: torch.Tensor) -> torch.Tensor:
        """The same."""
        return x + x

    with pytest.raises(AttributeError, match="local"):
        copy.deepcopy(local)


# Size.


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_numbers_of_a_trace_are_those_in_its_memory(settings, monkeypatch):
    trace = run(settings).trace
    sizes = {(v.__array_interface__["data"][0], v.shape): v.size for v in trace.arrays.values()}
    monkeypatch.setattr("explainer.engine.batch_run.LARGEST_TRACE", 1)
    with pytest.raises(ValueError, match=rf"makes {sum(sizes.values()):,} numbers"):
        check_size(settings, trace.sizes["V"])


# Roles.


def test_a_role_says_what_the_numbers_are(result):
    trained = {**result.trace.quantities, **run(replace(START, clip_norm=1.0)).update.quantities}
    for name, q in trained.items():
        value = (result.trace if name in result.trace else result.update).get(name)
        if value is None:
            continue
        if q.role in ("gate", "probability", "mask", "one_hot"):
            assert ((value >= 0) & (value <= 1)).all(), name
        if q.integer:
            np.testing.assert_array_equal(value, value.astype(int), err_msg=name)
        assert (q.role == "gradient") == name.startswith("d_"), name
        assert (q.role in ("weight", "bias")) == (
            name.removeprefix("new_")[:2] in ("W_", "b_", "E")
        )
    assert {n for n, q in trained.items() if q.integer} == {"ids", "targets"}
    assert {q.part for q in trained.values()} == {"", "x", "r", "z", "n", "h"}


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
def test_what_is_not_looked_at_would_show_elsewhere(variant, number):
    result = run(replace(PRESETS["start"], variant=variant, dropout=0.2))
    rng = np.random.default_rng(0)
    net = network(result.settings)
    for q in (*net.forward, *net.backward):
        for name in shown_by(q):
            values = {n: torch.tensor(result.trace[n]) for n in q.inputs}
            place = tuple(rng.integers(n) for n in values[name].shape)
            values[name][place] = number
            assert not q.function(*values.values()).isfinite().all(), (q.name, name, place)
