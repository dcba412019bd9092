"""Numbers in the place of tokens, targets of one's own: against PyTorch's modules and losses."""

import copy
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from app_pages import page_of, run_of, sentences, visit
from beside_torch import CLOSE, packed, tensor
from torch import nn
from torch.nn import functional as F

from explainer import PRESETS, Settings, explain, from_link, run, to_link, train, with_targets
from explainer.analysis.checks import CHECKS, verify
from explainer.analysis.influence import influence, rnn_influence
from explainer.batches import batch
from explainer.engine.unedited import unedited_run
from explainer.number_table import read_table
from explainer.stage.chapters import CHAPTERS

DRAW = np.random.default_rng(1)
X = DRAW.normal(size=(3, 6, 2))
ENDS = (6, 2, 4)
REAL = np.where(DRAW.random((3, 6)) < 0.2, np.nan, DRAW.normal(size=(3, 6)))
CLASSES = np.where(DRAW.random((3, 6)) < 0.2, -100, DRAW.integers(0, 4, (3, 6)))
TARGETS = {"numbers": REAL, "classes": CLASSES, "the next row": None}
SMALL = {"batch_size": 3, "context_length": 6, "hidden_size": 3, "head_bias": True, "dropout": 0.0}


def settings_of(kind, **others):
    return Settings(values=with_targets(X, TARGETS[kind], ENDS), **{**SMALL, **others})


def loss_of(kind, outputs, answers):
    """The loss as PyTorch has it, of outputs (B, T, V)."""
    if kind == "the next row":
        rows = [(b, t) for b, end in enumerate(ENDS) for t in range(end - 1)]
        wanted = np.stack([X[b, t + 1] for b, t in rows])
    else:
        asked = (TARGETS[kind] != -100) & ~np.isnan(TARGETS[kind])
        rows = [(b, t) for b, end in enumerate(ENDS) for t in range(end) if asked[b, t]]
        wanted = np.array([TARGETS[kind][row] for row in rows])
    if answers == "last":
        keep = [i for i, row in enumerate(rows) if row[0] != [*rows, (-1,)][i + 1][0]]
        rows, wanted = [rows[i] for i in keep], wanted[keep]
    found = torch.stack([outputs[row] for row in rows])
    if kind == "classes":
        return F.cross_entropy(found, tensor(wanted).long())
    return F.mse_loss(found, tensor(wanted).reshape(found.shape))


@pytest.mark.parametrize("answers", ["every", "last"])
@pytest.mark.parametrize("kind", TARGETS)
def test_a_run_on_numbers_is_what_pytorch_computes(kind, answers):
    result = run(settings_of(kind, answers=answers))
    trace = result.trace
    gru = nn.GRU(2, 3, batch_first=True, dtype=torch.float64)
    gru.load_state_dict({f"{name}_l0": values for name, values in packed(trace).items()})
    W, b = (tensor(trace[n]).requires_grad_() for n in ("W_o", "b_o"))
    rows = nn.utils.rnn.pack_padded_sequence(
        tensor(X), ENDS, batch_first=True, enforce_sorted=False
    )
    h, _ = nn.utils.rnn.pad_packed_sequence(gru(rows)[0], batch_first=True)
    loss = loss_of(kind, F.linear(h, W, b), answers)
    loss.backward()
    np.testing.assert_allclose(trace["loss"], loss.detach(), **CLOSE)
    np.testing.assert_allclose(trace["d_W_o"], W.grad, **CLOSE)
    np.testing.assert_allclose(trace["d_b_o"], b.grad, **CLOSE)
    for name, by_hand in packed(trace, "d_").items():
        expected = getattr(gru, f"{name}_l0").grad
        np.testing.assert_allclose(by_hand, expected, **CLOSE, err_msg=name)
    for b, end in enumerate(ENDS):
        np.testing.assert_array_equal(trace["values"][b, :end], X[b, :end])
    assert trace.lengths == ENDS
    assert "E" not in trace
    assert "ids" not in trace


