"""Every line of proof sees a wrong number, and none depends on chance."""

import math
from dataclasses import replace

import pytest
import torch

from explainer import PRESETS, run
from explainer.analysis.checks import verify
from explainer.stage.chapters import CHAPTERS, chapter

SEEN = [
    *(("embedding", 0, "trace", name) for name in ("e", "one_hot")),
    *(("dropout", 0, "trace", name) for name in ("x", "h_out", "mask_x", "mask_h")),
    *((slug, 0, "trace", name) for slug in ("cell", "time", "gates") for name in ("h", "h_0")),
    *(("cell", 1, "trace", name) for name in ("z", "n", "h")),
    *(("prediction", 0, "trace", name) for name in ("p", "W_o")),
    *(("loss", 0, "trace", name) for name in ("loss", "h_out")),
    *(("gradients", 0, "trace", f"d_{name}") for name in ("E", "W_iz", "W_hn", "b_ir", "W_o")),
    *(("gradients", 1, "trace", f"d_W_h{g}") for g in "rzn"),
    *((slug, 0, "update", "new_W_hz") for slug in ("update", "training")),
    *(("update", 0, "update", f"new_{name}") for name in ("E", "b_hn")),
    *(("update", 1, "update", f"new_{name}") for name in ("W_o", "W_hz", "b_hn")),
    ("update", 1, "second", "loss"),
]


@pytest.fixture(scope="module")
def results():
    settings = replace(PRESETS["start"], dropout=0.3, clip_norm=0.1)
    after = run(settings)
    return {
        "reset_after": after,
        "reset_before": run(replace(settings, variant="reset_before")),
    }


def wrong(result, where, name):
    """The same run, with a number of one tensor that is not what was computed."""
    trace = getattr(result, where)
    values = {n: v.copy() for n, v in trace.arrays.items()}
    values[name].flat[0] += 0.25
    return replace(result, **{where: replace(trace, arrays=values)})


@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
@pytest.mark.parametrize(("slug", "line", "where", "name"), SEEN)
def test_a_wrong_number_is_seen(results, variant, slug, line, where, name):
    name = name if variant == "reset_after" else name.replace("b_ir", "b_r").replace("b_hn", "b_n")
    result = results[variant]
    assert verify(result, chapter(slug).checks)[line].difference < 1e-12
    assert verify(wrong(result, where, name), chapter(slug).checks)[line].difference > 1e-6


def test_every_line_of_every_chapter_is_tried(results):
    lines = {(c.slug, i) for c in CHAPTERS for i in range(len(c.checks))}
    elsewhere = {("tokens", 0), ("batches", 0)}
    assert lines == {(slug, line) for slug, line, *_ in SEEN} | elsewhere


def test_a_second_pass_without_the_update_is_seen(results):
    result = results["reset_after"]
    still = run(replace(result.settings, learning_rate=0.0))
    (found,) = verify(replace(result, second=still.second), ["second_pass"])
    assert found.difference > 1e-6


def test_a_text_that_comes_back_changed_is_seen(results, monkeypatch):
    result = results["reset_after"]
    assert verify(result, ["tokens"])[0].difference == 0
    changed = f"?{result.settings.text.lower()[1:]}!"
    monkeypatch.setattr("explainer.analysis.checks.normalize", lambda *_: changed)
    assert verify(result, ["tokens"])[0].difference == 2


@pytest.mark.parametrize("dropout", [0.0, 0.5, 0.95])
def test_a_proof_depends_on_no_chance_and_draws_nothing(dropout):
    result = run(replace(PRESETS["start"], dropout=dropout))
    for seed in range(40):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        for c in CHAPTERS:
            if c.slug in ("dropout", "cell", "gates") or not seed:
                assert all(p.difference < 1e-10 for p in verify(result, c.checks))
        assert torch.equal(torch.get_rng_state(), before)


def test_a_check_that_is_too_large_is_a_sentence_and_the_others_are_made():
    settings = replace(PRESETS["start"], merges=0, batch_size=1, context_length=70)
    first, second = verify(run(replace(settings, hidden_size=256)), chapter("gradients").checks)
    assert first.problem == ""
    assert first.difference < 1e-12
    assert math.isnan(second.difference)
    assert second.problem == (
        "The time steps' contributions to d_W_hr would be 4,587,520 numbers; at most 4,000,000 are "
        "computed. Use a shorter context or a smaller hidden size."
    )
    assert not any(
        c.problem
        for c in verify(run(replace(settings, hidden_size=239)), chapter("gradients").checks)
    )


def test_a_check_that_the_machine_refuses_is_a_sentence(results, monkeypatch):
    def refuse(*_arguments, **_named):
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("explainer.analysis.checks.sgd", refuse)
    first, second = verify(results["reset_after"], chapter("update").checks)
    assert first.problem == "No usable temporary directory found"
    assert second.problem == ""
