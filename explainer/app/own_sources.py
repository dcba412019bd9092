"""Where a network of the user's own comes from: an example, the training page, two files."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from explainer.app.current_run import kept_run
from explainer.app.own_link import (
    FILES,
    FORECASTER,
    TRAINED,
    TWIN,
    OwnLink,
    forget_place,
    other_files,
    own_fingerprint,
)
from explainer.app.own_network import (
    MOST_BYTES,
    example,
    first_text,
    read_weights,
    trained_network,
)
from explainer.app.session import session
from explainer.errors import ExplainerError
from explainer.interop.cells import GRUNetwork
from explainer.interop.text_table import embedding_of, text_table
from explainer.number_table import NumberTable, read_table
from explainer.stage.prose.inline_markup import escape_markdown

Given = tuple[GRUNetwork, NumberTable, str]
"""A network, numbers for it, and what a link calls both."""
SOURCES = {
    FORECASTER: "a small forecaster",
    TWIN: "its broken twin",
    TRAINED: "the network of the other pages",
    FILES: "your own files",
}
TABLE, TEXT = "a table (.csv)", "a text"
LONGEST_TEXT = 2_000
"""Most characters of a text."""
SAVE = """\
from safetensors.torch import save_file
save_file(model.state_dict(), "gru.safetensors")"""


def choose_source(link: OwnLink) -> str:
    """Let the user choose where the network comes from."""
    kinds = list(SOURCES)
    chosen = st.segmented_control(
        "Network",
        kinds,
        default=FILES if link.is_files else link.source,
        format_func=SOURCES.__getitem__,
        key="own-source",
        required=True,
        on_change=another_source,
    )
    return chosen or FORECASTER


def another_source() -> None:
    """Let go of the place in the network before, and of what a link asked for."""
    forget_place()
    session().own_wanted = ""


def network_and_numbers(source: str) -> Given | None:
    """Return what was chosen; None while a file is missing.

    Raises:
        ValueError: a file can't be read, or does not fit.
    """
    if source == FILES:
        return from_files()
    if source == TRAINED:
        return from_training()
    network, table = kept_example(source == TWIN)
    return network, table, source


@st.cache_resource(show_spinner=False)
def kept_example(broken: bool) -> tuple[GRUNetwork, NumberTable]:
    """Return the built-in example, read once."""
    return example(broken)


def kept(name: str, key: Hashable, make: Callable[[], Any]) -> Any:
    """Return what the session has made of a file or a text, once for each."""
    own = session().own_files
    if name not in own or own[name][0] != key:
        own[name] = key, make()
    return own[name][1]


def from_training() -> Given:
    """Return the network of the app's own settings, and a text through it.

    Raises:
        ValueError: the text is none of its tokens.
    """
    run = kept_run(*session().shown)
    network = kept("trained", session().shown, lambda: trained_network(run))
    updates = run.settings.updates
    st.caption(
        f"The network after {updates:,} updates, as every page shows it. *Training* makes more."
        if updates
        else "The network with its initial values, as every page shows it. *Training* trains it."
    )
    if run.settings.values is not None:
        x = run.trace["x"]
        features = run.settings.values.features
        names = tuple(f"sequence {i}" for i in range(len(x)))
        lengths = run.batch.lengths or (x.shape[1],) * len(x)
        table = kept(
            "batch", session().shown, lambda: NumberTable(x, lengths, features, names, None)
        )
        return network, table, TRAINED
    return network, text_numbers(network, first_text(run, network)), TRAINED


def text_numbers(network: GRUNetwork, begin: str) -> NumberTable:
    """Let the user type a text, and return its numbers.

    Raises:
        ValueError: a part of it is no token.
    """
    named = bool(network.tokens)
    text = st.text_input(
        "Text" if named else "Token ids, with spaces between",
        begin,
        max_chars=max(LONGEST_TEXT, len(begin)),
        key=f"own-text-{id(network)}",
        help="It is split into the network's tokens, the longest that fits first."
        if named
        else "The file has an embedding, and does not name its rows.",
    )
    made: NumberTable = kept("text", (id(network), text), lambda: text_table(network, text))
    return made


def from_files() -> Given | None:
    """Let the user upload weights, and numbers or a text.

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
    if not weights:
        left.caption(
            "In PyTorch, save them like this. For other files: `python -m explainer convert`."
        )
        left.code(SAVE, language="python")
    network: GRUNetwork | None = None
    problem: Exception | None = None
    if weights:
        try:
            network = kept("weights", weights.file_id, lambda: weights_of(weights))
        except (ExplainerError, ImportError) as error:
            problem = error  # the place for numbers stays
    with right:
        through = TABLE
        if network is not None and embedding_of(network) is not None:
            through = st.segmented_control(
                "Numbers from", [TABLE, TEXT], default=TABLE, key="own-through", required=True
            )
        if network is not None and through == TEXT:
            begin = "".join(network.tokens[:12]) if network.tokens else "0 1 2 3"
            table = text_numbers(network, begin)
            data = st.session_state.get(f"own-text-{id(network)}", begin).encode()
        else:
            numbers = table_file(megabytes)
            if problem:
                raise problem
            if not (weights and numbers and network is not None):
                say_what_is_missing()
                return None
            table = kept("numbers", numbers.file_id, lambda: read_table(numbers.getvalue()))
            data = numbers.getvalue()
    assert weights
    fingerprint = own_fingerprint(weights.getvalue(), data)
    wanted = session().own_wanted
    if other := other_files(wanted, fingerprint):
        st.warning(escape_markdown(str(other)))
        if st.query_params.get("own", "").startswith(wanted):
            forget_place()
    elif wanted:
        session().own_wanted = ""  # what comes after these files is the user's own choice
    return network, table, fingerprint


def table_file(megabytes: int) -> UploadedFile | None:
    """Let the user upload a table of numbers."""
    numbers = st.file_uploader(
        "Numbers (.csv)", type="csv", key="own-numbers", max_upload_size=megabytes
    )
    if numbers:
        return numbers
    st.caption(
        "A row is a time step, a column a feature, with names in the first row. A column "
        "`sequence` splits the rows into sequences; a column `target` gives a loss where the file "
        "has an output layer of one unit. A file with an embedding reads a text, too."
    )
    st.code("sequence,temperature,wind,target\nOslo,0.31,-0.20,0.35", language=None)
    return None


def weights_of(file: UploadedFile) -> GRUNetwork:
    """Return the network of an uploaded file."""
    return read_weights(file.getvalue(), f".{file.name.rpartition('.')[2].lower()}")


def say_what_is_missing() -> None:
    """Say that files are needed, and which a link asks for."""
    if problem := other_files(session().own_wanted, ""):
        st.warning(escape_markdown(str(problem)))
    st.info(
        "Both files stay in this server's memory for as long as this page is open; nothing in "
        "them is run, and a link has only their fingerprints."
    )
