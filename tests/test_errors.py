"""Every error says what was given, what is possible, and what to do."""

import re
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

import explainer
from explainer import PRESETS, History, Run, Settings, Trace, explain, run, train
from explainer.batches import batch
from explainer.engine.sampling import continue_text
from explainer.engine.trace import refuse_not_finite
from explainer.interop.pytorch import safetensors, state_dict
from explainer.tokenizer import UNKNOWN, Tokenizer
from explainer.url import from_link, write_query

SMALL = replace(
    PRESETS["start"],
    text="aaaabcdefghij",
    tokenizer="characters",
    end_of_text=False,
    batch_size=1,
    context_length=3,
    hidden_size=2,
    dropout=0.0,
)


def sentence_of(error, call, *arguments, **named):
    """The sentence that a call ends with."""
    with pytest.raises(error) as caught:
        call(*arguments, **named)
    assert type(caught.value) is error
    return str(caught.value.args[0])


# Settings.

FIELDS = {f.name: f.metadata for f in fields(Settings)}
NUMBERS = [name for name, meta in FIELDS.items() if "low" in meta]
CHOICES = [name for name, meta in FIELDS.items() if "options" in meta]
REAL = [name for name in NUMBERS if FIELDS[name]["kind"] is float]
SWITCHES = [name for name, meta in FIELDS.items() if meta["kind"] is bool]


def test_every_field_is_a_number_a_choice_a_switch_or_a_text():
    assert {*NUMBERS, *CHOICES, *SWITCHES, "text", "alphabet"} == set(FIELDS)
    assert all(meta["label"] for meta in FIELDS.values())


def range_of(name):
    return f"{FIELDS[name]['low']:,}", f"{FIELDS[name]['high']:,}"


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_at_the_ends_of_its_range_is_possible(name):
    other = {"batch_size": {"context_length": 1}, "context_length": {"batch_size": 1}}
    for value in (FIELDS[name]["low"], FIELDS[name]["high"]):
        settings = Settings(text="a", **{name: value}, **other.get(name, {}))
        assert getattr(settings, name) == value


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_out_of_its_range_says_the_range(name):
    low, high = FIELDS[name]["low"], FIELDS[name]["high"]
    for value in (low - 1, high + 1, -(10**6), 10**12):
        sentence = sentence_of(ValueError, Settings, text="a", **{name: value})
        assert sentence.startswith(f"{name} is {value!r}; ")
        assert all(bound in sentence for bound in range_of(name))
        assert "Choose" in sentence


@pytest.mark.parametrize("name", REAL)
def test_a_number_that_is_not_finite_says_the_range(name):
    for value in (float("nan"), float("inf"), float("-inf")):
        sentence = sentence_of(ValueError, Settings, text="a", **{name: value})
        assert sentence.startswith(f"{name} is {value}; ")
        assert all(bound in sentence for bound in range_of(name))


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_with_hundreds_of_digits_says_the_range(name):
    for value in (10**400, -(10**400), 10**5000):
        sentence = sentence_of(ValueError, Settings, text="a", **{name: value})
        assert sentence.startswith(name)
        assert all(bound in sentence for bound in range_of(name))
        assert len(sentence) < 300


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_of_another_type_says_the_range(name):
    missing = [] if name == "clip_norm" else [None]
    fractions = [] if name in REAL else [2.5]
    for value in ("3", True, [1], {1: 2}, 1j, np.array([1]), *missing, *fractions):
        sentence = sentence_of(ValueError, Settings, text="a", **{name: value})
        assert sentence.startswith(f"{name} is {value!r}; ")
        assert ("a number" if name in REAL else "a whole number") in sentence
        assert all(bound in sentence for bound in range_of(name)), sentence


def test_no_clipping_is_none():
    assert Settings(text="a", clip_norm=None).clip_norm is None


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_that_is_not_there_lists_what_is(name):
    first = next(iter(FIELDS[name]["options"]))
    for value in ("nothing", "", "BPE", 3, None, [first], {first: 1}, {first}, np.array([first])):
        sentence = sentence_of(ValueError, Settings, text="a", **{name: value})
        assert sentence.startswith(f"{name} is {value!r}; ")
        assert all(option in sentence for option in FIELDS[name]["options"]), sentence


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_true_or_false(name):
    for value in (1, 0, "true", None, [True], np.array([True])):
        sentence = sentence_of(ValueError, Settings, text="a", **{name: value})
        assert sentence.startswith(f"{name} is {value!r}; ")
        assert "True or False" in sentence


