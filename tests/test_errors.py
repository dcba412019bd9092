"""Every error says what must hold, what was given and, where that helps, what to do."""

import ast
import builtins
import copy
import pickle
import re
from dataclasses import FrozenInstanceError, fields, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

import explainer
from explainer import PRESETS, History, Run, Settings, Trace, compare, explain, run, train
from explainer.analysis.checks import verify
from explainer.analysis.influence import (
    growth,
    influence,
    memory_length,
    rnn_influence,
    token_influence,
)
from explainer.analysis.task_data import TASKS, make
from explainer.analysis.tasks import learn, measure
from explainer.batches import batch, tokenize
from explainer.engine.batch_run import smaller_update
from explainer.engine.not_finite import refuse_not_finite
from explainer.engine.sampling import continue_text
from explainer.engine.training import RNNTraining
from explainer.errors import (
    LONGEST,
    ConstraintError,
    ExplainerError,
    InvalidValueError,
    NotFiniteError,
    OutOfRangeError,
    UnknownNameError,
    WrongTypeError,
    names_of,
    shorten,
)
from explainer.interop.pytorch import safetensors, snippet, state_dict
from explainer.tokenizer import UNKNOWN, Tokenizer
from explainer.url import (
    edits_from_link,
    from_link,
    read_query,
    to_link,
    view_from_link,
    write_query,
)
from explainer.view_state import ViewState

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
NAN, INF, HUGE = float("nan"), float("inf"), 1.7e308
ALL = ...


def parameters_with(changes=None, settings=SMALL):
    """The settings' first parameters, some of them filled with another number."""
    values = {n: torch.from_numpy(v.copy()) for n, v in run(settings).update.before.items()}
    for (name, place), value in (changes or {}).items():
        values[name][place] = value
    return values


def without(name):
    """The first parameters without one of them."""
    return {n: v for n, v in parameters_with().items() if n != name}


@cache
def math_run():
    return run(PRESETS["math"])


@cache
def math_history():
    return train(PRESETS["math"], epochs=1)


def sentence_of(error, call, *arguments, **named):
    """The sentence that a call ends with."""
    with pytest.raises(error) as caught:
        call(*arguments, **named)
    assert type(caught.value) is error
    return str(caught.value)


# The errors themselves.


def test_an_error_is_a_sentence_made_of_fields():
    error = InvalidValueError("hidden_size", "an integer from 1 to 256", "300", "Try 8.")
    assert str(error) == "hidden_size must be an integer from 1 to 256; got 300. Try 8."
    assert (error.field, error.given, error.advice) == ("hidden_size", "300", "Try 8.")
    assert str(error.also("Or 4.")).endswith("got 300. Try 8. Or 4.")
    assert str(error.within("at update 3")).startswith("At update 3, hidden_size must")
    twice = error.within("after the update").within("at update 3", "Begin again.")
    assert str(twice).startswith("At update 3, after the update, hidden_size must")
    assert twice.advice == "Begin again."
    for again in (pickle.loads(pickle.dumps(twice)), copy.deepcopy(twice)):
        assert type(again) is InvalidValueError
        assert str(again) == str(twice)
        assert again.args == twice.args


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidValueError, ValueError),
        (ConstraintError, ValueError),
        (NotFiniteError, ValueError),
        (WrongTypeError, TypeError),
        (UnknownNameError, KeyError),
        (OutOfRangeError, IndexError),
    ],
)
def test_an_error_is_one_of_pythons_own(error, kind):
    assert issubclass(error, kind)
    assert issubclass(error, ExplainerError)
    assert "'" not in str(error("n", "an integer", "3"))  # str of a KeyError is a repr


def deep():
    """A list in a list, 100,000 times."""
    value = []
    for _ in range(100_000):
        value = [value]
    return value


class Unwritable:
    """Its repr fails."""

    def __repr__(self):
        raise RuntimeError


class Verbose:
    """Its repr is long, and has several lines."""

    def __repr__(self):
        return "a\nb " * 100_000


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (300, "300"),
        ("a", "'a'"),
        (np.array([1]), "array([1])"),
        (10**5000, "an integer of more than 40 digits"),
        ((10**5000,), "an instance of <class 'tuple'>"),
        (["\ud800"], r"['\ud800']"),
        (deep(), "[[[[[[[...]]]]]]]"),
        (Unwritable(), re.compile(r"<Unwritable instance at 0x[0-9a-f]+>")),
        (Verbose(), re.compile(r"[ab ]+\.\.\.[ab ]+")),
        ("x" * 10**6, re.compile(r"'x+\.\.\.x+'")),
        (dict.fromkeys(range(10**5)), re.compile(r"\{0: None.*")),
    ],
    ids=range(11),
)
def test_a_value_is_written_in_a_few_words_whatever_it_is(value, written):
    short = shorten(value)
    if isinstance(written, re.Pattern):
        assert written.fullmatch(short), short
    else:
        assert short == written
    assert len(short) <= 61


def test_a_list_of_names_is_short_and_begins_with_what_was_meant():
    assert names_of(["a", "b"]) == "a, b"
    assert names_of([f"W_{i}" for i in range(100)], "W_77x").startswith("W_77, ")
    assert names_of([f"W_{i}" for i in range(100)]).endswith(" more")
    assert len(names_of(["x" * 10**6] * 10**4)) < 150
    assert names_of([3, "a"]) == "3, a"


# Every situation, and the sentence it ends with.

TOO_SHORT = replace(PRESETS["start"], text="abcde", tokenizer="characters", end_of_text=False)
MANY = "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
LARGE = replace(SMALL, text=MANY, context_length=4096, hidden_size=256)
CARRIED = replace(SMALL, text="ab" * 3000, context_length=1, carry_state=True, batch_index=2001)
NAMES = "E, W_ir, W_iz, W_in, W_hr, W_hz, W_hn, b_ir, b_iz, b_in, b_hr, b_hz, b_hn, W_o"
FINITE = "only finite numbers can be shown."

