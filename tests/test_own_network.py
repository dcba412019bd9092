"""The page of one's own network: files, findings, texts, links."""

import copy
import io
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from browser_tab import Tab
from own_pages import APP, module, saved, texts, upload, words
from playwright.sync_api import expect
from stage_tab import cell, inside
from streamlit.testing.v1 import AppTest
from test_stage_edits import type_in
from torch import nn

from explainer import PRESETS, Cell, from_torch, health, load, run, save
from explainer.analysis.finding_places import finding_place
from explainer.app.own_link import own_fingerprint
from explainer.app.own_network import (
    example,
    first_text,
    read_weights,
    trained_network,
)
from explainer.errors import ExplainerError
from explainer.interop import layer_stack, network_record
from explainer.interop.head_loss import head_loss
from explainer.interop.pytorch import safetensors, state_dict
from explainer.interop.text_table import text_table
from explainer.number_table import read_table
from explainer.plots.overview import block_means, block_sizes, overview


@pytest.fixture
def app():
    return AppTest.from_file(APP, default_timeout=60).switch_page("pages/own.py").run()


def test_the_page_lives_without_an_upload(app):
    assert not app.exception
    assert "Nothing is wrong" in words(app)
    assert "from torch.nn.GRU" in words(app)
    app.get("button_group")[0].set_value("twin").run()
    assert not app.exception
    assert any("keep the old state" in e.value for e in app.error)
    app.get("button_group")[0].set_value("files").run()
    assert not app.exception
    assert not app.error
    assert "save_file" in app.code[0].value


@pytest.mark.parametrize(
    ("name", "weights", "numbers", "message"),
    [
        ("own.npz", b"no archive", b"1,2,3", "npz"),
        ("own.safetensors", b"\x00" * 9, b"1,2,3", "safetensors"),
        ("own.safetensors", None, b"a,b,c\n1,2,nan", "row 2"),
        ("own.safetensors", None, b"1,2", "network reads 3"),
    ],
)
def test_files_that_do_not_fit_are_a_sentence(app, tmp_path, name, weights, numbers, message):
    data = saved(module().state_dict(), tmp_path) if weights is None else weights
    app.get("button_group")[0].set_value("files").run()
    app.file_uploader(key="own-weights").set_value((name, data, "")).run()
    app.file_uploader(key="own-numbers").set_value(("own.csv", numbers, "")).run()
    assert not app.exception
    assert message in app.error[0].value.replace("\\", "").replace("\u2060", "")


def test_files_of_ones_own_are_shown(app, tmp_path):
    data = saved(module(num_layers=2).state_dict(), tmp_path)
    app.get("button_group")[0].set_value("files").run()
    app.file_uploader(key="own-weights").set_value(("own.safetensors", data, "")).run()
    rows = io.StringIO()
    np.savetxt(rows, np.random.default_rng(0).normal(size=(6, 3)), delimiter=",")
    app.file_uploader(key="own-numbers").set_value(("own.csv", rows.getvalue().encode(), "")).run()
    assert not app.exception
    assert not app.error
    assert "1 sequence of 6 time steps" in words(app).replace("\\", "")


def test_a_file_with_other_activations_is_computed(app, tmp_path):
    own = from_torch(module().state_dict()).cell
    path = tmp_path / "own.npz"
    save(path, Cell(own.variant, own.parameters, ("hard_sigmoid_5", "relu")))
    app.get("button_group")[0].set_value("files").run()
    app.file_uploader(key="own-weights").set_value(("own.npz", path.read_bytes(), "")).run()
    rows = b"1,2,3\n0.5,0.1,-1\n0,1,0\n"
    app.file_uploader(key="own-numbers").set_value(("own.csv", rows, "")).run()
    assert not app.exception
    assert not app.error
    assert "from a plain NumPy loop" in words(app)


