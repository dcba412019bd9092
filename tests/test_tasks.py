"""Tasks that show what gates are for: their answers, the networks that learn them, the measures."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from explainer.analysis.task_data import generator_of
from explainer.analysis.tasks import TASKS, Examples, Learned, gate_measure, learn, make, measure
from explainer.analysis.trained_tasks import TRAINED, shipped_task
from explainer.errors import ExplainerError

EXACT = 1e-10
SEED = 3


@cache
def learned(name, kind="gru", length=5, updates=300):
    return learn(TASKS[name], kind, length, SEED, updates)


# Examples.


def first(words):
    return words[0]


def last_letter(words):
    return [w for w in words if w.isalpha()][-1]


def exclaimed(words):
    return "yes" if "!" in "".join(words).split("|")[-1] else "no"


ANSWER = {"store": first, "skip": last_letter, "reset": exclaimed}
MARKED = {
    "store": lambda t, word: t == 0,
    "skip": lambda t, word: not word.isalpha(),
    "reset": lambda t, word: word == "|",
}


@pytest.mark.parametrize("length", [5, 6, 20, 60])
@pytest.mark.parametrize("name", TASKS)
def test_answers_and_marks_follow_from_the_symbols(name, length):
    task = TASKS[name]
    examples = make(task, length, 300, SEED)
    assert examples.ids.shape == examples.marks.shape == (300, length)
    for ids, answer, marks in zip(examples.ids, examples.answers, examples.marks, strict=True):
        words = [task.symbols[i] for i in ids]
        assert task.answers[answer] == ANSWER[name](words)
        assert list(marks) == [MARKED[name](t, word) for t, word in enumerate(words)]


@pytest.mark.parametrize("name", TASKS)
def test_no_answer_is_much_likelier_than_another(name):
    K = len(TASKS[name].answers)
    shares = np.bincount(make(TASKS[name], 12, 5000, SEED).answers, minlength=K) / 5000
    np.testing.assert_allclose(shares, 1 / K, atol=0.03)


def test_without_resetting_the_answer_would_often_be_wrong():
    task = TASKS["reset"]
    examples = make(task, 20, 1000, SEED)
    ever = (examples.ids == task.symbols.index("!")).any(1)
    assert 0.2 < (ever != examples.answers).mean() < 0.5


@pytest.mark.parametrize("name", TASKS)
def test_equal_seeds_give_equal_examples_and_others_give_others(name):
    one, again, other = (make(TASKS[name], 9, 50, seed) for seed in (1, 1, 2))
    for part in ("ids", "answers", "marks"):
        np.testing.assert_array_equal(getattr(one, part), getattr(again, part))
    assert (one.ids != other.ids).any()


# Networks.


@pytest.mark.parametrize("name", TASKS)
def test_a_gru_solves_a_short_task(name):
    network = learned(name)
    assert network.solved
    assert network.accuracy >= 0.95
    assert len(network.losses) == 300
    assert network.losses[-1] < network.losses[0]


@pytest.mark.parametrize("kind", ["gru", "rnn"])
def test_a_network_learns_as_the_page_says_it_does(kind):
    """The same in a loop of PyTorch's own: Adam at 0.02, the norm clipped at 1, 2 added to z."""
    task, length, H = TASKS["reset"], 12, 8
    V, K = len(task.symbols), len(task.answers)
    with torch.random.fork_rng():
        cell = {"gru": torch.nn.GRU, "rnn": torch.nn.RNN}[kind](
            V, H, batch_first=True, dtype=torch.float64
        )
        head = torch.nn.Linear(H, K, dtype=torch.float64)
    parameters = [*cell.parameters(), *head.parameters()]
    generator = generator_of(SEED, 1)
    with torch.no_grad():
        for values in parameters:
            values.uniform_(-(H**-0.5), H**-0.5, generator=generator)
        if kind == "gru":
            cell.bias_ih_l0[H : 2 * H] += 2.0
    optimizer = torch.optim.Adam(parameters, lr=0.02)
    examples, losses, norms = generator_of(SEED, 2), [], []
    for _ in range(60):
        drawn = task.draw(length, 64, examples)
        x = torch.nn.functional.one_hot(drawn.ids, V).double()
        loss = torch.nn.functional.cross_entropy(head(cell(x)[0][:, -1]), drawn.answers)
        optimizer.zero_grad()
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(parameters, 1.0)))
        optimizer.step()
        losses.append(loss.item())
    assert max(norms[:-1]) > 1, "some are clipped"
    assert learn(task, kind, length, SEED, updates=60).losses == pytest.approx(losses, abs=1e-9)