SITUATIONS = [
    # settings
    (
        lambda: Settings(text="a", hidden_size=200_001),
        InvalidValueError,
        "hidden_size must be an integer from 1 to 200,000; got 200001.",
    ),
    (
        lambda: Settings(text="a", hidden_size="3"),
        WrongTypeError,
        "hidden_size must be an integer from 1 to 200,000; got '3'.",
    ),
    (
        lambda: Settings(text="a", learning_rate=2000),
        InvalidValueError,
        "learning_rate must be a number from 0 to 1,000; got 2000.",
    ),
    (
        lambda: Settings(text="a", updates=10**6),
        InvalidValueError,
        "updates must be an integer from 0 to 20,000; got 1000000. "
        "For more updates, call train() in a notebook.",
    ),
    (
        lambda: Settings(text="a", clip_norm=0),
        InvalidValueError,
        "clip_norm must be a number from 1e-06 to 1,000; got 0. None switches clipping off.",
    ),
    (
        lambda: Settings(text="a", variant="lstm"),
        InvalidValueError,
        "variant must be one of reset_after, reset_before; got 'lstm'.",
    ),
    (
        lambda: Settings(text="a", variant=3),
        WrongTypeError,
        "variant must be one of reset_after, reset_before; got 3.",
    ),
    (
        lambda: Settings(text="a", training=1),
        WrongTypeError,
        "training must be True or False; got 1.",
    ),
    (lambda: Settings(text=3), WrongTypeError, "text must be a string; got 3."),
    (
        lambda: Settings(text=""),
        InvalidValueError,
        "text must be a string of 1 to 200,000 characters; got 0 characters.",
    ),
    (
        lambda: Settings(text="a", alphabet="b" * 1001),
        InvalidValueError,
        "alphabet must be a string of 0 to 1,000 characters; got 1,001 characters.",
    ),
    (
        lambda: Settings(text="ab\ud800"),
        InvalidValueError,
        r"text must be a string of whole characters; got half of a surrogate pair, '\ud800', at "
        "position 2. Save the text as UTF-8 again.",
    ),
    (
        lambda: ViewState(cell="h"),
        InvalidValueError,
        "cell must be a quantity and its index, such as 'h:0,3,1'; got 'h'.",
    ),
    # links
    (
        lambda: from_link("?hidden_size=abc"),
        InvalidValueError,
        "hidden_size must be an integer from 1 to 200,000; got 'abc'. The preset's value is shown.",
    ),
    (
        lambda: from_link("?training=maybe&preset=x"),
        InvalidValueError,
        "preset must be one of start, math, linear_algebra, story, your_text; got 'x'. "
        "The preset start is shown. "
        "training must be true or false; got 'maybe'. The preset's value is shown.",
    ),
    (
        lambda: from_link("?fingerprint=abc"),
        ConstraintError,
        "This link needs the text with the fingerprint 'abc'; its text is too long to be part of "
        "it. Upload that text to see the same numbers.",
    ),
    (
        lambda: from_link("?text=" + "a" * 3000),
        InvalidValueError,
        "text must be a string of at most 2,000 characters in a link; got 3,000 characters. "
        "Upload it instead. The preset's value is shown.",
    ),
    (
        lambda: from_link(3),
        WrongTypeError,
        "link must be a link, or a mapping such as {'preset': 'math'}; got 3.",
    ),
    (
        lambda: from_link({"seed": 5}),
        WrongTypeError,
        "link must be a mapping from strings to strings; got 'seed': 5.",
    ),
    (lambda: from_link("", text=3), WrongTypeError, "text must be a string; got 3."),
    (
        lambda: to_link(SMALL, base=SMALL),
        InvalidValueError,
        re.compile(r"base must be None or a preset, such as PRESETS\['math'\]; got Settings.*"),
    ),
    (
        lambda: to_link(SMALL, "9"),
        InvalidValueError,
        "chapter must be the slug of a page, such as 'cell'; got '9'.",
    ),
    (
        lambda: to_link(SMALL, view=3),
        WrongTypeError,
        "view must be a ViewState or None; got 3.",
    ),
    (
        lambda: view_from_link("?t=-1"),
        InvalidValueError,
        "t must be an integer from 0 to 199,999; got -1.",
    ),
    # texts
    (
        lambda: batch(TOO_SHORT),
        ConstraintError,
        "The text has 5 tokens; batch size 2 × context length 8 needs at least 17. "
        "Use a longer text or a shorter context.",
    ),
    (
        lambda: batch(replace(TOO_SHORT, text="abcdefghij")),
        ConstraintError,
        "The text has 10 tokens; batch size 2 × context length 8 needs at least 17. "
        "Use a longer text, a smaller batch or a shorter context.",
    ),
    (
        lambda: batch(replace(PRESETS["your_text"], merges=256)),
        ConstraintError,
        "The text has 3 tokens; batch size 2 × context length 8 needs at least 17. "
        "Use a longer text, fewer merges or a shorter context.",
    ),
    (
        lambda: batch(replace(SMALL, batch_index=9)),
        InvalidValueError,
        "batch_index must be an integer from 0 to 3; got 9. "
        "The text has 4 batches of 1 × 3 tokens.",
    ),
    (
        lambda: Tokenizer(["abc"]).encode("abxcy"),
        ConstraintError,
        "The text has 'x', 'y'; the vocabulary has only the characters 'abc'. "
        "Leave them out, or use the token for unknown characters.",
    ),
    (
        lambda: Tokenizer(["abc"]).decode([0, 3]),
        InvalidValueError,
        "id must be an integer from 0 to 2; got 3.",
    ),
    (
        lambda: Tokenizer(["abc"]).decode(3),
        WrongTypeError,
        "ids must be a list of integers; got 3.",
    ),
    (lambda: Tokenizer(3), WrongTypeError, "documents must be a list of strings; got 3."),
    # runs
    (
        lambda: run("start"),
        WrongTypeError,
        "settings must be Settings, such as PRESETS['start']; got 'start'.",
    ),
    (
        lambda: run(LARGE),
        ConstraintError,
        "Batch size 1 × context length 4,096 with hidden size 256 and a vocabulary of 20,000 "
        "tokens makes 773,355,011 numbers, about 19.3 GB of memory; at most 40,000,000 are "
        "possible. Use a smaller batch, a shorter context, fewer units or fewer different "
        "characters in the text.",
    ),
    (
        lambda: run(SMALL, draw=-1),
        InvalidValueError,
        "draw must be an integer from 0 to 4,294,967,295; got -1.",
    ),
    (
        lambda: run(SMALL, h_0=np.zeros((2, 2))),
        InvalidValueError,
        "h_0 must be an array of shape (1, 2), one row for each sequence, or None; "
        "got shape (2, 2).",
    ),
    (
        lambda: run(CARRIED),
        ConstraintError,
        "With carry_state, batch_index 2,001 needs the state of as many batches before it; "
        "at most 2,000 are possible. Use an earlier batch, or don't carry the state.",
    ),
    (
        lambda: math_run().trace["W_zh"],
        UnknownNameError,
        re.compile(r"name must be one of W_iz, W_hz, W_hr, .* and \d+ more; got 'W_zh'\."),
    ),
    (
        lambda: math_run().trace[3],
        WrongTypeError,
        "name must be a string, such as 'z'; got 3.",
    ),
    (
        lambda: math_run().update.after["E"],
        UnknownNameError,
        "name must be one of W_ir, W_iz, W_in, W_hr, W_hz, W_hn, b_r, b_z, b_n, W_o, b_o; got 'E'.",
    ),
    (
        lambda: PRESETS["x"],
        UnknownNameError,
        "name must be one of start, math, linear_algebra, story, your_text; got 'x'.",
    ),
    (
        lambda: run(replace(SMALL, text="ab" * 600, context_length=611, hidden_size=256)).trace[
            "d_W_hn_t"
        ],
        ConstraintError,
        "d_W_hn_t would have 40,042,496 numbers; at most 40,000,000 are possible. "
        "Use a shorter context or a smaller hidden size.",
    ),
    (
        lambda: Trace(
            {"z": math_run().trace.quantities["z"]},
            {"z": math_run().trace["z"][:, :2]},
            math_run().trace.sizes,
        ),
        InvalidValueError,
        "z must be an array of shape (2, 3, 2); got shape (2, 2, 2).",
    ),
    # parameters of the user's own
    (
        lambda: run(SMALL, 3),
        WrongTypeError,
        f"parameters must be a mapping with {NAMES}; got 3.",
    ),
    (
        lambda: run(SMALL, without("W_ir")),
        InvalidValueError,
        "W_ir must be an array of shape (2, 4); got nothing.",
    ),
    (
        lambda: run(SMALL, parameters_with() | {"W_ir": torch.zeros(2, 3)}),
        InvalidValueError,
        "W_ir must be an array of shape (2, 4); got shape (2, 3).",
    ),
    (
        lambda: run(SMALL, parameters_with() | {"W_ir": torch.zeros(4, 2)}),
        InvalidValueError,
        "W_ir must be an array of shape (2, 4); got shape (4, 2). Pass W_ir.T.",
    ),
    (
        lambda: run(SMALL, parameters_with() | {"dropout": torch.ones(1)}),
        ConstraintError,
        f"parameters has 'dropout'; this network has {NAMES}. Pass these and no others.",
    ),
    (
        lambda: run(SMALL, state_dict(SMALL, parameters_with())),
        ConstraintError,
        "parameters has 'gru.weight_ih_l0', 'gru.weight_hh_l0', 'gru.bias_ih_l0' and 3 more; "
        f"this network has {NAMES}. PyTorch's weight_ih_l0 stacks W_ir, W_iz, W_in: split it, "
        "weight_hh_l0 and the biases with .chunk(3).",
    ),
    (
        lambda: run(SMALL, {"gru/kernel:0": 1, "gru/recurrent_kernel:0": 1}),
        ConstraintError,
        "parameters has 'gru/kernel:0', 'gru/recurrent_kernel:0'; this network has "
        f"{NAMES}. Keras's kernel holds W_iz, W_ir, W_in side by side and transposed: split it "
        "and recurrent_kernel with np.split(kernel.T, 3).",
    ),
    (
        lambda: run(SMALL, {"W": 1, "R": 1, "B": 1}),
        ConstraintError,
        f"parameters has 'W', 'R', 'B'; this network has {NAMES}. ONNX's W stacks W_iz, W_ir, "
        "W_in, R the recurrent weights and B both biases: split W[0] and R[0] into 3, B[0] into 6.",
    ),
    # numbers that are not finite
    (
        lambda: run(SMALL, parameters_with({("W_ir", (1, 2)): NAN})),
        NotFiniteError,
        f"W_ir[1, 2] is nan (row: hidden unit 1, column: feature 2); {FINITE} Pass finite numbers.",
    ),
    (
        lambda: run(SMALL, parameters_with({("W_hz", (1, 0)): INF})),
        NotFiniteError,
        "W_hz[1, 0] is inf (row: hidden unit 1, column: hidden unit 0 of the previous state); "
        f"{FINITE} Pass finite numbers.",
    ),
    (
        lambda: run(SMALL, parameters_with({("b_in", 1): -INF})),
        NotFiniteError,
        f"b_in[1] is -inf (hidden unit 1); {FINITE} Pass finite numbers.",
    ),
    (
        lambda: run(SMALL, parameters_with({("E", (3, 2)): NAN})),
        NotFiniteError,
        f"E[3, 2] is nan (row: token id 3, column: feature 2); {FINITE} Pass finite numbers.",
    ),
    (
        lambda: run(SMALL, h_0=np.full((1, 2), INF)),
        NotFiniteError,
        f"h_0[0, 0] is inf (sequence 0, hidden unit 0); {FINITE} Pass finite numbers.",
    ),
    (
        lambda: run(SMALL, parameters_with({("W_in", ALL): HUGE, ("E", ALL): 2})),
        NotFiniteError,
        "a_in[0, 0, 0] is the first to become inf (sequence 0, time step 0, hidden unit 0); "
        f"{FINITE} Begin with smaller parameters.",
    ),
    (
        lambda: run(
            SMALL,
            parameters_with({("W_hn", ALL): HUGE, ("b_in", ALL): 50, ("b_iz", ALL): -50}),
        ),
        NotFiniteError,
        "a_hn[0, 1, 0] is the first to become inf (sequence 0, time step 1, hidden unit 0); "
        f"{FINITE} Begin with smaller parameters.",
    ),
    # trainings
    (
        lambda: train(SMALL, epochs=0),
        InvalidValueError,
        "epochs must be an integer from 1 to 1,000,000; got 0.",
    ),
    (
        lambda: History(SMALL, torch.float16),
        InvalidValueError,
        "dtype must be torch.float32 or torch.float64; got torch.float16.",
    ),
    (
        lambda: History(SMALL, "float32"),
        WrongTypeError,
        "dtype must be torch.float32 or torch.float64; got 'float32'.",
    ),
    (
        lambda: math_history().at(3),
        OutOfRangeError,
        "update must be an integer from 0 to 2; got 3. Train for longer to look further.",
    ),
    (
        lambda: math_history().at("x"),
        WrongTypeError,
        "update must be an integer from 0 to 2; got 'x'. Train for longer to look further.",
    ),
    (
        lambda: math_history().state_at(-1),
        OutOfRangeError,
        "updates must be an integer from 0 to 3; got -1. Train for longer to look further.",
    ),
    (
        lambda: History(SMALL).at(0),
        OutOfRangeError,
        "update must be one that was done, and none was; got 0.",
    ),
    # one number
    (
        lambda: explain(3, "z"),
        WrongTypeError,
        "trace must be a trace, such as run(settings).trace; got 3.",
    ),
    (
        lambda: explain(math_run().trace, "z", (0, 0)),
        InvalidValueError,
        "index must be a tuple of integers: B 0 to 1, T 0 to 2, H 0 to 1; got (0, 0).",
    ),
    (
        lambda: explain(math_run().trace, "z", "012"),
        WrongTypeError,
        "index must be a tuple of integers: B 0 to 1, T 0 to 2, H 0 to 1; got '012'.",
    ),
    (
        lambda: explain(math_run().trace, "loss", (0,)),
        InvalidValueError,
        "index must be (), as a single number needs no index; got (0,).",
    ),
    (
        lambda: explain(math_run().trace, "z", (0, 0, 0), digits=18),
        InvalidValueError,
        "digits must be an integer from 0 to 17; got 18. None writes every digit.",
    ),
    (
        lambda: explain(math_run().trace, "z", (0, 0, 0), shown=0),
        InvalidValueError,
        "shown must be an integer from 1 to 4,294,967,295; got 0. None writes every term.",
    ),
    # what a network writes
    (
        lambda: continue_text(SMALL, parameters_with(), "", 3),
        InvalidValueError,
        "prefix must be at least one character of the vocabulary; got ''.",
    ),
    (
        lambda: continue_text(SMALL, parameters_with(), 5, 3),
        WrongTypeError,
        "prefix must be a string; got 5.",
    ),
    (
        lambda: continue_text(SMALL, parameters_with(), "a", 501),
        InvalidValueError,
        "tokens must be an integer from 1 to 500; got 501.",
    ),
    (
        lambda: continue_text(SMALL, parameters_with(), "a", 3, temperature=INF),
        InvalidValueError,
        "temperature must be a number from 0 to 10; got inf.",
    ),
    # files
    (
        lambda: state_dict(PRESETS["math"], {}),
        InvalidValueError,
        "variant must be 'reset_after'; got 'reset_before'. "
        "torch.nn.GRU applies the reset gate after the recurrent product.",
    ),
    (
        lambda: state_dict(3, {}),
        WrongTypeError,
        "settings must be Settings, such as PRESETS['start']; got 3.",
    ),
    (
        lambda: safetensors(3),
        WrongTypeError,
        "tensors must be a mapping from names to arrays or tensors; got 3.",
    ),
    (
        lambda: safetensors({3: np.zeros(2)}),
        WrongTypeError,
        "name must be a string; got 3.",
    ),
    # the past
    (
        lambda: influence(3, 0),
        WrongTypeError,
        "run must be a Run, as run(settings) returns; got 3.",
    ),
    (
        lambda: influence(math_run(), 2),
        OutOfRangeError,
        "sequence must be an integer from 0 to 1; got 2.",
    ),
    (
        lambda: token_influence(math_run(), 0, 3),
        OutOfRangeError,
        "t must be an integer from 0 to 2; got 3.",
    ),
    (
        lambda: rnn_influence(math_run(), 0, "x"),
        WrongTypeError,
        "state must be None or the state of an RNNTraining; got 'x'.",
    ),
    (
        lambda: rnn_influence(math_run(), 0, math_history().state_at(0)),
        InvalidValueError,
        "state must be the state of an RNNTraining; got one with W_ir, W_iz, W_in, W_hr, W_hz, "
        "W_hn, b_r, b_z, b_n, W_o, b_o.",
    ),
    # tasks
    (lambda: TASKS["x"], UnknownNameError, "name must be one of store, skip, reset; got 'x'."),
    (
        lambda: make("store", 5, 1, 0),
        WrongTypeError,
        "task must be a task, such as TASKS['store']; got 'store'.",
    ),
    (
        lambda: make(TASKS["store"], 4, 1, 0),
        InvalidValueError,
        "length must be an integer from 5 to 60; got 4.",
    ),
    (
        lambda: learn(TASKS["store"], "lstm", 5, 0),
        InvalidValueError,
        "kind must be one of gru, rnn; got 'lstm'.",
    ),
]


