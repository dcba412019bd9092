"""The run of a user's settings, trained as far as they ask, with a bar while they wait."""

from __future__ import annotations

from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explainer.app.cache import CACHE, run_key, run_size, shared_training
from explainer.app.gate import GATE, Tell, Ticket
from explainer.app.session import session
from explainer.batches import output_names
from explainer.engine.batch_run import Run, batches_before, check_size, run_batch, trace_numbers
from explainer.engine.edits import edited_run
from explainer.engine.training import History, Training
from explainer.engine.training_state import TrainingState
from explainer.errors import ConstraintError, InvalidValueError
from explainer.settings import Settings
from explainer.url_edits import parse_edits

FEW = 25
"""Updates that are done while one looks; more of them go through the gate."""
FEW_NUMBERS = 1_000_000
"""Numbers that are computed while one looks: those of a run, and of the batches before it."""
MOST_TOKENS = 4_096
"""Tokens of a batch that there is room for on a page, which lists them all."""
BYTES = 16
"""Memory for a run, for each number of its first pass: its values, and what they are made from."""
LOOK = 0.25
"""Seconds between two looks at work that one waits for."""

Value = TypeVar("Value")


def current_run(
    settings: Settings, edit: str, bar: DeltaGenerator | None = None
) -> tuple[Run, list[str]]:
    """Return the run of the settings with their edits, and what is wrong if they can't be run.

    Then the run is the one without edits, the last one that worked for this user, or the preset
    `start`.

    Args:
        settings: every choice.
        edit: what is changed and held, as in an address.
        bar: as for `wait_for`.
    """
    own = session()
    try:
        result = kept_run(settings, bar=bar)
    except InvalidValueError as error:
        shown = "last settings that worked are" if own.last_good else "preset start is"
        return kept_run(*own.shown, bar), [str(error.also(f"The {shown} shown."))]
    own.last_good = settings, ""
    if not edit:
        return result, []
    del result  # a large one is not held while another waits for memory
    try:
        result = kept_run(settings, edit, bar)
    except InvalidValueError as error:
        return kept_run(settings, bar=bar), [
            str(error.also("The numbers without edits are shown."))
        ]
    own.last_good = settings, edit
    return result, []


def kept_run(settings: Settings, edit: str = "", bar: DeltaGenerator | None = None) -> Run:
    """Return the run of these settings, after their updates; where it takes long, show a bar.

    Args:
        settings: every choice.
        edit: what is changed and held, as in an address.
        bar: as for `wait_for`.

    Raises:
        ValueError: the settings can't be run, or not with these edits.
    """
    key = run_key(settings, edit)
    found: Run | None = CACHE.peek(key)
    if found is not None:
        return found
    check_page_room(settings)
    V = len(output_names(settings))
    check_size(settings, V)
    parameters = None
    if settings.updates:
        training = shared_training(History, settings)
        parameters = network_at(settings.updates, training, bar=bar).parameters

    def work(_: int, tell: Tell) -> Run:
        def make() -> Run:
            plain: Run | None = CACHE.peek(run_key(settings)) if edit else None
            plain = plain or run_batch(settings, parameters, on_carried=tell)
            return edited_run(plain, parse_edits(edit)[0]) if edit else plain

        return CACHE.get(key, make, run_size)

    if not takes_long(settings):
        return work(0, lambda _: None)
    numbers, batches = trace_numbers(settings, V), 1 + batches_before(settings)
    memory = (1 + bool(edit)) * BYTES * numbers  # the run without edits, too
    what = f"Computing {numbers:,} numbers"
    return wait_for(GATE.enter(key, work, batches, memory), what, "batches", bar)


def takes_long(settings: Settings) -> bool:
    """Tell whether a run without updates is more than is computed while one looks."""
    numbers = trace_numbers(settings, len(output_names(settings)))
    return numbers * (1 + batches_before(settings)) > FEW_NUMBERS


def check_page_room(settings: Settings) -> None:
    """Refuse a batch that a page has no room for; `explainer.run` has.

    Raises:
        ValueError: there are too many tokens.
    """
    B, T = settings.batch_size, settings.context_length
    if B * T > MOST_TOKENS:
        what = "time steps" if settings.values else "tokens"
        raise ConstraintError(
            "batch_size",
            f"a page lists them all, and has room for {MOST_TOKENS:,}",
            f"Batch size {B:,} × context length {T:,} makes {B * T:,} {what}",
            "Use a smaller batch or a shorter context, or call run() in a notebook.",
        )


def train_up_to(
    updates: int, training: Training, what: str = "Training", bar: DeltaGenerator | None = None
) -> None:
    """Go on with a training until so many updates are done, with a bar where they are many.

    Raises:
        ValueError: a number stops being finite.
    """
    if updates - training.updates <= FEW:
        while training.updates < updates:
            training.step_towards(updates)
        return
    wait_for(enter_training(updates, training), what, "updates", bar)


def enter_training(updates: int, training: Training) -> Ticket[None]:
    """Ask at the gate for a training of so many updates; it is one for all who share it."""

    def work(goal: int, tell: Tell) -> None:
        while training.updates < goal:
            training.step_towards(goal)
            tell(training.updates)

    return GATE.enter(training, work, updates)


def network_at(
    updates: int, training: Training, what: str = "Training", bar: DeltaGenerator | None = None
) -> TrainingState:
    """Return the network after so many updates, with a bar where it must be computed for long.

    Raises:
        ValueError: a number stops being finite.
    """
    train_up_to(updates, training, what, bar)
    nearest, _ = next(training.replay_to(updates))
    if updates - nearest <= FEW:
        return training.state_at(updates)

    def work(goal: int, tell: Tell) -> TrainingState:
        states = training.replay_to(goal)
        done, state = next(states)
        while done < goal:
            tell(done)
            done, state = next(states)
        return state.copy()

    ticket = GATE.enter((training, updates), work, updates)
    return wait_for(ticket, "Looking back", "updates", bar)


def wait_for(
    ticket: Ticket[Value], what: str, steps: str, bar: DeltaGenerator | None = None
) -> Value:
    """Wait for work, show how far it is and who is before, and return what it came to.

    Args:
        ticket: says which.
        what: what is done, as the bar says it.
        steps: what is counted.
        bar: an empty element for the bar. Where it stands above what comes from one run to the
            next, it must be there always, or the browser makes that anew.

    Raises:
        ValueError: the work can't be done.
    """
    first = ticket.steps
    try:
        if not ticket.wait(LOOK):
            bar = st.empty() if bar is None else bar
            while not ticket.wait(LOOK):
                bar.progress(*progress(ticket, what, steps, first))
            bar.empty()
        return ticket.result()
    finally:
        ticket.leave()


def progress(ticket: Ticket[Value], what: str, steps: str, first: int) -> tuple[float, str]:
    """Return how much of some work is done, 0 to 1, and the words for it."""
    before = ticket.before
    if before is not None:
        return 0.0, waiting(what, before)
    if ticket.goal == 1:
        return 0.0, f"{what} …"
    share = (ticket.steps - first) / max(ticket.goal - first, 1)
    return min(max(share, 0.0), 1.0), f"{what}: {ticket.steps:,} of {ticket.goal:,} {steps}"


def waiting(what: str, before: int) -> str:
    """Say that some work waits for others."""
    return f"{what}: waiting for a place, {f'{before} before you' if before else 'you are next'}"
