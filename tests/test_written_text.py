"""What a trained network writes, and its parameters to take away."""

from contextlib import chdir
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from app_pages import (
    VARIANTS,
)
from beside_torch import modules, tensor
from safetensors.torch import load
from torch.nn import functional as F
from training_cases import SAME, SMALL, trained

from explainer import run
from explainer.batches import tokenize
from explainer.engine.sampling import continue_text
from explainer.interop.pytorch import safetensors, snippet, state_dict

pytestmark = pytest.mark.usefixtures("nobody_trained_before")


def loaded(settings, parameters):
    """PyTorch's modules with these parameters, as a file brought them."""
    net = modules(settings)
    net.load_state_dict(load(safetensors(state_dict(settings, parameters))), strict=True)
    return net


def written(settings, parameters, prefix, tokens, choose):
    """What PyTorch's modules write, where `choose` picks from the logits."""
    net, (tokenizer, _) = loaded(settings, parameters), tokenize(settings)
    ids, h, found = tokenizer.encode(prefix), None, []
    with torch.no_grad():
        for _ in range(tokens):
            row = torch.tensor([ids])
            if "embedding" in net:
                x = net["embedding"](row)
            else:
                x = F.one_hot(row, len(tokenizer)).double()
            outputs, h = net["gru"](x, h)
            ids = [choose(net["head"](outputs)[0, -1])]
            found += ids
    return "".join(tokenizer.tokens[i] for i in found)


WRITERS = {
    "embedding": replace(SMALL, dropout=0.3, carry_state=True),
    "one_hot": replace(SMALL, input="one_hot", head_bias=True, tokenizer="bpe", merges=3),
}


@pytest.mark.parametrize("case", WRITERS)
@pytest.mark.parametrize("prefix", ["a", "abcab"])
def test_what_a_network_writes_is_what_pytorchs_modules_write(case, prefix):
    settings = WRITERS[case]
    parameters = trained(settings)
    greedy = written(settings, parameters, prefix, 40, lambda logits: int(logits.argmax()))
    assert continue_text(settings, parameters, prefix, 40) == greedy
    for temperature, seed in product((0.3, 1.0, 10.0), (0, 5)):
        generator = torch.Generator().manual_seed(seed)

        def draw(logits, temperature=temperature, generator=generator):
            p = (logits / temperature).softmax(-1)
            return int(torch.multinomial(p, 1, generator=generator))

        wanted = written(settings, parameters, prefix, 40, draw)
        assert continue_text(settings, parameters, prefix, 40, temperature, seed) == wanted
    assert wanted != greedy


@pytest.mark.parametrize("temperature", [1e-4, 1e-300, 1e-310, 5e-324])
def test_a_very_low_temperature_takes_the_likeliest_token(temperature):
    parameters = trained(SMALL)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    greedy = continue_text(SMALL, parameters, "ab", 30)
    assert continue_text(SMALL, parameters, "ab", 30, temperature) == greedy
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"prefix": ""}, "prefix must be at least one character of the vocabulary; got ''"),
        ({"prefix": "a#%"}, "The prefix has '#', '%'; the vocabulary has only the .* ' abcdef'"),
        ({"tokens": 0}, "tokens must be an integer from 1 to 500; got 0"),
        ({"tokens": 501}, "tokens must be an integer from 1 to 500; got 501"),
        ({"temperature": -1.0}, "temperature must be a number from 0 to 10; got -1.0"),
        ({"temperature": 11.0}, "temperature must be a number from 0 to 10; got 11.0"),
        ({"temperature": float("nan")}, "temperature must be a number from 0 to 10; got nan"),
    ],
    ids=str,
)
def test_what_can_not_be_written_says_why(wish, sentence):
    parameters = run(SMALL).update.before
    tensors = {n: tensor(v) for n, v in parameters.items()}
    with pytest.raises(ValueError, match=sentence):
        continue_text(SMALL, tensors, **({"prefix": "a", "tokens": 3} | wish))


def test_the_ends_of_each_range_can_be_written():
    parameters = trained(SMALL, 1)
    for tokens, temperature in ((1, 0), (500, 10)):
        found = continue_text(SMALL, parameters, "a", tokens, temperature)
        assert len(found) == tokens  # one character each


# To take away.

TAKEN = {
    f"{input_}-bias_{bias}": replace(SMALL, input=input_, head_bias=bias, updates=9)
    for input_, bias in product(("embedding", "one_hot"), (True, False))
}


def taken(result):
    return {n: tensor(v) for n, v in result.update.before.items()}


@pytest.mark.parametrize("case", TAKEN)
def test_pytorchs_modules_take_the_parameters_and_give_the_same(case):
    result = run(TAKEN[case])
    net = loaded(result.settings, taken(result))
    x = tensor(result.trace["x"])
    with torch.no_grad():
        outputs, last = net["gru"](x)
        logits = net["head"](outputs)
        if "embedding" in net:
            found = net["embedding"](tensor(result.batch.ids))
            np.testing.assert_array_equal(found, x)
    np.testing.assert_allclose(outputs, result.trace["h"], **SAME)
    np.testing.assert_allclose(last[0], result.trace["h"][:, -1], **SAME)
    np.testing.assert_allclose(logits, result.trace["logits"], **SAME)


def test_torch_gru_can_not_have_the_reset_gate_before_the_product():
    result = run(replace(SMALL, variant="reset_before"))
    with pytest.raises(ValueError, match="variant must be 'reset_after'; got 'reset_before'"):
        state_dict(result.settings, taken(result))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_file_gives_back_every_number(variant):
    parameters = taken(run(replace(SMALL, variant=variant)))
    # a part of a larger memory, as torch.chunk gives it
    parameters["W_o"] = torch.stack([parameters["W_o"]] * 2, -1)[..., 1]
    back = load(safetensors(parameters))
    assert set(back) == set(parameters)
    for name, values in parameters.items():
        assert back[name].dtype == torch.float64
        assert torch.equal(back[name], values), name


@pytest.mark.parametrize("case", TAKEN)
def test_the_code_to_load_it_runs(case, tmp_path):
    result = run(TAKEN[case])
    data = safetensors(state_dict(result.settings, taken(result)))
    (tmp_path / "gru.safetensors").write_bytes(data)
    names = {}
    with chdir(tmp_path):
        exec(snippet(result.settings, "gru.safetensors"), names)
    tokens = names["ids"].shape[1]
    assert tokens == min(8, len(tokenize(result.settings)[1]))
    # the same tokens, and nothing dropped
    text = {"batch_size": 1, "context_length": tokens - 1, "batch_index": 0, "windows": "in_order"}
    own = run(replace(result.settings, **text, training=False), taken(result))
    np.testing.assert_array_equal(names["ids"][:, :-1], own.batch.ids)
    np.testing.assert_allclose(names["logits"].detach()[:, :-1], own.trace["logits"], **SAME)
    np.testing.assert_allclose(names["outputs"].detach()[:, :-1], own.trace["h"], **SAME)