@pytest.mark.parametrize("name", ["text", "alphabet"])
def test_a_text_has_a_longest_length_whole_characters_and_its_type(name):
    given = {"text": "a"}
    longest = FIELDS[name]["high"]
    assert len(getattr(Settings(**given | {name: "x" * longest}), name)) == longest
    sentence = sentence_of(ValueError, Settings, **given | {name: "x" * (longest + 1)})
    assert f"{longest + 1:,}" in sentence
    assert f"{longest:,}" in sentence
    assert "shorter" in sentence
    assert "surrogate" in sentence_of(ValueError, Settings, **given | {name: "a\ud800"})
    assert "a text" in sentence_of(ValueError, Settings, **given | {name: 3})


def test_a_text_is_not_empty():
    sentence = sentence_of(ValueError, Settings, text="")
    assert "text is empty" in sentence
    assert "200,000" in sentence


@pytest.mark.parametrize(("B", "T"), [(64, 65), (1024, 5), (2, 2049)])
def test_a_batch_has_at_most_4096_tokens(B, T):
    sentence = sentence_of(ValueError, Settings, text="a", batch_size=B, context_length=T)
    assert all(str(n) in sentence.replace(",", "") for n in (B, T, B * T, 4096))
    assert "Choose" in sentence
    assert Settings(text="a", batch_size=64, context_length=64)


@pytest.mark.parametrize("name", FIELDS)
def test_a_value_of_numpys_types_is_the_same_value(name):
    value = 2.5 if name == "clip_norm" else getattr(SMALL, name)
    expected = replace(SMALL, **{name: value})
    for same in (np.array(value)[()], *([np.float32(2.5)] if name == "clip_norm" else [])):
        assert isinstance(same, np.generic)
        settings = replace(SMALL, **{name: same})
        assert settings == expected
        assert hash(settings) == hash(expected)
        assert type(getattr(settings, name)) is type(value)
        assert write_query(settings) == write_query(expected)


def test_a_switch_is_no_number_and_a_number_no_switch_in_numpys_types_either():
    for name in NUMBERS:
        sentence = sentence_of(ValueError, Settings, text="a", **{name: np.bool_(True)})
        assert sentence.startswith(f"{name} is True; possible: a")
    for name in SWITCHES:
        sentence = sentence_of(ValueError, Settings, text="a", **{name: np.int64(1)})
        assert sentence.startswith(f"{name} is 1; possible: True or False")
    for name in set(NUMBERS) - set(REAL):
        sentence = sentence_of(ValueError, Settings, text="a", **{name: np.float64(2.0)})
        assert sentence.startswith(f"{name} is 2.0; possible: a whole number")


def test_settings_stay_as_they_are():
    with pytest.raises(FrozenInstanceError):
        SMALL.seed = 3
    assert len({SMALL, replace(SMALL), replace(SMALL, seed=99)}) == 2


# Texts.


def test_a_text_that_is_too_short_says_how_long_it_must_be():
    short = replace(PRESETS["start"], text="abcde", tokenizer="characters", end_of_text=False)
    for call in (run, batch, lambda s: train(s, epochs=1)):
        assert sentence_of(ValueError, call, short) == (
            "text has 5 tokens; batch size 2 × context length 8 + 1 needs 17. "
            "Write a longer text, or choose a shorter context or a smaller batch."
        )


@pytest.mark.parametrize("index", [1, 30, 200_000])
def test_a_batch_that_is_not_there_says_which_are(index):
    long = replace(SMALL, text="abcdefg", context_length=6, batch_index=index)
    sentence = sentence_of(ValueError, run, long)
    assert f"batch_index is {index}" in sentence
    assert "0 to 0" in sentence
    assert "Choose" in sentence


@pytest.mark.parametrize("input_", ["embedding", "one_hot"])
def test_a_vocabulary_too_large_to_show_is_refused_before_it_is_computed(input_):
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
    settings = replace(
        SMALL, text=text, batch_size=1, context_length=4096, hidden_size=256, input=input_
    )
    for call in (run, lambda s: train(s, epochs=1)):
        sentence = sentence_of(ValueError, call, settings)
        assert "20000 tokens" in sentence.replace(",", "")
        assert "at most 40,000,000" in sentence
        assert "Choose" in sentence