@pytest.mark.parametrize(("call", "error", "sentence"), SITUATIONS)
def test_every_situation_has_its_sentence(call, error, sentence):
    said = sentence_of(error, call)
    if isinstance(sentence, re.Pattern):
        assert sentence.fullmatch(said), said
    else:
        assert said == sentence
    assert len(said) <= 330


BARE = {
    "explainer/app/state_by_key.py": "a mapping without a key is Python's own KeyError",
    "explainer/__init__.py": "a module without an attribute is Python's own AttributeError",
    "explainer/engine/quantity.py": "for whoever writes or wires equations",
    "explainer/stage/lanes.py": "for whoever writes a lane",
}
"""Files that raise Python's own errors, and why."""
ROOT = Path(__file__).parent.parent
FILES = [str(p.relative_to(ROOT)) for p in sorted((ROOT / "explainer").rglob("*.py"))]


@pytest.mark.parametrize("file", FILES)
def test_no_error_has_a_sentence_made_elsewhere(file):
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    raised = {
        node.exc.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
    shared = {e.__name__ for e in subclasses(ExplainerError)}
    others = {n for n in raised - shared if isinstance(getattr(builtins, n, None), type)}
    assert bool(others) == (file in BARE), f"{file} raises {others}"


def subclasses(kind):
    """A class and all below it."""
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


# Whatever is passed, the answer is a value or a short sentence.

HOSTILE = st.sampled_from(
    [
        *(None, True, -1, 3, 10**400, 10**5000, 2.5, NAN, INF, 1j, "", "x", "x" * 10_000),
        *("\ud800", "0", b"z", b"\xff" * 1000, [], [[1]], (), (10**5000,), (0, 0, 0), {}, {3: 4}),
        *({"z": object()}, {"E": None}, {"x" * 10_000: 1}, {1, 2}, frozenset(), range(5), object()),
        *(Unwritable(), Unwritable, [Unwritable()], {"E": Unwritable()}, Verbose(), deep(), len),
        *(np.float32(1.5), np.int64(2), np.bool_(True), np.str_("z"), np.longdouble(3)),
        *(np.timedelta64(3, "ns"), np.datetime64(3, "ns"), np.datetime64("NaT"), np.zeros(0)),
        *(np.zeros((2, 2)), np.array(3), np.array(["a"]), np.array([None]), torch.zeros(3)),
        *(torch.tensor(1j), torch.zeros(2, device="meta"), torch.float32, PRESETS["math"], PRESETS),
        *(math_run(), math_run().trace, math_history(), TASKS["store"], Settings, iter([1, "a"])),
    ]
)


def setting(name, value):
    """Settings with one of another value."""
    return Settings(**{"text": "a"} | {name: value})


def calls():
    """Everything that can be called, with arguments that work, by position."""
    result, after, store = math_run(), run(SMALL).update.after, TASKS["store"]
    learned = learn(store, "gru", 5, 0, 1)
    history = math_history()
    square = influence(result, 0)
    state = RNNTraining(PRESETS["math"]).state_at(0)
    tokenizer = Tokenizer(["abc"])
    return {
        "run": (run, [SMALL, after, np.zeros((1, 2)), 0, {"z": 1.0}]),
        "edits": (lambda edits: run(SMALL, edits=edits), [{"z": 1.0}]),
        "edits of z": (lambda edit: run(SMALL, edits={"z": edit}), [{(0, 0, 0): 1.0}]),
        "train": (train, [SMALL, 1]),
        "History": (History, [SMALL, torch.float64]),
        "RNNTraining": (RNNTraining, [SMALL]),
        "at": (history.at, [0]),
        "state_at": (history.state_at, [0]),
        "explain": (explain, [result.trace, "z", (0, 0, 0), 4, 3]),
        "trace": (result.trace.__getitem__, ["z"]),
        "after": (result.update.after.__getitem__, ["W_hz"]),
        "gradients": (result.trace.gradients.__getitem__, ["W_hz"]),
        "PRESETS": (PRESETS.__getitem__, ["math"]),
        "TASKS": (TASKS.__getitem__, ["store"]),
        "to_link": (to_link, [SMALL, "cell", ViewState(), PRESETS["math"], {"z": 1.0}]),
        "from_link": (from_link, ["?seed=3", "a"]),
        "edits_from_link": (edits_from_link, ["?edit=z:1"]),
        "compare": (compare, [result, result, 0.0]),
        "view_from_link": (view_from_link, ["?t=3"]),
        "batch": (batch, [SMALL, 0]),
        "tokenize": (tokenize, [SMALL]),
        "Tokenizer": (Tokenizer, [["abc"]]),
        "encode": (tokenizer.encode, ["a"]),
        "decode": (tokenizer.decode, [[0, 1]]),
        "continue_text": (continue_text, [SMALL, after, "a", 1, 1.0, 0]),
        "state_dict": (state_dict, [SMALL, after]),
        "safetensors": (safetensors, [after]),
        "snippet": (snippet, [SMALL, "x.safetensors"]),
        "influence": (influence, [result, 0]),
        "token_influence": (token_influence, [result, 0, 1]),
        "rnn_influence": (rnn_influence, [result, 0, state]),
        "memory_length": (memory_length, [square]),
        "growth": (growth, [square]),
        "make": (make, [store, 5, 1, 0]),
        "learn": (learn, [store, "gru", 5, 0, 1]),
        "measure": (measure, [store, learned, make(store, 5, 1, 0), "z"]),
        **{f.name: (partial(setting, f.name), ["a"]) for f in fields(Settings)},
    }


CALLS = calls()


@pytest.mark.parametrize("name", CALLS)
@given(data=st.data())
def test_a_hostile_argument_is_answered_with_a_short_sentence(name, data):
    function, arguments = CALLS[name]
    at = data.draw(st.integers(0, len(arguments) - 1))
    value = data.draw(HOSTILE)
    try:
        function(*arguments[:at], value, *arguments[at + 1 :])
    except ExplainerError as error:
        said = error
    else:
        return
    assert said.field
    assert len(str(said)) <= 330


# Settings.

FIELDS = {f.name: f.metadata for f in fields(Settings)}
NUMBERS = [name for name, meta in FIELDS.items() if "low" in meta and meta["kind"] is not tuple]
CHOICES = [name for name, meta in FIELDS.items() if "options" in meta]
REAL = [name for name in NUMBERS if FIELDS[name]["kind"] is float]
SWITCHES = [name for name, meta in FIELDS.items() if meta["kind"] is bool]


def test_every_field_is_a_number_a_choice_a_switch_or_a_text():
    assert {*NUMBERS, *CHOICES, *SWITCHES, "text", "alphabet", "lengths", "values"} == set(FIELDS)
    assert all(meta["label"] for meta in FIELDS.values())


def range_of(name):
    """What a number must be, in words."""
    kind, low, high = (FIELDS[name][k] for k in ("kind", "low", "high"))
    return (
        f"an integer from {low:,} to {high:,};"
        if kind is int
        else f"a number from {low:g} to {high:,g};"
    )


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_at_the_ends_of_its_range_is_possible(name):
    other = {"batch_size": {"context_length": 1}, "context_length": {"batch_size": 1}}
    for value in (FIELDS[name]["low"], FIELDS[name]["high"]):
        settings = Settings(text="a", **{name: value}, **other.get(name, {}))
        assert getattr(settings, name) == value


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_out_of_its_range_says_the_range(name):
    low, high = FIELDS[name]["low"], FIELDS[name]["high"]
    not_finite = (NAN, INF, -INF) if name in REAL else ()
    for value in (low - 1, high + 1, -(10**6), 10**12, 10**400, -(10**400), 10**5000, *not_finite):
        sentence = sentence_of(InvalidValueError, Settings, text="a", **{name: value})
        assert sentence.startswith(f"{name} must be {range_of(name)} got {shorten(value)}.")


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_of_another_type_says_the_range(name):
    missing = [] if name == "clip_norm" else [None]
    fractions = [] if name in REAL else [2.5, NAN, np.float64(2.0)]
    times = [np.timedelta64(3, "ns"), np.datetime64(3, "ns"), np.datetime64("NaT")]
    others = ["3", True, np.bool_(True), [1], {1: 2}, 1j, np.array([1])]
    for value in (*others, *times, *missing, *fractions):
        sentence = sentence_of(WrongTypeError, Settings, text="a", **{name: value})
        assert sentence.startswith(f"{name} must be {range_of(name)} got ")


def test_no_clipping_is_none():
    assert Settings(text="a", clip_norm=None).clip_norm is None


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_that_is_not_there_lists_what_is(name):
    options = FIELDS[name]["options"]
    expected = f"{name} must be one of {', '.join(options)}; got "
    first = next(iter(options))
    for value in ("nothing", "", first.upper()):
        sentence = sentence_of(InvalidValueError, Settings, text="a", **{name: value})
        assert sentence == f"{expected}{value!r}."
    for value in (3, None, [first], {first: 1}, {first}, np.array([first])):
        sentence = sentence_of(WrongTypeError, Settings, text="a", **{name: value})
        assert sentence == f"{expected}{value!r}."


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_true_or_false(name):
    for value in (1, 0, "true", None, [True], np.array([True])):
        sentence = sentence_of(WrongTypeError, Settings, text="a", **{name: value})
        assert sentence == f"{name} must be True or False; got {shorten(value)}."


@pytest.mark.parametrize("name", ["text", "alphabet"])
def test_a_text_at_the_end_of_its_range_is_possible(name):
    text = "x" * FIELDS[name]["high"]
    assert getattr(Settings(**{"text": "a"} | {name: text}), name) == text


@pytest.mark.parametrize("half", [0xD800, 0xDC80, 0xDFFF])
def test_half_a_character_is_refused(half):
    sentence = sentence_of(InvalidValueError, replace, SMALL, text=f"abc{chr(half)}")
    assert f"{chr(half)!r}, at position 3." in sentence


@pytest.mark.parametrize("size", ["batch_size", "context_length", "hidden_size", "embedding_size"])
def test_no_size_alone_has_a_bound_but_all_together_have(size):
    far = {"batch_size": 1, "context_length": 2, size: 5_000}
    settings = replace(SMALL, text="ab" * 6_000, input="embedding", **far)
    if size == "hidden_size":
        sentence = sentence_of(ConstraintError, run, settings)
        assert "hidden size 5,000" in sentence
        assert "GB of memory; at most 40,000,000 are possible" in sentence
        assert sentence_of(ConstraintError, partial(train, epochs=1), settings) == sentence
        return
    result = run(settings)
    assert 5_000 in result.trace.sizes.values()
    (check,) = verify(result, ("cell",))
    assert check.difference < 1e-12


@pytest.mark.parametrize("name", [n for n in FIELDS if n not in ("lengths", "values")])
def test_a_value_of_numpys_types_is_the_same_value(name):
    value = 2.5 if name == "clip_norm" else getattr(SMALL, name)
    expected = replace(SMALL, **{name: value})
    for same_value in (np.array(value)[()], *([np.float32(2.5)] if name == "clip_norm" else [])):
        assert isinstance(same_value, np.generic)
        settings = replace(SMALL, **{name: same_value})
        assert settings == expected
        assert hash(settings) == hash(expected)
        assert type(getattr(settings, name)) is type(value)
        assert write_query(settings) == write_query(expected)


def test_a_text_of_another_kind_is_a_text():
    class Title(str):
        __slots__ = ()

        def __str__(self):
            raise RuntimeError

    settings = replace(PRESETS["math"], text=Title("Math" * 6), variant=np.str_("reset_after"))
    assert (type(settings.text), type(settings.variant)) == (str, str)
    assert settings.text == "Math" * 6


def test_a_whole_number_is_taken_as_a_real_one_where_that_is_meant():
    assert type(replace(SMALL, learning_rate=5).learning_rate) is float


def test_settings_stay_as_they_are():
    with pytest.raises(FrozenInstanceError):
        SMALL.seed = 3
    assert len({SMALL, replace(SMALL), replace(SMALL, seed=99)}) == 2


# Links.


def test_what_is_wrong_with_a_link_is_told_apart_by_its_fields():
    _, problems = read_query({"lengths": "3,4,5", "seed": "x"})
    assert [p.field for p in problems] == ["seed", "lengths"]
    assert all(isinstance(p, ExplainerError) for p in problems)


# Texts.


def test_a_text_that_is_too_short_says_so_everywhere():
    sentence = sentence_of(ConstraintError, batch, TOO_SHORT)
    for call in (run, lambda s: train(s, epochs=1)):
        assert sentence_of(ConstraintError, call, TOO_SHORT) == sentence


@pytest.mark.parametrize("way", ["merges", "batch_size", "context_length"])
def test_the_advice_for_a_text_that_is_too_short_helps(way):
    """Each way that is named is enough, taken to its end; one that is not named would not be."""
    words = {"merges": "merges", "batch_size": "batch,", "context_length": "context"}
    for text in ("abcab", "ab" * 6, "abcabcabcabc", "abcdefghijklmnop"):
        for merges in (0, 3, 9):
            short = replace(
                TOO_SHORT, text=text, tokenizer="bpe", merges=merges, batch_size=3, context_length=8
            )
            advice = sentence_of(ConstraintError, batch, short).split(". ")[1].replace(" or", ",")
            other = {"merges": 0, "batch_size": 1, "context_length": 1}[way]
            try:
                batch(replace(short, **{way: other}))
            except ConstraintError:
                assert words[way] not in advice
            else:
                assert words[way] in advice


@pytest.mark.parametrize("index", [1, 30, 200_000])
def test_a_batch_that_is_not_there_says_which_are(index):
    long = replace(SMALL, text="abcdefg", context_length=6, batch_index=index)
    sentence = sentence_of(InvalidValueError, run, long)
    assert sentence.endswith(f"got {index}. The text has 1 batch of 1 × 6 tokens.")


@pytest.mark.parametrize("input_", ["embedding", "one_hot"])
def test_a_vocabulary_too_large_to_show_is_refused_before_it_is_computed(input_):
    for call in (run, lambda s: train(s, epochs=1)):
        sentence = sentence_of(ConstraintError, call, replace(LARGE, input=input_))
        assert "a vocabulary of 20,000 tokens" in sentence


def test_an_unknown_character_is_refused_or_left_out_or_has_a_token():
    plain, with_token = Tokenizer(["abc"]), Tokenizer(["abc"], unknown=True)
    assert plain.encode("abxcy", skip_unknown=True) == [0, 1, 2]
    assert with_token.encode("abxcy") == [1, 2, 0, 3, 0]
    assert with_token.decode([1, 0]) == f"a{UNKNOWN}"
    assert plain.unknown("axxy") == {"x": 2, "y": 1}


def test_a_state_is_carried_over_as_many_batches_as_are_possible():
    run(replace(CARRIED, carry_state=False))


# Numbers.


def test_what_overflows_unseen_is_no_error():
    changes = {("b_ir", 1): HUGE, ("b_hr", 1): HUGE}  # the gate is 1
    assert (run(SMALL, parameters_with(changes)).trace["r"][..., 1] == 1).all()


def test_a_number_for_the_whole_pass_is_not_where_an_earlier_time_step_began():
    trace = run(SMALL).trace
    values = {name: value.copy() for name, value in trace.arrays.items()}
    values["loss"] = np.array(NAN)
    values["logits"][0, 2, 1] = INF
    sentence = sentence_of(NotFiniteError, refuse_not_finite, trace.quantities, values)
    assert sentence.startswith(
        "logits[0, 2, 1] is the first to become inf (sequence 0, time step 2, token id 1);"
    )


def test_a_gradient_that_is_not_finite_began_at_the_latest_time_step():
    # every h is 0, so the forward pass is finite; z is near 1, so d_h adds up backwards
    changes = {(name, ALL): 0.0 for name in run(SMALL).update.before}
    changes |= {("b_iz", ALL): 30.0, ("W_o", ALL): HUGE, ("W_o", 0): -HUGE}
    assert run(SMALL).trace["targets"].tolist() == [[0, 0, 0]]
    sentence = sentence_of(NotFiniteError, run, SMALL, parameters_with(changes))
    assert sentence.startswith(
        "d_h[0, 1, 0] is the first to become inf (sequence 0, time step 1, hidden unit 0);"
    )


def test_a_pass_after_an_update_that_goes_too_far_says_so():
    # h stays near the largest number whose square is finite; the update makes W_o as large
    changes = {(name, ALL): 0.0 for name in run(SMALL).update.before} | {("b_iz", ALL): 50.0}
    settings = replace(SMALL, learning_rate=1.0)
    h_0 = torch.full((1, 2), 0.95e308**0.5, dtype=torch.float64)
    sentence = sentence_of(NotFiniteError, run, settings, parameters_with(changes), h_0)
    assert sentence.startswith("After the update, log_p[0, 0, 1] is the first to become -inf")
    assert sentence.endswith("Use a smaller learning rate or clip the gradient norm.")


def test_what_is_clipped_is_not_advised_to_be_clipped():
    assert "clip" in smaller_update(SMALL)
    assert smaller_update(replace(SMALL, clip_norm=1.0)) == "Use a smaller learning rate."


def test_a_norm_that_overflows_is_not_advised_to_be_clipped():
    settings = replace(SMALL, clip_norm=1.0)
    changes = {("E", ALL): 1e-200, ("W_o", ALL): 1e160}
    changes |= {("W_o", (0, ALL)): -1e160}
    with pytest.raises(NotFiniteError) as caught:
        run(settings, parameters_with(changes))
    assert "clip" not in caught.value.advice
    assert "learning rate" not in caught.value.advice


def test_training_says_at_which_update_a_number_stopped_being_finite(monkeypatch):
    first = parameters_with({("W_ir", (1, 2)): NAN})
    monkeypatch.setattr("explainer.engine.training.initial_parameters", lambda settings, V: first)
    sentence = sentence_of(NotFiniteError, train, SMALL, epochs=1)
    assert sentence.startswith("At update 0, W_ir[1, 2] is nan")


# Parameters of the user's own.

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
    parameters = parameters_with() | dict.fromkeys(others, torch.ones(1))
    sentence = sentence_of(ConstraintError, WAYS[way], SMALL, parameters)
    assert sentence.startswith(f"parameters has {', '.join(map(repr, others))}; this network has E")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["W_ir", "b_hn", "E", "W_o"])
