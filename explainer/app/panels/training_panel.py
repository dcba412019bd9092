"""What a user sees of a training: buttons, progress, loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

import plotly.graph_objs as go
import streamlit as st

from explainer.app.background_training import Trainer
from explainer.app.cache import shared_training
from explainer.app.current_run import train_up_to, waiting
from explainer.app.panels.checkpoint_panel import checkpoint_slider, show_everywhere, writing
from explainer.app.session import session
from explainer.batches import output_names
from explainer.engine.training import History
from explainer.errors import InvalidValueError
from explainer.plots import charts
from explainer.settings import Settings
from explainer.stage.prose.inline_markup import escape_markdown
from explainer.url import SETTINGS

MOST_POINTS = 600
"""Most points of a loss curve; of a longer one each point is the mean of several updates."""
EVERY = 0.6
"""Seconds between two looks at a running training."""


def watch_training(settings: Settings) -> None:
    """Show the training of these settings, and let the user drive it."""
    try:
        # the run may have been kept for longer than its training
        train_up_to(settings.updates, shared_training(History, settings))
    except InvalidValueError as error:
        st.error(escape_markdown(str(error)))
    own = trainer(settings)
    if not own.running:
        # not in the dashboard, whose settings are still those before a reset
        own.until = max(own.until, settings.updates)
    st.fragment(run_every=EVERY if own.running else None)(dashboard)(settings)


def trainer(settings: Settings) -> Trainer:
    """Return this user's trainer for these settings; another one's training ends."""
    state = session()
    own = state.trainer
    if own is None or own.history.settings != replace(settings, batch_index=0, updates=0):
        if own is not None:
            own.pause()
        own = state.trainer = Trainer(shared_training(History, settings), settings.updates)
    return own


def dashboard(settings: Settings) -> None:
    """Draw buttons, progress, loss and text once."""
    own = trainer(settings)
    own.see()
    was_running = own.running
    history = own.history
    buttons(own, settings)
    if own.problem:
        st.error(escape_markdown(own.problem))
    training_progress(own)
    last, latest = history.latest()
    at = done = min(last, own.until)
    if done:
        curves(history.losses[:done], settings.updates)
        chosen = checkpoint_slider(own, settings)
        at = done if own.running else chosen
    writing(own, settings, at, latest if at == last else None)
    state = session()
    if state.moved or state.was_training != was_running:
        # sidebar, address, files and the clock of this part are the whole page's
        state.moved, state.was_training = False, was_running
        st.rerun()


def buttons(own: Trainer, settings: Settings) -> None:
    """Draw start, pause and reset."""
    count, start, pause, reset = st.columns([2, 1.4, 1, 1], vertical_alignment="bottom")
    most = SETTINGS["updates"].metadata["high"]
    state = session()
    wanted = count.number_input("Updates to do", 1, most, state.to_do, key="to-do")
    go_on = "resume" if own.updates else "start"
    full = own.updates >= most

    def begin() -> None:
        # Streamlit forgets what stands in a field once another chapter is open
        state.to_do = int(st.session_state.get("to-do", state.to_do))
        own.start(min(own.updates + state.to_do, most))

    def again() -> None:
        own.pause()
        show_everywhere(0)
        state.trainer = Trainer(own.history)

    start.button(
        f"{go_on} training",
        on_click=begin,
        disabled=own.running or full,
        width="stretch",
        type="primary",
        help=f"Do {wanted} more updates with the settings in the sidebar.",
    )
    pause.button("pause", on_click=own.pause, disabled=not own.running, width="stretch")
    reset.button("reset", on_click=again, disabled=own.updates == 0, width="stretch")


def training_progress(own: Trainer) -> None:
    """Say how far it is, how fast, and how long still."""
    done = own.updates
    if not own.running:
        st.caption(f"{done:,} updates done." if done else "No updates done yet.")
    elif own.before is not None:
        st.progress(0.0, waiting("Training", own.before))
    else:
        share = (done - own.began) / max(own.until - own.began, 1)
        left = (own.until - done) / own.rate if own.rate else math.inf
        time_left = f" · {left:.0f} s left" if math.isfinite(left) else ""
        speed = f"{own.rate:.0f} a second{time_left}"
        st.progress(min(share, 1.0), f"{done:,} of {own.until:,} updates · {speed}")
    if done:
        st.caption(lately(own.history, done))


def lately(history: History, done: int) -> str:
    """Say what the last pass over the text came to, after so many updates."""
    last = history.losses[max(done - history.batches, 0) : done]
    mean = fmean(last)
    values = history.settings.values
    if values is not None and not values.classes:
        return f"Mean squared error of the last {len(last):,}: **{mean:.4g}**."
    blind = len(output_names(history.settings))
    wavers = perplexity(mean)
    number = f"{wavers:.4g}" if math.isfinite(wavers) else "above 1e308"
    words = f"Mean loss of the last {len(last):,}: **{mean:.4f}**, perplexity **{number}**."
    if wavers > 2 * blind:
        words += (
            f" Uniform guessing has the perplexity {blind}, so this is worse than guessing: "
            "choose a smaller *learning rate*."
        )
    return words


def perplexity(loss: float) -> float:
    """Return exp(loss), the effective number of tokens to choose between; infinite if too large."""
    return math.exp(loss) if loss < 709 else math.inf


def curves(losses: Sequence[float], here: int) -> None:
    """Draw loss and perplexity over the updates, thinned where there are many."""
    width = -(-len(losses) // MOST_POINTS)
    means = [fmean(losses[i : i + width]) for i in range(0, len(losses), width)]
    left, right = st.columns(2)
    of = "loss of each update's batch" if width == 1 else f"mean loss of {width} updates each"
    for where, name, title, values in (
        (left, "loss", of, means),
        (right, "perplexity", "perplexity, exp(loss)", [perplexity(v) for v in means]),
    ):
        figure = curve(title, name, width, values, here)
        config = {"displayModeBar": False}
        where.plotly_chart(
            figure, key=f"curve-{name}", alt=f"{title}, over the updates", config=config
        )


def curve(title: str, name: str, width: int, values: list[float], here: int) -> go.Figure:
    """Draw one number over the updates.

    Args:
        title: what it is.
        name: the number's name.
        width: updates from one value to the next.
        values: the numbers.
        here: the update that the chapters show.
    """
    line = {
        "type": "scatter",
        "mode": "lines" if len(values) > 1 else "markers",
        "x": list(range(0, width * len(values), width)),
        "y": [v if math.isfinite(v) else None for v in values],
        "hovertemplate": f"update %{{x}}<br>{name} %{{y:.4f}}<extra></extra>",
        "line": {"color": "#0072B2"},
    }
    mark = {
        "type": "line",
        "x0": here,
        "x1": here,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"dash": "dot", "width": 2, "color": "#D55E00"},
    }
    return charts.chart([line], title, 280, xaxis={"title": {"text": "update"}}, shapes=[mark])
