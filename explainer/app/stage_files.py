"""The stage as a component whose code a browser fetches once.

Code that is given to a component as text goes to the browser anew with every change. Streamlit
serves files instead where a component has declared a folder, which it reads of installed packages;
here the app declares its own, so that it works from a checkout, too.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from explainer.stage.script import WEB, link

PACKAGE, NAME = "explainer", "stage"
COMPONENT = f"{PACKAGE}.{NAME}"


def mount_stage(**given: Any) -> None:
    """Put the stage on the page; what it is given is what Streamlit's components take."""
    declare_files(WEB)
    component()(**given)


@cache
def component() -> Any:
    """Return what mounts the stage, made once in a process."""
    html = (WEB / "stage.html").read_text(encoding="utf-8")
    return st.components.v2.component(COMPONENT, html=html, css="stage*.css", js="stage*.js")


@contextmanager
def joined_files() -> Iterator[None]:
    """Have this server serve the stage's modules as one file, which a browser has much sooner.

    Where no file can be written, they are served one by one.
    """
    files = {"css": (WEB / "stage.css").read_text("utf-8"), "js": link("stage", short=True)}
    try:
        kept = tempfile.TemporaryDirectory(prefix="gru-explainer-", ignore_cleanup_errors=True)
    except OSError:
        yield
        return
    with kept as name:
        folder = Path(name).resolve()
        for kind, text in files.items():
            # another name for another text, whatever a browser or a proxy has kept
            digest = hashlib.sha256(text.encode()).hexdigest()[:12]
            (folder / f"stage-{digest}.{kind}").write_text(text, encoding="utf-8")
        declare_files(folder)
        yield


def declare_files(folder: Path) -> None:
    """Have this server serve the stage's code from a folder, unless it does from one already."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(COMPONENT) is None:
        config = ComponentConfig(NAME, asset_dir=folder.name)
        manager.register_from_manifest(ComponentManifest(PACKAGE, "", [config]), folder.parent)
