"""Networks and numbers of one's own: files in, every number against torch.nn.GRU."""

import copy
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import loops
import numpy as np
import pytest
import torch
from browser_tab import Tab
from playwright.sync_api import expect
from safetensors.torch import save_file
from stage_tab import cell, inside
from streamlit.testing.v1 import AppTest
from test_stage_edits import type_in
from torch import nn

from explainer import PRESETS, Cell, GRUNetwork, from_torch, health, load, run, save
from explainer.analysis.finding_places import finding_place
from explainer.app import own_network
from explainer.app.own_link import own_fingerprint
from explainer.app.own_network import (
    DATA,
    example,
    first_text,
    from_others,
    read_weights,
    room,
    trained_network,
)
from explainer.engine.equations.activation import activations_of
from explainer.engine.layer_edits import edited_layer
from explainer.errors import ExplainerError
from explainer.interop import layer_stack, network_record
from explainer.interop.head_loss import head_loss
from explainer.interop.pytorch import safetensors, state_dict
from explainer.interop.text_table import text_table
from explainer.number_table import MOST_ROWS, read_table
from explainer.plots.overview import block_means, block_sizes, overview

APP = str(Path(__file__).parent.parent / "app.py")


def module(**options):
    torch.manual_seed(2)
    return nn.GRU(3, 4, **{"batch_first": True, "dtype": torch.float64, **options})


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, (5, 3)])
def test_a_file_computes_what_its_module_computes(bidirectional, lengths):
    gru = module(num_layers=2, bidirectional=bidirectional)
    network = from_torch(gru.state_dict())
    x = torch.randn(2, 5, 3, dtype=torch.float64)

    def loss(states):
        return (states**2).sum()

    found = network.record(x, lengths, loss=loss)
    given = x.clone().requires_grad_()
    packed = given
    if lengths:
        packed = nn.utils.rnn.pack_padded_sequence(given, torch.tensor(lengths), batch_first=True)
    out, _ = gru(packed)
    states = nn.utils.rnn.pad_packed_sequence(out, batch_first=True)[0] if lengths else out
    whole = found[next(iter(network)).replace("l0", "l1")]
    for b, length in enumerate(lengths or (5, 5)):
        np.testing.assert_allclose(
            whole["h"][b, :length], states[b, :length, :4].detach(), atol=1e-15
        )
    inside_ends = states if not lengths else out.data
    assert found.loss >= float((inside_ends**2).sum().detach()) - 1e-12
    first = from_torch(gru.state_dict())
    assert list(first) == list(found)


def test_gradients_of_a_file_are_those_of_its_module():
    gru = module(num_layers=2)
    network = from_torch(gru.state_dict())
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    found = network.record(x, loss=lambda states: (states**2).sum())
    (gru(x)[0] ** 2).sum().backward()
    first, *_ = found.values()
    for g, part in zip("rzn", gru.weight_hh_l0.grad.chunk(3), strict=True):
        np.testing.assert_allclose(first[f"d_W_h{g}"], part, atol=1e-13)


def test_one_cell_records_itself():
    gru = module()
    cell = from_torch(gru.state_dict()).cell
    x, h_0 = torch.randn(5, 3, dtype=torch.float64), torch.randn(1, 4, dtype=torch.float64)
    states = gru(x, h_0)[0].detach()
    np.testing.assert_allclose(cell.record(x, h_0)["h"][0], states, atol=1e-15)
    with pytest.raises(ExplainerError, match=r"\(T, 3\)"):
        cell.record(torch.randn(5, 4))
    with pytest.raises(ExplainerError, match="1 to 5"):
        cell.record(x, lengths=[9])


def test_a_cell_with_the_reset_gate_before_is_a_plain_loop():
    rng = np.random.default_rng(0)
    shapes = {f"W_i{g}": (4, 3) for g in "rzn"} | {f"W_h{g}": (4, 4) for g in "rzn"}
    p = {n: rng.normal(size=s) for n, s in (shapes | {f"b_{g}": (4,) for g in "rzn"}).items()}
    x = rng.normal(size=(6, 3))
    trace = Cell("reset_before", p).record(x)
    h = np.zeros(4)
    for t, row in enumerate(x):
        r, z = (
            1 / (1 + np.exp(-(p[f"W_i{g}"] @ row + p[f"W_h{g}"] @ h + p[f"b_{g}"]))) for g in "rz"
        )
        n = np.tanh(p["W_in"] @ row + p["W_hn"] @ (r * h) + p["b_n"])
        h = z * h + (1 - z) * n
        np.testing.assert_allclose(trace["h"][0, t], h, atol=1e-14)


