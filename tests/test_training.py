"""Many updates: against PyTorch's modules and optimizer, in a thread, and on their page."""

import gc
import json
import time
import weakref
from contextlib import chdir
from dataclasses import replace
from itertools import product
from threading import Event, Thread
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from app_pages import (
    VARIANTS,
    array,
    components,
    figures,
    newcomer,
    notes,
    page_of,
    run_of,
    sentences,
    stage,
    visit,
)
from beside_torch import CLOSE, gates_of, modules, some_state, tensor
from safetensors.torch import load
from test_payload import assert_sent_as_computed
from test_properties import assert_same_numbers
from torch import nn
from torch.nn import functional as F

from explainer import PRESETS, History, run, train
from explainer.analysis.influence import rnn_influence
from explainer.app import background_training as trainers
from explainer.app import current_run as runs
from explainer.app import gate as gates
from explainer.app.background_training import Trainer
from explainer.app.cache import BUDGET, CACHE, Cache, shared_training
from explainer.batches import batch, tokenize
from explainer.engine.at_once import solve_at_once
from explainer.engine.batch_run import check_size
from explainer.engine.network import network, rnn_network, without_dropout
from explainer.engine.parameters import draw_masks, initial_parameters, rnn_parameters
from explainer.engine.quantity import solve
from explainer.engine.sampling import continue_text
from explainer.engine.training import RNNTraining, Training
from explainer.engine.training_state import TrainingState, train_step
from explainer.engine.unroll import (
    backward_pass,
    forward_pass,
    known_values,
    learning_pass,
    learning_plans,
)
from explainer.errors import NotFiniteError
from explainer.fingerprints import text_hash
from explainer.interop.pytorch import safetensors, snippet, state_dict
from explainer.stage.influence_maps import influence_summary
from explainer.url import from_link, write_query

SAME = {"rtol": 0, "atol": 1e-12}
SMALL = replace(
    PRESETS["start"],
    text="abcabdabeabf abcabd abe abf cab",
    tokenizer="characters",
    end_of_text=False,
    batch_size=2,
    context_length=3,
    embedding_size=3,
    hidden_size=4,
    dropout=0.0,
    learning_rate=0.7,
    seed=7,
)
TINY = replace(SMALL, batch_size=1, context_length=1, embedding_size=1, hidden_size=1)
DIVERGING = replace(
    PRESETS["start"],
    text=PRESETS["start"].text * 5,
    initial="normal",
    learning_rate=1000.0,
    variant="reset_before",
    batch_size=1,
    context_length=1000,
    embedding_size=1,
    hidden_size=128,
)


@pytest.fixture(autouse=True)
def nobody_trained_before():
    """A process-wide cache as a new server has it."""
    CACHE.clear()


# PyTorch's own training.

TRAINED = {
    "embedding": SMALL,
    "clipped": replace(SMALL, clip_norm=0.05, head_bias=True),
    "carried": replace(SMALL, carry_state=True, learning_rate=2.0),
    "one_hot": replace(SMALL, input="one_hot", head_bias=True, carry_state=True, clip_norm=0.5),
    "dropout": replace(SMALL, dropout=0.4, carry_state=True),
    "sequential": replace(SMALL, windows="sequential", carry_state=True, learning_rate=2.0),
    "random": replace(SMALL, windows="random", carry_state=True),
    "shuffled": replace(SMALL, windows="shuffled", carry_state=True),
}


def by_torch(settings, updates, net):
    """What PyTorch's SGD makes of modules: before each update, and after the last."""
    optimizer = torch.optim.SGD(net.parameters(), lr=settings.learning_rate)
    ids, V = tensor(tokenize(settings)[1]), len(tokenize(settings)[0])
    B, T, H = settings.batch_size, settings.context_length, settings.hidden_size
    sizes = {"B": B, "T": T, "H": H, "V": V}
    sizes["D"] = V if settings.input == "one_hot" else settings.embedding_size
    count = (len(ids) - 1) // (B * T)
    h = torch.zeros(1, B, H, dtype=torch.float64)
    moments = []
    for i in range(updates + 1):
        start = i % count * B * T
        x, y = (ids[start + k : start + k + B * T].reshape(B, T) for k in (0, 1))
        if settings.windows == "sequential":
            length = (len(ids) - 1) // B
            rows = [ids[b * length :][i % count * T :] for b in range(B)]
            x, y = (torch.stack([row[k : k + T] for row in rows]) for k in (0, 1))
        elif settings.draws_windows:  # tested on their own, below
            drawn = batch(settings, i)
            x, y = tensor(drawn.ids), tensor(drawn.targets)
        masks = draw_masks(settings, sizes, i)
        if i % count == 0 or not settings.carry_state or settings.draws_windows:
            h = torch.zeros_like(h)
        inputs = net["embedding"](x) if "embedding" in net else F.one_hot(x, V).double()
        outputs, last = net["cell" if "cell" in net else "gru"](
            inputs * masks["mask_x"] / (1 - settings.dropout), h
        )
        logits = net["head"](outputs * masks["mask_h"] / (1 - settings.dropout))
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        kept = {n: v.detach().clone() for n, v in net.state_dict().items()}
        moments.append(
            SimpleNamespace(ids=x, h_0=h[0], logits=logits.detach(), loss=loss.item(), state=kept)
        )
        optimizer.zero_grad()
        loss.backward()
        if settings.clip_norm is not None:
            nn.utils.clip_grad_norm_(net.parameters(), settings.clip_norm)
        optimizer.step()
        h = last.detach()
    return moments


UPDATES = (0, 1, 4, 5, 6, 13)


@pytest.mark.parametrize("case", TRAINED)
def test_a_run_of_a_history_is_pytorchs_training(case):
    settings = TRAINED[case]
    count = batch(settings).count
    assert count == 5
    moments = by_torch(settings, max(UPDATES) + 1, modules(settings))
    history = train(settings, epochs=3)
    for k in UPDATES:
        result, expected = history.at(k), moments[k]
        np.testing.assert_array_equal(result.batch.ids, expected.ids, err_msg=str(k))
        np.testing.assert_allclose(result.trace["h_0"], expected.h_0, **CLOSE, err_msg=str(k))
        np.testing.assert_allclose(result.trace["logits"], expected.logits, **CLOSE)
        assert float(result.trace["loss"]) == pytest.approx(expected.loss, abs=1e-10)
        for now, state in ((result.update.before, k), (result.update.after, k + 1)):
            wanted = gates_of(moments[state].state)
            assert set(now) == set(wanted)
            for name, values in wanted.items():
                np.testing.assert_allclose(now[name], values, **CLOSE, err_msg=f"{name} {k}")
    losses = history.losses
    np.testing.assert_allclose(losses[: len(moments)], [m.loss for m in moments], **CLOSE)
    assert np.ptp(losses) > 0.01


