"""How soon the app answers, how long a page takes, and how much memory its readers need."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from benchmarks.table import Row
from explainer import PRESETS
from explainer.chapters import CHAPTERS, HOME
from explainer.settings import Settings

ROOT = Path(__file__).parent.parent
CHROMIUM = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
MENU = '[data-testid="stSidebarNavLink"]'
PICTURE = ".ribbon .token, .js-plotly-plot .plot > *, [data-stage] [data-quantity]"
"""A drawn token or matrix; Playwright also looks into components."""
STARTS = 3
WARM_RUNS = 9
READERS = 50
SECONDS = 120
"""Longest wait for anything."""


def measure() -> list[Row]:
    """Time the start and the pages, and weigh the server."""
    return [*first_pictures(), *warm_pages(), *memory()]


@dataclass(frozen=True)
class Server:
    """A running app."""

    port: int
    process: psutil.Process

    @property
    def megabytes(self) -> float:
        """Resident memory of the server and of what it started."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(p.memory_info().rss for p in family) / 2**20


@contextmanager
def server(script: str = "app.py") -> Iterator[Server]:
    """Start the app, or another script, on a free port, and stop it in the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "streamlit", "run", script),
        *("--server.headless", "true", "--server.port", str(port)),
    ]
    nothing = subprocess.DEVNULL
    # a script in a folder finds the package, too
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": paths},
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
    )
    try:
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_open(port: int) -> None:
    """Wait until the server takes connections."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"the server did not open its port within {SECONDS} s")


def first_pictures() -> list[Row]:
    """Start a server, open a chapter as the first thing, and wait for menu and picture."""
    from playwright.sync_api import sync_playwright

    from tests.get_browser import NO_BROWSER, find

    path = find()
    if path is None:
        return [Row("from the start to the first picture", NO_BROWSER)]
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        for slug in (CHAPTERS[0].slug, "cell"):
            menu, picture = [], []
            for _ in range(STARTS):
                context = browser.new_context()  # with an empty cache
                page = context.new_page()
                start = time.perf_counter()
                with server() as app:
                    wait_until_open(app.port)
                    page.goto(f"http://127.0.0.1:{app.port}/{slug}", wait_until="commit")
                    page.wait_for_selector(MENU, timeout=1000 * SECONDS)
                    menu.append(time.perf_counter() - start)
                    page.wait_for_selector(PICTURE, timeout=1000 * SECONDS)
                    picture.append(time.perf_counter() - start)
                context.close()
            what = f"from the start of the server, /{slug} opened first"
            rows += [
                Row(f"{what}: the menu", f"{median(menu):.1f} s"),
                Row(f"{what}: a picture", f"{median(picture):.1f} s"),
            ]
        browser.close()
    return rows


def warm_pages() -> list[Row]:
    """Run every page again and again in the server's way, without a browser."""
    from streamlit.testing.v1 import AppTest

    rows = []
    for chapter in (HOME, *CHAPTERS):
        took = []
        for preset in PRESETS:
            app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)
            app.query_params["preset"] = preset
            app.switch_page(f"pages/{chapter.slug}.py").run()
            times = []
            for _ in range(WARM_RUNS):
                start = time.perf_counter()
                app.run()
                times.append(time.perf_counter() - start)
            assert not app.exception, f"{chapter.slug} at {preset}: {app.exception[0].message}"
            took.append(f"{preset} {1000 * median(times):.0f}")
        rows.append(Row(f"/{chapter.slug} again, ms", ", ".join(took), "under 100 ms"))
    return rows


def memory() -> list[Row]:
    """Weigh a server with one reader and with many, each with another hidden size."""
    high = next(f.metadata["high"] for f in fields(Settings) if f.name == "hidden_size")
    rows = []
    for most in (READERS, high):
        one, many = weigh([1 + i * (most - 1) // (READERS - 1) for i in range(READERS)])
        rows.append(
            Row(
                f"memory of the server, {READERS} readers with hidden sizes 1 to {most}",
                f"{many:.0f} MB, {many - one:.0f} MB more than with 1 reader ({one:.0f} MB)",
                "at most 200 MB more",
            )
        )
    return rows


def weigh(hidden_sizes: list[int]) -> tuple[float, float]:
    """Return a server's memory with the first reader, and with one for each hidden size."""
    with server() as app, ExitStack() as readers:
        wait_until_open(app.port)
        for i, size in enumerate(hidden_sizes):
            read(app.port, "cell", f"hidden_size={size}", readers)
            if i == 0:
                time.sleep(2)
                one = app.megabytes
        time.sleep(2)
        return one, app.megabytes


def read(port: int, slug: str, query: str, readers: ExitStack) -> None:
    """Open a page as a browser does, wait until it is complete, and stay connected."""
    connection = readers.enter_context(
        connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            open_timeout=SECONDS,
            ping_interval=None,
            max_size=None,
            max_queue=None,  # what nobody asks for is read too, or the server would wait
        )
    )
    ask = BackMsg()
    ask.rerun_script.page_name = slug
    ask.rerun_script.query_string = query
    connection.send(ask.SerializeToString())
    pictures = 0
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(connection.recv(SECONDS))
        kind = answer.delta.new_element.WhichOneof("type")
        if kind == "exception":
            raise RuntimeError(f"/{slug}?{query}: {answer.delta.new_element.exception.message}")
        pictures += kind in ("plotly_chart", "bidi_component")
        # a page on a new server starts again once, through app.py
        if answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY and pictures:
            return
