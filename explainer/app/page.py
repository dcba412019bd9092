"""One page: a chapter's story, shown for the user's run.

What a chapter says stands in `stage/prose/`, which files read, too; how the app draws each piece
of it stands here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from explainer.app.address import BOUND
from explainer.app.position import show_sequence
from explainer.app.session import session
from explainer.app.stage_component import stage
from explainer.app.token_ribbon import ribbon
from explainer.engine.batch_run import Run
from explainer.engine.trace import Array, Trace, dims_text
from explainer.explanation.tensor_formula import equation_latex
from explainer.plots import charts, colours
from explainer.stage.chapters import Chapter
from explainer.stage.place import Place
from explainer.stage.prose.blocks import (
    Bars,
    Block,
    Caption,
    Figures,
    Heading,
    Note,
    Ribbon,
    Sheet,
    Stage,
    Text,
    token_labels,
)
from explainer.url import VIEW

MOST_CELLS = 40_000
"""Most cells of a table; a browser draws no more of them in a second."""


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

    def has(self, name: str) -> bool:
        """Tell whether this variant has such a quantity."""
        return name in self.trace

    def tell(self, story: Iterable[Block]) -> None:
        """Show the pieces of a story, one below the other."""
        for block in story:
            match block:
                case Text():
                    self.text(block.text)
                case Note():
                    self.note(block.text)
                case Caption():
                    st.caption(block.text)
                case Heading():
                    st.subheader(block.text)
                case Bars():
                    self.bars(block.key, block.values, list(block.labels), block.title)
                case Figures():
                    columns = st.columns(len(block.pairs))
                    for column, (label, value) in zip(columns, block.pairs, strict=True):
                        column.metric(label, value)
                case Sheet():
                    st.dataframe(block.frame, hide_index=not block.named)
                case Ribbon():
                    ribbon(block.key, list(block.tokens), list(block.ids))
                case Stage():
                    self.stage()

    def text(self, text: str) -> None:
        """Tell the user something; a piece in somebody's own page stands alone."""
        if not st.context.is_embedded:
            st.markdown(text)

    def note(self, text: str) -> None:
        """Point out a surprise, or a slip in a source, where the user meets it."""
        if not st.context.is_embedded:
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
            show_sequence(int(st.session_state.get(key, self.sequence)))

        if last:
            st.session_state[key] = self.sequence
            st.number_input(f"Sequence (0 to {last})", 0, last, key=key, on_change=choose)

    def stage(self, parameter: str = "", without: str = "", influence: str = "") -> None:
        """Show one time step of the chapter's scene, every number to step through and to open.

        Args:
            parameter: the one that the user has chosen, where the scene is about one.
            without: a quantity that is too large to be computed.
            influence: how far back the past matters, as the stage takes it.
        """
        lanes = tuple(lane.of(parameter) for lane in self.chapter.scene)
        stage(self.run.settings, self.edit, self.chapter, lanes, without, self.place, influence)

    def bars(self, key: str, values: Array, labels: list[str], title: str) -> None:
        """Draw one number for each time step."""
        figure = charts.bars(values, labels, title, self.theme)
        st.plotly_chart(figure, key=key, alt=title, config={"displayModeBar": False})

    def tokens(self) -> list[str]:
        """Return the chosen sequence's tokens with their places."""
        return token_labels(self.run, self.sequence)
