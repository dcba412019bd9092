"""The widget itself; needs anywidget, so `widget` imports this module when it is asked for one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anywidget
import traitlets

from explainer.engine.batch_run import Run
from explainer.engine.edits import edited_run
from explainer.engine.layer_edits import edited_layer
from explainer.engine.layer_trace import LayerRun
from explainer.engine.trace import Trace
from explainer.errors import UnknownNameError, WrongTypeError, in_range, names_of, shorten
from explainer.explanation.number_index import check_index
from explainer.stage.html import (
    base_of,
    chapter_with_stage,
    edits_text,
    framed,
    html_page,
    stage_data,
)
from explainer.stage.script import WEB, link
from explainer.url_edits import parse_edits, write_edits
from explainer.view_state import ViewState

Opened = tuple[str, tuple[int, ...]]


def written(edits: Any, _: object) -> str:
    """Return edits as the browser has them."""
    return write_edits(edits)


def parsed(text: str, _: object) -> Any:
    """Return the browser's edits as `run` takes them."""
    return parse_edits(text)[0]


def spot_of(value: Any, _: object) -> Opened | None:
    """Return the browser's opened number as `explain` takes it."""
    return (value[0], tuple(value[1])) if value else None


class StageWidget(anywidget.AnyWidget):
    """A stage in a notebook.

    Attributes:
        edits: what is changed and held: by name numbers by index, as `run` takes them.
        opened: the number whose formula is shown: its name and index, as `explain` takes them;
            None where none is.
        t: the time step that is shown.
        sequence: the sequence that is shown.
    """

    _esm = link("widget", short=True)
    _style = traitlets.Unicode().tag(sync=True)
    _body = traitlets.Unicode().tag(sync=True)
    _sent = traitlets.Dict().tag(sync=True)
    edits = traitlets.Dict().tag(sync=True, to_json=written, from_json=parsed)
    opened = traitlets.Any(None, allow_none=True).tag(sync=True, from_json=spot_of)
    t = traitlets.Int(0).tag(sync=True)
    sequence = traitlets.Int(0).tag(sync=True)

    def __init__(self, run: Run | Trace, chapter: str, view: ViewState) -> None:
        self._base: Run | LayerRun = base_of(run)
        self._chapter, self._view = chapter, view
        self._made: tuple[str, Run | LayerRun] = ("", self._base)
        page, sizes = chapter_with_stage(chapter), self._base.trace.sizes
        name, _, places = view.cell.partition(":")
        super().__init__(
            _style=(WEB / "stage.css").read_text("utf-8"),
            _body=(WEB / "stage.html").read_text("utf-8"),
            _sent=stage_data(self._base, page, view, "", linked=False),
            edits=parse_edits(edits_text(run))[0],
            opened=(name, tuple(map(int, filter(None, places.split(","))))) if name else None,
            t=min(view.t, sizes["T"] - 1),
            sequence=min(view.sequence, sizes["B"] - 1),
        )

    @property
    def run(self) -> Run | Trace:
        """The run, or the layer's trace, with the edits in it."""
        text = write_edits(self.edits)
        if self._made[0] != text:
            self._made = text, self._run_with(self.edits)
        made = self._made[1]
        return made.trace if isinstance(made, LayerRun) else made

    def _run_with(self, edits: Any) -> Run | LayerRun:
        if isinstance(self._base, LayerRun):
            return LayerRun(edited_layer(self._base.trace, edits)) if edits else self._base
        return edited_run(self._base, edits) if edits else self._base

    @traitlets.validate("edits")
    def _possible_edits(self, proposal: Any) -> Any:
        """Return edits, each with its index, if they can be made."""
        text = write_edits(proposal["value"])
        found = parse_edits(text)[0]
        self._made = text, self._run_with(found)
        return found

    @traitlets.validate("opened")
    def _possible_number(self, proposal: Any) -> Opened | None:
        """Return a number that there is."""
        wanted = proposal["value"]
        if wanted is None:
            return None
        if not (isinstance(wanted, tuple | list) and len(wanted) == 2):
            expected = "a name and an index, such as ('h', (0, 3, 1)), or None"
            raise WrongTypeError("opened", expected, shorten(wanted))
        name, index = wanted
        made = self._made[1]
        for trace in (made.trace, made.update):
            if name in trace:
                return str(name), check_index(trace, str(name), index)
        raise UnknownNameError("opened", f"one of {names_of(made.trace, name)}", shorten(name))

    @traitlets.validate("t", "sequence")
    def _possible_place(self, proposal: Any) -> int:
        """Return a time step or a sequence that there is."""
        name = proposal["trait"].name
        size = self._base.trace.sizes["T" if name == "t" else "B"]
        return in_range(name, proposal["value"], int, 0, size - 1)

    def __repr__(self) -> str:
        """Return what is shown, in a line."""
        return f"StageWidget({self._chapter}, {self._made[1]!r})"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the widget, and for an exported page, which has no Python, the stage alone."""
        found = super()._repr_mimebundle_(**options)
        cell = f"{self.opened[0]}:{','.join(map(str, self.opened[1]))}" if self.opened else ""
        view = replace(self._view, t=self.t, sequence=self.sequence, cell=cell)
        base = self._base.trace if isinstance(self._base, LayerRun) else self._base
        page = html_page(base, self._chapter, view, edit=write_edits(self.edits))
        found[0]["text/html"] = framed(page, repr(self))
        return found
