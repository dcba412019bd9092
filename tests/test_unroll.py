"""How equations are solved through time: what before, in and after the recurrence."""

from dataclasses import replace

import pytest
import torch

from explainer import PRESETS, run
from explainer.engine.expression import Apply, Leaf, leaves
from explainer.engine.network import network
from explainer.engine.quantity import equation
from explainer.engine.side_by_side import LINEAR, linear_map
from explainer.engine.unroll import (
    BACKWARD,
    FORWARD,
    inputs_of,
    learning_plans,
    make_plan,
    time_steps,
    unroll,
)

NET = network(PRESETS["start"])


def names(equations):
    return {q.name for q in equations}


def test_a_plan_parts_the_gru_where_the_state_is_needed():
    plan = make_plan(NET.forward, FORWARD)
    assert names(plan.before) == {"e", "x", "a_ir", "a_iz", "a_in"}
    assert names(plan.recurrent) == {"a_hr", "a_hz", "a_hn", "r", "z", "n", "h"}
    assert names(plan.after) == names(NET.forward) - names(plan.before) - names(plan.recurrent)


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
    found = unroll(plan, {"given_x": given}, torch.zeros(2, 3, dtype=torch.float64), range(5))
    assert found.keys() == {"h"}
    assert found["h"][0, :, 0].tolist() == [0.5, 1.0, 1.5, 2.0, 2.5]


# Few operations in the place of many, found from the trees.


def test_the_gates_are_one_product_and_so_is_the_way_back():
    forward, backward = (make_plan(*p) for p in ((NET.forward, FORWARD), (NET.backward, BACKWARD)))
    assert ("a_hr", "a_hz", "a_hn") in forward.blocks
    assert [n for n in forward.joined if n.startswith("a_")] == ["a_hr a_hz a_hn"]
    assert {"d_a_r d_a_z d_a_hn", "W_hr W_hz W_hn"} <= {*leaves(backward.joined["d_h_prev"])}


def test_what_comes_before_and_after_is_one_product_for_three_gates():
    forward, backward = (make_plan(*p) for p in ((NET.forward, FORWARD), (NET.backward, BACKWARD)))
    assert "a_ir a_iz a_in" in forward.stage_before
    arriving = {"d_a_n d_a_r d_a_z"}
    assert arriving | {"W_in W_ir W_iz"} == {*leaves(backward.stage_after["d_x"])}
    assert arriving < {*leaves(backward.stage_after["d_W_in d_W_ir d_W_iz"])}
    assert "d_W_hr d_W_hz d_W_hn" in backward.stage_after
    # in this order both threes stand side by side
    assert ("d_a_n", "d_a_r", "d_a_z", "d_a_hn") in backward.blocks


def test_reset_before_joins_the_products_that_share_a_factor():
    net = network(replace(PRESETS["start"], variant="reset_before"))
    forward, backward = (make_plan(*p) for p in ((net.forward, FORWARD), (net.backward, BACKWARD)))
    assert [n for n in forward.joined if n.startswith("a_")] == ["a_hr a_hz", "a_hn"]
    assert ("d_a_n", "d_a_r", "d_a_z") in backward.blocks
    assert "d_a_r d_a_z" in leaves(backward.joined["d_h_prev"])


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
def test_few_operations_make_what_the_equations_make_one_by_one(variant, dropout):
    result = run(replace(PRESETS["start"], variant=variant, dropout=dropout))
    net, T = network(result.settings), result.trace.sizes["T"]
    values = {name: torch.tensor(array) for name, array in result.trace.arrays.items()}

    def at(t):
        return {n: v[:, t] if v.dim() == 3 else v for n, v in values.items() if n in outside}

    forward = make_plan(net.forward, FORWARD), values["h_0"], range(T)
    backward = make_plan(net.backward, BACKWARD), torch.zeros_like(values["h_0"]), range(T)[::-1]
    for plan, start, order in (forward, backward):
        outside = inputs_of(plan.recurrent) - {plan.input, *names(plan.recurrent)}
        for t, solved in time_steps(plan, at, start, order):
            for name, value in solved.items():
                torch.testing.assert_close(values[name][:, t], value, rtol=1e-12, atol=1e-15)


@equation(symbol="h", dims="B T H")
def h_of_everything(h_prev: torch.Tensor, x: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """Operations of every kind that may stand in a recurrence, and a part that needs nothing."""
    a = torch.exp(-h_prev * h_prev) / (2 + torch.sigmoid(h_prev)) - (x @ W) * (1 - x)
    return torch.tanh(torch.log(1 + a * a) + torch.sqrt(a * a) + h_prev @ W + x)


def test_operations_that_write_into_memory_are_the_function_s():
    G = torch.Generator().manual_seed(0)
    x, W = (torch.randn(s, generator=G, dtype=torch.float64) for s in ((2, 5, 3), (3, 3)))
    quantity = replace(h_of_everything, name="h")
    start = torch.zeros(2, 3, dtype=torch.float64)
    found = unroll(make_plan((quantity,), FORWARD), {"x": x, "W": W}, start, range(5))["h"]
    state = start
    for t in range(5):
        state = h_of_everything.function(state, x[:, t], W)
        torch.testing.assert_close(found[:, t], state, rtol=1e-12, atol=1e-15)


def test_a_sum_of_tensors_is_no_product():
    x, y, z = map(Leaf, "xyz")
    product = Apply("contract", (x, y), LINEAR)
    assert linear_map(product, ()) == ("x", "y")
    assert linear_map(Apply("add", (product, z)), ()) == ("x", "y", "z")
    assert not linear_map(Apply("add", (product, z)), ("z",)), "it changes over time"
    assert not linear_map(Apply("add", (Apply("add", (Apply("neg", (x,)), y)), z)), ())