def test_a_contribution_too_large_to_show_is_refused():
    settings = replace(SMALL, text="ab" * 600, context_length=1000, hidden_size=256)
    trace = run(settings).trace
    for name in ("d_W_hn_t", "d_W_hr_t"):
        sentence = sentence_of(ValueError, trace.__getitem__, name)
        assert f"{1000 * 256 * 256:,}" in sentence
        assert name in sentence
        assert "Choose" in sentence


def test_an_unknown_character_is_refused_or_left_out_or_has_a_token():
    plain, with_token = Tokenizer(["abc"]), Tokenizer(["abc"], unknown=True)
    sentence = sentence_of(ValueError, plain.encode, "abxcy")
    assert "'x', 'y'" in sentence
    assert "'abc'" in sentence
    assert "Leave them out" in sentence
    assert plain.encode("abxcy", skip_unknown=True) == [0, 1, 2]
    assert with_token.encode("abxcy") == [1, 2, 0, 3, 0]
    assert with_token.decode([1, 0]) == f"a{UNKNOWN}"
    assert plain.unknown("axxy") == {"x": 2, "y": 1}


@pytest.mark.parametrize("wrong", [-1, 3, 10**9])
def test_an_id_that_is_not_there_says_which_are(wrong):
    sentence = sentence_of(ValueError, Tokenizer(["abc"]).decode, [0, wrong])
    assert str(wrong) in sentence
    assert "0 to 2" in sentence
    assert "Encode" in sentence


# Numbers.


def parameters_with(changes, settings=SMALL):
    """The settings' first parameters, some of them filled with another number."""
    values = {n: torch.from_numpy(v.copy()) for n, v in run(settings).update.before.items()}
    for (name, place), value in changes.items():
        values[name][place] = value
    return values


NAN, INF, HUGE = float("nan"), float("inf"), 1.7e308
ALL = ...


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({("W_ir", (1, 2)): NAN}, ["W_ir is nan", "unit 1", "feature 2"]),
        ({("W_hz", (1, 0)): INF}, ["W_hz is inf", "unit 1", "unit 0"]),
        ({("b_in", 1): -INF}, ["b_in is -inf", "unit 1"]),
        ({("E", (3, 2)): NAN}, ["E is nan", "token id 3", "feature 2"]),
        ({("W_o", (4, 1)): INF}, ["W_o is inf", "token id 4", "unit 1"]),
        # finite, but what is made of it is not
        ({("b_ir", 1): HUGE, ("b_hr", 1): HUGE}, None),
        ({("W_in", ALL): HUGE, ("E", ALL): 2}, ["a_in is inf", "time step 0", "unit 0"]),
        (
            {("W_hn", ALL): HUGE, ("b_in", ALL): 50, ("b_iz", ALL): -50},
            ["a_hn is inf", "time step 1", "unit 0"],
        ),
    ],
)
def test_numbers_that_are_not_finite_say_where_it_began(changes, where):
    if where is None:  # nothing that the trace shows overflows, and the gate is 1
        assert (run(SMALL, parameters_with(changes)).trace["r"][..., 1] == 1).all()
        return
    sentence = sentence_of(ValueError, run, SMALL, parameters_with(changes))
    assert all(part in sentence for part in where), sentence
    assert "where it began" in sentence
    assert "finite" in sentence
    given = where[0].split()[0] in run(SMALL).update.before
    assert ("Pass finite ones." if given else "Choose a smaller learning rate") in sentence


def test_a_number_for_the_whole_pass_is_not_where_an_earlier_time_step_began():
    trace = run(SMALL).trace
    values = {name: value.copy() for name, value in trace.arrays.items()}
    values["loss"] = np.array(NAN)
    values["logits"][0, 2, 1] = INF
    sentence = sentence_of(ValueError, refuse_not_finite, trace.quantities, values)
    assert sentence.startswith("logits is inf at sequence 0, time step 2, token id 1, and that is")


