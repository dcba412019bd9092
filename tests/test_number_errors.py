"""Numbers that are not finite: where they began, and what is said of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from error_cases import ALL, HUGE, INF, NAN, SMALL, parameters_with, sentence_of

from explainer import run, train
from explainer.engine.batch_run import smaller_update
from explainer.engine.not_finite import refuse_not_finite
from explainer.errors import (
    NotFiniteError,
)


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
