"""Updates a second beside torch.nn.GRU, memory, and the lecture's training.

`python -m benchmarks training` measures speed and memory. `python -m benchmarks.training FILE`
trains as the lecture does, on the first 10,000 characters of a text such as The Time Machine; that
takes about ten minutes for each variant.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median

import psutil
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.engine import in_turn, large
from benchmarks.table import Row, markdown
from explainer import PRESETS
from explainer.batches import batch
from explainer.engine.parameters import initial_parameters
from explainer.engine.sampling import continue_text
from explainer.engine.training import History
from explainer.interop.pytorch import state_dict
from explainer.settings import Settings
from explainer.tokenizer import normalize

CHARACTERS = 10_000
EPOCHS = 500
REPORTED = 50
"""Epochs between two lines of the lecture's training."""
PREFIX = "time traveller"
UPDATES = 41
"""Updates of each kind, taken in turn."""
DTYPES = {torch.float64: "at least 1.10", torch.float32: "at least 0.80"}
SMALL_UPDATES = (500, 1_000, 2_000, 4_000)


def lecture(text: str) -> Settings:
    """Return the lecture's settings, in its own sizes, for a text of its kind."""
    return replace(
        PRESETS["story"],
        text=normalize(text, "letters", False).strip()[:CHARACTERS],
        batch_size=32,
        hidden_size=256,
        windows="sequential",
    )


def measure() -> list[Row]:
    """Time updates by hand and by autograd, and see what many updates leave behind."""
    rows = []
    settings = replace(lecture(large().text * 5), variant="reset_after")
    threads = torch.get_num_threads()
    for n in dict.fromkeys((threads, 1)):
        torch.set_num_threads(n)
        for dtype, goal in DTYPES.items():
            rows += against_torch(settings, dtype, goal, f"{n} thread{'s' if n > 1 else ''}")
    torch.set_num_threads(threads)
    return [*rows, *memory()]


def against_torch(settings: Settings, dtype: torch.dtype, goal: str, how: str) -> list[Row]:
    """Train by hand and with autograd, one update each in turn."""
    history = History(settings, dtype)
    times = in_turn({"ours": history.step, "theirs": autograd_update(settings, dtype)}, UPDATES)
    ours, theirs = (1 / median(times[who]) for who in ("ours", "theirs"))
    ratio = median(b / a for a, b in zip(times["ours"], times["theirs"], strict=True))
    kind = f"B={settings.batch_size} T={settings.context_length} H={settings.hidden_size}"
    what = f"{str(dtype).removeprefix('torch.')}, {how}"
    return [
        Row(f"updates a second by hand, {kind}, {what}", f"{ours:.1f}"),
        Row(f"torch.nn.GRU, autograd, SGD, {what}", f"{theirs:.1f}"),
        Row(f"ratio, {what}", f"{ratio:.2f}", goal),
    ]


def autograd_update(settings: Settings, dtype: torch.dtype) -> Callable[[], float]:
    """Return the same training in torch: each call does one update and returns its loss."""
    V, H = len(batch(settings).vocabulary), settings.hidden_size
    weights = state_dict(settings, initial_parameters(settings, V))
    gru = torch.nn.GRU(V, H, batch_first=True)
    head = torch.nn.Linear(H, V)
    for name, module in (("gru", gru), ("head", head)):
        module.load_state_dict(
            {n.removeprefix(f"{name}."): v for n, v in weights.items() if n.startswith(f"{name}.")}
        )
        module.to(dtype)
    parameters = [*gru.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=settings.learning_rate)
    count = batch(settings).count
    done = 0
    h = torch.zeros(1, settings.batch_size, H, dtype=dtype)

    def once() -> float:
        nonlocal done, h
        chosen = batch(settings, done % count)
        if done % count == 0:
            h = torch.zeros_like(h)
        x = F.one_hot(torch.from_numpy(chosen.ids.copy()), V).to(dtype)
        targets = torch.from_numpy(chosen.targets.copy()).flatten()
        states, h = gru(x, h.detach())
        loss: Tensor = F.cross_entropy(head(states).flatten(0, 1), targets)
        optimizer.zero_grad()
        loss.backward()
        assert settings.clip_norm is not None
        torch.nn.utils.clip_grad_norm_(parameters, settings.clip_norm)
        optimizer.step()
        done += 1
        return loss.item()

    return once


def memory() -> list[Row]:
    """Train a small network for long, and look at the memory of this process on the way."""
    history = History(PRESETS["start"])
    process, rows = psutil.Process(), []
    for updates in SMALL_UPDATES:
        while history.updates < updates:
            history.step()
        size = process.memory_info().rss / 2**20
        rows.append(
            Row(f"memory of the process after {updates:,} updates, `start`", f"{size:.0f} MB")
        )
    return rows


def train_as_lecture(text: str, variant: str, dtype: torch.dtype) -> list[Row]:
    """Train as the lecture does, and let the network write; tell how it goes."""
    settings = replace(lecture(text), variant=variant)
    history = History(settings, dtype)
    start = time.perf_counter()
    perplexity = math.inf
    for epoch in range(1, EPOCHS + 1):
        perplexity = math.exp(fmean(history.step() for _ in range(history.batches)))
        if epoch == 1 or epoch % REPORTED == 0:
            seconds = time.perf_counter() - start
            print(
                f"{variant} epoch {epoch}: perplexity {perplexity:.3f}, {seconds:.0f} s", flush=True
            )
    rate = history.updates / (time.perf_counter() - start)
    parameters = history.state_at(history.updates).parameters
    written = continue_text(settings, parameters, PREFIX, 50)
    return [
        Row(f"perplexity after {EPOCHS} epochs, {variant}", f"{perplexity:.3f}", "at most 1.1"),
        Row(f"updates a second, {variant}", f"{rate:.1f}"),
        Row(f"“{PREFIX}” goes on, {variant}", written),
    ]


def main() -> None:
    """Train both variants on a file's text and print what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("file", type=Path, help="a text in UTF-8")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    given = parser.parse_args()
    text = given.file.read_text(encoding="utf-8")
    rows = []
    for variant in ("reset_after", "reset_before"):
        rows += train_as_lecture(text, variant, getattr(torch, given.dtype))
    print(markdown(rows))


if __name__ == "__main__":
    main()