def test_a_gradient_that_is_not_finite_began_at_the_latest_time_step():
    # every h is 0, so the forward pass is finite; z is near 1, so d_h adds up backwards
    changes = {(name, ALL): 0.0 for name in run(SMALL).update.before}
    changes |= {("b_iz", ALL): 30.0, ("W_o", ALL): HUGE, ("W_o", 0): -HUGE}
    assert run(SMALL).trace["targets"].tolist() == [[0, 0, 0]]
    sentence = sentence_of(ValueError, run, SMALL, parameters_with(changes))
    assert "d_h is inf" in sentence
    assert "time step 1" in sentence
    assert "unit 0" in sentence


def test_a_pass_after_an_update_that_goes_too_far_says_so():
    # h stays near the largest number whose square is finite; the update makes W_o as large
    changes = {(name, ALL): 0.0 for name in run(SMALL).update.before} | {("b_iz", ALL): 50.0}
    settings = replace(SMALL, learning_rate=1.0)
    h_0 = torch.full((1, 2), 0.95e308**0.5, dtype=torch.float64)
    sentence = sentence_of(ValueError, run, settings, parameters_with(changes), h_0)
    assert sentence.startswith("after the update")
    assert "log_p is -inf" in sentence
    assert "where it began" in sentence


def test_training_says_at_which_update_a_number_stopped_being_finite(monkeypatch):
    changes = {("W_ir", (1, 2)): NAN}
    first = parameters_with(changes)
    monkeypatch.setattr("explainer.engine.training.initial_parameters", lambda settings, V: first)
    sentence = sentence_of(ValueError, train, SMALL, epochs=1)
    assert sentence.startswith("update 0: ")
    assert "finite" in sentence


def test_what_a_trace_is_given_must_have_the_declared_shape(start_run):
    trace = start_run.trace
    values = {"z": trace["z"][:, :3]}
    sentence = sentence_of(ValueError, Trace, {"z": trace.quantities["z"]}, values, trace.sizes)
    assert "z has shape (2, 3, 4), expected (2, 8, 4)" in sentence


# Parameters of the reader's own.


@pytest.mark.parametrize("change", ["missing", "too small", "turned around"])
def test_parameters_that_do_not_fit_say_which(change):
    parameters = parameters_with({})
    if change == "missing":
        del parameters["W_ir"]
    else:
        W = parameters["W_ir"]
        parameters["W_ir"] = W.T if change == "turned around" else W[:1]
    with pytest.raises((ValueError, KeyError), match="W_ir"):
        run(SMALL, parameters)


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
    parameters = parameters_with({})
    names = ", ".join(parameters)
    sentence = sentence_of(ValueError, WAYS[way], SMALL, parameters | dict.fromkeys(others, ONE))
    assert sentence == (
        f"parameters has {', '.join(map(repr, others))}; these settings have {names}. "
        f"Pass only those."
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["W_ir", "b_hn", "E", "W_o"])
def test_a_parameter_that_is_missing_is_named_everywhere(way, name):
    parameters = parameters_with({})
    shape = tuple(parameters.pop(name).shape)
    sentence = sentence_of(ValueError, WAYS[way], SMALL, parameters)
    assert sentence.startswith(
        f"parameter {name} is missing; these settings need the shape {shape}"
    )
    assert "Pass all of E, W_ir" in sentence


@pytest.mark.parametrize("way", WAYS)
def test_parameters_are_arrays_or_tensors_everywhere(way):
    tensors = parameters_with({})
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


ONE = torch.ones(1)
NO_REAL_NUMBERS = {
    "complex128": np.zeros((2, 4), complex),
    "torch.complex64": torch.zeros(2, 4, dtype=torch.complex64),
    "bool": np.zeros((2, 4), bool),
    "torch.bool": torch.zeros(2, 4, dtype=torch.bool),
    "<U1": np.full((2, 4), "a"),
    "object": np.full((2, 4), None),
    "list": [[0.0] * 4] * 2,
    "NoneType": None,
}


@pytest.mark.parametrize("kind", NO_REAL_NUMBERS)
def test_parameters_without_real_numbers_are_refused(kind):
    wrong = NO_REAL_NUMBERS[kind]
    possible = "an array or a tensor of real numbers, dense and on the CPU"
    said = f"{kind}; possible: {possible}. Pass one of them."
    for call in WAYS.values():
        assert sentence_of(ValueError, call, SMALL, parameters_with({}) | {"W_ir": wrong}) == (
            f"W_ir is {said}"
        )
    assert sentence_of(ValueError, safetensors, {"mine": wrong}) == f"mine is {said}"
    if wrong is not None:
        assert sentence_of(ValueError, run, SMALL, h_0=wrong) == f"h_0 is {said}"