def test_a_parameter_that_is_missing_is_named_everywhere(way, name):
    sentence = sentence_of(InvalidValueError, WAYS[way], SMALL, without(name))
    assert sentence.startswith(f"{name} must be an array of shape ")
    assert sentence.endswith("got nothing.")


@pytest.mark.parametrize("way", WAYS)
def test_parameters_are_arrays_or_tensors_everywhere(way):
    tensors = parameters_with()
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


NO_REAL_NUMBERS = {
    "complex128": np.zeros((2, 4), complex),
    "torch.complex64": torch.zeros(2, 4, dtype=torch.complex64),
    "bool": np.zeros((2, 4), bool),
    "torch.bool": torch.zeros(2, 4, dtype=torch.bool),
    "<U1": np.full((2, 4), "a"),
    "object": np.full((2, 4), None),
    "list": [[0.0] * 4] * 2,
    "NoneType": None,
    "torch.sparse_coo on cpu": torch.ones(2, 4).to_sparse(),
    "torch.strided on meta": torch.ones(2, 4, device="meta"),
    "MaskedArray": np.ma.masked_array(np.ones((2, 4)), mask=True),
}


@pytest.mark.parametrize("kind", NO_REAL_NUMBERS)
def test_parameters_without_real_numbers_are_refused(kind):
    wrong = NO_REAL_NUMBERS[kind]
    said = f"must be a dense array or CPU tensor of real numbers; got {kind}."
    for call in WAYS.values():
        parameters = parameters_with() | {"W_ir": wrong}
        assert sentence_of(WrongTypeError, call, SMALL, parameters) == f"W_ir {said}"
    assert sentence_of(WrongTypeError, safetensors, {"mine": wrong}) == f"mine {said}"
    if wrong is not None:
        assert sentence_of(WrongTypeError, run, SMALL, h_0=wrong) == f"h_0 {said}"


