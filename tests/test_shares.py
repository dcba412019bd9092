"""A gradient as the sum of its time steps: against NumPy, autograd, and what its page shows."""

import math
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from test_pages import VARIANTS, array, figures, matrices, notes, run_of, visit
from torch import nn
from torch.nn import functional as F

from explainer import PRESETS, run
from explainer.analysis.time_contributions import (
    Contribution,
    largest_contribution,
    largest_contributions,
    norms,
)
from explainer.plots.gradient_sum import MOST_SIDE, MOST_TERMS, REST, short, strip, summands
from explainer.plots.tables import visible

MOST_CELLS = 40_000
SMALL = replace(
    PRESETS["start"], batch_size=3, context_length=5, hidden_size=3, dropout=0.3, head_bias=True
)
CASES = [
    replace(SMALL, variant=variant, input=input_)
    for variant, input_ in product(VARIANTS, ("embedding", "one_hot"))
]


@pytest.fixture(scope="module", params=CASES, ids=lambda s: f"{s.variant}-{s.input}")
def result(request):
    return run(request.param)


def shares_of(result, parameter):
    return result.trace[f"d_{parameter}_t"]


def test_shares_add_up_to_the_gradient(result):
    for name in result.update.before:
        difference = shares_of(result, name).sum(0) - result.trace[f"d_{name}"]
        assert np.abs(difference).max() < 1e-12, name


def test_norms_are_those_of_autograd():
    """PyTorch's own cell, with a copy of its weights for each time step."""
    result = run(replace(SMALL, dropout=0.0))
    trace, T = result.trace, result.trace.sizes["T"]
    packed = {}
    for (kind, letter), i in product((("weight", "W"), ("bias", "b")), "ih"):
        parts = [torch.from_numpy(trace[f"{letter}_{i}{g}"].copy()) for g in "rzn"]
        packed[f"{kind}_{i}h"] = torch.cat(parts)
    cell = nn.GRUCell(trace.sizes["D"], trace.sizes["H"], dtype=torch.float64)
    copies = [{n: v.clone().requires_grad_() for n, v in packed.items()} for _ in range(T)]
    h = torch.from_numpy(trace["h_0"].copy())
    logits = []
    for t in range(T):
        x = torch.from_numpy(trace["x"][:, t].copy())
        h = torch.func.functional_call(cell, copies[t], (x, h))
        logits.append(F.linear(h, *(torch.from_numpy(trace[n].copy()) for n in ("W_o", "b_o"))))
    targets = torch.from_numpy(result.batch.targets.copy())
    F.cross_entropy(torch.stack(logits, 1).flatten(0, 1), targets.flatten()).backward()
    for (kind, letter), i in product((("weight", "W"), ("bias", "b")), "ih"):
        for g, rows in zip("rzn", torch.arange(3 * trace.sizes["H"]).chunk(3), strict=True):
            expected = [float(c[f"{kind}_{i}h"].grad[rows].norm()) for c in copies]
            found = norms(shares_of(result, f"{letter}_{i}{g}"))
            assert max(found) > 1e-6
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_norms_are_those_of_numpy(result):
    for name in result.update.before:
        shares = shares_of(result, name)
        expected = [math.hypot(*share.ravel().tolist()) for share in shares]
        np.testing.assert_allclose(norms(shares), expected, rtol=1e-12)
        largest = largest_contribution(shares)
        assert largest.t == max(range(len(expected)), key=expected.__getitem__)
        assert largest.norm == pytest.approx(max(expected))
        assert largest.sum_of_norms == pytest.approx(math.fsum(expected))
        assert largest.norm_of_sum == pytest.approx(np.linalg.norm(result.trace[f"d_{name}"]))
        assert largest.norm_of_sum <= largest.sum_of_norms * (1 + 1e-12)


def test_shares_that_cancel_leave_nothing():
    largest = largest_contribution(np.array([[3.0, 4.0], [-3.0, -4.0]]))
    assert largest == Contribution(t=0, norm=5.0, sum_of_norms=10.0, norm_of_sum=0.0)


def test_the_largest_shares_stay_in_the_order_of_time():
    lengths = np.array([1.0, 5.0, 2.0, 5.0, 4.0])
    assert largest_contributions(lengths, 3) == [1, 3, 4]
    assert largest_contributions(lengths, 1) == [1]
    assert largest_contributions(lengths, 9) == [0, 1, 2, 3, 4]


