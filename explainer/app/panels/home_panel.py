"""The first page: the whole network at work, other examples, the chapters, the sources."""

import streamlit as st

from explainer.app.cache import weigh_again
from explainer.app.current_run import kept_run
from explainer.app.more_settings import apply_preset
from explainer.app.navigation import ensure_routed, file
from explainer.app.position import position
from explainer.app.session import session
from explainer.app.stage_component import stage
from explainer.presets import EXAMPLES
from explainer.stage.chapters import CHAPTERS, HOME, TOUR
from explainer.stage.prose.stories import HOME_WORDS

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
    st.markdown(HOME_WORDS.text)
    settings, edit = session().shown
    run = kept_run(settings, edit)
    stage(settings, edit, HOME, (), "", position(HOME.slug, run.trace.sizes))
    weigh_again(run, edit)
    st.page_link(file(TOUR), label=f"**{TOUR.title}** → {TOUR.question}")
    with st.container(key="examples"):
        st.subheader("Another example")
        with st.container(horizontal=True):
            for name, label in EXAMPLES.items():
                st.button(label, key=f"begin-{name}", on_click=begin, args=[name])
    st.markdown(
        "Move **hidden size** and **learning rate** in the sidebar, and the numbers on every page "
        "follow. The address holds every setting: send the link, and others see what you see."
    )
    st.subheader("Chapters")
    with st.container(key="cards"):
        for chapter in CHAPTERS:
            with st.container(border=True, key=f"card-{chapter.slug}"):
                st.page_link(file(chapter), label=f"**{chapter.title}** →")
                st.caption(chapter.question)
    with st.expander("Sources"):
        st.markdown(SOURCES)


def begin(preset: str) -> None:
    """Choose a preset."""
    st.session_state["preset"] = preset
    apply_preset()
