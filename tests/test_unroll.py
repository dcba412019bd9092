"""How equations are solved through time: what before, in and after the recurrence."""

import pytest
import torch

from explainer import PRESETS
from explainer.engine.network import network
from explainer.engine.quantity import equation
from explainer.engine.unroll import BACKWARD, FORWARD, execute, learning_plans, make_plan, unroll

NET = network(PRESETS["start"])


def names(equations):
    return {q.name for q in equations}


def test_a_plan_parts_the_gru_where_the_state_is_needed():
    plan = make_plan(NET.forward, FORWARD)
    assert names(plan.before) == {"e", "x", "a_ir", "a_iz", "a_in"}
    assert names(plan.recurrent) == {"a_hr", "a_hz", "a_hn", "r", "z", "n", "h"}
    assert names(plan.after) == names(NET.forward) - names(plan.before) - names(plan.recurrent)
    assert plan.outside == {"a_ir", "a_iz", "a_in", *(f"{k}_h{g}" for k in "Wb" for g in "rzn")}


def test_a_plan_is_made_once():
    assert make_plan(NET.forward, FORWARD) is make_plan(network(PRESETS["start"]).forward, FORWARD)
    assert learning_plans(NET) is learning_plans(NET)


def test_a_plan_backwards_leads_from_the_last_time_step_to_the_first():
    plan = make_plan(NET.backward, BACKWARD)
    assert {"d_logits", "d_h_out"} <= names(plan.before)
    assert {"d_h", "d_z", "d_h_prev"} <= names(plan.recurrent)
    assert {"d_x", "d_W_hz"} <= names(plan.after)
    assert "d_a_hr" in names(plan.recurrent) & names(plan.after), "it only passes d_a_r on"
    assert "d_a_hr" not in plan.recorded


@equation(symbol="x", dims="B T H")
def x(given_x: torch.Tensor) -> torch.Tensor:
    """Half."""
    return given_x / (1 + 1)


@equation(symbol="h", dims="B T H")
def h(h_prev: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Running sum."""
    return h_prev + x


@equation(symbol="y", dims="B T H")
def y(h: torch.Tensor) -> torch.Tensor:
    """Minus."""
    return -h


@pytest.mark.parametrize("backwards", [False, True])
def test_a_running_sum_is_torch_s(backwards):
    given = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    start = torch.ones(2, 3, dtype=torch.float64)
    order = range(4, -1, -1) if backwards else range(5)
    found = unroll(make_plan((x, h, y), FORWARD), {"given_x": given}, start, order)
    turned = given.flip(1) if backwards else given
    expected = turned.cumsum(1) / 2 + 1
    expected = expected.flip(1) if backwards else expected
    torch.testing.assert_close(found["h"], expected, rtol=0, atol=1e-14)
    torch.testing.assert_close(found["y"], -expected, rtol=0, atol=1e-14)
    before = found["h_prev"][:, -1 if backwards else 0]
    torch.testing.assert_close(before, start, rtol=0, atol=0)


def test_only_what_is_wanted_comes_back():
    given = torch.ones(2, 5, 3, dtype=torch.float64)
    plan = make_plan((x, h, y), FORWARD, ("h",))
    assert not plan.after
    values, by_time = execute(plan, {"given_x": given}, {}, torch.zeros(2, 3), range(5))
    assert not values
    assert by_time.keys() == {"h"}
    assert [v[0, 0].item() for v in by_time["h"]] == [0.5, 1.0, 1.5, 2.0, 2.5]
