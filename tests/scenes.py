"""What each chapter's page puts on the stage."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from explainer.stage.chapters import CHAPTERS
from explainer.stage.lanes import derive
from explainer.url import VIEW

PAGES = Path(__file__).parent.parent / "pages"
STAGED = [c.slug for c in CHAPTERS if c.timed or c.slug == "update"]


class OnStage(Exception):  # noqa: N818 - no error: it ends a page that has said enough
    """A page has said what stands on its stage."""


def written_scene(slug, result, parameter=None):
    """The lanes as a chapter's page writes them, with a parameter chosen if it asks for one."""

    def stage(*lanes, wired=False):
        raise OnStage(lanes, wired)

    def choose(key):
        return parameter or VIEW[key].default

    trace, nothing, bodies = result.trace, lambda _: None, []
    page = SimpleNamespace(
        run=result,
        trace=trace,
        equal_head=False,
        has=trace.__contains__,
        text=nothing,
        note=nothing,
        parameter=choose,
        stage=stage,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("explainer.app.page.show_chapter", lambda _, body: bodies.append(body))
        runpy.run_path(str(PAGES / f"{slug}.py"))
        with pytest.raises(OnStage) as caught:
            bodies[0](page)
    return caught.value.args


def quantities_of(result):
    """Everything that a run has computed, by name."""
    return {**result.update.quantities, **result.trace.quantities}


def scene_of(slug, result, parameter=None):
    """The lanes of a chapter, and whether wires connect them."""
    lanes, wired = written_scene(slug, result, parameter)
    return derive(lanes, quantities_of(result)), wired
