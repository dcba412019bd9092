"""The three tasks on their page: choose, train both networks, look at the gates."""

from __future__ import annotations

import streamlit as st

from explainer.analysis.tasks import (
    FRESH,
    TASKS,
    UPDATES,
    Examples,
    Kind,
    Learned,
    Task,
    learn,
    make,
    measure,
)
from explainer.app.address import bound
from explainer.app.cache import keep_task, kept_task
from explainer.app.current_run import wait_for
from explainer.app.gate import GATE, Tell
from explainer.app.page import Page
from explainer.app.session import session
from explainer.app.stage_component import layer_stage
from explainer.plots import charts
from explainer.plots.tables import visible
from explainer.stage.chapters import chapter
from explainer.url import VIEW

NAMES: dict[Kind, str] = {"gru": "GRU", "rnn": "ordinary RNN"}
MEASURED = 400
"""Fresh examples over which gates are measured."""


def tasks(page: Page) -> None:
    """Let the user choose a task, train on it, and see what came out."""
    left, middle, right, button = st.columns([2, 2, 1, 1.4], vertical_alignment="bottom")
    name = left.radio(**bound("task", horizontal=True))
    length = middle.slider(**bound("length"))
    seed = right.number_input(**bound("task-seed"))
    task = TASKS[name or str(VIEW["task"].default)]
    page.text(f"**{task.question}**")
    own = session()

    def wanted() -> None:
        own.train_task = True

    button.button(
        "train both",
        type="primary",
        width="stretch",
        key="train-both",
        on_click=wanted,
    )
    train_now, own.train_task = own.train_task, False
    if train_now:
        train_task(task, length, int(seed))
    gru, rnn = (kept_task(task, kind, length, int(seed)) for kind in NAMES)
    if gru is None or rnn is None:
        st.caption("Press *train both*: it takes a few seconds.")
        return
    results(task, gru, rnn)
    gates(page, task, gru, length, int(seed))


def train_task(task: Task, length: int, seed: int) -> None:
    """Train both networks in turn, with a bar."""

    def work(_: int, tell: Tell) -> None:
        for first, kind in zip(range(0, len(NAMES) * UPDATES, UPDATES), NAMES, strict=True):

            def on_update(i: int, loss: float, first: int = first) -> bool:
                tell(first + i)
                return True

            if kept_task(task, kind, length, seed) is None:
                keep_task(learn(task, kind, length, seed, on_update=on_update), length, seed)

    key = train_task, task.name, length, seed
    wait_for(
        GATE.enter(key, work, len(NAMES) * UPDATES),
        f"Training {' and '.join(NAMES.values())}",
        "updates",
    )


def results(task: Task, gru: Learned, rnn: Learned) -> None:
    """Show who solved it, and how the losses fell."""
    left, right, chart = st.columns([1, 1, 3], vertical_alignment="center")
    chance = 1 / len(task.answers)
    for column, learned in ((left, gru), (right, rnn)):
        column.metric(
            NAMES[learned.kind],
            f"{learned.accuracy:.1%}",
            "solved" if learned.solved else "not solved",
            "normal" if learned.solved else "off",
            delta_arrow="off",
            help=f"correct answers on {FRESH:,} fresh examples; guessing gives {chance:.0%}",
        )
    curves = [
        {
            "type": "scatter",
            "mode": "lines",
            "y": list(one.losses),
            "name": NAMES[one.kind],
            "line": {"color": colour, "dash": dash},
        }
        for one, colour, dash in ((gru, "#00795A", "solid"), (rnn, "#D55E00", "dot"))
    ]
    chart.plotly_chart(
        charts.chart(curves, "loss at each update", 220),
        key="task-losses",
        alt="loss at each update, GRU and ordinary RNN",
        config={"displayModeBar": False},
    )


def gates(page: Page, task: Task, learned: Learned, length: int, seed: int) -> None:
    """Show the trained gates over one sequence, and measure them over many."""
    st.subheader("What the GRU's gates do")
    page.text(f"**{task.look_for}**")
    many = make(task, length, MEASURED, seed + 1)
    for gate in task.claims:
        st.info(measure(task, learned, many, gate).says)
    i = st.slider(**bound("example"))
    one = Examples(many.ids[i : i + 1], many.answers[i : i + 1], many.marks[i : i + 1])
    labels = [
        f"{visible(task.symbols[k])}{'*' if marked else ''}"
        for k, marked in zip(one.ids[0], one.marks[0], strict=True)
    ]
    layer_stage(learned.layer(one, labels), chapter("time"))
    st.caption(
        f"A star marks the time steps {task.steps[0]}. The correct answer here: "
        f"{task.answers[int(one.answers[0])]}."
    )
