"""A GRU of the user's own: its weights, their numbers, what stands out, every number in it."""

from __future__ import annotations

import streamlit as st

from explainer.analysis.findings import Finding
from explainer.app.header import escape_markdown
from explainer.app.own_network import (
    MOST_BYTES,
    OwnNetwork,
    computed,
    example,
    sentences,
    uploaded,
)
from explainer.app.panels.export_panel import download
from explainer.app.session import session
from explainer.app.stage_component import layer_stage
from explainer.engine.layer_trace import LayerRun, window
from explainer.engine.trace import Trace
from explainer.errors import ExplainerError
from explainer.interop.cells import GRUNetwork
from explainer.interop.network_record import module_paths
from explainer.number_table import NumberTable
from explainer.stage.chapters import chapter
from explainer.stage.html import html_bytes
from explainer.stage.payload import is_computed_in_browser

EXAMPLE, TWIN, OWN = "a small forecaster", "its broken twin", "your own files"
VIEWS = {"The cell": "cell", "Through time": "time", "Gradients": "gradients"}
MOST_UNITS = 12
"""Most units that a finding names."""
LONGEST_STRETCH = 16
"""Most time steps that are shown at once of a layer too large for the browser."""
SAVE = """\
from safetensors.torch import save_file
save_file(model.state_dict(), "gru.safetensors")"""


def own_panel() -> None:
    """Let the user choose a network and numbers, and show what happens in it."""
    source = st.segmented_control(
        "Network", [EXAMPLE, TWIN, OWN], default=EXAMPLE, key="own-source", required=True
    )
    try:
        given = files() if source == OWN else kept_example(source == TWIN)
        if given is None:
            return
        paths = list(module_paths(given[0]))
        path = paths[0]
        if len(paths) > 1:
            path = st.selectbox("Module of the file", paths, key="own-module")
        found = computed(*given, path)
        show(found)
    except (ExplainerError, ImportError) as error:
        st.error(escape_markdown(str(error)))


@st.cache_resource(show_spinner=False)
def kept_example(broken: bool) -> tuple[GRUNetwork, NumberTable]:
    """Return the built-in example, read once."""
    return example(broken)


def files() -> tuple[GRUNetwork, NumberTable] | None:
    """Let the user upload weights and numbers; None until both are there.

    Raises:
        ValueError: one of them can't be read.
    """
    left, right = st.columns(2)
    megabytes = MOST_BYTES // 2**20
    weights = left.file_uploader(
        "Weights (.safetensors or .npz)",
        type=["safetensors", "npz"],
        key="own-weights",
        max_upload_size=megabytes,
    )
    left.caption("In PyTorch, save them like this; other files: `python -m explainer convert`.")
    left.code(SAVE, language="python")
    numbers = right.file_uploader(
        "Numbers (.csv)", type="csv", key="own-numbers", max_upload_size=megabytes
    )
    right.caption(
        "A row is a time step, a column a feature, with names in the first row. A column "
        "`sequence` splits the rows into sequences; a column `target` gives a loss where the file "
        "has an output layer of one unit."
    )
    right.code("sequence,temperature,wind,target\nOslo,0.31,-0.20,0.35", language=None)
    if not (weights and numbers):
        st.info(
            "Both files stay in this server's memory for as long as this page is open; nothing in "
            "them is run."
        )
        return None
    own, key = session(), (weights.file_id, numbers.file_id)
    if own.network_files is None or own.network_files[0] != key:
        ending = f".{weights.name.rpartition('.')[2].lower()}"
        own.network_files = key, uploaded(weights.getvalue(), ending, numbers.getvalue())
    return own.network_files[1]


def show(found: OwnNetwork) -> None:
    """Show findings, then the stage."""
    st.caption(escape_markdown(sentences([*found.health.shapes, found.left_out])))
    if found.recording.loss is not None:
        st.caption(f"Mean squared error against the column `target`: {found.recording.loss:.4g}.")
    st.markdown("#### What stands out")
    if found.health.ok:
        st.success("Nothing is wrong with this network, as far as its numbers tell.")
    for finding in found.health:
        tell(finding)
    if found.network.says:
        with st.expander("How the file was read"):
            st.markdown(escape_markdown(sentences(found.network.says)))
    layers = [name for name, layer in found.recording.layers.items() if layer.trace is not None]
    if not layers:
        return
    st.markdown("#### Every number in it")
    left, middle, right = st.columns([2, 3, 2], vertical_alignment="bottom")
    name = left.selectbox("Layer", layers, key="own-layer")
    trace = found.recording[name]
    views = {t: s for t, s in VIEWS.items() if s != "gradients" or "d_h_out" in trace}
    view = middle.segmented_control(
        "Shown", list(views), default="The cell", key="own-view", required=True
    )
    shown = part_of_trace(trace, found.table.sequences)
    slug = views[view]
    if slug == "gradients" and "d_h_out" not in shown:
        st.caption("Of so large a layer gradients are not shown here; a notebook has them.")
        slug = "cell"
    layer_stage(shown, chapter(slug))
    if found.difference is not None:
        difference, reference = found.difference
        st.caption(
            "**Checked in this run** · largest difference · "
            f"h: **{difference:.1e}** from {reference}"
        )
    with right:
        download(
            "This layer (.html)", "layer.html", "text/html", lambda: html_bytes(shown, chapter=slug)
        )


def tell(finding: Finding) -> None:
    """Show a finding as a sentence, with the units it is about."""
    more = ""
    if len(finding.units) > 1:  # the sentence names a single one
        end = " …" if len(finding.units) > MOST_UNITS else "."
        more = f" Units {', '.join(map(str, finding.units[:MOST_UNITS]))}{end}"
    layer = f"{finding.layer}: " if finding.layer else ""
    text = escape_markdown(f"{layer}{finding.text}{more} {finding.advice}".strip())
    if finding.level == "error":
        st.error(text)
    elif finding.level == "warning":
        st.warning(text)
    else:
        st.markdown(f"- {text}")


def part_of_trace(trace: Trace, sequences: tuple[str, ...]) -> Trace:
    """Return a trace, or of a large one the stretch of time that the user chooses."""
    if is_computed_in_browser(LayerRun(trace)):
        return trace
    names = [name or f"sequence {i}" for i, name in enumerate(sequences)]
    left, right = st.columns([1, 3])
    sequence = left.selectbox("Sequence", range(len(names)), format_func=names.__getitem__)
    length = trace.lengths[sequence]
    first = 0
    if length > 1:
        first = right.slider("From time step", 0, length - 1, 0, key="own-first")
    T = LONGEST_STRETCH
    shown = window(trace, sequence, first, T)
    while T > 1 and not is_computed_in_browser(LayerRun(shown)):
        T //= 2
        shown = window(trace, sequence, first, T)
    return shown
