"""One page: what a chapter's file says, shown for the user's run.

A chapter's file in pages/ only names quantities and tells the story; how they are drawn
stands here, so that another way to draw them takes its place without touching the story.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objs as go
import streamlit as st

from explainer.app.address import BOUND, unfolding
from explainer.app.cache import kept_checks, weigh_again
from explainer.app.current_run import kept_run
from explainer.app.header import escape_markdown
from explainer.app.navigation import ensure_routed
from explainer.app.panels.export_panel import export_panel
from explainer.app.position import position, show_sequence
from explainer.app.session import session
from explainer.app.stage_component import stage
from explainer.engine.batch_run import Run
from explainer.engine.trace import Array, Trace, dims_text
from explainer.explanation.explain import explain
from explainer.explanation.tensor_formula import equation_latex
from explainer.plots import charts, colours, tables
from explainer.plots.heatmap import NOTHING, Panel
from explainer.stage.chapters import Chapter, chapter
from explainer.stage.parts import Place
from explainer.url import VIEW

MOST_CELLS = 40_000
"""Most cells of one picture; a browser draws no more of them in a second."""
WIDEST = 1100
"""Width of the page in pixels; a wider picture is made as wide as the page is."""


@dataclass(frozen=True)
class Page:
    """A chapter's page for one user.

    Attributes:
        chapter: what the page is about.
        run: the user's run.
        edit: what is changed and held in it, as in an address.
        place: which sequence of the batch and which time step are looked at.
        theme: "light" or "dark".
    """

    chapter: Chapter
    run: Run
    edit: str
    place: Place
    theme: str

    @property
    def sequence(self) -> int:
        """Which sequence of the batch is looked at."""
        return self.place.sequence

    @property
    def trace(self) -> Trace:
        """The first pass."""
        return self.run.trace

    @property
    def names(self) -> list[str]:
        """The chapter's quantities that these settings have."""
        return [n for n in self.chapter.shows if n in self.trace or n in self.run.update]

    @property
    def equal_head(self) -> bool:
        """Whether all rows of the head are equal, so that no logit tells anything of the state."""
        return float(np.ptp(self.trace["W_o"], axis=0).max()) < NOTHING

    def has(self, name: str) -> bool:
        """Tell whether this variant has such a quantity."""
        return name in self.trace

    def text(self, text: str) -> None:
        """Tell the user something."""
        st.markdown(text)

    def note(self, text: str) -> None:
        """Point out a surprise, or a slip in a source, where the user meets it."""
        st.info(text)

    def formula(self, name: str, trace: Trace | None = None) -> None:
        """Show a quantity's equation, and what it is for."""
        trace = trace or self.trace
        q = trace.quantities[name]
        st.latex(equation_latex(q, trace.quantities, lambda q: colours.hue(q.part, self.theme)))
        st.caption(f"{q.description} {dims_text(trace, name)}.")

    def parameter(self, key: str) -> str:
        """Let the user choose a parameter; the address has it as `key`."""
        names, own = list(self.run.update.before), session()
        first = names.index(str(VIEW[key].default))
        chosen, slug = own.parameter or ("", "")
        if chosen in names and slug != self.chapter.slug:
            st.session_state[key] = chosen  # it comes along from another chapter
        name = st.selectbox(VIEW[key].metadata["label"], names, first, key=key, bind=BOUND)
        if own.parameter or name != names[first]:
            own.parameter = name, self.chapter.slug
        return name

    def choose_sequence(self) -> None:
        """Let the user look at another sequence, where no stage does."""
        last = self.trace.sizes["B"] - 1
        key = "sequence-here"

        def choose() -> None:
            show_sequence(int(st.session_state[key]))

        if last:
            st.session_state[key] = self.sequence
            st.number_input(f"Sequence (0 to {last})", 0, last, key=key, on_change=choose)

    def stage(self, parameter: str = "", without: str = "") -> None:
        """Show one time step of the chapter's scene, every number to step through and to open.

        Args:
            parameter: the one that the user has chosen, where the scene is about one.
            without: a quantity that is too large to be computed.
        """
        lanes = tuple(lane.of(parameter) for lane in self.chapter.scene)
        stage(self.run.settings, self.edit, self.chapter, lanes, without, self.place)

    def matrices(self, key: str, *lines: Sequence[Panel], alt: str) -> None:
        """Draw matrices in lines."""
        panels = [[p.cropped() for p in line] for line in lines]
        cells = sum(p.value.size for line in panels for p in line)
        if cells > MOST_CELLS:
            st.warning(
                f"These matrices have {cells:,} cells; at most {MOST_CELLS:,} are drawn. "
                f"Choose a smaller hidden size, or see the table below."
            )
            return
        self.picture(key, charts.grid(panels, self.theme), alt)

    def picture(self, key: str, figure: go.Figure, alt: str) -> None:
        """Draw a picture that has a width of its own."""
        # cells shrink by a fifth at most, then the picture scrolls sideways (page.css)
        width = min(int(figure.layout.width), WIDEST)
        figure.layout.width = None
        with st.container(key=f"least-{width * 4 // 500}-{key}"):
            st.plotly_chart(figure, key=key, alt=alt, width=width, config={"displayModeBar": False})

    def over_time(self, *names: str) -> None:
        """Draw quantities of the chosen sequence over all time steps, units downwards."""
        lines = []
        for name in names:
            q = self.trace.quantities[name]
            table = tables.matrix(self.trace, name, self.run.batch, self.sequence)
            rows, columns = (list(map(str, axis)) for axis in (table.columns, table.index))
            lines.append([Panel.of(q, name, table.to_numpy().T, rows, columns, whole=True)])
        self.matrices(
            "over-time-" + "-".join(names),
            *lines,
            alt=f"{', '.join(names)} of sequence {self.sequence}, units downwards, time across",
        )

    def bars(self, key: str, values: Array, labels: list[str], title: str) -> None:
        """Draw one number for each time step."""
        figure = charts.bars(values, labels, title, self.theme)
        st.plotly_chart(figure, key=key, alt=title, config={"displayModeBar": False})

    def tokens(self) -> list[str]:
        """Return the chosen sequence's tokens with their places."""
        return tables.axis_labels("T", self.run.batch.ids.shape[1], self.run.batch, self.sequence)


def show_chapter(slug: str, body: Callable[[Page], None]) -> None:
    """Show a chapter: its story, then its numbers to open, its code, its proof."""
    ensure_routed()
    settings, edit = session().shown
    run = kept_run(settings, edit)
    theme = "dark" if st.context.theme.type == "dark" else "light"
    page = Page(chapter(slug), run, edit, position(slug, run.trace.sizes), theme)
    body(page)
    if page.chapter.task:
        st.success(f"**Try this.** {page.chapter.task}")
    if page.names:
        lazy_expander("open-number", open_number, page)
        lazy_expander("open-table", numbers_table, page)
        lazy_expander(
            "open-export", lambda page: export_panel(page.run, page.chapter.slug, page.edit), page
        )
        lazy_expander("open-sources", sources, page)
    checks_line(page)
    weigh_again(run, edit)


def lazy_expander(key: str, fill: Callable[[Page], None], page: Page) -> None:
    """Offer something that is only made once the user opens it; the address has it as `key`."""
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
    opened = explain(trace, name, tuple(index), digits=4)
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
        st.caption("**Checked in this run** · largest difference · " + " · ".join(lines))
