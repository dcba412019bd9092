"""A layer from elsewhere on the stage: what is sent, and the same touched in a browser."""

import json

import numpy as np
import pytest
import torch
from browser_tab import DESKTOP
from marks import first_of
from playwright.sync_api import expect
from stage_tab import cell, inside
from test_compare_browser import in_cell
from test_stage_edits import type_in
from torch import nn

from explainer import PRESETS, ViewState, record, run
from explainer.engine.layer_trace import LayerRun, is_layer, window
from explainer.errors import InvalidValueError, WrongTypeError
from explainer.stage.html import html_page
from explainer.stage.payload import layer_tokens


def recorded(**options):
    torch.manual_seed(0)
    module = nn.GRU(3, 4, batch_first=True, dtype=torch.float64)
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    return record(
        module,
        x,
        lengths=(6, 4),
        loss=lambda out: (out[1] ** 2).sum(),
        names={"D": ["wind", "<b>sun", "rain"], "T": list("abcdef")},
        **options,
    )


def test_a_layer_is_told_from_a_run():
    assert is_layer(recorded().trace)
    assert not is_layer(run(PRESETS["start"]).trace)
    with pytest.raises(WrongTypeError, match="record"):
        html_page(run(PRESETS["start"]).update)
    assert recorded().trace._repr_html_().startswith("<iframe")
    assert run(PRESETS["start"]).second._repr_html_().startswith("<pre>Trace(")


def test_a_layers_run_makes_no_update():
    assert not LayerRun(recorded().trace).update


def test_time_steps_are_called_as_the_elements_that_are_read():
    sent = layer_tokens(recorded().trace)
    assert sent["features"] == ["wind", "<b>sun", "rain"]
    assert [sent["tokens"][i] for i in sent["ids"][1]] == ["a", "b", "c", "d", "·", "·"]
    module = nn.GRU(3, 4, batch_first=True, bidirectional=True)
    trace = record(module, torch.randn(2, 3, 3), lengths=(3, 2))["l0_reverse"]
    sent = layer_tokens(trace)
    assert [sent["tokens"][i] for i in sent["ids"][0]] == ["2", "1", "0"]
    assert [sent["tokens"][i] for i in sent["ids"][1]] == ["1", "0", "·"]


def test_no_label_can_end_the_element_that_holds_it():
    torch.manual_seed(0)
    labels = ["</script><script>alert(1)</script>", "a", "b"]
    found = record(nn.GRU(3, 4), torch.randn(2, 1, 3), names={"D": labels})
    assert "<script>alert" not in html_page(found.trace)


@pytest.mark.parametrize("first", [0, 3])
def test_a_stretch_of_time_has_the_same_numbers(first):
    trace = recorded().trace
    part = window(trace, 0, first, 2)
    for name in ("x", "h_prev", "r", "z", "n", "h", "a_n"):
        np.testing.assert_allclose(part[name], trace[name][:1, first : first + 2], atol=1e-15)
    assert part.origin.names["T"] == tuple("abcdef"[first : first + 2])
    assert window(trace, 1, 3, 9).sizes["T"] == 1


def test_a_layer_that_is_too_large_for_a_browser_is_refused():
    torch.manual_seed(0)
    found = record(nn.GRU(8, 256, batch_first=True), torch.randn(4, 100, 8))
    with pytest.raises(InvalidValueError, match="256 units"):
        html_page(found.trace)
    assert found.trace._repr_html_().startswith("<pre>")
    assert json.dumps("</script>")[1:-1] not in found.trace._repr_html_()
    assert "<iframe" in window(found.trace, 0, 40, 10)._repr_html_()


@pytest.fixture
def page(chromium):
    """A page whose network is refused, and in which nothing may go wrong."""
    context = chromium.new_context(viewport=DESKTOP, offline=True)
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    yield page
    context.close()
    assert problems == []


@pytest.mark.browser
@pytest.mark.parametrize("chapter", first_of(["gradients", "cell", "time"]))
def test_the_browser_computes_what_python_recorded(page, tmp_path, chapter):
    recorded().trace.to_html(tmp_path / "layer.html", chapter=chapter)
    page.goto((tmp_path / "layer.html").as_uri())
    difference = inside(page, "[data-difference]")
    expect(difference).to_be_attached()
    assert float(difference.get_attribute("data-difference")) < 1e-12
    assert "→" not in inside(page, ".strip").inner_text()


@pytest.mark.browser
def test_a_number_of_a_layer_says_where_it_stands_and_can_be_changed(page, tmp_path):
    found = recorded()
    found.trace.to_html(tmp_path / "layer.html", view=ViewState(t=3))
    page.goto((tmp_path / "layer.html").as_uri())
    cell(page, "W_hz", 1, 2).click()
    expect(inside(page, "[data-explanation]")).to_contain_text("weight_hh_l0[5, 2]")
    expect(inside(page, ".lanes")).to_contain_text("<b>sun")
    cell(page, "W_hz", 1, 2).dblclick()
    type_in(page, "3")
    torch.manual_seed(0)
    module = nn.GRU(3, 4, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        module.weight_hh_l0[5, 2] = 3.0
    x = torch.from_numpy(found.trace["x"].copy())
    states = module(x)[0].detach().numpy()
    for unit in range(4):
        shown = cell(page, "h", 0, 3, unit)
        expect(shown).to_have_text(in_cell("h", states[0, 3, unit]))
    expect(inside(page, ".edits .losses")).to_be_empty()