# What is drawn.


@pytest.mark.parametrize("shape", [(200, 3, 2), (60, 40, 40), (9, 256, 256), (4096, 1, 256)])
def test_what_is_drawn_still_adds_up_and_is_bounded(shape):
    shares = np.random.default_rng(0).normal(size=shape)
    labels = [f"{t} a" for t in range(len(shares))]
    drawn = summands(shares, shares.sum(0), labels, "d", MOST_CELLS)
    *parts, total = drawn
    assert sum(term.value.size for term in drawn) <= MOST_CELLS
    assert len(parts) <= MOST_TERMS
    assert max(total.value.shape) <= MOST_SIDE
    added = sum(term.value for term in parts)
    np.testing.assert_allclose(added, shares.sum(0)[:MOST_SIDE, :MOST_SIDE], atol=1e-10)
    np.testing.assert_array_equal(total.value, shares.sum(0)[:MOST_SIDE, :MOST_SIDE])
    # those that are left out are not larger than those that are drawn
    own = {int(term.label.split()[0]) for term in parts if term.label != REST}
    assert (parts[-1].label == REST) == (len(own) < len(shares))
    lengths = np.sqrt((shares**2).sum((1, 2)))
    assert min(lengths[t] for t in own) >= max(np.delete(lengths, list(own)), default=0)
    assert len({term.limit for term in parts if term.label != REST}) == 1


def test_a_token_with_markup_stays_text():
    drawn = summands(np.ones((1, 2, 2)), np.ones((2, 2)), ["0 <b>&x"], "d_E", MOST_CELLS)
    figure = strip(drawn, [["<i>", "a"], ["b", "c"]], "light")
    (share, *_), labels = figure.data, figure.data[-1]
    assert share.name == "0 &lt;b&gt;&amp;x"
    assert share.hovertext[0][0] == "0 &lt;b&gt;&amp;x<br>&lt;i&gt;"
    assert "<b>0 &lt;b&gt;&amp;x</b>" in labels.text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.0092345, "0.00923"), (1.5e-7, "1.5e−7"), (-2.0, "−2")]
)
def test_a_number_has_three_digits(value, text):
    assert short(value) == text


# The page.


def page_with(parameter, **query):
    at = visit("gradients", **query)
    return at.selectbox(key="weight").set_value(parameter).run()


def laid_out(value, parameter):
    """As on the stage: a weight is turned, a bias lies."""
    return value.T if parameter.startswith("W_") else np.atleast_2d(value)


def strip_of(at):
    return figures(at)["shares"]


def said(at):
    return next((m.value for m in at.markdown if "contributes most" in m.value), "")


@pytest.mark.page
@pytest.mark.parametrize(("preset", "variant"), list(product(PRESETS, VARIANTS)))
def test_the_strip_has_every_share_and_the_sum(preset, variant):
    at = visit("gradients", preset=preset, variant=variant)
    for parameter in at.selectbox(key="weight").options:
        at.selectbox(key="weight").set_value(parameter).run()
        result = run_of(at)
        trace, T = result.trace, result.trace.sizes["T"]
        drawn = matrices(strip_of(at))
        assert len(drawn) == T + 1, parameter
        shares = trace[f"d_{parameter}_t"]
        for t, (label, value) in enumerate(drawn[:-1]):
            token = visible(result.batch.vocabulary[result.batch.ids[0, t]])
            assert label == f"{t} {token}".replace("<", "&lt;").replace(">", "&gt;")
            np.testing.assert_array_equal(value, laid_out(shares[t], parameter))
        assert drawn[-1][0].startswith(f"d_{parameter}")
        np.testing.assert_array_equal(drawn[-1][1], laid_out(trace[f"d_{parameter}"], parameter))
        written = strip_of(at)["data"][-1]["text"]
        for t in range(T):
            norm = f"norm {short(float(np.linalg.norm(shares[t])))}"
            assert {norm, f"<b>{norm}</b>"} & set(written)


