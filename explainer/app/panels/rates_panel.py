"""A short training with each of several learning rates: their losses as curves in one chart."""

from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st

from explainer.app.cache import CACHE, key_size
from explainer.app.current_run import wait_for
from explainer.app.gate import GATE, Tell
from explainer.batches import tokenize
from explainer.engine.batch_run import trace_numbers
from explainer.engine.training import History
from explainer.errors import InvalidValueError
from explainer.plots import charts
from explainer.settings import Settings
from explainer.url import SETTINGS, query_value

FACTORS = (0.1, 0.3, 1.0, 3.0)
"""The rates that are tried, as multiples of the chosen one."""
SHORT = 40
"""Updates of each training."""
MOST_NUMBERS = 250_000
"""Most numbers of a first pass whose training is tried without being asked for."""
HUES = ("#CC79A7", "#E69F00", "#0072B2", "#D55E00")

Curves = dict[float, tuple[float, ...]]


def learning_rates(settings: Settings) -> None:
    """Show how the loss falls in a short training, with the chosen learning rate and others."""
    start = replace(settings, batch_index=0, updates=0)
    if not start.learning_rate or trace_numbers(start, len(tokenize(start)[0])) > MOST_NUMBERS:
        return
    curves = kept_curves(start)
    chosen = start.learning_rate
    lines = [
        {
            "type": "scatter",
            "mode": "lines",
            "y": list(losses),
            "name": f"{query_value(rate)}{' (chosen)' if rate == chosen else ''}",
            "line": {"color": hue, "width": 3 if rate == chosen else 1.5},
            "hovertemplate": f"{query_value(rate)}, update %{{x}}: %{{y:.4f}}<extra></extra>",
        }
        for (rate, losses), hue in zip(curves.items(), HUES, strict=False)
    ]
    title = f"Loss of the first {SHORT} updates, by learning rate"
    top = 1.6 * math.log(len(tokenize(start)[0]) + 1)  # a rate that is too large leaves the chart
    highest = max(max(losses, default=0.0) for losses in curves.values())
    st.plotly_chart(
        charts.chart(
            lines,
            title,
            250,
            xaxis={"title": {"text": "update"}},
            yaxis={"range": [0, min(1.05 * highest, top)]},
        ),
        key="learning-rates",
        alt=title,
        config={"displayModeBar": False},
    )


def kept_curves(settings: Settings) -> Curves:
    """Return the losses of each learning rate's training, once for all users."""
    key = "learning rates", settings
    found: Curves | None = CACHE.peek(key)
    if found is None:
        found = wait_for(
            GATE.enter(key, lambda _, tell: try_rates(settings, tell), len(FACTORS) * SHORT),
            "Trying learning rates",
            "updates",
        )
        CACHE.put(key, found, 64 * len(FACTORS) * SHORT + key_size(settings))
    return found


def try_rates(settings: Settings, tell: Tell) -> Curves:
    """Train for a while with each learning rate; one that diverges ends early."""
    most = SETTINGS["learning_rate"].metadata["high"]
    curves: Curves = {}
    for i, factor in enumerate(FACTORS):
        rate = min(float(f"{factor * settings.learning_rate:.3g}"), most)
        training = History(replace(settings, learning_rate=rate))
        try:
            for update in range(SHORT):
                training.step()
                tell(i * SHORT + update)
        except InvalidValueError:
            pass  # it has left what a computer can write
        curves[rate] = training.losses
    return curves