@pytest.mark.parametrize("candidate", [*loops.FUNCTIONS])
@pytest.mark.parametrize("gates", [*loops.FUNCTIONS])
def test_every_activation_is_a_plain_loop(gates, candidate):
    own = from_torch(module().state_dict()).cell
    cell = Cell(own.variant, own.parameters, (gates, candidate))
    x = torch.randn(2, 4, 3, dtype=torch.float64)
    trace = cell.record(x, d_h_out=torch.ones(2, 4, 4))
    np.testing.assert_allclose(trace["h"], loops.states(cell, x), rtol=1e-12, atol=1e-14)
    assert activations_of(trace.quantities) == (gates, candidate)
    held = edited_layer(trace, {"z": 0.5})
    mixed = (held["h_prev"] + held["n"]) / 2
    np.testing.assert_allclose(held["h"], mixed, rtol=1e-12, atol=1e-14)
    assert str(health(trace))


def test_a_network_with_other_activations_is_checked_by_a_loop():
    own = from_torch(module(num_layers=2).state_dict())
    cells = {
        name: Cell(cell.variant, cell.parameters, ("hard_sigmoid_5", "relu"))
        for name, cell in own.items()
    }
    network = GRUNetwork(cells)
    x = torch.randn(2, 5, 3, dtype=torch.float64).requires_grad_()
    found = network.record(x.detach(), loss=lambda states: (states**2).sum())
    difference, reference = from_others(network, found)
    assert difference < 1e-14
    assert reference == "a plain NumPy loop with the same weights"
    h = x
    for layer in cells.values():
        W = {n: torch.from_numpy(v.copy()) for n, v in layer.parameters.items()}
        state, states = torch.zeros(2, 4, dtype=torch.float64), []
        for x_t in h.unbind(1):
            i, past = (
                {g: v @ W[f"W_{s}{g}"].T + W[f"b_{s}{g}"] for g in "rzn"}
                for v, s in ((x_t, "i"), (state, "h"))
            )
            r, z = (torch.nn.functional.hardtanh((i[g] + past[g]) / 5 + 0.5, 0, 1) for g in "rz")
            state = z * state + (1 - z) * torch.relu(i["n"] + r * past["n"])
            states.append(state)
        h = torch.stack(states, 1)
    (h**2).sum().backward()
    np.testing.assert_allclose(next(iter(found.values()))["d_x"], x.grad, rtol=1e-10, atol=1e-12)


def test_the_example_is_well_and_its_twin_is_not():
    network, table = example(broken=False)
    assert table.features == ("temp", "sin day", "cos day")
    loss = head_loss(network, table)
    found = network.record(table.x, table.lengths, loss=loss)
    assert found.health().ok
    gru, head = nn.GRU(3, 8, batch_first=True), nn.Linear(8, 1)
    gru.load_state_dict({n.removeprefix("rnn."): v for n, v in network.to_torch().items()})
    weights, bias = network.head
    head.load_state_dict(
        {"weight": torch.from_numpy(weights.copy()), "bias": torch.from_numpy(bias.copy())}
    )
    x, y = torch.tensor(table.x).float(), torch.tensor(table.targets).float()
    with torch.no_grad():
        assert found.loss == pytest.approx(float(((head(gru(x)[0])[..., 0] - y) ** 2).mean()), 1e-5)
    twin, table = example(broken=True)
    assert not twin.record(table.x, table.lengths).health().ok


def test_a_table_is_read_with_its_columns():
    data = "\ufeffsequence;wind;target\na;1.5;0\nb;2;1\na;-3e-2;1\n\n".encode()
    table = read_table(data)
    assert table.features == ("wind",)
    assert table.sequences == ("a", "b")
    assert table.lengths == (2, 1)
    np.testing.assert_array_equal(table.x[..., 0], [[1.5, -0.03], [2, 0]])
    np.testing.assert_array_equal(table.targets, [[0, 1], [1, 0]])
    plain = read_table(b"1,2\n3,4")
    assert plain.features == ("feature 0", "feature 1")
    assert plain.targets is None


