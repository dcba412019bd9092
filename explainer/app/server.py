"""What a server does once, so that its first visitor waits as little as possible.

What computes takes seconds to import, which slows everything that is sent meanwhile. So the first
one sees a kept picture before.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from threading import Event, Lock, Thread

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from streamlit import cli_util, config
from streamlit.runtime.scriptrunner_utils import script_run_context
from streamlit.web.server import server_util

from explainer.app.first_picture import first_picture, kept_pictures
from explainer.app.navigation import navigation
from explainer.app.stage_files import joined_files, mount_stage
from explainer.app.state_by_key import read_state_by_key
from explainer.errors import ExplainerError
from explainer.stage.chapters import HOME, Chapter

LISTENS = 0.1
"""Seconds after which a server that has begun answers."""
UNVISITED = 3.0
"""Seconds after which a server without a visitor imports what computes."""
PATIENCE = 1.5
"""Most seconds that it gives the first one's browser to draw what is kept: importing slows it."""
DRAWN = Event()
"""Whether a browser has drawn it."""
PREPARED = Event()
"""Whether all that computes is imported."""
_PREPARING = Lock()


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Prepare the process beside the server, whose first visitor may be there meanwhile."""
    # from now on Streamlit runs app.py first, whichever page is opened; that nobody has opened one
    # yet is what it would warn of, 20 times
    unheard = logging.getLogger(script_run_context.__name__)
    unheard.disabled = True
    navigation()
    unheard.disabled = False
    asyncio.get_running_loop().call_later(LISTENS, open_browser)
    with joined_files():
        Thread(target=prepare_first_page).start()
        asyncio.get_running_loop().call_later(UNVISITED, Thread(target=prepare_process).start)
        yield


def open_browser() -> None:
    """Show the app to whoever started it, where there is a display."""
    if not config.get_option("server.headless"):
        given = ("browser.serverAddress", "server.address")
        named = [config.get_option(name) for name in given if config.is_manually_set(name)]
        address = server_util.get_display_address([*named, "localhost"][0])
        cli_util.open_browser(server_util.get_url(address))


def prepare_first_page() -> None:
    """Have ready what the first visitor sees before anything is computed."""
    kept_pictures()
    # the app's icon is an emoji, and Streamlit's list of them takes a tenth of a second
    for name in ("streamlit.emojis", "explainer.app.header", "explainer.app.sidebar"):
        import_module(name)


def prepare_process() -> None:
    """Import what computes, and make this process a server of many users; done once."""
    with _PREPARING:
        if PREPARED.is_set():
            return
        gc.disable()  # modules are no garbage, and there are many of them
        import torch

        import_module("explainer.app.chapter_page")  # and all that chapters have in common

        # several users get more done in all when each computes on one core
        torch.set_num_threads(1)
        read_state_by_key()
        # what is imported by now stays for good; going through it again and again takes 180 ms
        gc.freeze()
        gc.enable()
        PREPARED.set()


def answer_stage(request: Request) -> Response:
    """Answer a stage that asks for the numbers of other settings; empty where its page must.

    A stage that stands ahead of its page asks for nothing, once it is drawn. This is no coroutine,
    so a text is cut and a run computed in a thread, while others are served.

    Args:
        request: its query is that of a page's address, and the chapter's slug.
    """
    DRAWN.set()
    query = dict(request.query_params)
    if PREPARED.is_set():
        from explainer.app.first_values import first_values

        try:
            if sent := first_values(query.pop("chapter", ""), query):
                return JSONResponse(sent)
        except ExplainerError:  # the page says what is wrong
            pass
    return Response(status_code=204)


def routes() -> list[Route]:
    """Return what this server answers besides Streamlit's pages."""
    base = config.get_option("server.baseUrlPath").strip("/")
    return [Route(f"/{base}/first-values" if base else "/first-values", answer_stage)]


@contextmanager
def stage_ahead(chapter: Chapter) -> Iterator[None]:
    """Show a kept picture while the process imports what computes, and then the page.

    Where none is kept, have the browser fetch the stage's code meanwhile. That is what the first
    visitor of a process waits for, and nobody else.
    """
    place = st.empty()  # always there: the stage, which comes later, would else be made anew
    if PREPARED.is_set() or not (chapter.scene or chapter is HOME):
        yield
        return
    kept = first_picture(chapter.slug)
    with place:
        mount_stage(key="stage-ahead", data=kept)
    if kept:
        DRAWN.wait(PATIENCE)
    yield
    place.empty()