def test_a_link_has_the_files_fingerprints_and_asks_for_them(app, tmp_path):
    data, numbers = saved(module(num_layers=2).state_dict(), tmp_path), b"a,b,c\n1,2,3\n4,5,6"
    upload(app, tmp_path, data, numbers)
    app.selectbox(key="own-layer").set_value("l1").run()
    said = app.query_params["own"]
    assert said == f"{own_fingerprint(data, numbers)};;l1"
    other = AppTest.from_file(APP, default_timeout=60).switch_page("pages/own.py")
    other.query_params["own"] = said
    other.run()
    assert not other.exception
    assert own_fingerprint(data, numbers)[:8] in other.warning[0].value
    assert "Upload the same two files" in other.warning[0].value.replace("\\", "")
    other.file_uploader(key="own-weights").set_value(("own.safetensors", data, "")).run()
    other.file_uploader(key="own-numbers").set_value(("b.csv", b"1,2,3\n4,5,7", "")).run()
    assert "asks for other numbers" in other.warning[0].value
    other.file_uploader(key="own-numbers").set_value(("own.csv", numbers, "")).run()
    assert not any("link" in w.value for w in other.warning)
    assert other.selectbox(key="own-layer").value == "l1"
    other.file_uploader(key="own-numbers").set_value(("b.csv", b"1,2,3\n4,5,7", "")).run()
    assert not any("link" in w.value for w in other.warning)  # one's own choice now, not the link's


def test_ones_own_files_are_replaced_without_a_word_of_a_link(app, tmp_path):
    app.get("button_group")[0].set_value("files").run()
    for seed in (0, 1):
        torch.manual_seed(seed)
        data = saved(nn.GRU(3, 4).state_dict(), tmp_path)
        app.file_uploader(key="own-weights").set_value(("own.safetensors", data, "")).run()
        app.file_uploader(key="own-numbers").set_value(("a.csv", b"1,2,3\n4,5,6", "")).run()
        app.run()
        assert not any("link" in w.value for w in app.warning)
        assert own_fingerprint(data, b"1,2,3\n4,5,6") in str(app.query_params["own"])


def test_notes_of_many_layers_are_folded(app, tmp_path):
    data = saved(nn.GRU(3, 4, num_layers=2, bidirectional=True).state_dict(), tmp_path)
    app.get("button_group")[0].set_value("files").run()
    app.file_uploader(key="own-weights").set_value(("own.safetensors", data, "")).run()
    assert "save_file" not in " ".join(code.value for code in app.code)
    rows = "\n".join(f"{i / 9},{i % 3},{i % 5}" for i in range(40)).encode()
    app.file_uploader(key="own-numbers").set_value(("a.csv", rows, "")).run()
    assert not app.exception
    assert any(e.label.endswith("notes on its layers") for e in app.expander)


@pytest.mark.parametrize("said", ["nobody", "twin;<b>;no;no", ";".join("x" * 9), "%00;%ff"])
def test_a_link_that_nobody_wrote_shows_what_there_is(said):
    app = AppTest.from_file(APP, default_timeout=60).switch_page("pages/own.py")
    app.query_params["own"] = said
    app.run()
    assert not app.exception
    assert app.selectbox(key="own-layer").value == "rnn.l0"


def test_findings_lead_to_their_layer_and_number(app):
    app.get("button_group")[0].set_value("twin").run()
    links = [b for b in app.button if b.key.startswith("own-go-")]
    assert "unit 0 → z[" in links[0].label
    links[0].click().run()
    assert not app.exception
    assert app.session_state["own-layer"] == "rnn.l0"


def test_what_was_found_shows_at_its_place():
    network, table = example(broken=True)
    trace = network.record(table.x).trace
    (frozen,) = (f for f in health(network.record(table.x)) if f.name == "frozen")
    for unit in frozen.units:
        name, index = finding_place(frozen, trace, unit)
        assert (name, index[2]) == ("z", unit)
        assert trace["z"][index] == trace["z"][..., unit].max()
    assert trace["z"][frozen.where[1]] == trace["z"].max()
    x = table.x.copy()
    x[2, 5, 1] = -900
    (inputs,) = (f for f in health(network.record(x)) if f.name == "inputs")
    assert inputs.where == ("x", (2, 5, 1))


def test_the_network_of_the_other_pages_opens_with_its_text():
    result = run(replace(PRESETS["start"], dropout=0.0))
    network = trained_network(result)
    table = text_table(network, first_text(result, network))
    assert list(table.steps) == [result.batch.vocabulary[i] for i in result.batch.ids[0]]
    trace = network.record(table.x).trace
    np.testing.assert_allclose(trace["h"][0], result.trace["h"][0], atol=1e-15)
    app = AppTest.from_file(APP, default_timeout=60).switch_page("pages/own.py")
    app.query_params["own"] = "trained"
    app.run()
    assert not app.exception
    assert "Cross-entropy of the next tokens" in words(app)
    text = next(field for field in app.text_input if field.key.startswith("own-text"))
    text.set_value("never seen: ☃").run()
    assert "the file's tokens" in app.error[0].value