def test_a_carried_state_after_updates_is_computed_with_their_parameters():
    settings = replace(TRAINED["carried"], updates=7, batch_index=2)
    before = run(replace(settings, updates=0)).trace
    result = run(settings)
    net = modules(settings)
    h = torch.zeros(1, settings.batch_size, settings.hidden_size, dtype=torch.float64)
    own = {f"weight_{s}h_l0": [f"W_{s}{g}" for g in "rzn"] for s in "ih"}
    own |= {f"bias_{s}h_l0": [f"b_{s}{g}" for g in "rzn"] for s in "ih"}
    trained = {n: torch.from_numpy(v.copy()) for n, v in result.update.before.items()}
    net["gru"].load_state_dict({n: torch.cat([trained[p] for p in own[n]]) for n in own})
    for i in range(2):
        masks = draw_masks(settings, result.trace.sizes, i)
        inputs = F.embedding(tensor(batch(settings, i).ids), trained["E"]) * masks["mask_x"]
        _, h = net["gru"](inputs / (1 - float(result.trace["dropout"])), h)
    np.testing.assert_allclose(result.trace["h_0"], h[0].detach(), **CLOSE)
    assert np.abs(result.trace["h_0"] - before["h_0"]).max() > 1e-3


def rnn_modules(settings):
    """PyTorch's modules with an ordinary RNN in the GRU's place, and its first values."""
    net = modules(settings)
    first = rnn_parameters(settings, len(tokenize(settings)[0]))
    H, D = first["W_ih"].shape
    cell = nn.RNN(D, H, batch_first=True, dtype=torch.float64)
    own = {n: f"{'weight' if n[0] == 'W' else 'bias'}_{n[2:]}_l0" for n in first if n[-1] == "h"}
    cell.load_state_dict({own[n]: first[n] for n in own})
    del net["gru"]
    net["cell"] = cell
    names = {f"cell.{there}": here for here, there in own.items()}
    return net, names | {"head.weight": "W_o", "head.bias": "b_o", "embedding.weight": "E"}


@pytest.mark.parametrize("case", TRAINED)
def test_an_rnn_is_trained_as_pytorch_does(case):
    net, names = rnn_modules(settings := TRAINED[case])
    moments = by_torch(settings, 14, net)
    training = RNNTraining(settings)
    for _ in range(14):
        training.step()
    np.testing.assert_allclose(training.losses, [m.loss for m in moments[:14]], **CLOSE)
    for k in (0, 1, 6, 13, 14):
        now, then = training.state_at(k), moments[k]
        np.testing.assert_allclose(now.h_0, then.h_0, **CLOSE, err_msg=str(k))
        assert set(now.parameters) == {names[n] for n in then.state}
        for name, value in then.state.items():
            np.testing.assert_allclose(now.parameters[names[name]], value, **CLOSE, err_msg=name)
    assert shared_training(RNNTraining, settings) is shared_training(RNNTraining, settings)
    assert shared_training(RNNTraining, settings).losses == ()


def test_an_rnn_whose_numbers_stop_being_finite_says_where():
    first = rnn_parameters(SMALL, len(tokenize(SMALL)[0]))
    training = Training(SMALL, rnn_network(SMALL), {**first, "W_o": first["W_o"] * 1e306})
    with pytest.raises(ValueError, match=r"At update 0, .*finite"):
        training.step()
    assert training.losses == ()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("case", ["carried", "dropout", "sequential", "random", "shuffled"])
def test_a_run_after_updates_is_the_chosen_batch_with_a_history_s_parameters(case, variant):
    settings = replace(TRAINED[case], variant=variant)
    asked = {k: replace(settings, updates=k, batch_index=1) for k in (7, 3, 12)}
    fresh = {k: run(s) for k, s in asked.items()}
    history = train(settings, epochs=3)
    common = shared_training(History, settings)
    while common.updates < 40:
        common.step()
    for k, s in asked.items():
        assert fresh[k].settings == s  # so that links and fingerprints say the same
        assert from_link(write_query(fresh[k].settings)) == s
        before = run(replace(s, updates=0))
        for name in ("ids", "targets", "mask_x", "mask_h"):
            np.testing.assert_array_equal(fresh[k].trace[name], before.trace[name], err_msg=name)
        assert fresh[k].batch.index == 1
        for other in (run(before.settings, history.at(k).update.before), run(s)):
            assert_same_numbers(fresh[k], other)
        for other in (history.at(k - 1).update.after, common.state_at(k).parameters):
            for name, values in fresh[k].update.before.items():
                np.testing.assert_array_equal(values, other[name], err_msg=name)
    assert shared_training(History, asked[3]) is common


def test_a_training_outlives_a_look_at_many_other_settings():
    first = shared_training(History, SMALL)
    first.step()
    for seed in range(100, 140):
        shared_training(History, replace(SMALL, seed=seed))
        shared_training(RNNTraining, replace(SMALL, seed=seed))
    assert shared_training(History, SMALL) is first


def test_trainings_of_large_networks_keep_fewer_moments(monkeypatch):
    size = History(SMALL).state_at(0).nbytes
    monkeypatch.setattr("explainer.engine.training.KEPT_BYTES", 5 * size)
    history, wanted = History(SMALL), train(SMALL, epochs=6)
    for _ in range(30):
        history.step()
        assert len(history._kept) <= 5
    assert history.nbytes == 7 * size, "kept ones, the last, and the last one looked back at"
    for k in (0, 7, 29, 30):
        for name, value in history.state_at(k).parameters.items():
            assert torch.equal(value, wanted.state_at(k).parameters[name])
    monkeypatch.setattr("explainer.engine.training.KEPT_BYTES", 0)
    history = History(SMALL)
    for _ in range(5):
        history.step()
    assert_same_numbers(history.next_run(3), wanted.next_run(3))
    monkeypatch.setattr("explainer.app.cache.CACHE", cache := Cache(10_000_000))
    for seed in range(20):
        shared_training(History, replace(SMALL, seed=seed))
        assert 0 < cache.nbytes <= 10_000_000


@pytest.fixture
def forgetful(monkeypatch):
    """A training that has kept hardly anything, what it should know, and updates done again."""
    wanted = train(SMALL, epochs=12)
    monkeypatch.setattr("explainer.engine.training.KEPT_BYTES", 0)
    history = train(SMALL, epochs=12)
    assert set(history._kept) == {0, 32}
    done = []

    def counted(settings, net, state, i):
        done.append(i)
        return train_step(settings, net, state, i)

    monkeypatch.setattr("explainer.engine.training.train_step", counted)
    return history, wanted, done


