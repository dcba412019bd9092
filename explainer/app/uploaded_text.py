"""A text that is too long for a link: uploaded, and known to the link by its fingerprint."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from explainer.app.address import BOUND
from explainer.app.session import session
from explainer.errors import ExplainerError, InvalidValueError
from explainer.fingerprints import missing_text, text_hash
from explainer.setting_fields import check_field
from explainer.url import SETTINGS


def uploaded_text(changed: Callable[[], None]) -> tuple[str, ExplainerError | None]:
    """Draw the upload for a longer text; return it, and what is wrong with it.

    The link then has the text's fingerprint, and asks for that text wherever it is opened.

    Args:
        changed: called when another text arrives.
    """

    def arrived() -> None:
        changed()
        file = st.session_state.get(key)
        if file:
            forget_before(file)
        text, problem = decode(file.getvalue()) if file else ("", None)
        if not problem:
            st.session_state["fingerprint"] = text_hash(text) if text else ""

    longest = SETTINGS["text"].metadata["high"]
    # a new preset takes the place of an uploaded text: a new key is a new, empty upload
    uploads = session().uploads
    key = f"upload-{uploads}" if uploads else "upload"
    file = st.file_uploader(
        f"A longer text (.txt in UTF-8, up to {longest:,} characters)",
        type="txt",
        key=key,
        max_upload_size=1,
        on_change=arrived,
    )
    # always there, since only a widget that was there before writes what it is given to the link
    wanted = st.text_input(
        "Fingerprint of the uploaded text",
        key="fingerprint",
        bind=BOUND,
        disabled=True,
        placeholder="no upload",
        help="A link can't carry a long text. It carries this, and asks for the same text again.",
    )
    text, problem = decode(file.getvalue()) if file else ("", None)
    if problem:
        return "", problem
    if wanted and (not text or text_hash(text) != wanted):
        return "", missing_text(wanted)
    return text, None


def forget_before(file: UploadedFile) -> None:
    """Let go of what this session uploaded before: a browser asks for that, but need not."""
    context = get_script_run_ctx()
    manager = context.uploaded_file_mgr if context else None
    if context and isinstance(manager, MemoryUploadedFileManager):
        for earlier in [*manager.file_storage.get(context.session_id, ())]:
            if earlier == file.file_id:
                return
            manager.remove_file(context.session_id, earlier)


def decode(data: bytes) -> tuple[str, ExplainerError | None]:
    """Return an uploaded text, or what is wrong with it."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        given = f"a byte that is not, at position {error.start:,}"
        return "", InvalidValueError("file", "text in UTF-8", given, "Save it as UTF-8 again.")
    try:
        return check_field(SETTINGS["text"], text), None
    except InvalidValueError as error:
        return "", error
