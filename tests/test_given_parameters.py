"""Parameters of the user's own, wherever they are taken."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from error_cases import SMALL, parameters_with, sentence_of, without
from safetensors.torch import load, save

from explainer import Run, run
from explainer.engine.sampling import continue_text
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    WrongTypeError,
)
from explainer.interop.pytorch import safetensors, state_dict

WAYS = {
    "run": run,
    "continue_text": lambda s, parameters: continue_text(s, parameters, "ab", 5),
    "state_dict": lambda s, parameters: save(state_dict(s, parameters)),
}
"""Everything that takes parameters."""


def same(first, second):
    """Whether two results of the same way are equal."""
    if isinstance(first, Run):
        return all((first.trace[name] == second.trace[name]).all() for name in first.trace)
    return first == second


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("others", [["dropout"], ["targets", "mask_x"], ["b_o"], [3]])
def test_a_name_that_is_no_parameter_is_refused_everywhere(way, others):
    parameters = parameters_with() | dict.fromkeys(others, torch.ones(1))
    sentence = sentence_of(ConstraintError, WAYS[way], SMALL, parameters)
    assert sentence.startswith(f"parameters has {', '.join(map(repr, others))}; this network has E")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["W_ir", "b_hn", "E", "W_o"])
def test_a_parameter_that_is_missing_is_named_everywhere(way, name):
    sentence = sentence_of(InvalidValueError, WAYS[way], SMALL, without(name))
    assert sentence.startswith(f"{name} must be an array of shape ")
    assert sentence.endswith("got nothing.")


@pytest.mark.parametrize("way", WAYS)
def test_parameters_are_arrays_or_tensors_everywhere(way):
    tensors = parameters_with()
    expected = WAYS[way](SMALL, tensors)
    arrays = run(SMALL).update.before
    assert same(WAYS[way](SMALL, arrays), expected)
    assert same(WAYS[way](SMALL, {n: v.astype(">f8") for n, v in arrays.items()}), expected)
    assert same(WAYS[way](SMALL, {n: v[::-1].copy()[::-1] for n, v in arrays.items()}), expected)


def test_what_an_update_leads_to_can_be_run():
    first = run(SMALL)
    second = run(SMALL, first.update.after, h_0=np.zeros((1, 2)))
    np.testing.assert_array_equal(second.trace["loss"], first.second["loss"])


def test_arrays_can_be_taken_away():
    arrays = run(SMALL).update.after
    back = load(safetensors(arrays))
    assert all((back[name].numpy() == arrays[name]).all() for name in arrays)


NO_REAL_NUMBERS = {
    "complex128": np.zeros((2, 4), complex),
    "torch.complex64": torch.zeros(2, 4, dtype=torch.complex64),
    "bool": np.zeros((2, 4), bool),
    "torch.bool": torch.zeros(2, 4, dtype=torch.bool),
    "<U1": np.full((2, 4), "a"),
    "object": np.full((2, 4), None),
    "list": [[0.0] * 4] * 2,
    "NoneType": None,
    "torch.sparse_coo on cpu": torch.ones(2, 4).to_sparse(),
    "torch.strided on meta": torch.ones(2, 4, device="meta"),
    "MaskedArray": np.ma.masked_array(np.ones((2, 4)), mask=True),
}


@pytest.mark.parametrize("kind", NO_REAL_NUMBERS)
def test_parameters_without_real_numbers_are_refused(kind):
    wrong = NO_REAL_NUMBERS[kind]
    said = f"must be a dense array or CPU tensor of real numbers; got {kind}."
    for call in WAYS.values():
        parameters = parameters_with() | {"W_ir": wrong}
        assert sentence_of(WrongTypeError, call, SMALL, parameters) == f"W_ir {said}"
    assert sentence_of(WrongTypeError, safetensors, {"mine": wrong}) == f"mine {said}"
    if wrong is not None:
        assert sentence_of(WrongTypeError, run, SMALL, h_0=wrong) == f"h_0 {said}"


def test_a_draw_of_numpys_types_is_the_same_draw():
    settings = replace(SMALL, dropout=0.5)
    third = run(settings, draw=3).trace["mask_h"]
    np.testing.assert_array_equal(run(settings, draw=np.int64(3)).trace["mask_h"], third)


@pytest.mark.parametrize("name", ["tokens", "seed", "temperature"])
def test_what_is_written_on_takes_numbers_of_numpys_types(name):
    parameters = parameters_with()
    usual = {"prefix": "ab", "tokens": 7, "seed": 4, "temperature": 2.0}
    numpys = usual | {name: np.array(usual[name])[()]}
    expected = continue_text(SMALL, parameters, **usual)
    assert continue_text(SMALL, parameters, **numpys) == expected


@pytest.mark.parametrize(
    "turn",
    [torch.Tensor.float, lambda v: v.clone().requires_grad_(), torch.nn.Parameter],
    ids=["float32", "requires grad", "parameter"],
)
def test_parameters_of_a_trained_module_can_be_run(turn):
    parameters = parameters_with()
    expected = run(SMALL, parameters).trace
    trace = run(SMALL, {name: turn(values) for name, values in parameters.items()}).trace
    for name in ("h", "loss", "d_W_hz"):
        assert trace[name].dtype == np.float64
        np.testing.assert_allclose(trace[name], expected[name], atol=1e-6)


def test_a_file_takes_tensors_that_lie_turned():
    turned = torch.arange(6.0).reshape(2, 3).T
    assert torch.equal(load(safetensors({"a": turned}))["a"], turned.double())
