"""A chapter of a run as one HTML file: no server, no other host, everything of the stage works.

The file holds the stage's own script and style, the equations, and the numbers that are given; the
browser computes the others, as it does in the app.
"""

from __future__ import annotations

import html
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from explainer.engine.batch_run import Run
from explainer.engine.edits import edited_run
from explainer.engine.layer_trace import LayerRun, is_layer
from explainer.engine.trace import Trace
from explainer.engine.unedited import unedited_run
from explainer.errors import (
    ConstraintError,
    InvalidValueError,
    WrongTypeError,
    names_of,
    shorten,
)
from explainer.explanation.tensor_formula import equation_text
from explainer.presets import PRESETS
from explainer.stage.chapters import CHAPTERS, HOME, TOUR, Chapter, chapter
from explainer.stage.document import Contents, document
from explainer.stage.influence_maps import influence_json, influence_maps
from explainer.stage.menu import Menu
from explainer.stage.payload import is_computed_in_browser, too_large_for_frame
from explainer.stage.prose.blocks import Stage
from explainer.stage.prose.stories import STORIES
from explainer.stage.staged import staged
from explainer.stage.tour.tour_data import tour_data
from explainer.url import VIEW, to_link, write_view
from explainer.url_edits import parse_edits, write_entry
from explainer.view_state import ViewState

THEMES = ("auto", "light", "dark")
"""How a file may look: as the reader's system, or always the same."""
CHOSEN = {"gradients": "weight", "update": "parameter"}
"""Chapters that are about one parameter, and what the view state calls it."""


def html_page(
    run: Run | Trace,
    chapter: str = "cell",
    view: ViewState | None = None,
    theme: str = "auto",
    menu: Menu | None = None,
    code: str = "",
    edit: str = "",
    app: str = "",
) -> str:
    """Return a chapter of a run as one HTML file.

    Args:
        run: its numbers, with what is changed and held in it; or its trace, or that of a layer.
        chapter: slug of a page, such as "cell", "gradients" or "home"; or "tour", in the variant of
            the run.
        view: where the reader looks first; None for the beginning.
        theme: "auto", "light" or "dark".
        menu: the files beside it, where there are some.
        code: address of the script, where it is not to stand in the file.
        edit: more that is changed and held, as in an address.
        app: address of a server with the app, to which the file leads; "" where none is known.

    Raises:
        ValueError: there is no such chapter or theme, or the run is too large for a browser.
    """
    if theme not in THEMES:
        raise InvalidValueError("theme", f"one of {names_of(THEMES)}", shorten(theme))
    view, menu = view or ViewState(), menu or Menu()
    if chapter == TOUR.slug and isinstance(run, Run):
        link = to_link(replace(PRESETS["start"], variant=run.settings.variant), TOUR.slug, view)
        stations = tour_data(run.settings.variant, view)
        return document(Contents(TOUR, link=link), stations, theme, menu, code, app)
    base = base_of(run)
    page = chapter_of_file(chapter) if isinstance(base, Run) else chapter_with_stage(chapter)
    edits = ";".join(filter(None, (edits_text(run), edit)))
    contents, data = Contents(page), None
    if isinstance(base, Run):
        told = edited_run(base, parse_edits(edits)[0]) if edits else base
        contents = contents_of(told, page, view, edits)
    else:  # what to try are settings of the app's own runs
        contents = Contents(replace(page, task=""))
    if Stage() in contents.story:
        data = stage_data(base, page, view, edits)
        contents = replace(contents, equations=equations_of(base, page))
    return document(contents, data, theme, menu, code, app)


def contents_of(run: Run, page: Chapter, view: ViewState, edits: str) -> Contents:
    """Return what a file says of a run.

    Args:
        run: its numbers, with what is changed and held.
        page: the chapter.
        view: which sequence is looked at.
        edits: what is changed and held, as in an address.
    """
    sequence = min(view.sequence, run.trace.sizes["B"] - 1)
    try:
        link = to_link(run.settings, page.slug, view, edits=parse_edits(edits)[0] or None)
    except ConstraintError:  # too many edits
        link = ""
    return Contents(page, STORIES[page.slug](run, sequence), link=link)


def equations_of(base: Run | LayerRun, page: Chapter) -> list[tuple[str, str]]:
    """Return a chapter's equations as text, each with its sentence."""
    known = {**base.update.quantities, **base.trace.quantities}
    shown = [known[name] for name in page.shows if name in known]
    return [(equation_text(q, known), q.description) for q in shown if q.expression]


def stage_data(
    base: Run | LayerRun, page: Chapter, view: ViewState, edits: str, linked: bool = True
) -> dict[str, Any]:
    """Return what a stage without a server is given.

    Args:
        base: the run without edits, or a layer.
        page: the chapter.
        view: where the reader looks first.
        edits: what is changed and held, as in an address.
        linked: whether the address says what is shown.

    Raises:
        ValueError: the run is too large for a browser.
    """
    refuse_beyond_browser(base)
    lanes = tuple(lane.of(parameter_of(page, view, base)) for lane in page.scene)
    sent = staged(base, page, lanes, linked=linked)
    return {
        **sent,
        "place": json.dumps({"sequence": 0, "t": 0}),
        "edit": edits,
        "against": "",
        "influence": influence_of(base, page, view.sequence),
        "query": urlencode(write_view(view)),
    }


