"""Numbers in the place of the text: uploaded as a table, and known to the link by a fingerprint."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from explainer.app.address import BOUND
from explainer.app.session import session
from explainer.app.uploaded_text import forget_before
from explainer.errors import ExplainerError, InvalidValueError
from explainer.fingerprints import missing_numbers
from explainer.number_table import NumberTable, read_table


def uploaded_numbers(
    changed: Callable[[], None],
) -> tuple[NumberTable | None, list[ExplainerError]]:
    """Draw the upload of a table; return it, and what is wrong with it.

    Args:
        changed: called when another table arrives.
    """

    def arrived() -> None:
        changed()
        file = st.session_state.get(key)
        if file:
            forget_before(file)
        table, _ = read_once(file)
        st.session_state["values"] = table.fingerprint if table else ""
        st.session_state["edit"] = ""

    uploads = session().uploads
    key = f"numbers-{uploads}" if uploads else "numbers"
    file = st.file_uploader(
        "Numbers in the place of the text (.csv)",
        type="csv",
        key=key,
        max_upload_size=1,
        on_change=arrived,
        help="A row is a time step, a column a feature, with names in the first row. A column "
        "`sequence` says to which sequence a row belongs. A column `target` has what should come "
        "out, a number or the name of a class; where it is empty, no answer is asked for. Without "
        "it the next row should come out.",
    )
    wanted = st.text_input(
        "Fingerprint of the numbers",
        key="values",
        bind=BOUND,
        disabled=True,
        placeholder="no numbers",
        help="A link never carries numbers. It carries this, and asks for the same table again.",
    )
    table, problem = read_once(file)
    if problem:
        return None, [problem]
    if wanted and (table is None or table.fingerprint != wanted):
        return None, [missing_numbers(wanted)]
    return table, []


def read_once(file: UploadedFile | None) -> tuple[NumberTable | None, ExplainerError | None]:
    """Return the table of a file, or what is wrong with it; each file is read once."""
    own = session()
    if file is None:
        own.numbers = None
        return None, None
    if own.numbers is None or own.numbers[0] != file.file_id:
        try:
            own.numbers = file.file_id, read_table(file.getvalue()), None
        except InvalidValueError as error:
            own.numbers = file.file_id, None, error
    return own.numbers[1:]