@pytest.mark.parametrize("way", WAYS)
def test_parameters_have_names(way):
    sentence = sentence_of(ValueError, WAYS[way], SMALL, ["W_ir"])
    assert sentence.startswith("parameters is ['W_ir']; possible: arrays or tensors by name. Pass")


@pytest.mark.parametrize("shape", [(1, 3), (2, 2), (2,)])
def test_a_first_state_that_does_not_fit_says_its_shape(shape):
    sentence = sentence_of(ValueError, run, SMALL, h_0=torch.zeros(shape, dtype=torch.float64))
    assert "h_0" in sentence
    assert "(1, 2)" in sentence


def test_a_draw_of_numpys_types_is_the_same_draw():
    settings = replace(SMALL, dropout=0.5)
    third = run(settings, draw=3).trace["mask_h"]
    np.testing.assert_array_equal(run(settings, draw=np.int64(3)).trace["mask_h"], third)


@pytest.mark.parametrize("draw", [-1, 2**32, 1.0, True, "3", None, [1]])
def test_a_draw_is_a_whole_number(draw):
    sentence = sentence_of(ValueError, run, SMALL, draw=draw)
    assert sentence.startswith(
        f"draw is {draw!r}; possible: a whole number from 0 to 4,294,967,295"
    )
    assert "Choose" in sentence


@pytest.mark.parametrize("name", ["tokens", "seed", "temperature"])
def test_what_is_written_on_takes_numbers_of_numpys_types(name):
    parameters = parameters_with({})
    usual = {"prefix": "ab", "tokens": 7, "seed": 4, "temperature": 2.0}
    numpys = usual | {name: np.array(usual[name])[()]}
    expected = continue_text(SMALL, parameters, **usual)
    assert continue_text(SMALL, parameters, **numpys) == expected
    for value in (True, "3", None, [1], float("inf"), -1):
        sentence = sentence_of(
            ValueError, continue_text, SMALL, parameters, **usual | {name: value}
        )
        assert sentence.startswith(f"{name} is {value!r}; possible: a")
        assert "Choose" in sentence


@pytest.mark.parametrize(
    "turn",
    [torch.Tensor.float, lambda v: v.clone().requires_grad_(), torch.nn.Parameter],
    ids=["float32", "requires grad", "parameter"],
)
def test_parameters_of_a_trained_module_can_be_run(turn):
    parameters = parameters_with({})
    expected = run(SMALL, parameters).trace
    trace = run(SMALL, {name: turn(values) for name, values in parameters.items()}).trace
    for name in ("h", "loss", "d_W_hz"):
        assert trace[name].dtype == np.float64
        np.testing.assert_allclose(trace[name], expected[name], atol=1e-6)


# Traces.


def test_no_number_of_a_run_can_be_changed(start_run):
    for trace in (start_run.trace, start_run.update, start_run.second):
        for name in trace:
            assert trace[name].dtype == np.float64
            assert not trace[name].flags.writeable
            with pytest.raises(ValueError, match="read-only"):
                trace[name][...] = 0
        with pytest.raises(TypeError):
            trace.arrays["z"] = 0
        with pytest.raises(FrozenInstanceError):
            trace.sizes = {}
    with pytest.raises(ValueError, match="read-only"):
        start_run.batch.ids[0, 0] = 1
    with pytest.raises(TypeError):
        start_run.trace.gradients["z"] = 0


def test_a_run_does_not_change_with_what_it_was_given():
    parameters, h_0 = parameters_with({}), torch.ones(1, 2, dtype=torch.float64)
    result = run(SMALL, parameters, h_0)
    before = {name: result.trace[name].copy() for name in (*parameters, "h_0")}
    for values in (*parameters.values(), h_0):
        values.zero_()
    for name, values in before.items():
        np.testing.assert_array_equal(result.trace[name], values, err_msg=name)


