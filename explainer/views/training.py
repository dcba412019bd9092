"""What a reader sees of a training: buttons, progress, loss, text, and the way back in time."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import fmean
from threading import Lock

import plotly.graph_objs as go
import streamlit as st
import torch
from cachetools import LRUCache, cached

from explainer.export import safetensors, snippet, state_dict
from explainer.model import Run
from explainer.sampling import continue_text
from explainer.settings import Settings
from explainer.sharing import shared_training
from explainer.training import History
from explainer.views.header import as_it_is
from explainer.views.runs import reach
from explainer.views.sidebar import FIELDS
from explainer.views.trainer import Trainer

MOST_POINTS = 600
"""Most points of a loss curve; of a longer one each point is the mean of several updates."""
EVERY = 0.6
"""Seconds between two looks at a running training."""


def watch(settings: Settings) -> None:
    """Show the training of these settings, and let the reader drive it."""
    try:
        reach(settings)  # the run may have been kept for longer than its training
    except ValueError as error:
        st.error(as_it_is(str(error)))
    own = trainer(settings)
    st.fragment(run_every=EVERY if own.running else None)(dashboard)(settings)


def trainer(settings: Settings) -> Trainer:
    """Return this reader's trainer for these settings; another one's training ends."""
    state = st.session_state
    own: Trainer | None = state.get("trainer")
    if own is None or own.history.settings != replace(settings, batch_index=0, updates=0):
        if own is not None:
            own.pause()
        own = state["trainer"] = Trainer(shared_training(History, settings))
    return own


def dashboard(settings: Settings) -> None:
    """Draw buttons, progress, loss and text once."""
    own = trainer(settings)
    own.see()
    was_running = own.running
    history = own.history
    buttons(own, settings)
    if own.problem:
        st.error(as_it_is(own.problem))
    progress(own)
    if history.updates:
        curves(history, settings.updates)
        scrub(history, settings)
    writing(own, settings)
    moved = st.session_state.pop("moved", False)
    if moved or st.session_state.get("was-training", False) != was_running:
        # sidebar, address, files and the clock of this part are the whole page's
        st.session_state["was-training"] = was_running
        st.rerun()


def show_everywhere(updates: int) -> None:
    """Let every chapter look at the network after so many updates; for a button's callback."""
    st.session_state["updates"] = updates
    st.session_state["moved"] = True


def buttons(own: Trainer, settings: Settings) -> None:
    """Draw start, pause and reset."""
    count, start, pause, reset = st.columns([2, 1.4, 1, 1], vertical_alignment="bottom")
    most = FIELDS["updates"].metadata["high"]
    wanted = count.number_input("Updates to do", 1, most, 200, key="to-do")
    go_on = "resume" if own.history.updates else "start"
    full = own.history.updates >= most

    def begin() -> None:
        own.start(min(own.history.updates + int(st.session_state["to-do"]), most))

    def again() -> None:
        own.pause()
        show_everywhere(0)
        st.session_state["trainer"] = Trainer(shared_training(History, settings, fresh=True))

    start.button(
        f"{go_on} training",
        on_click=begin,
        disabled=own.running or full,
        width="stretch",
        type="primary",
        help=f"Do {wanted} more updates with the settings of the sidebar.",
    )
    pause.button("pause", on_click=own.pause, disabled=not own.running, width="stretch")
    reset.button("reset", on_click=again, disabled=own.history.updates == 0, width="stretch")


def progress(own: Trainer) -> None:
    """Say how far it is, how fast, and how long still."""
    done = own.history.updates
    if not own.running:
        st.caption(f"{done:,} updates done." if done else "No updates done yet.")
    else:
        share = (done - own.began) / max(own.until - own.began, 1)
        left = (own.until - done) / own.rate if own.rate else math.inf
        time_left = f" · {left:.0f} s left" if math.isfinite(left) else ""
        speed = f"{own.rate:.0f} a second{time_left}"
        st.progress(min(share, 1.0), f"{done:,} of {own.until:,} updates · {speed}")
    if done:
        st.caption(lately(own.history))


def lately(history: History) -> str:
    """Say what the last pass over the text came to."""
    last = history.losses[-history.batches :]
    mean = fmean(last)
    return (
        f"Mean loss of the last {len(last):,}: **{mean:.4f}**, perplexity "
        f"**{perplexity(mean):.4g}**."
    )


def perplexity(loss: float) -> float:
    """Return exp(loss): between how many tokens the network wavers."""
    return math.exp(min(loss, 700))  # above that there is no such float


