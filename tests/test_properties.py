"""What holds for every run, every text and every link, tried on drawn ones."""

import gc
import weakref
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import UNICODE, any_settings, small_settings

from explainer import PRESETS, Settings, run, train
from explainer.analysis.tasks import TASKS, make
from explainer.batches import tokenize
from explainer.engine.network import network
from explainer.engine.parameters import rnn_parameters
from explainer.engine.unroll import forward_pass
from explainer.tokenizer import END_OF_TEXT, UNKNOWN, Tokenizer, normalize
from explainer.url import TEXT_IN_LINK, from_link, read_query, write_query

NOTHING_LOST = 1e-12

# Runs.


@given(settings=small_settings())
def test_gates_probabilities_and_states_stay_in_their_range(settings):
    result = run(settings)
    lowest = {"tanh": -1, "linear": -np.inf}
    highest = {"relu": np.inf, "linear": np.inf}
    gates, candidate = settings.activations
    for trace in (result.trace, result.second):
        for name, function in (("r", gates), ("z", gates), ("n", candidate)):
            assert (trace[name] >= lowest.get(function, 0)).all()
            assert (trace[name] <= highest.get(function, 1)).all()
        assert (trace["p"] >= 0).all()
        np.testing.assert_allclose(trace["p"].sum(-1), 1, atol=NOTHING_LOST)
        if gates == "tanh":
            continue
        # the state lies between the old state and the candidate
        both = np.stack([trace["h_prev"], trace["n"]])
        lost = NOTHING_LOST * max(1, np.abs(both).max())
        assert (trace["h"] >= both.min(0) - lost).all()
        assert (trace["h"] <= both.max(0) + lost).all()


@given(settings=small_settings(), data=st.data())
def test_a_sequence_gives_in_a_batch_what_it_gives_alone(settings, data):
    trace = run(settings).trace
    b = data.draw(st.integers(0, settings.batch_size - 1))
    known = {}
    for name, quantity in trace.quantities.items():
        if quantity.function is None and name not in ("h_prev", "d_loss", "d_h_next"):
            values = trace[name][b : b + 1] if quantity.dims[:1] == ("B",) else trace[name]
            known[name] = torch.from_numpy(np.array(values))
    known |= {name: known[name].long() for name in ("ids", "targets")}
    alone = forward_pass(network(settings).forward, known)
    assert {"x", "z", "h", "h_prev", "logits", "ce_2"} <= set(alone)
    for name, values in alone.items():
        if trace.quantities[name].dims[:1] == ("B",):
            np.testing.assert_allclose(
                values[0], trace[name][b], rtol=0, atol=NOTHING_LOST, err_msg=name
            )


@given(settings=small_settings(dropout=0.0))
def test_dropout_0_changes_nothing(settings):
    result = run(settings)
    for trace in (result.trace, result.second):
        np.testing.assert_array_equal(trace["x"], trace["e"])
        np.testing.assert_array_equal(trace["h_out"], trace["h"])
        assert trace["mask_x"].all()
        assert trace["mask_h"].all()


@given(settings=small_settings(training=False))
def test_evaluating_is_dropout_0(settings):
    evaluated = run(settings)
    assert_same_numbers(evaluated, run(replace(settings, training=True, dropout=0.0)))


@given(settings=small_settings(dropout_kind="locked", training=True))
def test_a_locked_mask_is_the_same_for_all_time_steps(settings):
    result = run(settings)
    for trace in (result.trace, result.second):
        for name in ("mask_x", "mask_h"):
            assert (trace[name] == trace[name][:, :1]).all()


def test_a_mask_that_is_not_locked_is_drawn_for_every_number():
    settings = replace(PRESETS["start"], dropout=0.5, hidden_size=16)
    for name in ("mask_x", "mask_h"):
        element = run(settings).trace[name]
        assert (element != element[:, :1]).any()
        assert element.mean() == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("redraw", [True, False])
def test_the_second_pass_has_the_masks_that_the_settings_say(redraw):
    result = run(replace(PRESETS["start"], dropout=0.5, redraw_masks=redraw))
    for name in ("mask_x", "mask_h"):
        assert (result.trace[name] == result.second[name]).all() != redraw
    np.testing.assert_array_equal(result.trace["ids"], result.second["ids"])


@given(settings=small_settings())
def test_equal_settings_give_equal_numbers(settings):
    assert_same_numbers(run(settings), run(replace(settings)))