@pytest.mark.parametrize("kind", TARGETS)
def test_each_term_of_the_squared_error_has_autograds_gradient(kind):
    trace = run(settings_of(kind)).trace
    if kind == "classes":
        assert {"p", "ce_3"} <= set(trace)
        return
    assert not {"p", "log_p", "ce_3", "targets"} & set(trace)
    logits = tensor(trace["logits"]).requires_grad_()
    error = logits - tensor(trace["y"])
    se_1 = error * error
    se_2 = se_1.mean(-1)
    se_3 = (tensor(trace["counted"]) * se_2).sum(0) / tensor(trace["counted"]).sum()
    steps = {"error": error, "se_1": se_1, "se_2": se_2, "se_3": se_3, "logits": logits}
    for value in steps.values():
        value.retain_grad()
    se_3.sum().backward()
    for name, value in steps.items():
        np.testing.assert_allclose(trace[name], value.detach(), **CLOSE, err_msg=name)
        np.testing.assert_allclose(trace[f"d_{name}"], value.grad, **CLOSE, err_msg=name)


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
def test_checks_training_and_edits(kind, variant):
    settings = settings_of(kind, variant=variant, dropout=0.2, learning_rate=0.1)
    result = run(settings, edits={"values": {(0, 1, 0): 3.0}, "z": {(0, 2, 1): 0.5}})
    assert result.trace["values"][0, 1, 0] == 3
    for found in verify(result, CHECKS):
        assert found.difference < 1e-12, found
    losses = train(settings, epochs=30).losses
    assert losses[-1] < losses[0]
    assert influence(result, 0).shape == rnn_influence(result, 0).shape == (6, 6)
    again = pickle.loads(pickle.dumps(copy.deepcopy(result)))
    assert again.settings == settings
    assert hash(again.settings) == hash(settings)
    assert again.trace["loss"] == result.trace["loss"]
    plain = unedited_run(result.trace).trace
    assert not plain.edits
    np.testing.assert_array_equal(plain["h"], run(settings).trace["h"])
    assert explain(result.trace, "x", (0, 0, 1)).numbers.startswith("x[0,0,1] = 1.0000·")


# Batches.


def rows_of(found):
    return [
        [int(v) for v in row[:n, 0]] for row, n in zip(found.values, found.lengths, strict=True)
    ]


def test_a_long_series_is_cut_into_windows():
    settings = Settings(values=np.arange(11.0)[:, None], batch_size=2, context_length=3)
    batches = [batch(settings, i) for i in range(2)]
    assert [rows_of(b) for b in batches] == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10]]]
    assert batches[1].wanted[:, :, 0].tolist() == [[7, 8, 9], [10, 0, 0]]
    assert batches[1].counted.tolist() == [[True] * 3, [True, False, False]]
    assert batches[1].labels(1) == ["9", "10", "·"]
    parts = replace(settings, windows="sequential")
    assert [rows_of(batch(parts, i)) for i in range(2)] == [
        [[0, 1, 2], [6, 7, 8]],
        [[3, 4, 5], [9, 10]],
    ]
    drawn = batch(replace(settings, windows="random"), 7)
    assert all(row in ([0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10]) for row in rows_of(drawn))


def test_a_batch_is_no_larger_than_the_numbers():
    settings = Settings(values=np.ones((2, 5, 3)), batch_size=8, context_length=64)
    assert (settings.batch_size, settings.context_length) == (2, 5)
    assert run(settings).trace["x"].shape == (2, 5, 3)


# Where numbers come from.

CSV = b"""sequence,wind,target
Oslo,0.5,calm
Oslo,9,storm
Bergen,3,
Bergen,2,calm
"""


def test_a_table_has_classes_and_cells_without_an_answer(tmp_path):
    (tmp_path / "wind.csv").write_bytes(CSV)
    settings = Settings(values=tmp_path / "wind.csv")
    assert settings == Settings(values=CSV)
    result = run(settings)
    assert result.batch.vocabulary == ("calm", "storm")
    assert result.trace["targets"].tolist() == [[0, 1], [-100, 0]]
    assert result.trace["counted"].tolist() == [[1, 1], [0, 1]]
    assert result.trace.origin.names["D"] == ("wind",)
    numbers = read_table(b"wind,target\n1,2.5\n2,\n")
    assert np.isnan(numbers.targets[0]).tolist() == [False, True]
    assert numbers.classes == ()


