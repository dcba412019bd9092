"""The stage in a notebook, as a widget that tells Python what is touched."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from explainer.engine.batch_run import Run
from explainer.engine.trace import Trace
from explainer.interop.optional import needed
from explainer.view_state import ViewState

if TYPE_CHECKING:
    from explainer.stage.stage_widget import StageWidget


def widget(run: Run | Trace, chapter: str = "cell", view: ViewState | None = None) -> StageWidget:
    """Return the stage as a widget: what is touched there is known here, and the other way round.

    Its `edits`, `opened`, `t` and `sequence` follow the reader; setting them moves the stage, and
    `observe` calls back. Its `run` has the numbers with the edits in them.

    Args:
        run: a run or its trace, with what is changed and held in it; or the trace of a layer.
        chapter: slug of a page with a stage, such as "cell" or "gradients".
        view: where the reader looks first; None for the beginning.

    Raises:
        ImportError: anywidget is not installed (the extra `notebook`).
        ValueError: there is no such chapter, or the run is too large for a browser.
    """
    needed("anywidget", "to tell Python what is touched on a stage")
    found: StageWidget = import_module("explainer.stage.stage_widget").StageWidget(
        run, chapter, view or ViewState()
    )
    return found
