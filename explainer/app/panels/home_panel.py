"""The first page: the chapters, where to begin, how to read the colours, the sources."""

import streamlit as st

from explainer.app.navigation import ensure_routed, file
from explainer.app.sidebar import PRESET_WORDS, apply_preset
from explainer.plots import charts
from explainer.stage.chapters import CHAPTERS, Chapter

SOURCES = """
1. [Gated Recurrent Units explained with matrices, part 2]\
(https://medium.com/@sparklerussell/gated-recurrent-units-explained-with-matrices-part-2-training-and-loss-function-7e7147b7f2ae),
   a tutorial by Sparkle Russell-Puleri and Dorian Puleri. Preset `math` reproduces it.
2. Its notebook, by the same authors: the same network with its training loop.
3. [The GRU layer of EpyNN](https://epynn.net/GRU.html), an educational library by Florian Malard
   and others: forward and backward pass by hand. Initial values `orthogonal`, reset gate *before*.
4. A lecture on gated recurrent units that follows
   [Dive into Deep Learning](https://d2l.ai/chapter_recurrent-modern/gru.html) by Aston Zhang,
   Zachary Lipton, Mu Li and Alexander Smola. Preset `story` has its settings, scaled down to
   fit the screen.
5. *RNN GRU Explainer*, an unsigned notebook; its text comes from Wikipedia's articles on
   [linear algebra](https://en.wikipedia.org/wiki/Linear_algebra) and
   [LU decomposition](https://en.wikipedia.org/wiki/LU_decomposition). Preset `linear_algebra`
   reproduces it.
"""


def show_home() -> None:
    """Show the first page."""
    ensure_routed()
    st.markdown(
        "A gated recurrent unit reads a text token by token and keeps a small state, its memory. "
        "Here you see **every number** inside it, from the text to one update of its weights: "
        "computed now, by the equations that are shown, and checkable down to the last term."
    )
    st.subheader("Follow the data")
    for i in range(0, len(CHAPTERS), 4):
        row(CHAPTERS[i : i + 4], "→")
    st.subheader("Where to begin")
    columns = st.columns(len(PRESET_WORDS))
    for column, (name, words) in zip(columns, PRESET_WORDS.items(), strict=True):
        column.button(name, key=f"begin-{name}", on_click=begin, args=[name], width="stretch")
        column.caption(words)
    st.markdown(
        "Move **hidden size** and **learning rate** in the sidebar, and the numbers on every page "
        "follow. The address holds every setting: send the link, and others see what you see."
    )
    st.subheader("How to read the colours")
    theme = "dark" if st.context.theme.type == "dark" else "light"
    legend = charts.colour_legend(theme)
    legend.layout.width = None  # as wide as the page
    st.plotly_chart(
        legend,
        key="legend",
        alt="three colour scales: orange to blue, brown to teal, and 0 to 1",
        config={"displayModeBar": False},
    )
    st.caption(
        "Every number is written in its cell or shown on hover, so no colour is needed to read "
        "it. You choose the range of the colours: *colours* above a chapter's lanes."
    )
    st.subheader("Sources")
    st.markdown(SOURCES)


def begin(preset: str) -> None:
    """Choose a preset."""
    st.session_state["preset"] = preset
    apply_preset()


def row(chapters: tuple[Chapter, ...], arrow: str) -> None:
    """Show some chapters side by side, with an arrow from each to the next."""
    for column, chapter in zip(st.columns(4), chapters, strict=False):
        with column.container(border=True, height="stretch"):
            st.page_link(file(chapter), label=f"**{chapter.title}** {arrow}")
            st.caption(chapter.question)
