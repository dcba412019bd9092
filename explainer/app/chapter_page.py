"""A chapter's page from its first line to its last: story, numbers to open, code, proof."""

from __future__ import annotations

import math
from collections.abc import Callable

import streamlit as st

from explainer.app.address import unfolding
from explainer.app.cache import kept_checks, weigh_again
from explainer.app.current_run import kept_run
from explainer.app.drawn_before import draw_or_repeat
from explainer.app.navigation import ensure_routed, file
from explainer.app.page import MOST_CELLS, Page
from explainer.app.panels.export_panel import export_panel
from explainer.app.position import position
from explainer.app.session import session
from explainer.errors import InvalidValueError
from explainer.explanation.explain import explain
from explainer.plots import tables
from explainer.stage.chapters import CHAPTERS, chapter
from explainer.stage.prose.inline_markup import escape_markdown


def show_chapter(slug: str, body: Callable[[Page], None]) -> None:
    """Show a chapter: its story, then its numbers to open, its code, its proof."""
    ensure_routed()
    settings, edit = session().shown
    run = kept_run(settings, edit)
    theme = "dark" if st.context.theme.type == "dark" else "light"
    page = Page(chapter(slug), run, edit, position(slug, run.trace.sizes), theme)
    body(page)
    if st.context.is_embedded:
        checks_line(page)
        weigh_again(run, edit)
        return
    if page.chapter.task and not (page.has("values") and page.chapter.of_text):
        st.success(f"**Try this.** {page.chapter.task}")
    if page.names:
        further_parts(page)
    checks_line(page)
    if page.chapter is not CHAPTERS[-1]:
        following = CHAPTERS[CHAPTERS.index(page.chapter) + 1]
        st.page_link(file(following), label=f"Next: **{following.title}** → {following.question}")
    weigh_again(run, edit)


def further_parts(page: Page) -> None:
    """Offer what is only made once the user opens it."""
    container = st.container(key="more", gap="small")
    parts = {
        "open-number": open_number,
        "open-table": numbers_table,
        "open-export": export,
        "open-sources": sources,
    }

    def draw() -> None:
        for key, fill in parts.items():
            lazy_expander(key, fill, page)

    if any(st.session_state.get(key) for key in parts):  # what is open shows this run
        with container:
            draw()
    else:
        draw_or_repeat("further parts", container, page.chapter.slug, draw)


def lazy_expander(key: str, fill: Callable[[Page], None], page: Page) -> None:
    """Offer one of these parts; the address has it as `key`."""
    part = unfolding(key)
    if part.open:
        with part:
            fill(page)


def open_number(page: Page) -> None:
    """Let the user open any number of the run."""
    run = page.run
    spaces = {"first pass": run.trace, "update": run.update, "second pass": run.second}
    left, right = st.columns([1, 3])
    where = left.radio("Where", list(spaces), key="where", horizontal=False)
    trace = spaces[where or "first pass"]
    names = list(trace)
    first = next((n for n in page.chapter.shows if n in names), names[0])
    name = right.selectbox("Quantity", names, names.index(first), key=f"open-{where}")
    q = trace.quantities[name]
    columns = right.columns(max(len(q.dims), 1))
    index = []
    for i, (dim, size) in enumerate(zip(q.dims, trace.shape(name), strict=True)):
        start = {"B": page.sequence, "T": page.place.t}.get(dim, 0)
        index.append(
            columns[i].number_input(
                f"{dim} (0 to {size - 1})",
                0,
                size - 1,
                min(start, size - 1),
                key=f"open-{name}-{i}-{start}",
            )
        )
    try:
        opened = explain(trace, name, tuple(index), digits=4)
    except InvalidValueError as error:  # after the end of a sequence
        st.info(escape_markdown(str(error)))
        return
    st.caption(opened.description)
    for label, line in (
        ("symbols", opened.symbols),
        ("shapes", opened.shapes),
        ("numbers", opened.numbers),
    ):
        st.caption(label)
        st.code(line, language=None, wrap_lines=True)
    st.caption("LaTeX")
    st.code(opened.latex, language="latex", wrap_lines=True)
    if len(opened.terms) > 1:
        st.caption(f"all {len(opened.terms):,} terms of the sum")
        st.dataframe(
            {
                "term": [" · ".join(f.text for f in t.factors) for t in opened.terms],
                "factors": [" · ".join(f"{f.value:.6g}" for f in t.factors) for t in opened.terms],
                "value": [t.value for t in opened.terms],
            },
            height=240,
        )


def numbers_table(page: Page) -> None:
    """Show a quantity as a table with tokens as labels, and offer it as a file."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    name = left.selectbox("Quantity of this chapter", page.names, key=f"table-{page.chapter.slug}")
    trace = page.trace if name in page.trace else page.run.update
    table = tables.matrix(trace, name, page.run.batch, page.sequence)
    right.download_button(
        "Download as CSV",
        lambda: table.to_csv().encode(),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"download-{page.chapter.slug}",
        on_click="ignore",
    )
    rows = math.prod([trace.sizes[d] for d in trace.quantities[name].dims if d != "B"][:-1])
    if rows > tables.MOST_ROWS:
        st.caption(
            f"{rows:,} rows; the file has the first {len(table):,}, a notebook has all of them "
            f"(`run(settings).trace[{name!r}]`)."
        )
    elif table.size > MOST_CELLS:
        st.caption(f"{table.size:,} numbers; the first rows are shown, the file has all of them.")
    if table.size > MOST_CELLS:
        table = table.iloc[: max(1, MOST_CELLS // table.shape[1])]
    st.dataframe(table)


def export(page: Page) -> None:
    """Offer the run as files."""
    export_panel(page.run, page.chapter.slug, page.edit)


def sources(page: Page) -> None:
    """Show each equation and the code that computed it."""
    for name in page.names:
        trace = page.trace if name in page.trace else page.run.update
        st.markdown(f"**`{name}`**")
        page.formula(name, trace)
        if code := trace.quantities[name].source:
            st.code(code, language="python")


def checks_line(page: Page) -> None:
    """Show how far this run is from independent computations."""
    checks = kept_checks(page.run, page.edit, page.chapter.checks)
    if checks:
        lines = [
            f"not checked here: {escape_markdown(c.problem)}"
            if c.problem
            else f"{c.what}: **{c.difference:{'d' if isinstance(c.difference, int) else '.1e'}}** "
            f"from {c.reference}"
            for c in checks
        ]
        if page.run.settings.precision == "float32":
            lines.append("all in float32, which rounds each number by up to 6·10⁻⁸ of itself")
        st.caption("**Checked in this run** · largest difference · " + " · ".join(lines))