def test_the_same_way_back_is_not_gone_twice(forgetful):
    history, wanted, done = forgetful
    for i in range(history.updates + 1):
        for name, value in history.state_at(i).parameters.items():
            assert torch.equal(value, wanted.state_at(i).parameters[name])
    # from each to the next; but for those that were kept
    assert done == [i for i in range(history.updates) if i not in (31, history.updates - 1)]
    done.clear()
    for _ in range(3):
        history.state_at(20)
    history.at(20)
    assert done == list(range(20))
    history.state_at(23)
    assert done[20:] == [20, 21, 22]


def test_who_looks_back_for_long_may_leave_and_come_back(forgetful):
    history, _, done = forgetful

    def work(goal, tell):
        for steps, _ in history.replay_to(goal):
            tell(steps)

    ticket = gates.Gate(CACHE).enter("back", work, 31)
    wait(lambda: len(done) > 3)
    ticket.leave()
    time.sleep(0.1)
    assert len(done) < 31
    runs.network_at(31, history)
    assert done == list(range(31)), "nothing twice"


def test_a_training_larger_than_all_memory_for_them_is_shared_alone(monkeypatch):
    small = shared_training(History, TINY)
    monkeypatch.setattr(History, "nbytes", 10 * BUDGET)
    large = shared_training(History, SMALL)
    assert shared_training(History, SMALL) is large, "while somebody holds it"
    assert shared_training(History, TINY) is small
    forgotten = weakref.ref(large)
    del large
    assert forgotten() is None


def test_a_long_text_keeps_nobody_else_waiting():
    begun, go_on = Event(), Event()

    class Slow(History):
        def __init__(self, settings):
            begun.set()
            assert go_on.wait(10)
            super().__init__(settings)

    thread = Thread(target=shared_training, args=(Slow, SMALL))
    thread.start()
    assert begun.wait(10)
    other = Thread(target=shared_training, args=(History, TINY))
    other.start()
    other.join(10)
    assert not other.is_alive()
    go_on.set()
    thread.join(10)


def test_nobody_can_change_a_training_from_outside():
    history = train(SMALL, epochs=1)
    for k in (0, 3, 5):
        before = train(SMALL, epochs=1).next_run(k)
        state = history.state_at(k)
        state.h_0.fill_(9)
        for value in state.parameters.values():
            value.fill_(9)
        assert_same_numbers(history.next_run(k), before)


@pytest.mark.parametrize("k", [-1, -7])
def test_there_is_no_network_before_the_first(k):
    with pytest.raises(IndexError, match=rf"updates must be an integer from 0 to \d+; got {k}\."):
        train(SMALL, epochs=1).state_at(k)


@pytest.mark.parametrize("long", [False, True])
def test_a_link_says_how_many_updates_were_done(long):
    base = PRESETS["story"]
    settings = replace(base, text=base.text * 2 if long else "some text", updates=1234)
    query = write_query(settings)
    assert query["updates"] == "1234"
    assert query.get("fingerprint") == (text_hash(settings.text) if long else None)
    assert from_link(query, settings.text) == settings
    assert "updates" not in write_query(replace(settings, updates=0))
    with pytest.raises(ValueError, match=r"updates must be an integer from 0 to 20,000; got 20001"):
        replace(settings, updates=20_001)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_training_in_float32_is_nearly_that_in_float64(variant):
    settings = replace(SMALL, variant=variant, clip_norm=0.5, carry_state=True, head_bias=True)
    single, double = History(settings, torch.float32), History(settings)
    for history in (single, double):
        for _ in range(20):
            history.step()
        now = history.state_at(20)
        assert {v.dtype for v in (now.h_0, *now.parameters.values())} == {
            torch.float32 if history is single else torch.float64
        }
    np.testing.assert_allclose(single.losses, double.losses, rtol=1e-4)
    assert single.losses != double.losses
    assert single.next_run(20).trace["h"].dtype == np.float64


@pytest.mark.parametrize("settings", [*TRAINED.values(), replace(SMALL, variant="reset_before")])
def test_an_update_solves_no_more_than_it_needs(settings, monkeypatch):
    solved = set()

    def tell(function):
        def solve_and_tell(*args):
            found = function(*args)
            solved.update(found)
            return found

        return solve_and_tell

    monkeypatch.setattr("explainer.engine.unroll.solve_at_once", tell(solve_at_once))
    monkeypatch.setattr("explainer.engine.training_state.solve", tell(solve))
    History(settings).step()
    assert {"loss", "d_W_hr", "norm", "new_W_hr"} <= solved
    assert not solved & {"d_log_p", "d_ce_1", "predicted_change", "lr_d_W_hr"}
    assert ("d_x" in solved) == (settings.input == "embedding")


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_an_update_does_no_dropout_where_nothing_is_dropped(dropout, monkeypatch):
    needed = set()

    def solve_and_tell(equations, known):
        equations = tuple(equations)
        needed.update(n for q in equations for n in q.inputs)
        return solve(equations, known)

    monkeypatch.setattr("explainer.engine.at_once.solve", solve_and_tell)
    History(replace(SMALL, dropout=dropout)).step()
    assert ("mask_h" in needed) == (dropout > 0)


def test_an_update_records_only_what_an_equation_needs_of_all_time_steps():
    forward, backward = learning_plans(without_dropout(network(SMALL)))
    # beside these z, r, n and a_hn, whose slopes are computed for all time steps at once
    assert {*forward.recorded} == {"h_prev", "h", "r", "z", "n", "a_hn"}
    # what arrives at r, z, n and at the past's part of n
    assert {*backward.recorded} == {"d_a_r", "d_a_z", "d_a_n", "d_a_hn"}