def test_a_text_goes_through_the_files_own_embedding(tmp_path):
    own, path = texts(tmp_path, vocabulary=["a", "b", "ab", "c", "\n"])
    network = load(path)
    table = text_table(network, "abcab\n")
    assert table.steps == ("ab", "c", "ab", "\n")
    ids = torch.tensor([2, 3, 2, 4])
    found = network.record(table.x, table.lengths, None, head_loss(network, table), table.labels)
    logits = own["out"](own["rnn"](own["emb"](ids))[0])
    expected = nn.functional.cross_entropy(logits[:-1], ids[1:])
    assert found.loss == pytest.approx(float(expected.detach()), abs=1e-6)
    assert found.trace.origin.names["T"] == ("ab", "c", "ab", "\n")
    save(tmp_path / "again.npz", network)
    assert load(tmp_path / "again.npz").tokens == network.tokens
    with pytest.raises(ExplainerError, match="'d' at character 2"):
        text_table(network, "abd")


def test_a_file_that_does_not_name_its_rows_takes_ids(tmp_path):
    own, path = texts(tmp_path)
    table = text_table(load(path), " 4 0  2")
    np.testing.assert_allclose(table.x[0], own["emb"].weight[[4, 0, 2]].detach(), atol=1e-7)
    with pytest.raises(ExplainerError, match="token ids"):
        text_table(load(path), "1 7")
    with pytest.raises(ExplainerError, match="neither an embedding"):
        text_table(from_torch(module().state_dict()), "1")
    _, path = texts(tmp_path, vocabulary=["a"])
    with pytest.raises(ExplainerError, match="1 tokens, and an embedding of 5"):
        text_table(load(path), "a")


def test_what_training_offers_comes_in_again(tmp_path):
    result = run(replace(PRESETS["start"], dropout=0.0))
    parameters = {n: torch.from_numpy(v.copy()) for n, v in result.update.before.items()}
    named = safetensors(parameters, result.batch.vocabulary)
    torch_names = safetensors(state_dict(result.settings, parameters), result.batch.vocabulary)
    for data in (named, torch_names):
        network = read_weights(data, ".safetensors")
        table = text_table(network, first_text(result, network))
        found = network.record(table.x, loss=head_loss(network, table)).trace
        np.testing.assert_allclose(found["h"][0], result.trace["h"][0], atol=1e-15)


def test_several_modules_of_a_file_have_a_head_each(tmp_path):
    torch.manual_seed(0)
    parts = {"rnn": nn.GRU(3, 4, batch_first=True, bidirectional=True), "out": nn.Linear(8, 1)}
    both = nn.ModuleDict(
        {"first": nn.ModuleDict(parts), "second": nn.ModuleDict(copy.deepcopy(parts))}
    ).double()
    with torch.no_grad():
        both["second"]["out"].bias += 3
    network, table = from_torch(both), read_table(b"a,b,c,target\n1,2,3,4\n5,6,7,8")
    assert head_loss(network, table) is None
    x, y = (torch.from_numpy(v.copy()) for v in (table.x, table.targets))
    for name, own in both.items():
        path = f"{name}.rnn"
        found = network.record(table.x, path=path, loss=head_loss(network, table, path))
        expected = ((own["out"](own["rnn"](x)[0])[..., 0] - y) ** 2).mean()
        assert found.loss == pytest.approx(float(expected.detach()), abs=1e-12)
        expected.backward()
        d_W = found[f"{path}.l0"]["d_W_hn"]
        np.testing.assert_allclose(d_W, own["rnn"].weight_hh_l0.grad[8:], atol=1e-12)


@pytest.fixture
def own_page(chromium, server):
    """A way to open the page; returns the tab's page once its stage is there."""
    context = chromium.new_context(viewport={"width": 1300, "height": 900})

    def opened(place):
        page = Tab(context, server.address).page
        page.goto(place if "://" in place else f"{server.address}/{place}")
        expect(inside(page, '[data-quantity="h"]').first).to_be_visible(timeout=30_000)
        return page

    yield opened
    context.close()