@pytest.mark.parametrize("name", ["q", "", "new_W_o", "d_h_other"])
def test_a_name_that_is_not_in_a_trace_lists_what_there_is(start_run, name):
    sentence = sentence_of(KeyError, start_run.trace.__getitem__, name)
    assert repr(name) in sentence
    assert all(there in sentence.split() or f"{there}," in sentence for there in ("z", "d_W_hz"))
    assert name not in start_run.trace
    assert "z" in start_run.trace
    assert sentence == sentence_of(KeyError, explain, start_run.trace, name)


@pytest.mark.parametrize("name", [["z"], {"z": 1}, {"z"}, 3, None, ("z",)])
def test_what_is_no_name_is_told_so(start_run, name):
    sentence = sentence_of(ValueError, start_run.trace.__getitem__, name)
    assert sentence.startswith(
        f"name is {name!r}; possible: a text, such as 'z'. Choose one of ids,"
    )
    assert name not in start_run.trace
    assert sentence == sentence_of(ValueError, explain, start_run.trace, name)


def test_a_trace_has_what_it_lists(start_run):
    trace = start_run.trace
    assert list(trace) == list(trace.quantities)
    assert all(trace[name].shape == trace.shape(name) for name in trace)
    assert trace.gradients["z"] is trace["d_z"]
    assert all(value.shape == trace[n].shape for n, value in trace.gradients.items())
    assert trace.gradients["W_hz"].shape == trace["W_hz"].shape
    assert start_run.nbytes > trace.nbytes > 0


# Training.


@pytest.mark.parametrize("epochs", [0, -1, 1.5, "3", None, True])
def test_a_training_has_at_least_one_epoch(epochs):
    sentence = sentence_of(ValueError, train, PRESETS["math"], epochs=epochs)
    assert sentence.startswith(
        f"epochs is {epochs!r}; possible: a whole number from 1 to 1,000,000"
    )
    assert "Choose" in sentence


@pytest.mark.parametrize("i", [-1, 6, 1000])
def test_an_update_that_a_training_did_not_do_says_which_it_did(i):
    history = train(PRESETS["math"], epochs=2)
    sentence = sentence_of(IndexError, history.at, i)
    assert f"update {i:,} " in sentence
    assert "0 to 5" in sentence
    assert "choose" in sentence


def test_a_training_without_updates_says_so():
    sentence = sentence_of(IndexError, History(PRESETS["math"]).at, 0)
    assert "possible: none, since none was done. Train" in sentence


@pytest.mark.parametrize("i", [1.5, "1", None, True])
def test_an_update_of_a_training_has_a_whole_number(i):
    history = train(PRESETS["math"], epochs=2)
    for way in (history.at, history.state_at):
        sentence = sentence_of(ValueError, way, i)
        assert sentence == f"i is {i!r}; possible: a whole number. Choose one."


def test_an_update_of_a_training_can_be_a_number_of_numpys():
    history = train(PRESETS["math"], epochs=np.int64(2))
    assert history.at(np.int64(4)).trace["loss"] == history.losses[4]


# What a notebook shows.


def test_what_a_notebook_shows_of_a_run_is_short():
    result = run(PRESETS["math"])
    sizes = "B=2, T=3, D=4, H=2, V=4"
    assert re.fullmatch(rf"Run\(reset_before, {sizes}, loss [\d.]+ → [\d.]+\)", repr(result))
    assert repr(result.trace) == f"Trace({len(list(result.trace))} quantities, {sizes})"
    assert repr(result.update) == f"Update({len(list(result.update))} quantities, {sizes})"
    assert "vocabulary" not in repr(result.batch)


def test_the_package_lists_its_public_names():
    assert dir(explainer) == sorted(explainer.__all__)


# What is no Settings, no name, no plain tensor.


@pytest.mark.parametrize("given", ["start", None, {"preset": "math"}, 3])
@pytest.mark.parametrize("way", [run, History, lambda s: train(s, epochs=1)])
def test_what_is_no_settings_is_told_so(way, given):
    sentence = sentence_of(ValueError, way, given)
    possible = "possible: Settings, such as PRESETS['start']. Pass some."
    assert sentence == f"settings is {given!r}; {possible}"


def test_a_query_has_names_and_values():
    sentence = sentence_of(ValueError, from_link, 3)
    assert sentence.startswith("query is 3; possible: names and values, such as")


