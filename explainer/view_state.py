"""Where the user looks: everything of an address that is not a setting.

A field's default, its range and its label stand here once. Widgets, links and the stage's
JavaScript are given this table; what has its default is left out of the address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from explainer.errors import InvalidValueError, shorten
from explainer.setting_fields import LARGEST, check_field, choice, number, switch, words

NAME = 64
"""Longest name of a quantity or a parameter in an address, in characters."""


@dataclass(frozen=True, kw_only=True)
class ViewState:
    """The place in a run and the way it is shown.

    Ranges hold for every run; where a run is smaller, its last sequence, time step or merge is
    shown.

    Raises:
        ValueError: a value is outside its range; the message says what is possible.
    """

    # the stage
    sequence: int = number(0, 0, LARGEST - 1, "Sequence of the batch")
    t: int = number(0, 0, LARGEST - 1, "Time step")
    equation: str = words("", NAME, "Equation")
    cell: str = words("", 2 * NAME, "Opened number")
    range: str = choice("time", "Colours", matrix="this matrix", time="over time", run="whole run")
    digits: str = choice("2", "Significant digits", **{"2": "two", "4": "four", "full": "all"})
    convention: bool = switch(False, "z′ = 1 − z")
    strip: str = choice("z", "Colour strip: mean of", z="z", r="r", n="n", h="h")
    check: bool = switch(False, "Check yourself")
    present: bool = switch(False, "Present")
    against: str = words("", 6_000, "Compared with")
    compared: str = choice("b", "Shown", a="A", b="B", difference="B − A")
    # the tour
    station: int = number(1, 1, 21, "Station")
    answered: int = number(0, 0, 2**24 - 1, "Stations answered, one bit for each")
    trial: str = words("", 4_000, "Numbers changed or held at a station")
    # a network of the user's own: which, module, layer and view; and the place on its stage
    own: str = words("", 400, "Network of one's own")
    own_place: str = words("", 6_000, "Place in it")
    # chapters
    merge: int | None = number(None, 0, 256, "Merge", optional=True)
    try_text: str = words("Mathematics", 500, "Any text")
    weight: str = words("W_hz", NAME, "Parameter")
    target: int | None = number(None, 0, LARGEST - 1, "Target at time step", optional=True)
    parameter: str = words("W_o", NAME, "Parameter")
    prefix: str = words("", 200, "Prefix to continue")
    temperature: float = number(
        *(0.8, 0.1, 2.0, "Temperature"),
        help="Below 1, likely tokens become likelier still; above 1, unlikely ones get a chance.",
    )
    tokens: int = number(60, 10, 200, "Tokens", help="How many tokens the network writes.")
    task: str = choice("skip", "Task", store="store", skip="skip", reset="reset")
    length: int = number(20, 5, 60, "Length of a sequence")
    task_seed: int = number(0, 0, 9_999, "Seed of the task")
    example: int = number(0, 0, 19, "Example")
    # what is unfolded
    open_settings: bool = switch(False, "More settings")
    open_number: bool = switch(False, "Open any number: its formula, shapes and every term")
    open_table: bool = switch(False, "Numbers as a table, to view or download")
    open_export: bool = switch(False, "Take it away: notebook, spreadsheet, worksheet")
    open_sources: bool = switch(False, "The equations and their source code")
    open_past: bool = switch(
        False, "How far back does the past matter? The GRU beside an ordinary RNN"
    )
    open_merges: bool = switch(False, "All merges in the order they were learned")
    open_vocabulary: bool = switch(False, "The vocabulary")
    open_code: bool = switch(False, "Load it in PyTorch")

    def __post_init__(self) -> None:
        """Refuse what is out of range."""
        for f in fields(self):
            object.__setattr__(self, f.name, check_field(f, getattr(self, f.name)))
        if self.cell and not re.fullmatch(r"[A-Za-z]\w*:(\d+(,\d+)*)?", self.cell, re.ASCII):
            expected = "a quantity and its index, such as 'h:0,3,1'"
            raise InvalidValueError("cell", expected, shorten(self.cell))