def test_a_draw_of_numpys_types_is_the_same_draw():
    settings = replace(SMALL, dropout=0.5)
    third = run(settings, draw=3).trace["mask_h"]
    np.testing.assert_array_equal(run(settings, draw=np.int64(3)).trace["mask_h"], third)


@pytest.mark.parametrize("name", ["tokens", "seed", "temperature"])
def test_what_is_written_on_takes_numbers_of_numpys_types(name):
    parameters = parameters_with()
    usual = {"prefix": "ab", "tokens": 7, "seed": 4, "temperature": 2.0}
    numpys = usual | {name: np.array(usual[name])[()]}
    expected = continue_text(SMALL, parameters, **usual)
    assert continue_text(SMALL, parameters, **numpys) == expected


@pytest.mark.parametrize(
    "turn",
    [torch.Tensor.float, lambda v: v.clone().requires_grad_(), torch.nn.Parameter],
    ids=["float32", "requires grad", "parameter"],
)
def test_parameters_of_a_trained_module_can_be_run(turn):
    parameters = parameters_with()
    expected = run(SMALL, parameters).trace
    trace = run(SMALL, {name: turn(values) for name, values in parameters.items()}).trace
    for name in ("h", "loss", "d_W_hz"):
        assert trace[name].dtype == np.float64
        np.testing.assert_allclose(trace[name], expected[name], atol=1e-6)


