"""State A, which the user keeps to compare B with: what the page shows is B."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from explainer.app.session import session
from explainer.batches import tokenize
from explainer.engine.batch_run import Run
from explainer.errors import ExplainerError, InvalidValueError
from explainer.settings import Settings
from explainer.stage.pairs import Pair, pairs
from explainer.stage.place import Place
from explainer.url import SETTINGS, read_query, write_query
from explainer.url_edits import parse_edits


@dataclass(frozen=True)
class KeptState:
    """State A.

    Attributes:
        settings: every choice.
        edit: what is changed and held in it, as in an address.
    """

    settings: Settings
    edit: str

    @property
    def query(self) -> str:
        """The state as a link has it."""
        written = {"preset": "start"} | write_query(self.settings)
        return urlencode(written | ({"edit": self.edit} if self.edit else {}), safe=":,;*")


def kept_state() -> tuple[KeptState | None, list[ExplainerError]]:
    """Return state A, if there is one, and what is wrong with the link's."""
    own = session()
    if not own.link_compared:
        own.link_compared = True
        own.against, own.against_problems = read_state(st.query_params.get("against", ""))
    return own.against, own.against_problems


def read_state(query: str) -> tuple[KeptState | None, list[ExplainerError]]:
    """Return the state that a link compares with; None where it has none, or none that works."""
    if not query:
        return None, []
    values = dict(parse_qsl(query, keep_blank_values=True))
    edit = values.pop("edit", "")
    settings, problems = read_query(values)
    problems += parse_edits(edit)[1]
    if problems:
        return None, problems
    return KeptState(settings, edit), []


def keep(settings: Settings, edit: str) -> None:
    """Make a state A."""
    own = session()
    own.against, own.against_problems = KeptState(settings, edit), []


def forget() -> None:
    """Compare no longer."""
    session().against, session().against_problems = None, []


def ready_pairs(run: Run, edit: str, here: Place) -> tuple[Pair, ...]:
    """Return what a user may compare at one click.

    Args:
        run: what the page shows.
        edit: what is changed and held in it, as in an address.
        here: where the user looks.
    """
    if run.settings.values is not None:  # there is no other token
        return pairs(run.settings, edit, "")
    id = int(run.batch.ids[here.sequence, here.t])
    other = (id + 1) % len(tokenize(run.settings)[0])
    return pairs(run.settings, edit, f"ids.{here.sequence}.{here.t}:{other}")


def show_pair(pair: Pair, settings: Settings) -> None:
    """Keep a pair's A, and let the widgets have its B."""
    try:
        first = replace(settings, **pair.a)
    except InvalidValueError:
        return  # a pair of settings that are gone
    keep(first, pair.edit_a)
    for name, value in pair.b.items():
        st.session_state[name] = SETTINGS[name].metadata["kind"](value)
    st.session_state["edit"] = pair.edit_b
