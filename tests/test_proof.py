"""Every line of proof sees a wrong number, and none depends on chance."""

import math
from dataclasses import replace

import pytest
import torch

from explainer import PRESETS, run
from explainer.analysis.checks import verify
from explainer.analysis.references import holds
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


EDITS = [
    {"W_hz": {(0, 1): 0.5}, "b_hn": -0.25, "learning_rate": 0.5},
    {"ids": {(0, 2): 5}, "targets": {(1, 0): 7}, "mask_x": {(0, 0, 0): 0}, "h_0": 0.5},
    {"z": {(None, None, 2): 1.0}, "r": {(0, 3, 0): 0.0}, "E": {(3, 1): 2.0}},
    {"e": {(0, 1, 2): 1.0}, "x": {(1, 1, 0): -1.0}, "h_out": {(0, 2, 1): 0.5}, "n": 0.25},
    {"h": {(0, 3, None): 0.25}, "a_hn": {(1, 2, 1): 3.0}, "logits": {(0, 5, 3): 4.0}},
    {"a_ir": 1.0, "a_in": {(0, 0, 0): 1.0}, "a_hz": {(0, 4, 1): -2.0}, "dropout": 0.4},
]


@pytest.mark.parametrize("edits", EDITS, ids=lambda edits: "-".join(edits))
@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
def test_an_edited_run_is_checked_with_its_edits(variant, edits):
    if variant == "reset_before":
        edits = {n.replace("b_hn", "b_n"): places for n, places in edits.items()}
        edits["h_reset"] = {(0, 2, 0): 0.5}
    settings = replace(PRESETS["start"], variant=variant, dropout=0.2, clip_norm=0.5)
    result = run(settings, edits=edits)
    for c in CHAPTERS:
        for check in verify(result, c.checks):
            assert not check.problem, check
            assert check.difference < 1e-10, (c.slug, check)
    # and the checks see a run whose numbers are those of other edits
    other = run(settings)
    mixed = replace(result, trace=replace(other.trace, edits=result.edits))
    seen = [check.difference for c in CHAPTERS for check in verify(mixed, c.checks)]
    assert max(seen) > 1e-6 or not holds(result.trace)
