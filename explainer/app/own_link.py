"""What a link says of a network of the user's own: which it is, its module, its layer, the view."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

import streamlit as st

from explainer.app.session import session
from explainer.errors import ConstraintError, ExplainerError
from explainer.url import VIEW

FORECASTER, TWIN, TRAINED, FILES = "", "twin", "trained", "files"
"""What stands in a link for a network that needs no file, and for files without a fingerprint."""
FINGERPRINT = re.compile("[0-9a-f]{16}")
HALF = 8
"""Digits of one of the two files."""
NAME, PLACE = "own", "own-place"
"""In an address: the network, and the place on its stage, which the browser writes."""


@dataclass(frozen=True)
class OwnLink:
    """A network of the user's own, and what is shown of it.

    Attributes:
        source: `FORECASTER`, `TWIN`, `TRAINED`, `FILES`, or the fingerprint of two files.
        module: of the file; empty for the first one.
        layer: its name; empty for the first one.
        view: the slug of a chapter; empty for the first one.
    """

    source: str = FORECASTER
    module: str = ""
    layer: str = ""
    view: str = ""

    @property
    def is_files(self) -> bool:
        """Whether it is in files."""
        return self.source == FILES or bool(FINGERPRINT.fullmatch(self.source))

    def __str__(self) -> str:
        """Return it as an address has it."""
        parts = [self.source, self.module, self.layer, self.view]
        return ";".join(quote(part, safe="") for part in parts).rstrip(";")


def read_own_link() -> OwnLink:
    """Return what the address says, or what was last shown where it says nothing."""
    own = session()
    said = st.query_params.get(NAME, own.own_link or "")[: VIEW[NAME].metadata["high"]]
    parts = [unquote(part) for part in said.split(";")]
    found = OwnLink(*(parts + [""] * 4)[:4])
    if not found.is_files and found.source not in (FORECASTER, TWIN, TRAINED):
        return OwnLink()
    if FINGERPRINT.fullmatch(found.source) and said != own.own_link:  # not what this page wrote
        own.own_wanted = own.own_wanted or found.source
    return found


def write_own_link(link: OwnLink) -> None:
    """Let the address say what is shown."""
    said = str(link)
    session().own_link = said
    if len(said) > VIEW[NAME].metadata["high"] or said == VIEW[NAME].default:
        st.query_params.pop(NAME, None)
    elif st.query_params.get(NAME) != said:
        st.query_params[NAME] = said


def forget_place() -> None:
    """Let the address say no place any more: it was one in another network."""
    st.query_params.pop(PLACE, None)


def own_fingerprint(weights: bytes, numbers: bytes) -> str:
    """Return 16 hexadecimal digits that stand for two files."""
    return "".join(hashlib.sha256(data).hexdigest()[:HALF] for data in (weights, numbers))


def other_files(wanted: str, given: str) -> ExplainerError | None:
    """Return what is said where a link asks for other files than there are; None where not.

    Args:
        wanted: the fingerprint in the link; empty for none.
        given: that of the files; empty where they are missing.
    """
    if not wanted or wanted == given:
        return None
    digits = f"{wanted[:HALF]} (weights) and {wanted[HALF:]} (numbers)"
    if not given:
        return ConstraintError(
            NAME,
            "a link does not carry files",
            f"This link shows two files with the fingerprints {digits}",
            "Upload the same two files to see the same place.",
        )
    parts = ["weights"] if wanted[:HALF] != given[:HALF] else []
    parts += ["numbers"] if wanted[HALF:] != given[HALF:] else []
    return ConstraintError(
        NAME,
        "these are shown as they are",
        f"The link asks for other {' and '.join(parts)}, with the fingerprints {digits}",
    )