def curves(history: History, here: int) -> None:
    """Draw loss and perplexity over the updates, thinned where there are many."""
    losses = history.losses
    width = -(-len(losses) // MOST_POINTS)
    means = [fmean(losses[i : i + width]) for i in range(0, len(losses), width)]
    left, right = st.columns(2)
    for where, name, title, values in (
        (left, "loss", "loss of each update's batch", means),
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
    return go.Figure(
        {
            "data": [
                {
                    "type": "scatter",
                    "mode": "lines" if len(values) > 1 else "markers",
                    "x": list(range(0, width * len(values), width)),
                    "y": values,
                    "hovertemplate": f"update %{{x}}<br>{name} %{{y:.4f}}<extra></extra>",
                    "line": {"color": "#0072B2"},
                }
            ],
            "layout": {
                "height": 280,
                "margin": {"l": 8, "r": 8, "t": 32, "b": 8},
                "title": {"text": title, "font": {"size": 13}},
                "plot_bgcolor": "rgba(0,0,0,0)",
                "xaxis": {"title": {"text": "update"}, "fixedrange": True},
                "yaxis": {"fixedrange": True, "rangemode": "tozero"},
                "shapes": [
                    {
                        "type": "line",
                        "x0": here,
                        "x1": here,
                        "yref": "paper",
                        "y0": 0,
                        "y1": 1,
                        "line": {"dash": "dot", "width": 2, "color": "#D55E00"},
                    }
                ],
            },
        }
    )


def scrub(history: History, settings: Settings) -> None:
    """Let the reader choose the update that all chapters show."""
    done = history.updates
    st.markdown(
        f"Every chapter shows the network **after {settings.updates:,} updates**; the link says "
        "so, too."
    )

    def look() -> None:
        show_everywhere(int(st.session_state["look-at"]))

    left, right = st.columns([4, 1], vertical_alignment="bottom")
    value = min(settings.updates, done)
    left.slider("Look at the network after so many updates", 0, done, value, key="look-at")
    right.button("show it everywhere", on_click=look, key="look", width="stretch")


def writing(own: Trainer, settings: Settings) -> None:
    """Let the network write on from a prefix: the likeliest tokens, and drawn ones."""
    left, middle, right = st.columns([2, 1, 1])
    some = settings.text[:8].strip() or settings.text[:1]
    prefix = left.text_input("A prefix to warm up on", some, max_chars=200, key="prefix")
    temperature = middle.slider("Temperature", 0.1, 2.0, 0.8, 0.1, key="temperature")
    tokens = right.slider("Tokens", 10, 200, 60, 10, key="tokens")
    history = own.history
    at = history.updates if own.running else min(settings.updates, history.updates)
    st.caption(f"What the network writes after {at:,} updates:")
    try:
        greedy = written(history, at, prefix, tokens, 0.0)
        drawn = written(history, at, prefix, tokens, temperature)
    except ValueError as error:
        st.error(as_it_is(str(error)))
        return
    st.code(f"{prefix}|{greedy}", language=None, wrap_lines=True)
    st.caption(f"and drawn at temperature {temperature:g}:")
    st.code(f"{prefix}|{drawn}", language=None, wrap_lines=True)


@cached(
    LRUCache(256),
    key=lambda history, at, *choices: (history.settings, at, *choices),
    lock=Lock(),
)
def written(history: History, at: int, prefix: str, tokens: int, temperature: float) -> str:
    """Return what the network writes after some updates; equal choices write the same."""
    parameters = history.moment(at).parameters
    return continue_text(history.settings, parameters, prefix, tokens, temperature, at)


def take_away(run: Run) -> None:
    """Offer the parameters of the run as files, and the code that loads them."""
    settings = run.settings
    parameters = {n: torch.from_numpy(v.copy()) for n, v in run.update.before.items()}
    left, right = st.columns(2)
    left.download_button(
        "parameters by their names here (safetensors)",
        lambda: safetensors(parameters),
        file_name="parameters.safetensors",
        key="download-parameters",
        on_click="ignore",
        width="stretch",
    )
    if settings.variant != "reset_after":
        right.caption(
            "torch.nn.GRU applies the reset gate after the product; with *after* there is a file "
            "for it, too."
        )
        return
    right.download_button(
        "for torch.nn.GRU and torch.nn.Linear (safetensors)",
        lambda: safetensors(state_dict(settings, parameters)),
        file_name="gru.safetensors",
        key="download-gru",
        on_click="ignore",
        width="stretch",
    )
    with st.expander("Load it in PyTorch"):
        st.code(snippet(settings, "gru.safetensors"), language="python")
