"""Sequential, random and shuffled windows on a text, and the state carried from one to the next."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from beside_torch import some_state
from training_cases import SMALL

from explainer import PRESETS, History, run, train
from explainer.batches import batch, tokenize
from explainer.engine.batch_run import check_size
from explainer.engine.network import network, rnn_network
from explainer.engine.parameters import draw_masks, initial_parameters, rnn_parameters
from explainer.engine.training import RNNTraining
from explainer.engine.unroll import (
    backward_pass,
    forward_pass,
    known_values,
    learning_pass,
)

pytestmark = pytest.mark.usefixtures("nobody_trained_before")


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