@pytest.mark.page
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("parameter", ["W_hz", "W_in", "E", "W_o"])
def test_the_sentence_names_the_time_step_that_contributes_most(parameter, variant):
    at = page_with(parameter, variant=variant, seed="5")
    trace = run_of(at).trace
    lengths = [float(np.linalg.norm(share)) for share in trace[f"d_{parameter}_t"]]
    t, total = int(np.argmax(lengths)), float(np.linalg.norm(trace[f"d_{parameter}"]))
    assert said(at).startswith(f"**Time step {t}** (")
    numbers = re.findall(r"\d[\d.e−]*\d", said(at).partition(" in sequence ")[2])
    expected = [short(lengths[t]), short(total), short(sum(lengths))]
    assert [n for n in numbers if "." in n] == expected
    assert f"**{total / sum(lengths):.0%}**" in said(at)
    # the frame, and the only share in bold, is that time step's
    *_, frame, labels = strip_of(at)["data"]
    assert len(array(frame["x"])) == 6
    bold = [text for text in labels["text"] if text.startswith("<b>")]
    assert bold[0].startswith(f"<b>{t} ")
    assert bold[1] == f"<b>norm {short(lengths[t])}</b>"


@pytest.mark.page
def test_all_shares_have_one_scale_and_the_sum_has_its_own():
    at = page_with("W_in", preset="story")
    trace, figure = run_of(at).trace, strip_of(at)
    *shares, total = (d for d in figure["data"] if d["type"] == "heatmap")
    assert len({d["coloraxis"] for d in shares}) == 1
    ends = [np.abs(trace[n]).max() for n in ("d_W_in_t", "d_W_in")]
    for drawn, end in zip((shares[0], total), ends, strict=True):
        scale = figure["layout"][drawn["coloraxis"]]
        assert (scale["cmin"], scale["cmax"]) == (-end, end)
    (caption,) = (c.value for c in at.caption if "one colour scale" in c.value)
    assert re.findall(r"±([\d.]+\d)", caption) == [short(end) for end in ends]


@pytest.mark.page
def test_no_time_step_is_named_where_all_contributions_are_zero():
    at = visit("gradients", preset="linear_algebra")
    run_of(at)
    assert not said(at)
    assert any("Every contribution is zero, apart from rounding" in m.value for m in at.markdown)


@pytest.mark.page
def test_one_time_step_is_the_whole_gradient():
    at = page_with("W_in", preset="math", context_length="1")
    run_of(at)
    assert any("its contribution is the whole gradient" in m.value for m in at.markdown)


LARGE = {
    "many time steps": (
        {"preset": "story", "batch_size": "1", "context_length": "60", "hidden_size": "2"},
        "There are 60 contributions of 2 × 2 numbers; at most 48 matrices of 40 × 40, 40,000 "
        "numbers in all, fit. Drawn: the 47 with the largest norms, the others as one. "
        "Use a shorter context to see all.",
    ),
    "large matrices": (
        {"hidden_size": "64"},
        "There are 8 contributions of 64 × 64 numbers; at most 48 matrices of 40 × 40, 40,000 "
        "numbers in all, fit. Drawn: the first 40 × 40 numbers of each (norms include all). "
        "Use a smaller hidden size to see all.",
    ),
    "both": (
        {"preset": "story", "hidden_size": "128"},
        "Drawn: the 23 with the largest norms, the others as one; the first 40 × 40 numbers of "
        "each (norms include all). Use a shorter context or a smaller hidden size to see all.",
    ),
}


@pytest.mark.page
@pytest.mark.parametrize(("query", "sentence"), LARGE.values(), ids=LARGE.keys())
def test_what_is_left_out_is_said(query, sentence):
    at = visit("gradients", **query)
    trace = run_of(at).trace
    assert sentence in notes(at)
    drawn = matrices(strip_of(at))
    assert sum(value.size for _, value in drawn) <= MOST_CELLS
    side = min(MOST_SIDE, trace.sizes["H"])
    np.testing.assert_array_equal(drawn[-1][1], trace["d_W_hz"].T[:side, :side])
    np.testing.assert_allclose(sum(v for _, v in drawn[:-1]), drawn[-1][1], atol=1e-12)


@pytest.mark.page
def test_shares_that_are_too_many_are_not_computed():
    at = visit("gradients", preset="story", context_length="70", hidden_size="256")
    run_of(at)
    assert "would be 4,587,520 numbers; at most 4,000,000 are computed" in notes(at)
    assert "shares" not in figures(at)
    at.selectbox(key="weight").set_value("b_hz").run()
    assert len(matrices(strip_of(at))) == MOST_TERMS + 1