@pytest.mark.parametrize("kind", ["gru", "rnn"])
def test_accuracy_is_what_the_parameters_answer(kind):
    """The parameters in PyTorch's modules, counted on examples of our own."""
    network = learned("skip", kind)
    examples = make(network.task, 5, 2000, 77)
    ids = torch.from_numpy(examples.ids)
    states = states_by_pytorch(network, ids)[:, -1]
    logits = states @ network.state["head.weight"].T + network.state["head.bias"]
    right = (logits.argmax(-1).numpy() == examples.answers).mean()
    assert network.accuracy == pytest.approx(right, abs=0.03)


def states_by_pytorch(network, ids):
    module = {"gru": torch.nn.GRU, "rnn": torch.nn.RNN}[network.kind]
    V, H = len(network.task.symbols), network.state["head.weight"].shape[1]
    with torch.random.fork_rng():
        cell = module(V, H, batch_first=True, dtype=torch.float64)
    part = "cell."
    values = {n.removeprefix(part): v for n, v in network.state.items() if n.startswith(part)}
    cell.load_state_dict(values)
    with torch.no_grad():
        return cell(torch.nn.functional.one_hot(ids, V).double())[0]


@pytest.mark.parametrize("length", [5, 30])
@pytest.mark.parametrize("name", TASKS)
def test_gates_are_those_of_the_network(name, length):
    network = learned(name)
    examples = make(network.task, length, 20, SEED)
    gates = network.gates(examples)
    H = network.state["head.weight"].shape[1]
    assert {n: v.shape for n, v in gates.items()} == dict.fromkeys("rznh", (20, length, H))
    expected = states_by_pytorch(network, torch.from_numpy(examples.ids)).numpy()
    np.testing.assert_allclose(gates["h"], expected, rtol=0, atol=EXACT)
    before = np.concatenate([np.zeros((20, 1, H)), expected[:, :-1]], 1)
    r, z = by_hand(network, examples.ids, before)
    np.testing.assert_allclose(gates["r"], r, rtol=0, atol=EXACT)
    np.testing.assert_allclose(gates["z"], z, rtol=0, atol=EXACT)
    blend = gates["z"] * before + (1 - gates["z"]) * gates["n"]
    np.testing.assert_allclose(blend, expected, rtol=0, atol=EXACT)