@pytest.mark.parametrize("hidden_size", [1, 2, 3, 8])
@pytest.mark.parametrize("initial", ["constant", "normal", "uniform", "orthogonal"])
def test_another_hidden_size_keeps_the_rule_and_the_seed(initial, hidden_size):
    settings = replace(PRESETS["start"], initial=initial, seed=11)
    wider = replace(settings, hidden_size=hidden_size)
    assert (wider.initial, wider.seed) == (initial, 11)
    result = run(wider)
    assert result.trace["W_hz"].shape == (hidden_size, hidden_size)
    values = result.trace["W_iz"]
    if initial == "constant":
        assert (values == 0.5).all()
    elif initial == "uniform":
        assert np.abs(values).max() <= hidden_size**-0.5
        np.testing.assert_array_equal(result.trace["E"], run(settings).trace["E"])  # drawn first
    elif initial == "normal":
        drawn = torch.randn(4, hidden_size, generator=torch.Generator().manual_seed(11))
        np.testing.assert_array_equal(values, drawn.double().numpy().T)  # drawn first
    else:
        W = result.trace["W_hz"]
        np.testing.assert_allclose(W @ W.T, np.eye(hidden_size), atol=1e-5)


def test_another_seed_gives_other_numbers():
    first, second = (run(replace(PRESETS["start"], seed=seed)).trace for seed in (1, 2))
    for name in ("E", "W_iz", "W_hn", "b_ir", "W_o", "mask_x", "mask_h"):
        assert (first[name] != second[name]).any(), name


@pytest.mark.parametrize("preset", ["math", "story"])
def test_a_carried_state_is_what_the_batch_before_left(preset):
    first = run(PRESETS[preset])
    second = run(replace(PRESETS[preset], batch_index=1))
    assert not first.trace["h_0"].any()
    np.testing.assert_allclose(second.trace["h_0"], first.trace["h"][:, -1], atol=NOTHING_LOST)
    fresh = run(replace(PRESETS[preset], batch_index=1, carry_state=False))
    assert not fresh.trace["h_0"].any()


@pytest.mark.parametrize("windows", ["in_order", "sequential"])
def test_a_carried_state_is_that_of_a_training_that_learns_nothing(windows):
    settings = replace(PRESETS["story"], windows=windows, dropout=0.4, learning_rate=0.0)
    history = train(settings, epochs=1)
    for i in range(4):
        carried = run(replace(settings, batch_index=i)).trace["h_0"]
        np.testing.assert_allclose(carried, history.state_at(i).h_0.numpy(), atol=NOTHING_LOST)


@pytest.fixture
def float64_by_default():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("initial", ["constant", "normal", "uniform", "orthogonal"])
def test_a_seed_draws_the_same_whatever_torchs_default_is(initial, request):
    settings = replace(PRESETS["start"], initial=initial, dropout=0.4, head_bias=True)
    V = len(tokenize(settings)[0])

    def drawn():
        result = run(settings)
        found = {n: result.trace[n] for n in (*result.update.before, "mask_x", "mask_h", "loss")}
        found |= {f"rnn_{n}": v.numpy() for n, v in rnn_parameters(settings, V).items()}
        for task in TASKS.values():
            found[task.name] = make(task, 12, 5, 3).ids
        return found

    usual = drawn()
    request.getfixturevalue("float64_by_default")
    for name, value in drawn().items():
        np.testing.assert_array_equal(value, usual[name], name)


# Trainings.


@pytest.mark.parametrize("carry_state", [True, False])
@pytest.mark.parametrize("kind", ["element", "locked"])
def test_a_training_is_a_chain_of_runs(kind, carry_state):
    settings = replace(
        PRESETS["start"],
        context_length=50,
        dropout=0.5,
        dropout_kind=kind,
        carry_state=carry_state,
        clip_norm=1.0,
    )
    history = train(settings, epochs=3)
    runs = [history.at(i) for i in range(len(history.losses))]
    count = runs[0].batch.count
    assert len(runs) == 3 * count
    assert count == 5
    for i, (before, after) in enumerate(pairwise(runs)):
        assert float(before.trace["loss"]) == pytest.approx(history.losses[i], abs=NOTHING_LOST)
        assert before.batch.index == i % count
        for name, values in after.update.before.items():
            np.testing.assert_allclose(values, before.update.after[name], atol=NOTHING_LOST)
        begins = after.batch.index == 0 or not carry_state
        left = np.zeros_like(before.trace["h_0"]) if begins else before.trace["h"][:, -1]
        np.testing.assert_allclose(after.trace["h_0"], left, atol=NOTHING_LOST)
        assert (after.trace["mask_h"] != before.trace["mask_h"]).any()  # drawn anew
    assert history.losses == train(settings, epochs=3).losses


def assert_same_numbers(first, second):
    for one, other in zip(
        (first.trace, first.update, first.second),
        (second.trace, second.update, second.second),
        strict=True,
    ):
        assert list(one) == list(other)
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)


# Texts.


