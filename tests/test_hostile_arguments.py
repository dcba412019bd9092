"""Whatever is passed to a public function, the answer is a value or a short sentence."""

from dataclasses import fields
from functools import partial

import numpy as np
import pytest
import torch
from error_cases import INF, NAN, SMALL, Unwritable, Verbose, deep, math_history, math_run
from hypothesis import given
from hypothesis import strategies as st

from explainer import PRESETS, History, Settings, compare, explain, run, train
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
from explainer.engine.sampling import continue_text
from explainer.engine.training import RNNTraining
from explainer.errors import (
    ExplainerError,
)
from explainer.interop.pytorch import safetensors, snippet, state_dict
from explainer.tokenizer import Tokenizer
from explainer.url import (
    edits_from_link,
    from_link,
    to_link,
    view_from_link,
)
from explainer.view_state import ViewState

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