def test_a_link_has_the_fingerprint_of_numbers():
    settings = settings_of("numbers")
    link = to_link(settings)
    assert settings.values.fingerprint in link
    assert from_link(link, values=settings.values) == settings
    with pytest.raises(ValueError, match="needs the numbers with the fingerprint"):
        from_link(link)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([[1.0], [2.0, 3.0]], "rows of different lengths. Fill the shorter sequences up"),
        (np.zeros(3), r"an array of numbers \(T, D\), or .*; got shape \(3,\)"),
        (np.zeros((2, 0)), "got shape"),
        ([[1.0], [np.nan]], r"values\[1, 0\] must be a finite number; got nan"),
        (np.zeros((1, 600)), "at most 2,000,000 in 512 features"),
        (b"a,b\n1,2\n3\n", "Row 3 has 1 columns; a row must have 2 columns"),
        (b"a,target\n1,2\n2,nan\n", "a finite number"),
        (b"a,target\n1,2\n2,3;5\n", "a finite number"),
        (b"a;b\n1,5;2\n", "Write decimal points, not commas"),
        (b"a,target\n1,\n", "at least one target must be there"),
    ],
)
def test_numbers_that_can_not_be_used(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        run(Settings(values=values))


@pytest.mark.parametrize("values", ["file.csv", {"a": 1}, [["a"]], 3j, [None], object()])
def test_what_is_no_numbers_is_of_a_wrong_type(values):
    with pytest.raises((TypeError, ValueError), match="values must be"):
        Settings(values=values)


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        (np.zeros((3, 5)), r"shape \(3, 6\)"),
        (np.full((3, 6), -1), "classes from 0 to 511, or -100 for no answer; got integers from -1"),
        (np.full((3, 6), -100), "classes from 0"),
        (np.full((3, 6), np.inf), "finite numbers, or not-a-number for none"),
    ],
)
def test_targets_that_do_not_fit(targets, sentence):
    with pytest.raises(ValueError, match=sentence):
        with_targets(X, targets)


def test_names_and_lengths_that_do_not_fit():
    with pytest.raises(ValueError, match="1 names are given; the values have 2 features"):
        with_targets(X, features=["wind"])
    with pytest.raises(ValueError, match="3 integers from 1 to 6, one for each sequence"):
        with_targets(X, lengths=[1, 2])
    with pytest.raises(ValueError, match="values have lengths of their own"):
        Settings(values=X, lengths=(1, 2))


# In the app.


def sent(at, data):
    return at.file_uploader(key="numbers").set_value(("wind.csv", data, "text/csv")).run()


ABOUT_TEXT = ("tokens", "embedding")
"""Pages that say there that numbers need neither."""


@pytest.mark.page
@pytest.mark.parametrize("target", ["classes", "numbers"])
def test_a_table_takes_the_place_of_the_text_on_every_page(target):
    data = CSV if target == "classes" else CSV.replace(b"calm", b"0.5").replace(b"storm", b"2")
    at = sent(visit("batches", open_settings="true"), data)
    shown = run_of(at).settings
    assert shown.values == read_table(data)
    assert at.session_state["values"] == shown.values.fingerprint
    assert not sentences(at)
    for chapter in CHAPTERS:
        at.switch_page(page_of(chapter.slug)).run()
        assert not at.exception, (chapter.slug, at.exception[0].value)
        assert not sentences(at), chapter.slug
        said = " ".join(e.value for kind in ("markdown", "caption") for e in at.main.get(kind))
        if chapter.slug not in ABOUT_TEXT:
            assert not re.search(r"\btokens?\b|vocabulary", said), chapter.slug
    words = " ".join(m.value for m in at.switch_page(page_of("tokens")).run().markdown)
    assert "no tokens and no vocabulary" in words
    at.selectbox(key="preset").set_value("math").run()
    assert run_of(at).settings == PRESETS["math"]


@pytest.mark.page
def test_a_table_that_is_missing_or_wrong_is_asked_for():
    fingerprint = read_table(CSV).fingerprint
    at = visit("batches", values=fingerprint)
    (said,) = sentences(at)
    assert "This link needs the numbers with the fingerprint" in said
    assert run_of(at).settings == PRESETS["start"]
    sent(at, CSV)
    assert not sentences(at)
    assert run_of(at).settings.values.fingerprint == fingerprint
    (said,) = sentences(sent(at, b"a,b\n1,2\n3\n"))
    assert said.startswith("Row 3 has 1 columns; a row must have 2 columns")