def by_hand(network, ids, before):
    W_i, W_h, b_i, b_h = (
        network.state[f"cell.{n}_l0"].numpy()
        for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    inside = W_i.T[ids] + b_i + before @ W_h.T + b_h
    r, z, _ = np.split(1 / (1 + np.exp(-inside)), 3, axis=-1)
    return r, z


@pytest.mark.parametrize("kind", ["gru", "rnn"])
def test_equal_seeds_give_equal_networks_and_leave_the_shared_generator_alone(kind):
    shared = torch.get_rng_state()
    one, again, other = (learn(TASKS["store"], kind, 6, seed, updates=5) for seed in (1, 1, 2))
    assert torch.equal(shared, torch.get_rng_state())
    assert one.losses == again.losses
    assert one.accuracy == again.accuracy
    assert one.losses != other.losses
    for name, values in one.state.items():
        assert values.dtype == torch.float64
        assert torch.equal(values, again.state[name])
        assert not torch.equal(values, other.state[name])


def test_no_network_sees_what_it_is_measured_on_or_what_one_makes():
    drawn = []

    def draw(length, count, generator):
        drawn.append(TASKS["store"].draw(length, count, generator))
        return drawn[-1]

    task = replace(TASKS["store"], draw=draw)
    learn(task, "gru", 40, SEED, updates=5)
    make(task, 40, 100, SEED)
    sequences = np.concatenate([d.ids.numpy() for d in drawn])
    assert len(sequences) == 5 * 64 + 1000 + 100
    assert len(np.unique(sequences, axis=0)) == len(sequences)


def test_a_training_tells_each_loss_and_can_be_stopped():
    told = []

    def listen(i, loss):
        told.append((i, loss))
        return i < 3

    stopped = learn(TASKS["reset"], "gru", 8, SEED, updates=50, on_update=listen)
    assert told == list(enumerate(stopped.losses))
    assert len(told) == 4
    assert not stopped.solved
    assert stopped.losses == learn(TASKS["reset"], "gru", 8, SEED, updates=4).losses


# Measures.


CASES = [(name, gate) for name, task in TASKS.items() for gate in task.claims]
MARKS = np.array([[True, False, False, False], [False, True, False, False]])


def hand_made(where_marked, elsewhere):
    """Gates of 3 units, whose means are the given ones."""
    means = np.where(MARKS, where_marked, elsewhere)
    return means[..., None] + np.array([-0.05, 0.0, 0.05])


@pytest.mark.parametrize(("name", "gate"), CASES)
def test_a_measure_speaks_for_the_claim_or_against_it(name, gate):
    task = TASKS[name]
    high, low = (0.9, 0.2) if task.expected > 0 else (0.2, 0.9)
    does = gate_measure(task, gate, hand_made(high, low), MARKS, solved=True)
    assert (does.name, does.value, does.other) == (gate, pytest.approx(high), pytest.approx(low))
    assert does.difference == pytest.approx(high - low)
    assert does.says == (
        f"Mean {gate} is {high:.2f} {task.steps[0]} and {low:.2f} {task.steps[1]}: "
        f"this network solved it, {task.claims[gate]}."
    )
    opposite = gate_measure(task, gate, hand_made(low, high), MARKS, solved=True)
    assert opposite.difference == pytest.approx(low - high)
    ends = f"the other way round; here the network solved it without {task.claims[gate]}."
    assert opposite.says.endswith(ends)
    hardly = gate_measure(task, gate, hand_made(0.52, 0.5), MARKS, solved=True)
    assert hardly.difference == pytest.approx(0.02)
    ends = (
        f"hardly a difference, so the mean over all units does not show the network "
        f"{task.claims[gate]}; single units may, in the picture."
    )
    assert hardly.says.endswith(ends)
    unsolved = gate_measure(task, gate, hand_made(high, low), MARKS, solved=False)
    assert unsolved.difference == does.difference
    assert "has not learned the task" in unsolved.says
    assert task.claims[gate] not in unsolved.says


@pytest.mark.parametrize(("name", "gate"), CASES)
def test_a_measure_is_of_the_network_s_own_gates(name, gate):
    network = learned(name)
    examples = make(network.task, 5, 100, SEED)
    found = measure(network.task, network, examples, gate)
    values = network.gates(examples)[gate].mean(-1)
    assert found.value == pytest.approx(values[examples.marks].mean())
    assert found.other == pytest.approx(values[~examples.marks].mean())
    assert found.difference == found.value - found.other


# Errors: what was given, what is possible, what to do.


STORE = TASKS["store"]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: make("store", 5, 1, 0), r"task must be a task, such as .*; got 'store'"),
        (lambda: make(STORE, 4, 1, 0), "length must be an integer from 5 to 60; got 4"),
        (lambda: make(STORE, 61, 1, 0), "length must be an integer from 5 to 60; got 61"),
        (lambda: make(STORE, 5.0, 1, 0), "length must be an integer from 5 to 60; got 5.0"),
        (lambda: make(STORE, 5, 0, 0), "count must be an integer from 1 to 10,000; got 0"),
        (lambda: make(STORE, 5, 1, -1), "seed must be an integer from 0 to 1,073,741,823; got -1"),
        (lambda: make(STORE, 5, 1, True), "seed must be an integer from 0 to .*; got True"),
        (lambda: learn(STORE, "lstm", 5, 0), "kind must be one of gru, rnn; got 'lstm'"),
        (lambda: learn(STORE, ["gru"], 5, 0), r"kind must be one of gru, rnn; got \['gru'\]"),
        (lambda: learn(STORE, {}, 5, 0), r"kind must be one of gru, rnn; got \{\}"),
        (lambda: make(STORE, 5, 1, [1]), r"seed must be an integer from 0 to .*; got \[1\]"),
        (lambda: measure_of(gate=["z"]), r"gate must be one of z; got \['z'\]"),
        (lambda: learn(STORE, "gru", 500, 0), "length must be an integer from 5 to 60; got 500"),
        (lambda: learn(STORE, "gru", 5, 2**30), "seed must be an integer from .*; got 1073741824"),
        (lambda: learn(STORE, "gru", 5, 0, updates=0), "updates must be .* from 1 to 2,000; got 0"),
        (lambda: measure_of("rnn"), "kind must be 'gru', since an RNN has no gates; got 'rnn'"),
        (lambda: measure_of(gate="r"), "gate must be one of z; got 'r'"),
        (lambda: measure_of(task="skip"), "learned must be a network that learned skip; got store"),
        (lambda: measure_of(ids=8), "examples must be .*, with ids from 0 to 7; got ids from 8 to"),
        (lambda: measure_of(ids=-1), "examples must be .*, with ids from 0 to 7; got ids from -1"),
        (lambda: measure_of(marked=True), "10 of 10 time steps are marked; to compare, some must"),
        (lambda: measure_of(marked=False), "0 of 10 time steps are marked; .* Make the examples"),
    ],
)
def test_bad_input_is_told_what_is_possible(call, sentence):
    with pytest.raises(ExplainerError, match=sentence):
        call()


