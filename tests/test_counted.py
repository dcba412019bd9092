"""Where only some answers count: against PyTorch's modules, packed sequences, `ignore_index`."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from beside_torch import CLOSE, SMALL, some_state, tensor
from torch.nn import functional as F

from explainer import run, train

CASES = {
    f"{variant}, {input_}": replace(SMALL, answers="last", variant=variant, input=input_)
    for variant, input_ in product(("reset_after", "reset_before"), ("embedding", "one_hot"))
}


@pytest.fixture(scope="module", params=CASES.values(), ids=CASES.keys())
def result(request):
    return run(request.param, h_0=some_state(request.param))


def last_state_alone(trace, parameters, after):
    """The loss of the last state's answer, from nothing but the given numbers."""
    own, keep = parameters, 1 - float(trace["dropout"])
    e = tensor(trace["one_hot"]) @ own["E"] if "E" in own else tensor(trace["one_hot"])
    h = tensor(trace["h_0"])
    for x in (tensor(trace["mask_x"]) * e / keep).unbind(1):
        bias = {n: own.get(f"b_{n}", 0) for n in ("ir", "iz", "in")}
        bias |= {f"i{g}": own[f"b_{g}"] for g in "rzn" if not after}
        i = {g: x @ own[f"W_i{g}"].T + bias[f"i{g}"] for g in "rzn"}
        past = {g: h @ own[f"W_h{g}"].T + (own[f"b_h{g}"] if after else 0) for g in "rz"}
        r, z = ((i[g] + past[g]).sigmoid() for g in "rz")
        hn = r * (h @ own["W_hn"].T + own["b_hn"]) if after else (r * h) @ own["W_hn"].T
        h = z * h + (1 - z) * (i["n"] + hn).tanh()
    out = tensor(trace["mask_h"])[:, -1] * h / keep
    logits = F.linear(out, own["W_o"], own.get("b_o"))
    return F.cross_entropy(logits, tensor(trace["targets"])[:, -1].long())


def test_only_the_last_states_answer_makes_loss_and_gradients(result):
    trace = result.trace
    parameters = {n: tensor(v).requires_grad_() for n, v in result.update.before.items()}
    loss = last_state_alone(trace, parameters, result.settings.variant == "reset_after")
    loss.backward()
    np.testing.assert_allclose(trace["loss"], loss.detach(), **CLOSE)
    for name, value in parameters.items():
        np.testing.assert_allclose(trace[f"d_{name}"], value.grad, **CLOSE, err_msg=name)
        total = trace[f"d_{name}_t"].sum(0)
        np.testing.assert_allclose(total, trace[f"d_{name}"], **CLOSE, err_msg=name)
    assert not trace["d_logits"][:, :-1].any()
    assert not trace["ce_3"][:-1].any()
    assert float(trace["answers"]) == result.settings.batch_size


def test_a_training_takes_the_same_steps():
    settings = CASES["reset_after, embedding"]
    history = train(settings, epochs=1)
    first, second = (run(replace(settings, updates=n)) for n in (0, 1))
    assert history.losses[0] == pytest.approx(float(first.trace["loss"]))
    for name, value in first.update.after.items():
        np.testing.assert_allclose(second.update.before[name], value, **CLOSE, err_msg=name)


def test_an_answer_can_be_made_to_count():
    settings = CASES["reset_after, embedding"]
    result = run(settings, edits={"counted": {(None, None): 1}})
    np.testing.assert_allclose(
        result.trace["loss"], run(replace(settings, answers="every")).trace["loss"]
    )
    with pytest.raises(ValueError, match="an integer from 0 to 1; got 2"):
        run(settings, edits={"counted": {(0, 0): 2}})
    with pytest.raises(ValueError, match="only finite numbers can be shown"):
        run(settings, edits={"counted": 0})
