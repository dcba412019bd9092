"""What users share: made once, within one budget that counts what is really held."""

import gc
import subprocess
import sys
import threading
import time
import tracemalloc
from dataclasses import replace

import pytest

from explainer import PRESETS, run
from explainer.app.cache import Cache, key_size, run_size
from explainer.batches import tokenize

START = PRESETS["start"]


class Thing:
    """Something that can be held."""


def sized(nbytes):
    return lambda _: nbytes


def test_equal_work_is_done_once():
    cache, made = Cache(1_000), []

    def make():
        time.sleep(0.1)
        made.append(Thing())
        return made[-1]

    found = []
    threads = [
        threading.Thread(target=lambda: found.append(cache.get("key", make, sized(1))))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(made) == 1
    assert found == made * 5


def test_other_work_does_not_wait():
    cache, go_on = Cache(1_000), threading.Event()
    slow = threading.Thread(target=cache.get, args=("slow", lambda: go_on.wait(10), sized(1)))
    slow.start()
    assert cache.get("fast", lambda: "made", sized(1)) == "made"
    go_on.set()
    slow.join(10)


def test_work_that_fails_is_tried_again():
    cache = Cache(1_000)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            cache.get("key", lambda: 1 / 0, sized(1))
    assert "key" not in cache
    assert cache.get("key", lambda: 3, sized(1)) == 3


def test_what_was_not_looked_at_for_longest_leaves_first():
    cache = Cache(100)
    for key in "abcd":
        cache.put(key, key, 25)
    assert cache.peek("a") == "a"
    cache.put("e", "e", 25)
    assert "b" not in cache
    assert "a" in cache
    assert cache.nbytes == 100
    cache.put("a", "another", 10)
    assert cache.nbytes == 85


def test_what_is_too_large_is_shared_while_somebody_holds_it():
    cache = Cache(100)
    cache.put("small", Thing(), 25)
    large = cache.get("large", Thing, sized(26))
    assert cache.get("large", Thing, sized(26)) is large
    assert cache.nbytes == 25
    del large
    gc.collect()
    assert "large" not in cache
    assert "small" in cache


@pytest.mark.parametrize(
    "settings",
    [
        START,
        replace(START, hidden_size=1, embedding_size=1, batch_size=1, context_length=1),
        replace(START, text="many words " * 10_000, tokenizer="characters", context_length=2),
    ],
    ids=["start", "smallest", "long text"],
)
def test_a_run_counts_what_it_really_takes(settings):
    own = replace(settings, text=settings.text[:-1] + "!")
    run(settings)  # what stays from the first one is nobody's
    tokenize(own)  # kept by the tokenizer
    gc.collect()
    tracemalloc.start()
    try:
        kept = run(own)
        gc.collect()
        really, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # torch's own memory is not traced, arrays that share it are counted
    assert run_size(kept) >= 0.5 * really
    assert run_size(kept) >= kept.nbytes + key_size(own)


def test_importing_changes_nothing_in_the_process():
    code = """
import gc, pkgutil, importlib, random, sys, warnings
import numpy, torch
threads, default = torch.get_num_threads(), torch.get_default_dtype()
warned = list(warnings.filters)
stream, state = torch.get_rng_state(), random.getstate()
import explainer
for module in pkgutil.walk_packages(explainer.__path__, "explainer."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as missing:
            assert missing.name == "anywidget", missing  # for notebooks alone
assert torch.get_num_threads() == threads
assert torch.get_default_dtype() == default
assert gc.get_freeze_count() == 0, gc.get_freeze_count()
assert torch.equal(torch.get_rng_state(), stream)
assert random.getstate() == state
"""
    environment = {"OMP_NUM_THREADS": "2", "PATH": ""}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