def test_a_file_takes_tensors_that_lie_turned():
    turned = torch.arange(6.0).reshape(2, 3).T
    assert torch.equal(load(safetensors({"a": turned}))["a"], turned.double())


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
    parameters, h_0 = parameters_with(), torch.ones(1, 2, dtype=torch.float64)
    result = run(SMALL, parameters, h_0)
    before = {name: result.trace[name].copy() for name in (*parameters, "h_0")}
    for values in (*parameters.values(), h_0):
        values.zero_()
    for name, values in before.items():
        np.testing.assert_array_equal(result.trace[name], values, err_msg=name)


@pytest.mark.parametrize("name", ["q", "", "new_W_o", "d_h_other", "x" * 300_000])
def test_a_name_that_is_not_in_a_trace_is_told_so(start_run, name):
    sentence = sentence_of(UnknownNameError, start_run.trace.__getitem__, name)
    assert sentence.startswith("name must be one of ")
    assert sentence.endswith(f" more; got {shorten(name)}.")
    assert name not in start_run.trace
    assert sentence == sentence_of(UnknownNameError, explain, start_run.trace, name)


@pytest.mark.parametrize("name", [["z"], {"z": 1}, {"z"}, 3, None, ("z",)])
def test_what_is_no_name_is_told_so(start_run, name):
    sentence = sentence_of(WrongTypeError, start_run.trace.__getitem__, name)
    assert sentence == f"name must be a string, such as 'z'; got {name!r}."
    assert name not in start_run.trace
    assert sentence == sentence_of(WrongTypeError, explain, start_run.trace, name)