def test_two_readers_of_one_training_do_not_pass_its_end():
    for _ in range(5):
        history = History(TINY)
        readers = [
            Thread(target=lambda h=history: [h.step_towards(50) for _ in range(60)])
            for _ in range(4)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        assert history.updates == 50


def test_the_latest_network_is_not_computed_again(monkeypatch):
    history = train(SMALL, epochs=30)
    monkeypatch.setattr("explainer.engine.training.train_step", None)
    updates, state = history.latest()
    assert updates == history.updates
    assert state.parameters.keys() == history.state_at(updates).parameters.keys()
    with pytest.raises(IndexError, match=r"an integer from 0 to \d+; got 10000\."):
        history.state_at(10_000)


def test_a_reader_who_begins_at_the_same_time_gets_the_same_training():
    made = []

    class Slow(History):
        def __init__(self, settings):
            time.sleep(0.2)
            super().__init__(settings)
            made.append(self)

    found = []
    readers = [Thread(target=lambda: found.append(shared_training(Slow, SMALL))) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(10)
    assert len(made) == 1
    assert found == made * 4


# Sequential and random windows.


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("make", [network, rnn_network])
@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
@pytest.mark.parametrize("gates", ["sigmoid", "linear"])
def test_what_an_update_needs_is_what_a_whole_pass_has(dropout, make, variant, gates):
    settings = replace(SMALL, dropout=dropout, variant=variant, gate_activation=gates)
    net, chosen = make(settings), batch(settings)
    sizes = check_size(settings, len(chosen.vocabulary))
    own = {network: initial_parameters, rnn_network: rnn_parameters}[make](settings, sizes["V"])
    known = known_values(chosen, dropout, draw_masks(settings, sizes, 0), some_state(settings))
    known |= own
    whole = forward_pass(net.forward, known)
    whole |= backward_pass(net.backward, known | whole)
    needed = learning_pass(net, known)
    assert needed.keys() == {"loss", "h", *(f"d_{q.name}" for q in net.parameters)}
    for name, value in needed.items():
        assert torch.equal(value, whole[name]), name


def test_a_kept_state_does_not_keep_the_states_before_it():
    history = train(replace(SMALL, carry_state=True), epochs=1)
    for state in history._kept.values():
        assert state.h_0.untyped_storage().nbytes() == state.h_0.nbytes


def test_a_sequential_row_goes_on_where_it_was():
    settings = replace(SMALL, windows="sequential", batch_size=3)
    ids = tokenize(settings)[1]
    B, T, count = 3, settings.context_length, batch(settings).count
    length = (len(ids) - 1) // B
    batches = [batch(settings, i) for i in range(count)]
    rows = np.concatenate([b.ids for b in batches], 1)
    targets = np.concatenate([b.targets for b in batches], 1)
    assert rows.shape == (B, count * T)
    assert length - T < count * T <= length, "no whole batch is left out"
    for b in range(B):
        np.testing.assert_array_equal(rows[b], ids[b * length :][: count * T])
        np.testing.assert_array_equal(targets[b], ids[b * length + 1 :][: count * T])
    assert [b.index for b in batches] == list(range(count))
    with pytest.raises(ValueError, match=rf"got {count}\. The text has {count} batch"):
        batch(settings, count)


def test_a_random_window_is_a_piece_of_the_text():
    settings = replace(SMALL, windows="random", batch_size=4)
    ids = list(tokenize(settings)[1])
    T = settings.context_length
    places = {tuple(ids[s : s + T + 1]) for s in range(len(ids) - T)}
    seen = set()
    for i in range(150):
        drawn = batch(settings, i)
        assert drawn.ids.shape == drawn.targets.shape == (4, T)
        for row, targets in zip(drawn.ids, drawn.targets, strict=True):
            assert (*row, targets[-1]) in places
            np.testing.assert_array_equal(row[1:], targets[:-1])
            seen.add((*row, targets[-1]))
        assert drawn.index == i
    assert seen == places, "the first and the last window, too"


@pytest.mark.parametrize("tokens", [13, 14, 17, 24, 25, 26, 40])
def test_an_epoch_of_shuffled_windows_reads_each_once(tokens):
    """As in the lecture: cut from a random place on, into windows side by side, shuffled."""
    settings = replace(
        SMALL,
        text="".join(
            map(chr, range(0x4E00, 0x4E00 + tokens))
        ),  # each token once: it says where it is
        windows="shuffled",
        batch_size=3,
        context_length=4,
    )
    ids = list(tokenize(settings)[1])
    T, count = 4, (tokens - 1) // 12
    orders, begins = set(), set()
    for epoch in range(40):
        drawn = [batch(settings, epoch * count + i) for i in range(count)]
        rows = np.concatenate([b.ids for b in drawn])
        targets = np.concatenate([b.targets for b in drawn])
        starts = [ids.index(row[0]) for row in rows]
        for start, row, target in zip(starts, rows, targets, strict=True):
            np.testing.assert_array_equal(row, ids[start : start + T])
            np.testing.assert_array_equal(target, ids[start + 1 : start + T + 1])
        (begin,) = {start % T for start in starts}
        windows = list(range(begin, tokens - T, T))
        assert len(set(starts)) == len(starts) == 3 * count
        assert set(starts) <= set(windows)
        assert [b.index for b in drawn] == list(range(epoch * count, (epoch + 1) * count))
        assert {b.count for b in drawn} == {count}
        orders.add(tuple(starts))
        begins.add(begin)
    assert len(orders) > 5
    assert begins == set(range(min(T - 1, tokens - 1 - 12 * count) + 1))


def test_random_windows_need_one_window_of_text():
    T = SMALL.context_length
    settings = replace(SMALL, text="abcdefgh"[: T + 1], windows="random", batch_size=4)
    assert batch(settings, 3).ids.shape == (4, T)
    with pytest.raises(ValueError, match=r"batch size 4 ×"):
        batch(replace(settings, windows="in_order"))


def test_a_long_training_with_random_windows_leads_to_its_runs():
    settings = replace(SMALL, windows="random")
    history = History(settings)
    history.step()
    long = 300_000  # as if so many had been done
    history._losses = [history.losses[0]] * (long + 1)
    history._kept = {long: history._now}
    assert history.at(long).batch.index == long
    np.testing.assert_array_equal(history.at(long).batch.ids, batch(settings, long).ids)


def test_random_windows_depend_on_seed_and_index_alone():
    settings = replace(PRESETS["story"], windows="random")
    late = batch(settings, 77).ids
    for i in (0, 3, 76):
        assert (batch(settings, i).ids != late).any()
    np.testing.assert_array_equal(batch(settings, 77).ids, late)
    np.testing.assert_array_equal(batch(replace(settings, batch_index=77)).ids, late)
    np.testing.assert_array_equal(batch(replace(settings, hidden_size=3), 77).ids, late)
    assert (batch(replace(settings, seed=2), 77).ids != late).any()
    assert not run(replace(settings, batch_index=2)).trace["h_0"].any(), "no state to carry on"


@pytest.mark.parametrize(
    ("windows", "size", "needed"),
    [
        ("random", "context length 3", 4),
        ("shuffled", "batch size 2 × context length 3", 7),
        ("sequential", "batch size 2 × context length 3", 7),
        ("in_order", "batch size 2 × context length 3", 7),
    ],
)
def test_a_text_too_short_for_windows_says_how_long_it_must_be(windows, size, needed):
    short = replace(SMALL, text="abcdefg"[: needed - 1], windows=windows, updates=3)
    sentence = f"The text has {needed - 1} tokens; {size} needs at least {needed}. Use a longer"
    for call in (run, batch, History, RNNTraining):
        with pytest.raises(ValueError, match=sentence):
            call(short)
    enough = replace(short, text="abcdefg"[:needed])
    assert batch(enough).count == 1
    assert batch(enough).ids.shape == (2, 3)
    run(enough)


# What is kept.


def moments_alive():
    return sum(type(thing) is TrainingState for thing in gc.get_objects())


@pytest.mark.long
def test_a_long_training_keeps_few_moments_and_finds_all():
    before = moments_alive()
    history = History(TINY)
    most = 0
    for i in range(2000):
        history.step()
        if i in (63, 64, 127, 128, 1000):
            most = max(most, moments_alive() - before)
    assert history.updates == len(history.losses) == 2000
    assert 32 <= moments_alive() - before <= 65
    assert most <= 66  # kept ones, and the last
    for k in (0, 1, 63, 64, 65, 777, 1984, 1999):
        assert float(history.at(k).trace["loss"]) == history.losses[k]
    for name, values in history.at(1999).update.after.items():
        np.testing.assert_array_equal(values, history.state_at(2000).parameters[name])
    for k in (2000, -1):
        with pytest.raises(IndexError, match=rf"update must be .* 0 to 1,999; got {k}\. Train for"):
            history.at(k)


# What a network writes.


def trained(settings, updates=60):
    history = History(settings)
    while history.updates < updates:
        history.step()
    return history.state_at(updates).parameters


def loaded(settings, parameters):
    """PyTorch's modules with these parameters, as a file brought them."""
    net = modules(settings)
    net.load_state_dict(load(safetensors(state_dict(settings, parameters))), strict=True)
    return net


def written(settings, parameters, prefix, tokens, choose):
    """What PyTorch's modules write, where `choose` picks from the logits."""
    net, (tokenizer, _) = loaded(settings, parameters), tokenize(settings)
    ids, h, found = tokenizer.encode(prefix), None, []
    with torch.no_grad():
        for _ in range(tokens):
            row = torch.tensor([ids])
            if "embedding" in net:
                x = net["embedding"](row)
            else:
                x = F.one_hot(row, len(tokenizer)).double()
            outputs, h = net["gru"](x, h)
            ids = [choose(net["head"](outputs)[0, -1])]
            found += ids
    return "".join(tokenizer.tokens[i] for i in found)


WRITERS = {
    "embedding": replace(SMALL, dropout=0.3, carry_state=True),
    "one_hot": replace(SMALL, input="one_hot", head_bias=True, tokenizer="bpe", merges=3),
}


@pytest.mark.parametrize("case", WRITERS)
@pytest.mark.parametrize("prefix", ["a", "abcab"])
def test_what_a_network_writes_is_what_pytorchs_modules_write(case, prefix):
    settings = WRITERS[case]
    parameters = trained(settings)
    greedy = written(settings, parameters, prefix, 40, lambda logits: int(logits.argmax()))
    assert continue_text(settings, parameters, prefix, 40) == greedy
    for temperature, seed in product((0.3, 1.0, 10.0), (0, 5)):
        generator = torch.Generator().manual_seed(seed)

        def draw(logits, temperature=temperature, generator=generator):
            p = (logits / temperature).softmax(-1)
            return int(torch.multinomial(p, 1, generator=generator))

        wanted = written(settings, parameters, prefix, 40, draw)
        assert continue_text(settings, parameters, prefix, 40, temperature, seed) == wanted
    assert wanted != greedy


@pytest.mark.parametrize("temperature", [1e-4, 1e-300, 1e-310, 5e-324])
def test_a_very_low_temperature_takes_the_likeliest_token(temperature):
    parameters = trained(SMALL)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    greedy = continue_text(SMALL, parameters, "ab", 30)
    assert continue_text(SMALL, parameters, "ab", 30, temperature) == greedy
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"prefix": ""}, "prefix must be at least one character of the vocabulary; got ''"),
        ({"prefix": "a#%"}, "The prefix has '#', '%'; the vocabulary has only the .* ' abcdef'"),
        ({"tokens": 0}, "tokens must be an integer from 1 to 500; got 0"),
        ({"tokens": 501}, "tokens must be an integer from 1 to 500; got 501"),
        ({"temperature": -1.0}, "temperature must be a number from 0 to 10; got -1.0"),
        ({"temperature": 11.0}, "temperature must be a number from 0 to 10; got 11.0"),
        ({"temperature": float("nan")}, "temperature must be a number from 0 to 10; got nan"),
    ],
    ids=str,
)
def test_what_can_not_be_written_says_why(wish, sentence):
    parameters = run(SMALL).update.before
    tensors = {n: tensor(v) for n, v in parameters.items()}
    with pytest.raises(ValueError, match=sentence):
        continue_text(SMALL, tensors, **({"prefix": "a", "tokens": 3} | wish))