@given(
    text=st.text(max_size=200) | st.text("ab ", max_size=200),
    merges=st.integers(0, 20),
    alphabet=UNICODE,
    end_of_text=st.booleans(),
    unknown=st.booleans(),
    marks=st.integers(0, 2),
)
def test_decoding_gives_the_text_back(text, merges, alphabet, end_of_text, unknown, marks):
    for mark in (END_OF_TEXT, UNKNOWN)[:marks]:
        text = text[: len(text) // 2] + mark + text[len(text) // 2 :]
    tokenizer = Tokenizer([text], merges, alphabet, end_of_text, unknown)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert len(set(tokenizer.tokens)) == len(tokenizer)
    assert [tokenizer.ids[t] for t in tokenizer.tokens] == list(range(len(tokenizer)))


@given(settings=small_settings(windows="in_order"))
def test_a_batch_is_a_window_of_the_text_and_what_follows(settings):
    result = run(settings)
    tokenizer, ids = tokenize(settings)
    B, T, i = settings.batch_size, settings.context_length, settings.batch_index
    window = ids[i * B * T : (i + 1) * B * T + 1]
    np.testing.assert_array_equal(result.batch.ids.ravel(), window[:-1])
    np.testing.assert_array_equal(result.batch.targets.ravel(), window[1:])
    assert result.batch.vocabulary == tokenizer.tokens
    text = normalize(settings.text, settings.normalization, settings.end_of_text)
    if settings.end_of_text:
        text = END_OF_TEXT + text.replace(END_OF_TEXT, 2 * END_OF_TEXT) + END_OF_TEXT
    assert tokenizer.decode(ids) == text


# Links.


@given(settings=any_settings())
def test_a_link_gives_the_settings_back(settings):
    query = write_query(settings)
    assert all(isinstance(part, str) for pair in query.items() for part in pair)
    long = len(settings.text) > TEXT_IN_LINK
    assert ("fingerprint" in query) == long
    assert from_link(query, text=settings.text if long else None) == settings
    for preset in PRESETS.values():
        again = from_link(write_query(settings, base=preset), settings.text)
        assert again == settings


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_needs_no_more_than_its_name_in_a_link(name):
    query = write_query(PRESETS[name])
    assert query == ({} if name == "start" else {"preset": name})
    assert from_link(query) == PRESETS[name]


def test_a_long_text_is_recognised_by_its_fingerprint():
    settings = replace(PRESETS["start"], text="many words " * 300)
    query = write_query(settings)
    assert "text" not in query
    assert from_link(query, text=settings.text) == settings
    for other in (None, settings.text + "!", ""):
        with pytest.raises(ValueError, match=r"fingerprint .* Upload that text"):
            from_link(query, text=other)


PLAUSIBLE = st.sampled_from(
    [
        *(
            "",
            " ",
            "-1",
            "0",
            "1",
            "2",
            "3.5",
            "1e3",
            "1e999",
            "nan",
            "-inf",
            "9" * 400,
            "9" * 5000,
        ),
        *("true", "True", "false", "yes", "None", "bpe", "one_hot", "math", "reset_before", "4096"),
        *("0x10", "1_000", "٣", "½", "--1", "[1]", "{}", "null", "%00", "<b>", "\x00", "\ud800"),
    ]
)
NAMES = st.sampled_from([*(f.name for f in fields(Settings)), "preset", "fingerprint", "t", "cell"])


@given(
    query=st.dictionaries(NAMES | UNICODE, PLAUSIBLE | UNICODE, max_size=8),
    text=st.none() | UNICODE | st.just("\ud800"),
)
def test_any_link_gives_settings_or_sentences(query, text):
    settings, problems = read_query(query, text)
    assert isinstance(settings, Settings)
    assert all(str(p).endswith(".") for p in problems)
    if problems:
        with pytest.raises(ValueError, match=r"\.$"):
            from_link(query, text)
    else:
        assert from_link(query, text) == settings


@pytest.mark.parametrize("name", [f.name for f in fields(Settings)])
def test_a_link_with_an_absurd_value_still_gives_settings(name):
    for value in ("9" * 400, "-" + "9" * 400, "9" * 5000, "nan", "\ud800", ""):
        settings, problems = read_query({name: value})
        assert isinstance(settings, Settings)
        assert all(len(str(p)) < 500 for p in problems)


def test_a_bad_part_of_a_link_does_not_spoil_the_rest():
    query = {"preset": "math", "hidden_size": "7", "seed": "x", "dropout": "2", "somebody": "else"}
    settings, problems = read_query(query)
    assert settings == replace(PRESETS["math"], hidden_size=7)
    assert len(problems) == 2
    assert {p.field for p in problems} == {"seed", "dropout"}


def test_a_run_that_nobody_holds_leaves_memory_at_once():
    gc.disable()  # nothing may refer to it in a circle
    try:
        result = run(PRESETS["start"])
        value = weakref.ref(result.trace["h"])
        del result
        assert value() is None
    finally:
        gc.enable()
