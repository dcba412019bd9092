"""Every situation with what is computed, and the sentence it ends with."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from error_cases import (
    ALL,
    CARRIED,
    FINITE,
    HUGE,
    INF,
    LARGE,
    NAMES,
    NAN,
    SMALL,
    assert_sentence,
    math_history,
    math_run,
    parameters_with,
    without,
)

from explainer import PRESETS, History, Trace, explain, run, train
from explainer.analysis.influence import (
    influence,
    rnn_influence,
    token_influence,
)
from explainer.analysis.task_data import TASKS, make
from explainer.analysis.tasks import learn
from explainer.engine.sampling import continue_text
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    NotFiniteError,
    OutOfRangeError,
    UnknownNameError,
    WrongTypeError,
)
from explainer.interop.pytorch import safetensors, state_dict

COMPUTED = [
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


@pytest.mark.parametrize(("call", "error", "sentence"), COMPUTED)
def test_every_situation_has_its_sentence(call, error, sentence):
    assert_sentence(call, error, sentence)
