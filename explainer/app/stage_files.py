"""The stage as a component whose code a browser fetches once.

Code that is given to a component as text goes to the browser anew with every change. Streamlit
serves files instead where a component has declared a folder, which it reads of installed packages;
here the app declares its own, so that it works from a checkout, too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from explainer.stage.chapters import HOME, Chapter
from explainer.stage.script import WEB

PACKAGE, NAME = "explainer", "stage"
COMPONENT = f"{PACKAGE}.{NAME}"


def mount_stage(**given: Any) -> None:
    """Put the stage on the page; what it is given is what Streamlit's components take."""
    declare_files()
    component()(**given)


@contextmanager
def stage_ahead(chapter: Chapter) -> Iterator[None]:
    """Have the browser fetch the stage's code while the process imports what computes.

    That is what the first visitor of a process waits for, and nobody else.
    """
    if "torch" in sys.modules or not (chapter.scene or chapter is HOME):
        yield
        return
    place = st.empty()
    with place:
        mount_stage(key="stage-ahead", data=None)
    yield
    place.empty()


@cache
def component() -> Any:
    """Return what mounts the stage, made once in a process."""
    html = (WEB / "stage.html").read_text(encoding="utf-8")
    return st.components.v2.component(COMPONENT, html=html, css="stage.css", js="stage.js")


def declare_files() -> None:
    """Have this server serve the stage's modules and styles, unless it does already."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(COMPONENT) is None:
        folder = ComponentConfig(NAME, asset_dir=WEB.name)
        manager.register_from_manifest(ComponentManifest(PACKAGE, "", [folder]), WEB.parent)