def test_the_ends_of_each_range_can_be_written():
    parameters = trained(SMALL, 1)
    for tokens, temperature in ((1, 0), (500, 10)):
        found = continue_text(SMALL, parameters, "a", tokens, temperature)
        assert len(found) == tokens  # one character each


# To take away.

TAKEN = {
    f"{input_}-bias_{bias}": replace(SMALL, input=input_, head_bias=bias, updates=9)
    for input_, bias in product(("embedding", "one_hot"), (True, False))
}


def taken(result):
    return {n: tensor(v) for n, v in result.update.before.items()}


@pytest.mark.parametrize("case", TAKEN)
def test_pytorchs_modules_take_the_parameters_and_give_the_same(case):
    result = run(TAKEN[case])
    net = loaded(result.settings, taken(result))
    x = tensor(result.trace["x"])
    with torch.no_grad():
        outputs, last = net["gru"](x)
        logits = net["head"](outputs)
        if "embedding" in net:
            found = net["embedding"](tensor(result.batch.ids))
            np.testing.assert_array_equal(found, x)
    np.testing.assert_allclose(outputs, result.trace["h"], **SAME)
    np.testing.assert_allclose(last[0], result.trace["h"][:, -1], **SAME)
    np.testing.assert_allclose(logits, result.trace["logits"], **SAME)


def test_torch_gru_can_not_have_the_reset_gate_before_the_product():
    result = run(replace(SMALL, variant="reset_before"))
    with pytest.raises(ValueError, match="variant must be 'reset_after'; got 'reset_before'"):
        state_dict(result.settings, taken(result))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_file_gives_back_every_number(variant):
    parameters = taken(run(replace(SMALL, variant=variant)))
    # a part of a larger memory, as torch.chunk gives it
    parameters["W_o"] = torch.stack([parameters["W_o"]] * 2, -1)[..., 1]
    back = load(safetensors(parameters))
    assert set(back) == set(parameters)
    for name, values in parameters.items():
        assert back[name].dtype == torch.float64
        assert torch.equal(back[name], values), name


