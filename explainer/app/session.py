"""What one user's session remembers between two runs of the script.

Everything that is no widget's own value stands in one object; widgets keep their values under
their keys, and what a link says is in the address.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from explainer.presets import PRESETS

if TYPE_CHECKING:  # the menu does not wait for torch
    from streamlit.navigation.page import StreamlitPage

    from explainer.app.background_training import Trainer
    from explainer.app.comparison import KeptState
    from explainer.app.drawn_before import Drawing
    from explainer.app.own_network import OwnNetwork
    from explainer.errors import ExplainerError
    from explainer.number_table import NumberTable
    from explainer.settings import Settings

KEY = "session"
"""The one key of the session's state that is no widget's."""


@dataclass
class Location:
    """Where the user is in the run.

    Attributes:
        sequence: which sequence of the batch.
        t: which time step.
        seen: the chapter, and what its address said when it was last looked at.
    """

    sequence: int = 0
    t: int = 0
    seen: tuple[str, str | None, str | None] | None = None


@dataclass
class Session:
    """One user's session.

    Attributes:
        routed: whether app.py came before the page that runs now.
        pages: what the menu has; a page belongs to one session, which says when it may run.
        link_problems: what is wrong with the link that opened the app; None before it is read.
        last_good: the last settings that could be run, and their edits as in an address.
        drawings: parts of the page as they were drawn last, by name.
        steps: values from links that were added to the steps of a slider, by setting.
        uploads: how many uploads a new preset has emptied.
        own_text: the user's own text, for when they come back to it.
        location: where the user is in the run.
        no_stage: the settings whose stage the browser could not draw.
        trainer: this user's training.
        was_training: whether it was running when the page was last drawn.
        moved: whether the whole page must be drawn again, since its network is another one.
        to_do: how many updates were asked for last.
        looked_at: the update that was looked at last.
        looked_from: of which start of which training.
        looked_end: how many updates there were then.
        prefix_of: for which text the prefix was written.
        train_task: whether to train on the task now.
        against: state A, which the page is compared with.
        against_problems: what is wrong with the one in the link.
        link_compared: whether the link was asked for it.
        own_kept: the edits of state A of that network; None where nothing is kept.
        own_link: which network, module, layer and view of one of their own, as in an address.
        own_wanted: the files that a link asks for, by their fingerprint.
        own_jump: where a link of that page leads, as in an address; empty once it has led there.
        own_jumps: how many have.
        own_files: the files that the user uploaded of one, read, by what they are for.
        network: a network of the user's own, computed: for what, what it came to, and from what.
        parameter: the parameter that was chosen last, and on which chapter.
        station: the station of the tour.
        station_seen: what the address said of it when it was last looked at.
    """

    routed: bool = False
    pages: list[StreamlitPage] = field(default_factory=list)
    link_problems: list[ExplainerError] | None = None
    last_good: tuple[Settings, str] | None = None
    drawings: dict[str, Drawing] = field(default_factory=dict)
    steps: dict[str, list[float]] = field(default_factory=dict)
    uploads: int = 0
    own_text: str | None = None
    location: Location = field(default_factory=Location)
    no_stage: Settings | None = None
    trainer: Trainer | None = None
    was_training: bool = False
    moved: bool = False
    to_do: int = 200
    looked_at: int | None = None
    looked_from: Hashable = None
    looked_end: int | None = None
    prefix_of: str | None = None
    train_task: bool = False
    edited: bool = False
    against: KeptState | None = None
    against_problems: list[ExplainerError] = field(default_factory=list)
    link_compared: bool = False
    own_kept: str | None = None
    own_link: str | None = None
    own_wanted: str = ""
    own_jump: str = ""
    own_jumps: int = 0
    own_files: dict[str, tuple[Hashable, Any]] = field(default_factory=dict)
    network: tuple[Hashable, OwnNetwork, object] | None = None
    numbers: tuple[str, NumberTable | None, ExplainerError | None] | None = None
    parameter: tuple[str, str] | None = None
    station: int = 1
    station_seen: str | None = None

    @property
    def shown(self) -> tuple[Settings, str]:
        """The settings whose numbers are on the page, and their edits as in an address."""
        return self.last_good or (PRESETS["start"], "")


def session() -> Session:
    """Return the session of the user whose page is drawn now."""
    found: Session = st.session_state.setdefault(KEY, Session())
    return found