@pytest.mark.parametrize("query", [{"text": 5}, {"seed": None}, {"preset": ["x"]}])
def test_a_query_has_texts(query):
    ((name, value),) = query.items()
    sentence = sentence_of(ValueError, from_link, query)
    assert sentence.startswith(f"{name} is {value!r}; possible in a link: a text")
    assert "Pass one." in sentence


def test_a_prefix_is_a_text(start_run):
    after = start_run.update.after
    sentence = sentence_of(ValueError, continue_text, start_run.settings, after, 5, 3)
    assert sentence == "prefix is 5; possible: a text. Write one."


@pytest.mark.parametrize(
    "values", [PRESETS, run(PRESETS["math"]).trace.gradients, run(PRESETS["math"]).update.after]
)
def test_what_is_not_there_lists_what_there_is(values):
    with pytest.raises(KeyError) as caught:
        values["zz"]
    assert f"no 'zz' here; there is {', '.join(values)}. Choose one." in str(caught.value)


@pytest.mark.parametrize("dtype", [torch.float16, torch.int64, "float32", np.float32, None])
def test_a_training_is_in_one_of_two_dtypes(dtype):
    sentence = sentence_of(ValueError, History, PRESETS["math"], dtype)
    assert sentence.startswith("dtype is ")
    assert sentence.endswith("possible: torch.float32 or torch.float64. Choose one.")


@pytest.mark.parametrize(
    "value",
    [
        torch.ones(2, 2).to_sparse(),
        torch.ones(2, 2, device="meta"),
        np.ma.masked_array(np.ones((2, 2)), mask=True),
    ],
)
def test_numbers_that_are_not_all_there_are_refused(value):
    sentence = sentence_of(ValueError, safetensors, {"a": value})
    assert sentence.startswith("a is ")
    assert "dense and on the CPU. Pass one of them." in sentence


def test_a_file_takes_tensors_that_lie_turned():
    turned = torch.arange(6.0).reshape(2, 3).T
    assert torch.equal(load(safetensors({"a": turned}))["a"], turned.double())


@pytest.mark.parametrize("index", [(True, 0, 0), {0, 1, 2}, "012"])
def test_a_place_is_whole_numbers_in_order(index):
    sentence = sentence_of(ValueError, explain, run(PRESETS["math"]).trace, "z", index)
    assert sentence.startswith(f"index is {index!r}; possible: whole numbers.")


def test_a_text_of_another_kind_is_a_text():
    class Title(str):
        __slots__ = ()

    settings = replace(PRESETS["math"], text=Title("Math" * 6), variant=np.str_("reset_after"))
    assert (type(settings.text), type(settings.variant)) == (str, str)


@pytest.mark.parametrize("half", [0xD800, 0xDC80, 0xDFFF])
def test_half_a_character_is_refused(half):
    given = f"abc{chr(half)}"
    assert "half a character" in sentence_of(ValueError, replace, SMALL, text=given)


def test_the_most_tokens_of_a_batch_are_possible_and_no_more():
    text = "ab" * 4000
    replace(SMALL, text=text, batch_size=16, context_length=256)
    with pytest.raises(ValueError, match="17 × context length 241 is 4,097 tokens; at most 4,096"):
        replace(SMALL, text=text, batch_size=17, context_length=241)


def test_a_whole_number_is_taken_as_a_real_one_where_that_is_meant():
    assert type(replace(SMALL, learning_rate=5).learning_rate) is float


def test_a_state_carried_over_too_many_batches_is_refused():
    long = replace(
        PRESETS["your_text"],
        text="ab" * 3000,
        tokenizer="characters",
        batch_size=1,
        context_length=1,
        carry_state=True,
    )
    sentence = sentence_of(ValueError, run, replace(long, batch_index=2001))
    assert sentence.startswith("batch_index is 2,001, and carry_state has all batches before it")
    run(replace(long, batch_index=2001, carry_state=False))


def test_settings_and_trainings_are_short_in_a_notebook():
    assert len(repr(PRESETS["story"])) < 1_000
    assert repr(PRESETS["math"]).startswith("Settings(text='MathMath")
    history = train(PRESETS["math"], epochs=1)
    assert repr(history) == f"History(3 updates, last loss {history.losses[-1]:.6g})"
    assert repr(History(PRESETS["math"])) == "History(0 updates)"