def test_numbers_of_numpys_types_are_the_same_numbers():
    five, seed = np.int8(5), np.uint32(2**30 - 1)
    np.testing.assert_array_equal(
        make(STORE, five, five, seed).ids, make(STORE, 5, 5, 2**30 - 1).ids
    )
    learned = learn(STORE, np.str_("gru"), five, seed, np.int64(1))
    assert learned.losses == learn(STORE, "gru", 5, 2**30 - 1, 1).losses
    assert type(learned.kind) is str


def measure_of(kind="gru", gate="z", task="store", ids=0, marked=None):
    state = learned("store", "gru", 5, updates=1).state
    network = Learned(STORE, kind, (), 1.0, state)
    marks = np.eye(2, 5, dtype=bool) if marked is None else np.full((2, 5), marked)
    examples = Examples(np.full((2, 5), ids), np.zeros(2, int), marks)
    return measure(TASKS[task], network, examples, gate)


def test_what_measure_of_gives_is_otherwise_no_error():
    assert 0 < measure_of().value < 1


@pytest.mark.parametrize("kind", ["gru", "rnn"])
def test_the_networks_that_come_with_the_package_are_those_that_one_would_train(kind):
    """Only the beginning is compared: what rounding does to 300 updates differs by machine."""
    name, length, seed = TRAINED
    kept = shipped_task(TASKS[name], kind, length, seed)
    again = learn(TASKS[name], kind, length, seed, updates=5)
    np.testing.assert_allclose(kept.losses[:5], again.losses, rtol=1e-9)
    assert len(kept.losses) == 300
    assert {n: v.shape for n, v in kept.state.items()} == {
        n: v.shape for n, v in again.state.items()
    }
    assert (kept.accuracy > 0.95) == (kind == "gru")
    fresh = make(TASKS[name], length, 200, 77)
    states = (nn.GRU if kind == "gru" else nn.RNN)(len(TASKS[name].symbols), 8, batch_first=True)
    states = states.double()
    states.load_state_dict({n[5:]: v for n, v in kept.state.items() if n.startswith("cell.")})
    x = nn.functional.one_hot(torch.from_numpy(fresh.ids), len(TASKS[name].symbols)).double()
    logits = states(x)[0][:, -1] @ kept.state["head.weight"].T + kept.state["head.bias"]
    right = (logits.argmax(-1).numpy() == fresh.answers).mean()
    assert right == pytest.approx(kept.accuracy, abs=0.08)
    assert shipped_task(TASKS[name], kind, length, seed + 1) is None