def test_a_trace_has_what_it_lists(start_run):
    trace = start_run.trace
    assert list(trace) == list(trace.quantities)
    assert all(trace[name].shape == trace.shape(name) for name in trace)
    assert trace.gradients["z"] is trace["d_z"]
    assert all(value.shape == trace[n].shape for n, value in trace.gradients.items())
    assert trace.gradients["W_hz"].shape == trace["W_hz"].shape
    assert start_run.nbytes > trace.nbytes > 0


# Training.


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


def test_settings_and_trainings_are_short_in_a_notebook():
    assert len(repr(PRESETS["story"])) < 1_000
    assert repr(PRESETS["math"]).startswith("Settings(text='MathMath")
    history = train(PRESETS["math"], epochs=1)
    assert repr(history) == f"History(3 updates, last loss {history.losses[-1]:.6g})"
    assert repr(History(PRESETS["math"])) == "History(0 updates)"


class Wide:
    """What Python writes of it is longer than a line."""

    def __repr__(self):
        return "Wide(" + ", ".join(map(str, range(100))) + ")"


@pytest.mark.parametrize(
    "value", [Wide(), [Wide()] * 6, dict.fromkeys(range(9), "x" * 200), "x" * 10_000, Wide]
)
def test_a_value_in_a_sentence_is_short(value):
    assert len(shorten(value)) <= LONGEST + 1