HOSTILE = [
    (b"", "empty"),
    (b"\n\n  \n", "empty"),
    (b"a,b\n", "only a row of names"),
    (b"\xff\xfe\x00", "UTF-8"),
    (b"a\0b\n1", "zero bytes"),
    (b"a,b\n1,2\n3", "Row 3 has 1 columns"),
    (b"1,2\n3", "Row 2 has 1 columns"),
    (b"a,b\n1,nan", "row 2, column 'b'"),
    (b"a,b\n1,1e400", "1e400"),
    (b"a,b\n1,", "row 2, column 'b'"),
    (b"a;b\n1,5;2", "decimal points"),
    (b"a,a\n1,2", "twice"),
    (b"target\n1", "column of numbers"),
    (b'a\n"1', "unfinished quotes"),
    (b"a\n" + b"1\n" * (MOST_ROWS + 2), "at most 5,000 rows"),
    (",".join("1" * 600).encode(), "512 columns"),
    (b"<script>alert(1)</script>\nx", "script"),
    (b"a\n" + b"9" * 100_000, "a finite number"),
    (b"a\n" + b"9" * 200_000, "CSV"),
]


@pytest.mark.parametrize(("data", "message"), HOSTILE)
def test_a_table_that_is_none_is_refused_with_a_sentence(data, message):
    with pytest.raises(ExplainerError, match=message) as caught:
        read_table(data)
    assert len(str(caught.value)) < 400


def saved(network, tmp_path):
    save_file({n: v.contiguous() for n, v in network.items()}, tmp_path / "own.safetensors")
    return (tmp_path / "own.safetensors").read_bytes()


def test_sizes_are_bounded(tmp_path, monkeypatch):
    data = saved(module().state_dict(), tmp_path)
    network, table = read_weights(data, ".safetensors"), read_table(b"a,b,c\n1,2,3\n4,5,6")
    assert room(network, table, "") == (1, 2, "", room(network, table, "")[3])
    monkeypatch.setattr(own_network, "MOST_NUMBERS", 150)
    sequences, steps, said, numbers = room(network, table, "")
    assert (sequences, steps) == (1, 1)
    assert "first 1 of 2 time steps" in said
    assert numbers <= 150
    monkeypatch.setattr(own_network, "MOST_WEIGHTS", 10)
    with pytest.raises(ExplainerError, match="at most 10"):
        read_weights(data, ".safetensors")
    with pytest.raises(ExplainerError, match="reads 3"):
        room(network, read_table(b"1,2"), "")


def test_a_loss_needs_a_head_and_targets(tmp_path):
    network, table = example(broken=False)
    assert head_loss(network, table) is not None
    assert head_loss(network, read_table(b"1,2,3")) is None
    alone = GRUNetwork(dict(network), network.kind)
    assert head_loss(alone, table) is None


def command(*words):
    """What the command line answers."""
    return subprocess.run(
        [sys.executable, "-m", "explainer", "health", *map(str, words)],
        cwd=Path(APP).parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_line_says_what_stands_out(tmp_path):
    weights, numbers = DATA / "forecaster.safetensors", DATA / "forecaster.csv"
    said = command(weights, numbers)
    assert said.returncode == 0, said.stderr
    assert "4 sequences of 24 time steps" in said.stdout
    assert "mean squared error" in said.stdout
    gru = module()
    with torch.no_grad():
        gru.bias_ih_l0[4:8] += 20
    saved(gru.state_dict(), tmp_path)
    (tmp_path / "numbers.csv").write_text("\n".join("0.1,0.2,0.3" for _ in range(9)))
    broken = command(tmp_path / "own.safetensors", tmp_path / "numbers.csv")
    assert broken.returncode == 1
    assert "error: l0: 4 of 4 units keep the old state" in broken.stdout
    wrong = command(weights, tmp_path / "numbers.csv", "--module", "encoder")
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr
    assert "path must be one of" in wrong.stderr


@pytest.fixture
def app():
    return AppTest.from_file(APP, default_timeout=60).switch_page("pages/own.py").run()


def words(app):
    kinds = ("markdown", "caption", "success", "error")
    return " ".join(element.value for kind in kinds for element in app.get(kind))


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


def upload(app, tmp_path, weights, numbers=None):
    """Choose files of one's own."""
    app.get("button_group")[0].set_value("files").run()
    app.file_uploader(key="own-weights").set_value(("own.safetensors", weights, "")).run()
    if numbers is not None:
        app.file_uploader(key="own-numbers").set_value(("own.csv", numbers, "")).run()
    assert not app.exception


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


def texts(tmp_path, **said):
    """A module with an embedding of five letters as a file."""
    torch.manual_seed(0)
    own = nn.ModuleDict({"emb": nn.Embedding(5, 3), "rnn": nn.GRU(3, 4), "out": nn.Linear(4, 5)})
    path = tmp_path / "text.safetensors"
    save_file(own.state_dict(), path, {n: json.dumps(v) for n, v in said.items()})
    return own, path


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
