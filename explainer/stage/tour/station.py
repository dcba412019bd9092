"""A station of the guided tour: what it shows, what it asks, and what makes an answer right.

What makes an answer right is data: values by name, and conditions on them. Python and the browser
evaluate them over the same run (`assess.py`, `web/assess.js`), so nobody writes down answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from explainer.settings import Settings
from explainer.stage.chapters import TOUR, Chapter
from explainer.stage.scene import LaneSpec

Tree = list[Any] | float | str
"""A value: a number, the name of an earlier value, ["at", run, quantity, index], or an operation on
such; an index has integers, names of earlier values, and ":" for all of an axis."""

RUNS = ("now", "before", "second")
"""The run with the answer's edits, the one without them, and the pass after its update."""
REFERENCE = re.compile(r"(?:(before|second)\.)?(\w+)\[([^\]]*)\]")
SIGNS = {"-": "sub", "+": "add", "*": "mul", "/": "div"}

EXAMPLE = Settings(
    text="banana" * 8,
    tokenizer="characters",
    end_of_text=False,
    batch_size=1,
    context_length=3,
    embedding_size=2,
    hidden_size=2,
    dropout=0.0,
    initial="normal",
    seed=1,
    learning_rate=1.0,
)
"""The first example: 3 tokens × 2 units."""


@dataclass(frozen=True)
class Condition:
    """What must hold of an answer: `left` stands in a relation to `right`.

    Attributes:
        left: name of a value.
        relation: "<=", ">=", "<" or ">".
        right: name of a value, or a number.
        hint: what to say where it does not hold; "{name}" is a value.
    """

    left: str
    relation: str
    right: str | float
    hint: str


@dataclass(frozen=True, kw_only=True)
class Station:
    """One station.

    Attributes:
        title: what it is about.
        context: one sentence before the question.
        question: what the reader answers on the stage.
        kind: how: "point" at a number, "change" or hold one, "type" one.
        among: the quantities that may be pointed at, changed or held.
        values: by name, what conditions and texts speak of, such as "max z[0,2,:]" or "h - h_prev".
        goal: what must hold; the first condition that does not gives the hint.
        hint: what helps before any answer.
        right: what is said of a right answer.
        lanes: what stands on the stage.
        settings: the run.
        edit: what is changed and held in it from the beginning, as in an address.
        t: the time step that is shown first.
        chapter: slug of the chapter that tells more.
        backwards: whether time runs backwards.
        learning: whether targets stand beside the tokens.
        descent: whether the loss along the gradient is drawn.
    """

    title: str
    context: str
    question: str
    kind: str
    among: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    goal: tuple[Condition, ...]
    hint: str
    right: str
    lanes: tuple[LaneSpec, ...]
    settings: Settings = EXAMPLE
    edit: str = ""
    t: int = 0
    chapter: str = "cell"
    backwards: bool = False
    learning: bool = False
    descent: bool = False

    def page(self) -> Chapter:
        """Return the tour's page as this station has it."""
        return replace(
            TOUR, scene=self.lanes, backwards=self.backwards, learning=self.learning, timed=True
        )

    def run_settings(self, variant: str) -> Settings:
        """Return the settings of its run, with the reset gate where the reader has it."""
        return replace(self.settings, variant=variant)

    def trees(self) -> dict[str, Tree]:
        """Return the values as trees, in order."""
        return {name: read_value(written) for name, written in self.values.items()}

    def as_json(self, number: int, titles: tuple[str, ...]) -> dict[str, Any]:
        """Return what the browser is told of it.

        Args:
            number: which station it is, from 1.
            titles: of all stations, in order.
        """
        names = ["title", "context", "question", "kind", "hint", "right", "edit", "t"]
        names += ["descent", "chapter"]
        return {
            **{name: getattr(self, name) for name in names},
            "number": number,
            "titles": titles,
            "among": self.among,
            "values": list(self.trees().items()),
            "goal": [asdict(condition) for condition in self.goal],
        }


def read_value(written: str) -> Tree:
    """Return a value as a tree: "max z[0,2,:]" and "h[0,1,0] - h_prev[0,1,0]" are such."""
    words = written.split()
    if len(words) == 3:
        return [SIGNS[words[1]], read_operand(words[0]), read_operand(words[2])]
    if len(words) == 2:
        return [words[0], read_operand(words[1])]
    return read_operand(written)


def read_operand(word: str) -> Tree:
    """Return a part of a value: a number, an earlier value's name, or numbers of a quantity."""
    if match := REFERENCE.fullmatch(word):
        index = [int(i) if i.isdecimal() else i for i in match[3].split(",") if i]
        return ["at", match[1] or "now", match[2], index]
    try:
        return float(word)
    except ValueError:
        return word
