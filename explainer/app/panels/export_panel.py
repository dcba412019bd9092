"""Take the run away: as a page, a notebook, a spreadsheet, worksheets with a key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from explainer.app.current_run import kept_run
from explainer.app.position import position
from explainer.engine.batch_run import Run
from explainer.errors import ConstraintError, ExplainerError
from explainer.export.latex import latex_bytes
from explainer.export.notebook import notebook_bytes, numbers_given
from explainer.export.spreadsheet import refuse_unreadable, spreadsheet_bytes
from explainer.export.worksheet import Worksheets, worksheet
from explainer.stage.chapters import CHAPTERS
from explainer.stage.html import html_bytes, refuse_beyond_browser
from explainer.stage.payload import too_large_for_frame
from explainer.stage.place import Place
from explainer.stage.prose.inline_markup import escape_markdown
from explainer.url import read_view
from explainer.url_edits import parse_edits
from explainer.view_state import ViewState

MOST_STUDENTS_HERE = 30
"""Most worksheets that a page makes at once; the command line makes more."""
STAGED = [chapter.slug for chapter in CHAPTERS if chapter.scene]
FIRST_EQUATIONS = ("r", "z", "n", "h")


def export_panel(run: Run, slug: str, edit: str) -> None:
    """Offer the run as files.

    Args:
        run: the user's run.
        slug: of the chapter.
        edit: what is changed and held in it, as in an address.
    """
    unedited = kept_run(run.settings)  # in the file, too, the browser makes the edits
    view = present_view(position(slug, run.trace.sizes))
    page = slug if slug in STAGED else "cell"
    left, middle, right, last = st.columns(4)
    with left:
        file_button(
            *("This page (.html)", f"{slug}.html", "text/html"),
            "One file that needs no server, at this time step: step, open and change numbers "
            "there, or in a frame of a course page.",
            lambda: refuse_beyond_page(run),
            lambda: html_bytes(unedited, chapter=page, edit=edit, view=view),
        )
    with middle:
        file_button(
            *("Notebook (.ipynb)", "run.ipynb", "application/x-ipynb+json"),
            "Plain PyTorch that computes every number of this run.",
            lambda: numbers_given(run),
            lambda: notebook_bytes(run),
        )
    with right:
        file_button(
            *("Spreadsheet (.xlsx)", "run.xlsx"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "Forward, gradients and one update as live formulas: change a weight, and see.",
            lambda: refuse_unreadable(run),
            lambda: spreadsheet_bytes(run),
        )
    with last:
        written = latex_bytes(run)  # a callback that held the run would keep it
        download("Equations (.tex)", "equations.tex", "text/x-tex", lambda: written)
        st.caption("All equations of this run in LaTeX, each with its name.")
    st.markdown("**Worksheet** with blanks, to print, and its key")
    try:
        refuse_unreadable(run)
    except ExplainerError:
        st.caption("This run is too large to compute by hand; the preset `math` is small enough.")
        return
    if run.settings.updates:
        st.caption("Set *Training updates done* to 0: each student then gets a different network.")
        return
    worksheet_panel(run, edit)


def present_view(here: Place) -> ViewState:
    """Return where the user looks, without what a file has not: state A, and a class."""
    view, _ = read_view(dict(st.query_params))
    view = replace(view, against="", compared="b", present=False)
    return replace(view, t=here.t, sequence=here.sequence)


def worksheet_panel(run: Run, edit: str) -> None:
    """Let the user choose exercises, and offer them as files."""
    computed = [n for t in (run.trace, run.update) for n, q in t.quantities.items() if q.expression]
    first, second, third = st.columns([3, 2, 1])
    names = first.multiselect(
        "Equations", list(dict.fromkeys(computed)), FIRST_EQUATIONS, key="worksheet-equations"
    )
    T = run.trace.sizes["T"]
    steps = second.multiselect(
        "Time steps", list(range(T)), list(range(min(T, 2))), key=f"worksheet-times-{T}"
    )
    students = third.number_input(
        "Students", 1, MOST_STUDENTS_HERE, 1, key="worksheet-students", help="Each gets a seed."
    )
    edits, _ = parse_edits(edit)
    seeds = [(run.settings.seed + i) % 2**32 for i in range(students)]

    def make(seeds: list[int]) -> Worksheets:
        return worksheet(run.settings, names, steps, seeds, edits or None)

    try:
        make(seeds[:1])
    except ExplainerError as error:
        st.caption(escape_markdown(str(error)))
        return
    with st.container(horizontal=True):
        download("Worksheet", "worksheet.html", "text/html", lambda: make(seeds).html().encode())
        download("Key", "key.html", "text/html", lambda: make(seeds).key().encode())
        download("Answers (CSV)", "answers.csv", "text/csv", lambda: make(seeds).answers().encode())


def file_button(
    label: str,
    name: str,
    mime: str,
    words: str,
    check: Callable[[], object],
    make: Callable[[], bytes],
) -> None:
    """Offer a file, or say why there is none."""
    try:
        check()
    except ExplainerError as error:
        st.caption(f"{label}: {escape_markdown(str(error))}")
        return
    download(label, name, mime, make)
    st.caption(words)


def refuse_beyond_page(run: Run) -> None:
    """Refuse a file of a large run: its button would hold the run as long as its page is open.

    Raises:
        ValueError: a frame has no time for all of the run.
    """
    refuse_beyond_browser(run)
    if large := too_large_for_frame(run):
        raise ConstraintError(
            "run",
            "the app makes files of smaller ones",
            f"This one has {large}",
            "Use `python -m explainer html` or `to_html` for it.",
        )


def download(label: str, name: str, mime: str, make: Callable[[], bytes]) -> None:
    """Offer a file that is made when it is asked for."""
    st.download_button(
        label, make, file_name=name, mime=mime, key=f"export-{name}", on_click="ignore"
    )
