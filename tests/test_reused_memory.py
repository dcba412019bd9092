"""Memory used again: only once nothing refers to it, and not without bound."""

import gc

import pytest
import torch

from explainer.engine import memory
from explainer.engine.memory import LARGE, lend

N = LARGE // 8


@pytest.fixture(autouse=True)
def nothing_spare(monkeypatch):
    monkeypatch.setattr(memory, "_spare", {})


def lent(value=0.0, n=N):
    return lend((n,), torch.float64).fill_(value)


def test_memory_is_used_again_once_its_tensor_is_gone():
    first = lent()
    place = first.data_ptr()
    assert lent().data_ptr() != place
    del first
    assert lent().data_ptr() == place


@pytest.mark.parametrize(
    "view",
    [
        lambda tensor: tensor[-3:],
        lambda tensor: tensor.view(2, -1).T.chunk(2, -1)[1],
        lambda tensor: tensor.numpy()[5:].reshape(-1, 1)[-9:],
        lambda tensor: tensor.view(-1, 2).numpy().T,
    ],
)
def test_memory_is_not_used_again_while_there_is_a_view_of_it(view):
    found = view(lent(1.0))
    gc.collect()
    others = [lent(2.0) for _ in range(3)]
    assert {float(number) for number in found.reshape(-1)[:9]} == {1.0}
    del others


def test_only_the_size_counts():
    place = lent().data_ptr()
    assert lent(n=2 * N).data_ptr() != place
    assert lend((2, N), torch.float32).data_ptr() == place


def test_what_is_kept_has_a_bound(monkeypatch):
    monkeypatch.setattr(memory, "MOST_SPARE", 3 * LARGE)
    tensors = [lent() for _ in range(5)]
    while tensors:
        tensors.pop()
        assert sum(b.nbytes for of_size in memory._spare.values() for b in of_size) <= 3 * LARGE


def test_small_memory_is_not_kept():
    lent(n=N - 1)
    assert not memory._spare