@pytest.mark.parametrize("case", TAKEN)
def test_the_code_to_load_it_runs(case, tmp_path):
    result = run(TAKEN[case])
    data = safetensors(state_dict(result.settings, taken(result)))
    (tmp_path / "gru.safetensors").write_bytes(data)
    names = {}
    with chdir(tmp_path):
        exec(snippet(result.settings, "gru.safetensors"), names)
    tokens = names["ids"].shape[1]
    assert tokens == min(8, len(tokenize(result.settings)[1]))
    # the same tokens, and nothing dropped
    text = {"batch_size": 1, "context_length": tokens - 1, "batch_index": 0, "windows": "in_order"}
    own = run(replace(result.settings, **text, training=False), taken(result))
    np.testing.assert_array_equal(names["ids"][:, :-1], own.batch.ids)
    np.testing.assert_allclose(names["logits"].detach()[:, :-1], own.trace["logits"], **SAME)
    np.testing.assert_allclose(names["outputs"].detach()[:, :-1], own.trace["h"], **SAME)


# A training in a thread.


@pytest.fixture
def begin():
    """Begin a training; in the end none is left."""
    begun = []

    def begin(settings, until):
        own = Trainer(History(settings))
        begun.append(own)
        own.start(until)
        return own

    yield begin
    for own in begun:
        own.pause()
    wait(lambda: not gates.GATE._jobs and not gates.GATE._working)


