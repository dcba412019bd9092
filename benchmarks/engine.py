"""How long the engine takes, and how long torch.nn.GRU with autograd takes for the same."""

from __future__ import annotations

import gc
import random
import string
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.table import Row
from explainer import PRESETS, run
from explainer.batches import batch
from explainer.engine.batch_run import check_size, make_trace
from explainer.engine.network import GATES, network
from explainer.engine.parameters import draw_masks, effective_dropout, initial_parameters
from explainer.engine.trace import Trace
from explainer.engine.unroll import backward_pass, forward_pass, known_values
from explainer.settings import Settings

RUNS = 41
"""Measurements of each kind, taken in turn."""


def measure() -> list[Row]:
    """Time a run at the presets, and recording a large pass against torch."""
    rows = []
    threads = torch.get_num_threads()
    for n in dict.fromkeys((threads, 1)):  # by itself; and as in the app
        torch.set_num_threads(n)
        how = f"{n} thread{'s' if n > 1 else ''}"
        rows += [
            Row(f'run(PRESETS["{name}"]), {how}', f"{1000 * median(times):.1f} ms", "under 50 ms")
            for name, times in preset_times().items()
        ]
        rows += against_torch(large(), how)
    torch.set_num_threads(threads)
    return rows


def preset_times() -> dict[str, list[float]]:
    """Time whole runs, update and second pass included; the text is cut into tokens once."""
    names = ("math", "linear_algebra")
    return in_turn({n: lambda n=n: run(PRESETS[n]) for n in names})


def large() -> Settings:
    """The lecture's sizes, and a text of random letters long enough for one batch."""
    rng = random.Random(1)
    text = "".join(rng.choices(string.ascii_lowercase * 4 + " ", k=2_000))
    return replace(PRESETS["story"], text=text, batch_size=32, hidden_size=256)


def against_torch(settings: Settings, how: str) -> list[Row]:
    """Time a recorded pass, forward and by hand backward, and torch with autograd."""
    ours, theirs = recorded_pass(settings), autograd_pass(settings)
    trace, reference = ours(), theirs()
    assert abs(float(trace["loss"]) - float(reference)) < 1e-12, "not the same network"
    times = in_turn({"ours": ours, "theirs": theirs})
    pairs = zip(times["ours"], times["theirs"], strict=True)
    ratio = median(a / b for a, b in pairs)
    least = min(times["ours"]) / min(times["theirs"])
    B, T, D, H = (trace.sizes[d] for d in "BTDH")
    return [
        Row(
            f"forward and backward, all recorded, B={B} T={T} D={D} H={H}, {how}",
            f"{1000 * median(times['ours']):.0f} ms",
        ),
        Row(f"torch.nn.GRU and autograd, {how}", f"{1000 * median(times['theirs']):.0f} ms"),
        Row(
            f"ratio, {how}",
            f"{ratio:.2f} (of the fastest of each {least:.2f})",
            "at most 0.95",
        ),
    ]


def recorded_pass(settings: Settings) -> Callable[[], Trace]:
    """Return the forward pass, the backward pass by hand and the trace of it all."""
    chosen = batch(settings)
    sizes = check_size(settings, len(chosen.vocabulary))
    net = network(settings)
    parameters = initial_parameters(settings, sizes["V"])
    h_0 = torch.zeros(sizes["B"], sizes["H"], dtype=torch.float64)
    masks = draw_masks(settings, sizes, 0)
    given = known_values(chosen, effective_dropout(settings), masks, h_0)

    def once() -> Trace:
        values = {**given, **parameters}
        values |= forward_pass(net.forward, values)
        values |= backward_pass(net.backward, values)
        return make_trace(net, values, sizes)

    return once


def autograd_pass(settings: Settings) -> Callable[[], Tensor]:
    """Return the same network, weights and data in torch: loss, gradients of weights and input."""
    chosen = batch(settings)
    V, H = len(chosen.vocabulary), settings.hidden_size
    ours = initial_parameters(settings, V)
    gru = torch.nn.GRU(V, H, batch_first=True, dtype=torch.float64)
    head = torch.nn.Linear(H, V, dtype=torch.float64)
    gru.load_state_dict(
        {
            f"{kind}_{i}h_l0": torch.cat([ours[f"{letter}_{i}{g}"] for g in GATES])
            for kind, letter in (("weight", "W"), ("bias", "b"))
            for i in "ih"
        }
    )
    head.load_state_dict({"weight": ours["W_o"], "bias": ours["b_o"]})
    x = F.one_hot(torch.from_numpy(chosen.ids.copy()), V).to(torch.float64).requires_grad_()
    targets = torch.from_numpy(chosen.targets.copy()).flatten()

    def once() -> Tensor:
        gru.zero_grad()
        head.zero_grad()
        x.grad = None
        states, _ = gru(x)
        loss = F.cross_entropy(head(states).flatten(0, 1), targets)
        loss.backward()
        return loss.detach()

    return once


def in_turn(work: dict[str, Callable[[], object]], runs: int = RUNS) -> dict[str, list[float]]:
    """Time each piece of work `runs` times, one after the other, so that all see the same noise."""
    for once in work.values():
        for _ in range(3):
            once()
    times: dict[str, list[float]] = {name: [] for name in work}
    gc.collect()
    for _ in range(runs):
        for name, once in work.items():
            start = time.perf_counter()
            result = once()
            times[name].append(time.perf_counter() - start)
            del result
    return times
