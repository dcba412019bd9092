"""Cells of JAX's libraries beside the libraries themselves."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from framework_cases import H_0, D, H, X, apart, library, loop, same_numbers, torch_gru
from loops import states

from explainer import (
    detect,
    from_equinox,
    from_flax,
    from_haiku,
    from_torch,
)

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("ignore")]


def test_flax_linen():
    jax, linen = library("jax"), library("flax.linen")
    bias = linen.initializers.normal(0.5)
    cell = linen.GRUCell(features=H, param_dtype=jax.numpy.float64, bias_init=bias)
    params = cell.init(jax.random.key(0), H_0, X[:, 0])
    ours = from_flax(params).cell
    assert apart(states(ours, X, H_0), loop(lambda h, x: cell.apply(params, h, x)[0])) < 2e-15
    back = {"params": from_torch(torch_gru()).cell.to_flax()}
    h = torch_gru()(torch.tensor(X), torch.tensor(H_0)[None])[0].detach()
    assert apart(loop(lambda h, x: cell.apply(back, h, x)[0]), h) < 2e-15


def test_flax_nnx():
    jax, nnx = library("jax"), library("flax.nnx")
    bias = nnx.initializers.normal(0.5)
    cell = nnx.GRUCell(D, H, rngs=nnx.Rngs(0), param_dtype=jax.numpy.float64, bias_init=bias)
    expected = loop(lambda h, x: cell(jax.numpy.asarray(h), jax.numpy.asarray(x))[0])
    ours = from_flax(cell).cell
    assert apart(states(ours, X, H_0), expected) < 2e-15
    again = from_flax(nnx.state(cell)).cell
    assert all(np.array_equal(v, again.parameters[n]) for n, v in ours.parameters.items())
    back = ours.to_flax("nnx")
    assert same_numbers(
        [back["dense_i"]["kernel"], back["dense_i"]["bias"], back["dense_h"]["kernel"]],
        [cell.dense_i.kernel[...], cell.dense_i.bias[...], cell.dense_h.kernel[...]],
    )


def test_haiku():
    jax, hk = library("jax"), library("haiku")
    bias = hk.initializers.RandomNormal(0.5)
    f = hk.without_apply_rng(hk.transform(lambda x, h: hk.GRU(H, b_init=bias)(x, h)[0]))
    params = f.init(jax.random.key(0), X[:, 0], H_0)
    expected = loop(lambda h, x: f.apply(params, x, h))
    ours = from_haiku(params)["gru"]
    assert apart(states(ours, X, H_0), expected) < 2e-15
    own = params["gru"]
    back = ours.to_haiku()
    assert same_numbers([back[n] for n in own], [own[n] for n in own])
    (one,) = detect(own["w_i"], own["w_h"], own["b"], X, expected, H_0)
    assert str(one).startswith("z r h, columns, reset before the product, z takes")


@pytest.mark.parametrize("use_bias", [True, False])
def test_equinox(use_bias):
    jax, eqx = library("jax"), library("equinox")
    cell = eqx.nn.GRUCell(D, H, use_bias=use_bias, key=jax.random.key(0), dtype=jax.numpy.float64)
    ours = from_equinox(cell).cell
    array = jax.numpy.asarray
    expected = loop(lambda h, x: jax.vmap(cell)(array(x), array(h)))
    assert apart(states(ours, X, H_0), expected) < 2e-15
    back = ours.to_equinox()
    assert apart(back["weight_ih"], cell.weight_ih) == apart(back["weight_hh"], cell.weight_hh) == 0
    if use_bias:
        assert apart(back["bias"], cell.bias) == apart(back["bias_n"], cell.bias_n) == 0


def test_nothing_needs_these_libraries_to_be_imported():

    code = (
        "import explainer as e; [getattr(e, n) for n in e.__all__]; import sys; print(*sys.modules)"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"keras", "onnx", "onnxruntime", "jax", "flax", "haiku", "equinox", "h5py"} & set(
        loaded
    )