@pytest.mark.browser
def test_findings_map_and_link_lead_to_a_place(own_page):
    page = own_page("own?own=twin")
    link = page.get_by_role("button", name="unit 3 → z[").first
    place = link.inner_text().partition("[")[2].rstrip("]")
    link.click()
    there = f'[data-quantity="z"][data-index="{place}"]:focus'
    expect(inside(page, there)).to_be_attached()
    expect(page.locator("[data-stage]")).to_have_attribute("data-t", place.split(",")[1])
    canvas = inside(page, ".unit-map canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 4.5 / 24, "y": box["height"] * 6.5 / 8})
    expect(page.locator("[data-stage]")).to_have_attribute("data-t", "4")
    expect(inside(page, "[data-explanation]")).to_contain_text("h[")
    expect(page).to_have_url(re.compile("own-place=t%3D4.*cell%3Dh"))
    inside(page, '.unit-map [data-map^="units by"]').select_option("keeping")
    inside(page, '.unit-map [data-map^="go to"]').select_option(index=1)
    expect(page).to_have_url(re.compile("own-place=t%3D4"))
    again = own_page(page.url)
    expect(inside(again, "[data-explanation]")).to_be_visible(timeout=30_000)
    expect(again.locator("[data-stage]")).to_have_attribute("data-t", "4")


@pytest.mark.long
@pytest.mark.browser
def test_a_weight_of_ones_own_network_is_changed_on_its_own_page_alone(own_page):
    page = own_page("own")
    cell(page, "W_hz", 0, 1).click()
    expect(inside(page, "[data-explanation]")).to_be_visible()
    cell(page, "W_hz", 0, 1).dblclick()
    type_in(page, "3")
    expect(inside(page, "[data-chip]")).to_have_attribute("data-chip", "W_hz[0,1]")
    page.get_by_test_id("stMain").get_by_text("Gradients", exact=True).click()
    expect(inside(page, '[data-quantity="d_h_prev"]').first).to_be_attached()
    expect(page).to_have_url(re.compile("own-place=.*W_hz"))
    assert "&edit=" not in page.url
    page.get_by_test_id("stSidebarNavLink").get_by_text("The cell", exact=True).click()
    expect(inside(page, '[data-quantity="W_ir"]').first).to_be_attached()
    expect(inside(page, "[data-chip]")).to_have_count(0)


def test_a_finding_leads_into_a_stretch_of_a_large_layer(app, tmp_path):
    torch.manual_seed(0)
    gru = nn.GRU(3, 160)
    with torch.no_grad():
        gru.bias_ih_l0[160 + 7] += 20
    rows = io.StringIO()
    np.savetxt(rows, np.random.default_rng(0).normal(size=(300, 3)), delimiter=",")
    upload(app, tmp_path, saved(gru.state_dict(), tmp_path), rows.getvalue().encode())
    link = next(b for b in app.button if "unit 7 → z" in b.label)
    t = int(link.label.split(",")[1])
    link.click().run()
    assert not app.exception
    assert app.session_state["own-first"] == max(0, t - 2)
    assert "h over all 300 time steps, from left to right, of all 160 units" in words(app)


@pytest.mark.parametrize(("T", "H"), [(3, 2), (1000, 512), (401, 176), (1, 1)])
def test_an_overview_has_the_means_of_blocks(T, H):
    values = np.random.default_rng(0).normal(size=(T, H))
    across, down = block_sizes(T, H)
    means = block_means(values)
    assert means.shape == (-(-H // down), -(-T // across))
    assert max(means.shape[1] / 400, means.shape[0] / 64) <= 1
    for unit, t in ((0, 0), (means.shape[0] - 1, means.shape[1] - 1)):
        block = values[t * across : (t + 1) * across, unit * down : (unit + 1) * down]
        assert means[unit, t] == pytest.approx(block.mean())
    picture = overview(values, "light")
    assert picture.shape == (*means.shape, 3)
    below = means < -0.5 * np.abs(means).max()
    assert (picture[below][:, 0] > picture[below][:, 2]).all()  # orange
    assert overview(0 * values, "light").min() == 255  # white is 0


def test_training_leads_to_its_network_and_changes_nothing_else(app):
    app.switch_page("pages/training.py").run()
    assert not app.exception
    links = [link.proto for link in app.main if link.type == "page_link"]
    (link,) = (one for one in links if "Open this network" in one.label)
    assert link.query_string == "own=trained"
    app.switch_page("pages/own.py").run()
    assert app.session_state["own-source"] == ""


def test_a_network_with_a_loss_is_computed_once(monkeypatch):
    calls = []
    make = network_record.compute_stack
    monkeypatch.setattr(
        network_record, "compute_stack", lambda *given: calls.append(1) or make(*given)
    )
    monkeypatch.setattr(layer_stack, "compute_stack", network_record.compute_stack)
    network, table = example(broken=False)
    assert network.record(table.x, loss=head_loss(network, table)).loss > 0
    assert len(calls) == 1
