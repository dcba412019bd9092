"""Where only some answers count: against PyTorch's modules, packed sequences, `ignore_index`."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from beside_torch import CLOSE, SMALL, packed, some_state, tensor
from torch import nn
from torch.nn import functional as F

from explainer import explain, from_link, run, to_link, train
from explainer.analysis.influence import token_influence

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


# Sequences of several lengths.

ENDS = (5, 2, 4)
PADDED = {
    f"{answers}, {input_}": replace(SMALL, lengths=ENDS, answers=answers, input=input_, dropout=0.0)
    for answers, input_ in product(("every", "last"), ("embedding", "one_hot"))
}


@pytest.mark.parametrize("settings", PADDED.values(), ids=PADDED.keys())
def test_lengths_are_those_of_packed_sequences(settings):
    result = run(settings, h_0=some_state(settings))
    trace, targets = result.trace, tensor(result.trace["targets"]).long()
    gru = nn.GRU(trace.sizes["D"], trace.sizes["H"], batch_first=True, dtype=torch.float64)
    gru.load_state_dict({f"{name}_l0": values for name, values in packed(trace).items()})
    x = tensor(trace["x"]).requires_grad_()
    rows = nn.utils.rnn.pack_padded_sequence(x, ENDS, batch_first=True, enforce_sorted=False)
    states, last = gru(rows, tensor(trace["h_0"])[None])
    h, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True)
    for b, end in enumerate(ENDS):
        np.testing.assert_allclose(trace["h"][b, :end], h[b, :end].detach(), **CLOSE)
        targets[b, end:] = -100
    if settings.answers == "last":
        logits = F.linear(last[0], tensor(trace["W_o"]), tensor(trace["b_o"]))
        loss = F.cross_entropy(logits, torch.stack([targets[b, n - 1] for b, n in enumerate(ENDS)]))
    else:
        logits = F.linear(h, tensor(trace["W_o"]), tensor(trace["b_o"]))
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100)
    loss.backward()
    np.testing.assert_allclose(trace["loss"], loss.detach(), **CLOSE)
    np.testing.assert_allclose(trace["d_x"], x.grad, **CLOSE)
    for name, by_hand in packed(trace, "d_").items():
        expected = getattr(gru, f"{name}_l0").grad
        np.testing.assert_allclose(by_hand, expected, **CLOSE, err_msg=name)


def test_a_state_is_carried_on_from_where_its_sequence_ends():
    settings = replace(
        SMALL, lengths=ENDS, carry_state=True, windows="sequential", dropout=0.0, context_length=5
    )
    before = run(settings).trace
    after = run(replace(settings, batch_index=1)).trace
    ends = np.stack([before["h"][b, n - 1] for b, n in enumerate(ENDS)])
    np.testing.assert_array_equal(after["h_0"], ends)
    history = train(replace(settings, learning_rate=0.0), epochs=1)
    np.testing.assert_allclose(history.at(1).trace["h_0"], ends, **CLOSE)


def test_what_comes_after_the_end_is_padding():
    result = run(PADDED["every, embedding"])
    assert result.trace.lengths == result.second.lengths == ENDS
    assert result.batch.labels(1)[2:] == ["·"] * 3
    with pytest.raises(ValueError, match="sequence 1 has 2 time steps; t is 3"):
        explain(result.trace, "h", (1, 3, 0))
    assert not token_influence(result, 1, 1)[2:].any()


@pytest.mark.parametrize(
    ("lengths", "sentence"),
    [
        ((5, 2), "2 lengths are given; a batch of 3 needs one for each sequence"),
        ((5, 6, 1), "Sequence 1 would be 6 time steps long; context length 5 is the most"),
        ((5, 0, 1), r"integers from 1 to 200,000, such as \(8, 5\); got \(5, 0, 1\)"),
        ("5, x", "integers from 1 to 200,000"),
        ("99999999999", "integers from 1 to 200,000"),
    ],
)
def test_lengths_that_do_not_fit(lengths, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(SMALL, lengths=lengths)


def test_lengths_are_no_numbers_of_another_kind():
    for lengths in (3, (1.0, 2, 3), None):
        with pytest.raises(TypeError, match="lengths must be integers"):
            replace(SMALL, lengths=lengths)


def test_a_link_says_lengths():
    settings = replace(SMALL, lengths=ENDS, answers="last")
    assert "lengths=5,2,4" in to_link(settings)
    assert from_link(to_link(settings)) == settings
    assert replace(SMALL, lengths=" 5, 2 4 ").lengths == ENDS
