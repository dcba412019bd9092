"""A GRU of the user's own: its weights, their numbers, what stands out, every number in it."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import streamlit as st

from explainer.analysis.finding_places import Spot, finding_place
from explainer.analysis.findings import Finding
from explainer.app.own_link import OwnLink, forget_place, read_own_link, write_own_link
from explainer.app.own_network import OwnNetwork, computed, sentences
from explainer.app.own_sources import choose_source, network_and_numbers
from explainer.app.panels.export_panel import download
from explainer.app.session import session
from explainer.app.stage_component import layer_stage
from explainer.engine.layer_trace import LayerRun, window
from explainer.engine.trace import Array, Trace
from explainer.errors import ExplainerError
from explainer.interop.network_record import module_paths
from explainer.plots.overview import block_sizes, overview
from explainer.stage.chapters import chapter
from explainer.stage.html import html_bytes
from explainer.stage.payload import too_large_for_frame
from explainer.stage.prose.inline_markup import escape_markdown

VIEWS = {"cell": "The cell", "time": "Through time", "gradients": "Gradients"}
MOST_UNITS = {"error": 12, "warning": 12, "note": 3}
"""Most units that a finding leads to."""
MOST_NOTES = 4
"""Most notes that are not folded."""
LONGEST_STRETCH = 16
"""Most time steps that are shown at once of a layer too large for the browser."""


def own_panel() -> None:
    """Let the user choose a network and numbers, and show what happens in it."""
    link = read_own_link()
    source = choose_source(link)
    if source != link.source and not link.is_files:
        link = OwnLink(source)  # what is said of another network does not matter
    try:
        given = network_and_numbers(source)
        if given is None:
            return
        network, table, source = given
        link = replace(link, source=source)
        paths = list(module_paths(network))
        path = paths[0]
        if len(paths) > 1:
            begin = paths.index(link.module) if link.module in paths else 0
            path = st.selectbox(
                "Module of the file", paths, begin, key="own-module", on_change=forget_place
            )
        link = replace(link, module=path if path != paths[0] else "")
        show(computed(network, table, path), link)
    except (ExplainerError, ImportError) as error:
        st.error(escape_markdown(str(error)))


def show(found: OwnNetwork, link: OwnLink) -> None:
    """Show findings, then the stage."""
    st.caption(escape_markdown(sentences([*found.health.shapes, found.left_out])))
    if found.recording.loss is not None:
        what = "Mean squared error against the column `target`"
        what = "Cross-entropy of the next tokens" if found.table.classes else what
        st.caption(f"{what}: {found.recording.loss:.4g}.")
    layers = [name for name, layer in found.recording.layers.items() if layer.trace is not None]
    st.markdown("#### What stands out")
    if found.health.ok:
        st.success("Nothing is wrong with this network, as far as its numbers tell.")
    notes = [f for f in found.health if f.level == "note"]
    few = len(notes) <= MOST_NOTES  # more would stand between the reader and the picture
    folded = None if few else st.expander(f"{len(notes)} notes on its layers")
    for i, finding in enumerate(found.health):
        inside = folded if folded and finding.level == "note" else st.container(gap=None)
        with inside.container(gap=None):
            tell(finding)
            if finding.layer in layers:
                links(finding, found.recording[finding.layer], str(i))
    if found.network.says:
        with st.expander("How the file was read"):
            st.markdown(escape_markdown(sentences(found.network.says)))
    if not layers:
        return
    st.markdown("#### Every number in it")
    choices = st.container(horizontal=True, vertical_alignment="bottom")
    begin = layers.index(link.layer) if link.layer in layers else 0
    name = choices.selectbox(
        "Layer", layers, begin, key="own-layer", width=220, on_change=forget_place
    )
    trace = found.recording[name]
    views = [slug for slug in VIEWS if slug != "gradients" or "d_h_out" in trace]
    if st.session_state.get("own-view") not in (None, *views):
        st.session_state["own-view"] = views[0]
    slug = choices.segmented_control(
        "Shown",
        views,
        default=link.view if link.view in views else views[0],
        format_func=VIEWS.__getitem__,
        key="own-view",
        required=True,
    )
    shown = part_of_trace(trace, found.table.sequences)
    if slug == "gradients" and "d_h_out" not in shown:
        st.caption("Gradients of a layer this large are not shown here; a notebook has them.")
        slug = "cell"
    first = name == layers[0]
    link = replace(link, layer="" if first else name, view=slug if slug != views[0] else "")
    write_own_link(link)
    layer_stage(shown, chapter(slug), chapter("own"), f"{link.source};{link.module};{name}")
    if found.difference is not None:
        difference, reference = found.difference
        st.caption(
            "**Checked in this run** · largest difference · "
            f"h: **{difference:.1e}** from {reference}"
        )
    with choices:
        download(
            "This layer (.html)", "layer.html", "text/html", lambda: html_bytes(shown, chapter=slug)
        )


def tell(finding: Finding) -> None:
    """Show a finding as a sentence."""
    layer = f"{finding.layer}: " if finding.layer else ""
    text = escape_markdown(f"{layer}{finding.text} {finding.advice}".strip())
    if finding.level == "error":
        st.error(text)
    elif finding.level == "warning":
        st.warning(text)
    else:
        st.markdown(f"- {text}")


def links(finding: Finding, trace: Trace, key: str) -> None:
    """Offer the way to the units of a finding, each at the time step where it shows most.

    Args:
        finding: what was found.
        trace: of its layer.
        key: which finding it is.
    """
    one = "feature" if finding.name == "inputs" else "unit"
    most = MOST_UNITS[finding.level]
    spots = {f"{one} {unit}": finding_place(finding, trace, unit) for unit in finding.units[:most]}
    spots = spots or {"": finding.where}
    with st.container(
        horizontal=True, gap="small", key=f"own-links-{key}", vertical_alignment="center"
    ):
        for name, spot in spots.items():
            if spot is None:
                continue
            number = f"{spot[0]}[{','.join(map(str, spot[1]))}]"
            st.button(
                f"{name} → {number}" if name else f"→ {number}",
                key=f"own-go-{key}-{name}",
                type="tertiary",
                on_click=lead_to,
                args=(finding.layer, spot, trace),
            )
        if len(finding.units) > most:
            st.caption(f"and {len(finding.units) - most:,} more", width="content")


def lead_to(layer: str, spot: Spot, trace: Trace) -> None:
    """Bring the stage to a number of a layer."""
    own, (name, index) = session(), spot
    st.session_state["own-layer"] = layer
    view = st.session_state.get("own-view")
    if name.startswith("d_"):
        st.session_state["own-view"] = "gradients"
    elif view == "gradients":
        st.session_state["own-view"] = "cell"
    if too_large_for_frame(LayerRun(trace)):
        if name.startswith("d_"):  # of a stretch of time there are none
            name, st.session_state["own-view"] = "h", "cell"
        if len(index) == 3:
            first = max(0, index[1] - 2)
            st.session_state["own-sequence"] = index[0]
            st.session_state["own-first"] = first
            index = (0, index[1] - first, index[2])
    own.own_jumps += 1
    cell = f"{name}:{','.join(map(str, index))}"
    own.own_jump = urlencode({"cell": cell, "jump": own.own_jumps})


def whole_sequence(h: Array) -> None:
    """Show all states of a sequence, (T, H), over the slider that leads to a stretch of them."""
    (across, down), (T, H) = block_sizes(*h.shape), h.shape
    theme = "dark" if st.context.theme.type == "dark" else "light"
    points = f", a point the mean of {across} × {down}" if across * down > 1 else ""
    st.image(overview(h, theme), width="stretch", output_format="PNG")
    st.caption(
        f"h over all {T:,} time steps, from left to right, of all {H:,} units, from top to bottom"
        f"{points}: orange below 0, blue above. The slider leads to the stretch that is shown."
    )


def part_of_trace(trace: Trace, sequences: tuple[str, ...]) -> Trace:
    """Return a trace, or of a large one the stretch of time that the user chooses."""
    if not too_large_for_frame(LayerRun(trace)):
        return trace
    names = [name or f"sequence {i}" for i, name in enumerate(sequences)]
    left, right = st.columns([1, 3])
    sequence = left.selectbox(
        "Sequence", range(len(names)), format_func=names.__getitem__, key="own-sequence"
    )
    length = trace.lengths[sequence]
    first = 0
    with right:
        whole_sequence(trace["h"][sequence, :length])
        if length > 1:
            first = st.slider("From time step", 0, length - 1, 0, key="own-first")
    T = LONGEST_STRETCH
    shown = window(trace, sequence, first, T)
    while T > 1 and too_large_for_frame(LayerRun(shown)):
        T //= 2
        shown = window(trace, sequence, first, T)
    return shown