def influence_of(run: Run | LayerRun, page: Chapter, sequence: int) -> str:
    """Return how far back the past matters, where a chapter shows that."""
    if page.slug != "gradients" or isinstance(run, LayerRun):
        return ""
    sequence = min(sequence, run.trace.sizes["B"] - 1)
    maps = influence_maps(run, sequence, beside=not run.settings.updates)
    return influence_json(maps, sequence)


def html_bytes(run: Run | Trace, **options: Any) -> bytes:
    """Return one HTML file as bytes; arguments as for `html_page`."""
    return html_page(run, **options).encode()


def base_of(run: Run | Trace) -> Run | LayerRun:
    """Return what a file holds: a run without its edits, which the browser makes, or a layer.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(run, Run):
        return unedited_run(run.trace) if run.edits else run
    if isinstance(run, Trace) and run.origin.settings is not None:
        return unedited_run(run)
    if not (isinstance(run, Trace) and is_layer(run)):
        expected = "a run or its trace, or the trace of a layer, such as record(model, x).trace"
        raise WrongTypeError("run", expected, shorten(run))
    return LayerRun(run)


def refuse_beyond_browser(run: Run | LayerRun) -> None:
    """Raise an error where a browser could not compute a run in a moment.

    Raises:
        ValueError: it is too large.
    """
    if not is_computed_in_browser(run):
        sizes = run.trace.sizes
        raise ConstraintError(
            "run",
            "one file holds what a browser computes in a moment",
            f"This one has {sizes['B']} × {sizes['T']} time steps and {sizes['H']} units",
            "Take a smaller hidden size, batch or context length.",
        )


def notebook_html(run: Run | Trace) -> str:
    """Return what a notebook shows of a run or a layer: the cell, in a frame of its own.

    Where it is too large for a frame, or a trace of something else, it is what `print` shows: a
    notebook keeps all that it has shown.
    """
    try:
        if too_large_for_frame(base_of(run)):
            return f"<pre>{html.escape(repr(run))}</pre>"
        page = html_page(run)
    except (ConstraintError, WrongTypeError):
        return f"<pre>{html.escape(repr(run))}</pre>"
    return framed(page, repr(run))


def framed(page: str, title: str) -> str:
    """Return a page in a frame of its own."""
    return (
        f'<iframe srcdoc="{html.escape(page)}" title="{html.escape(title)}" '
        'style="width: 100%; height: 720px; border: 1px solid #8884"></iframe>'
    )


def chapter_with_stage(slug: str) -> Chapter:
    """Return the chapter of this slug.

    Raises:
        ValueError: there is none, or it has no stage.
    """
    staged_slugs = [c.slug for c in (HOME, *CHAPTERS) if c.scene or c is HOME]
    if slug not in staged_slugs:
        raise InvalidValueError("chapter", f"one of {names_of(staged_slugs)}", shorten(slug))
    return chapter(slug)


def chapter_of_file(slug: str) -> Chapter:
    """Return the chapter of this slug.

    Raises:
        ValueError: there is none, or it can be no file.
    """
    if slug not in STORIES:
        raise InvalidValueError(
            "chapter", f"one of {names_of([*STORIES, TOUR.slug])}", shorten(slug)
        )
    return chapter(slug)


def parameter_of(page: Chapter, view: ViewState, run: Run | LayerRun) -> str:
    """Return the parameter that a chapter is about; empty where it is about none.

    Raises:
        ValueError: the run has no such parameter.
    """
    if page.slug not in CHOSEN:
        return ""
    key = CHOSEN[page.slug]
    name = str(getattr(view, VIEW[key].name))
    if isinstance(run, Run) and name not in run.update.before:
        raise InvalidValueError(key, f"one of {names_of(run.update.before)}", shorten(name))
    return name


def edits_text(run: Run | Trace) -> str:
    """Return what is changed and held in a run, as an address has it."""
    written = []
    for name, edit in run.edits.items():
        for value in np.unique(edit.values[edit.where]):
            places = edit.where & (edit.values == value)
            for index in indices_of(places):
                written.append(write_entry(name, index, float(value)))
    return ";".join(written)


def indices_of(places: NDArray[np.bool_]) -> list[tuple[int | None, ...]]:
    """Return some numbers of a tensor by index: with None for all of an axis where one will do."""
    every = np.argwhere(places)
    first, last = every.min(0).tolist(), every.max(0).tolist()
    whole = [a == 0 and b == size - 1 for a, b, size in zip(first, last, places.shape, strict=True)]
    box = tuple(slice(None) if w else a for w, a in zip(whole, first, strict=True))
    filled = np.zeros_like(places)
    filled[box] = True
    if np.array_equal(filled, places):
        return [tuple(None if w else a for w, a in zip(whole, first, strict=True))]
    return [tuple(index) for index in every.tolist()]