def wait(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    assert condition()


def test_a_training_ends_where_it_should(begin):
    own = begin(SMALL, 40)
    wait(lambda: not own.running)
    assert (own.updates, own.problem, own.until, own.began) == (40, "", 40, 0)
    assert own.rate > 0
    assert own.history.losses == train(SMALL, epochs=8).losses
    assert Trainer(own.history).rate == 0


def test_a_training_is_paused_within_a_second_and_resumed(begin):
    own = begin(SMALL, 10**6)
    wait(lambda: own.history.updates > 5)
    own.start(3)  # it is at work already
    assert own.until == 10**6
    before = time.monotonic()
    own.pause()
    assert time.monotonic() - before < 1
    assert not own.running
    done = own.updates
    time.sleep(0.1)
    assert own.updates == done
    assert own.history.updates <= done + 1, "at most the one that was being done"
    assert own.problem == ""
    until = (done + 20) // 5 * 5
    own.start(until)
    assert own.began == done
    wait(lambda: not own.running)
    assert own.history.losses == train(SMALL, epochs=until // 5).losses


def test_a_third_training_waits_for_a_place_and_gets_it(begin):
    first, second = begin(SMALL, 10**6), begin(replace(SMALL, seed=2), 10**6)
    wait(lambda: first.before is None and second.before is None)
    third = begin(replace(SMALL, seed=3), 10)
    fourth = begin(replace(SMALL, seed=4), 10)
    assert (third.before, fourth.before) == (0, 1)
    assert third.running
    assert third.history.updates == 0
    second.pause()
    wait(lambda: not third.running and not fourth.running)
    assert (third.updates, fourth.updates) == (10, 10)
    assert first.running


def test_a_training_ends_when_nobody_looks(begin, monkeypatch):
    monkeypatch.setattr(gates, "PATIENCE", 0.4)
    own = begin(SMALL, 10**6)
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        own.see()
        time.sleep(0.02)
    assert own.running, "as long as somebody looks"
    wait(lambda: not own.running, 2)
    own.see()
    assert own.problem == (
        f"The training stopped after {own.updates:,} updates, as its page was not open. "
        "Press resume to go on."
    )


def test_trainings_take_turns(begin, monkeypatch):
    monkeypatch.setattr(gates, "TURN", 0.2)
    many = [begin(replace(SMALL, seed=seed), 10**6) for seed in range(4)]
    wait(lambda: all(own.updates > 30 for own in many))
    before = [own.updates for own in many]
    wait(lambda: all(own.updates > n for own, n in zip(many, before, strict=True)))


def test_a_diverging_training_says_at_which_update_and_where(begin):
    with pytest.raises(NotFiniteError, match="is the first to become") as caught:
        run(DIVERGING)
    assert "time step" in str(caught.value)
    own = begin(DIVERGING, 10)
    wait(lambda: not own.running, 30)
    own.see()
    assert own.problem == str(caught.value.within("at update 0")), "what the run says"
    assert own.problem.endswith("Begin with smaller parameters.")  # no update was done yet
    assert own.history.updates == 0


def test_trainings_do_not_disturb_each_other(begin):
    others = (replace(SMALL, dropout=0.4), replace(SMALL, windows="random", variant="reset_before"))
    both = [begin(s, 200) for s in others]
    alone = run(replace(SMALL, updates=30)).update.before  # a reader between them
    wait(lambda: not any(own.running for own in both))
    for own, settings in zip(both, others, strict=True):
        assert own.history.losses == train(settings, epochs=40).losses
    for name, value in train(SMALL, epochs=7).state_at(30).parameters.items():
        np.testing.assert_array_equal(alone[name], value, err_msg=name)


def test_two_trainings_of_one_history_are_one_training(begin):
    history = History(SMALL)
    both = Trainer(history), Trainer(history)
    for own in both:
        own.start(150)
    wait(lambda: not any(own.running for own in both))
    assert history.updates == 150, "exactly, though both wanted the last one"
    assert history.losses == train(SMALL, epochs=31).losses[:150]


def test_rate_and_time_left_count_from_the_last_start(begin, monkeypatch):
    own = begin(SMALL, 40)
    wait(lambda: not own.running)
    now = 1000.0
    monkeypatch.setattr(trainers.time, "monotonic", lambda: now)
    own.began, own._started = 30, now - 4.0
    assert own.rate == (40 - 30) / 4.0


def test_a_training_begins_once_a_thread_can_start(begin, monkeypatch):
    def start(_thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as changed:
        changed.setattr(gates.Thread, "start", start)
        own = begin(TINY, 5)
    assert own.before == 0
    own.see()
    wait(lambda: not own.running)
    assert own.updates == 5


# The page.

page_test = pytest.mark.page


def button(at, label):
    (found,) = (b for b in at.button if label in b.label)
    return found


def to_do(at, updates):
    (field,) = (n for n in at.number_input if n.key == "to-do")
    return field.set_value(updates)


def train_on_page(at, updates):
    """Press the button, and look until it has ended."""
    to_do(at, updates).run()
    button(at, "training").click().run()
    end = time.monotonic() + 20
    while at.session_state["session"].trainer.running and time.monotonic() < end:
        at.run()
    at.run()
    assert not at.exception


def said(at):
    return " ".join(c.value for c in (*at.caption, *at.markdown))


def code(at):
    return [c.value for c in at.code]


@page_test
def test_a_reader_looks_on_where_they_looked_while_another_trains():
    at = visit("training")
    train_on_page(at, 6)
    history = at.session_state["session"].trainer.history
    other = visit("training")
    assert "No updates done yet." in said(other), "as its link says"
    train_on_page(other, 6)
    assert other.slider(key="look-at").value == 6
    for reader, chosen in ((at, 4), (other, 5)):
        reader.slider(key="look-at").set_value(chosen).run()
        history.step()  # somebody else goes on
        reader.run()
        assert reader.slider(key="look-at").value == chosen
        assert f"After {chosen} updates the network continues" in said(reader)
        reader.run()
        assert not reader.slider(key="look-at").proto.set_value, "who moves it is not moved back"
    train_on_page(other, 3)
    assert other.slider(key="look-at").value == 9, "what came out"


@page_test
def test_a_look_at_the_page_computes_no_update_again(monkeypatch):
    monkeypatch.setattr("explainer.engine.training.KEPT_BYTES", 0)
    at = visit("training", updates=31, seed=77)
    history = at.session_state["session"].trainer.history
    for _ in range(30):
        history.step()
    assert 31 not in history._kept
    monkeypatch.setattr("explainer.engine.training.train_step", None)  # none may be done again
    at.run()
    assert not at.exception
    assert not at.error


@page_test
@pytest.mark.parametrize("everywhere", [True, False])
def test_a_reader_who_comes_back_looks_where_they_looked(everywhere):
    at = visit("training", updates=3)
    train_on_page(at, 5)
    at.slider(key="look-at").set_value(4).run()
    if everywhere:
        button(at, "show it everywhere").click().run()
    at.switch_page("pages/cell.py").run()
    assert run_of(at).settings.updates == (4 if everywhere else 3)
    at.switch_page("pages/training.py").run()
    assert at.slider(key="look-at").value == 4


@pytest.mark.long
@page_test
@pytest.mark.parametrize(("preset", "variant"), list(product(PRESETS, VARIANTS)))
def test_a_reader_trains_looks_back_and_begins_again(preset, variant):
    settings = replace(PRESETS[preset], variant=variant)
    at = visit("training", preset=preset, variant=variant)
    assert run_of(at).settings == settings
    assert not at.error
    assert "No updates done yet." in said(at)
    assert figures(at).keys() <= {"learning-rates"}
    assert button(at, "start training")
    assert button(at, "pause").disabled
    assert button(at, "reset").disabled
    train_on_page(at, 6)
    assert not at.error
    assert "6 updates done." in said(at)
    assert button(at, "resume training")
    history = History(settings)
    losses = [history.step() for _ in range(6)]
    for key, wanted in (("curve-loss", losses), ("curve-perplexity", np.exp(losses))):
        (line,) = figures(at)[key]["data"]
        np.testing.assert_allclose(line["y"], wanted, **SAME)
    last = losses[-history.batches :]
    mean = np.mean(last)
    assert f"the last {len(last)}: **{mean:.4f}**, perplexity **{np.exp(mean):.4g}**" in said(at)
    assert "show the network **after 0 updates**" in said(at), "until it is shown"
    assert "files contain the network **after 0 updates**" in said(at)
    assert at.slider(key="look-at").value == 6, "one wants to see what came out"
    prefix = at.text_input(key="prefix").value
    greedy = continue_text(settings, history.state_at(6).parameters, prefix, 60)
    assert code(at)[0] == f"{prefix}|{greedy}"
    at.slider(key="look-at").set_value(4).run()
    button(at, "show it everywhere").click().run()
    assert run_of(at).settings == replace(settings, updates=4)
    assert at.query_params["updates"] in ("4", ["4"])
    assert "files contain the network **after 4 updates**" in said(at)
    assert at.slider(key="look-at").value == 4
    assert_same_numbers(run_of(at), run(settings, history.state_at(4).parameters))
    prefix = at.text_input(key="prefix").value
    greedy = continue_text(settings, history.state_at(4).parameters, prefix, 60)
    assert code(at)[0] == f"{prefix}|{greedy}"
    downloads = [d.proto.label for d in at.get("download_button")]
    assert len(downloads) == 1 + (variant == "reset_after")
    assert any("load_file" in c for c in code(at)) == (variant == "reset_after")
    cell = at.switch_page(page_of("cell")).run()
    assert not cell.exception
    assert_sent_as_computed(stage(cell), run(replace(settings, updates=4)))
    other = visit("training", preset=preset, variant=variant)
    assert "No updates done yet." in said(other), "each user sees those they asked for"
    to_do(other, 5).run()
    button(other, "start training").click().run()
    assert "5 updates done." in said(other), "at once, since others have done them"
    at = cell.switch_page(page_of("training")).run()
    button(at, "reset").click().run()
    assert not at.exception
    assert run_of(at).settings == settings
    assert "No updates done yet." in said(at)
    assert "updates" not in at.query_params
    assert "5 updates done." in said(other.run()), "a reset is one's own"


@page_test
def test_a_link_with_updates_shows_that_network():
    settings = replace(PRESETS["start"], updates=50)
    for _ in range(2):  # the second one finds the run ready
        at = visit("training", updates=50)
        assert not at.exception
        assert not at.error
        assert "**after 50 updates**" in said(at)
        assert "After 50 updates the network continues" in said(at)
        assert run_of(at).settings == settings
        button(visit("training", updates=50), "reset").click().run()
    trained = train(settings, epochs=10).state_at(50).parameters
    assert_same_numbers(run_of(at), run(replace(settings, updates=0), trained))


@page_test
def test_what_stands_in_the_fields_is_there_after_another_chapter():
    at = visit("training")
    at.text_input(key="prefix").set_value("alg").run()
    train_on_page(at, 3)
    at = at.switch_page(page_of("cell")).run()
    at = at.switch_page(page_of("training")).run()
    assert at.text_input(key="prefix").value == "alg"
    assert at.number_input(key="to-do").value == 3
    at = at.switch_page(page_of("home")).run()
    button(at, "The tutorial with matrices").click().run()
    at = at.switch_page(page_of("training")).run()
    assert at.text_input(key="prefix").value == PRESETS["math"].text[:8].strip()
    assert not at.error


@page_test
def test_worse_than_guessing_is_said():
    at = visit("training", learning_rate=1000.0)
    train_on_page(at, 40)
    assert "Uniform guessing has the perplexity 36, so this is worse than guessing" in said(at)
    at = visit("training")
    train_on_page(at, 40)
    assert "worse" not in said(at)


@page_test
def test_a_run_that_is_kept_needs_no_training(monkeypatch):
    at = visit("training", updates=40)
    monkeypatch.setattr("explainer.app.current_run.train_up_to", None)
    at = at.switch_page(page_of("cell")).run()
    assert not at.exception
    assert not at.error
    assert run_of(at).settings.updates == 40


@page_test
def test_a_prefix_with_unknown_characters_says_which():
    at = visit("training")
    at.text_input(key="prefix").set_value("aß漢").run()
    (sentence,) = sentences(at)
    assert sentence.startswith("The prefix has 'ß', '漢'; the vocabulary has only the characters ")
    at.text_input(key="prefix").set_value("").run()
    assert sentences(at) == ["prefix must be at least one character of the vocabulary; got ''."]
    at.text_input(key="prefix").set_value("linear").run()
    assert not at.error
    assert code(at)[0].startswith("linear|")


@page_test
def test_who_must_wait_for_a_place_sees_how_many_come_first(begin):
    at = visit("training")  # whose short trainings are done, then
    both = begin(SMALL, 10**6), begin(replace(SMALL, seed=2), 10**6)
    wait(lambda: all(own.updates for own in both))
    third = begin(replace(SMALL, seed=3), 10)
    for own in (*both, third):
        own.see()
    to_do(at, 3).run()
    button(at, "start training").click().run()
    assert not at.error
    (bar,) = at.get("progress")
    assert bar.proto.text == "Training: waiting for a place, 1 before you"
    both[0].pause()
    end = time.monotonic() + 20
    while at.session_state["session"].trainer.running and time.monotonic() < end:
        both[1].see()
        at.run()
    at.run()
    assert not at.error
    assert "3 updates done." in said(at)


@page_test
def test_other_settings_end_a_training():
    at = visit("training")
    to_do(at, 20_000).run()
    button(at, "start training").click().run()
    first = at.session_state["session"].trainer
    assert first.running
    assert any("of 20,000 updates" in p.proto.text for p in at.get("progress"))
    at.number_input(key="seed").set_value(9).run()
    assert not at.exception
    assert not first.running
    second = at.session_state["session"].trainer
    assert second is not first
    assert second.history.settings == replace(PRESETS["start"], seed=9)
    wait(lambda: not gates.GATE._jobs)


# Learning rates in one chart.


@page_test
def test_learning_rates_are_tried_before_one_trains():
    at = visit("training", learning_rate=2)
    curves = figures(at)["learning-rates"]["data"]
    assert [curve["name"] for curve in curves] == ["0.2", "0.6", "2 (chosen)", "6"]
    for curve in curves:
        rate = float(curve["name"].split()[0])
        history = train(replace(PRESETS["start"], learning_rate=rate), epochs=2)
        np.testing.assert_allclose(array(curve["y"]), history.losses[:40], rtol=1e-12)
    assert "No updates done yet." in said(at), "they are not the reader's training"


@page_test
@pytest.mark.parametrize("query", [{"learning_rate": 0}, {"hidden_size": 256, "preset": "story"}])
def test_no_learning_rates_are_tried_where_that_says_nothing_or_takes_long(query):
    assert "learning-rates" not in figures(visit("training", **query))


@page_test
def test_a_learning_rate_that_diverges_ends_early(monkeypatch):
    def diverge(self):
        raise NotFiniteError("h", "only finite numbers can be shown", "h is inf")

    monkeypatch.setattr(History, "step", diverge)
    curves = figures(visit("training", seed=77))["learning-rates"]["data"]
    assert all(array(curve["y"]).size == 0 for curve in curves)


# How far the past matters, on its page.


def maps(at):
    """The maps that the stage was sent, by title: in words."""
    sent = json.loads(components(at)["stage"]["influence"])
    return {one["title"]: one["says"] for one in sent["maps"] if one["norms"]}


def past(**query):
    at = newcomer(**query)
    at.session_state["open-past"] = True
    at = at.switch_page(page_of("gradients")).run()
    assert not at.exception
    assert not at.error
    return at


@page_test
@pytest.mark.parametrize(("preset", "variant"), list(product(("start", "math", "story"), VARIANTS)))
def test_the_past_is_drawn_for_both_networks(preset, variant):
    at = past(preset=preset, variant=variant)
    assert list(maps(at)) == ["GRU", "ordinary RNN"]
    assert "past-tokens" in figures(at)
    assert "nothing to measure" not in notes(at)
    assert all("time steps back it is down to a tenth" in words for words in maps(at).values())
    at.slider(key="target").set_value(1).run()
    assert not at.exception


@page_test
@pytest.mark.parametrize("variant", VARIANTS)
def test_without_influence_there_is_a_note(variant):
    at = past(preset="linear_algebra", variant=variant)
    assert "all rows of the head are equal" in notes(at)
    assert maps(at) == {}
    assert "past-tokens" not in figures(at)
    trained_at = past(preset="linear_algebra", variant=variant, updates=5)
    assert "GRU" in maps(trained_at), "training parts the rows of the head"


@page_test
def test_the_rnn_beside_is_trained_as_long():
    settings = replace(PRESETS["start"], updates=60)
    at = past(updates=60)
    each = {"GRU": History(settings), "ordinary RNN": RNNTraining(settings)}
    for name, training in each.items():
        for _ in range(60):
            training.step()
        mean = np.mean(training.losses[-training.batches :])
        assert f"{name} **{mean:.4f}**" in said(at)
    assert "trained for 60 updates" in said(at)
    beside = rnn_influence(run_of(at), 0, each["ordinary RNN"].state_at(60))
    first = rnn_influence(run_of(at), 0)
    assert np.abs(beside - first).max() > 1e-3
    assert maps(at)["ordinary RNN"] == influence_summary(beside) != influence_summary(first)


@page_test
def test_an_rnn_that_cannot_be_trained_leaves_the_gru_its_picture(monkeypatch):
    def diverge(self):
        raise NotFiniteError("h", "only finite numbers can be shown", "h is inf")

    monkeypatch.setattr(RNNTraining, "step", diverge)
    at = newcomer(updates=5)
    at.session_state["open-past"] = True
    at = at.switch_page(page_of("gradients")).run()
    assert not at.exception
    assert sentences(at) == ["The ordinary RNN: h is inf; only finite numbers can be shown."]
    assert list(maps(at)) == ["GRU"]
    assert "past-tokens" in figures(at)


@page_test
def test_one_time_step_has_no_past():
    at = past(context_length=1)
    assert "rows of the head" not in notes(at), "they differ"
    assert "no past" in notes(at)
