"""How soon the app answers, how long a page takes, and how much memory its users need."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import fields
from statistics import median

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from benchmarks.table import Row
from explainer import PRESETS
from explainer.settings import Settings
from explainer.stage.chapters import CHAPTERS, HOME
from tests.get_browser import FLAGS, NO_BROWSER, find
from tests.serve import ROOT, Server, serve

MENU = '[data-testid="stSidebarNavLink"]'
PICTURE = ".ribbon .token, .js-plotly-plot .plot > *, [data-stage] [data-quantity]"
"""A drawn token or matrix; Playwright also looks into components."""
STARTS = 3
WARM_RUNS = 9
ROUNDS = 5
READERS = 50
SECONDS = 120
"""Longest wait for anything."""


def measure() -> list[Row]:
    """Time the start and the pages, and weigh the server."""
    return [*first_pictures(), *page_changes(), *warm_pages(), *sent(), *memory()]


def first_pictures() -> list[Row]:
    """Start a server, open a chapter as the first thing, and wait for menu and picture."""
    from playwright.sync_api import sync_playwright

    path = find()
    if path is None:
        return [Row("from the start to the first picture", NO_BROWSER)]
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for slug in (CHAPTERS[0].slug, "cell"):
            menu, picture = [], []
            for _ in range(STARTS):
                context = browser.new_context()  # with an empty cache
                page = context.new_page()
                start = time.perf_counter()
                with serve() as app:
                    page.goto(f"{app.address}/{slug}", wait_until="commit")
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


def page_changes() -> list[Row]:
    """Go from chapter to chapter by the menu, until the stage has its numbers."""
    from playwright.sync_api import sync_playwright

    path = find()
    if path is None:
        return [Row("from chapter to chapter", NO_BROWSER)]
    staged = [chapter for chapter in CHAPTERS if chapter.scene]
    took: dict[str, list[float]] = {chapter.slug: [] for chapter in staged}
    with sync_playwright() as playwright, serve() as app:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(1000 * SECONDS)
        page.goto(app.address)
        page.wait_for_selector(PICTURE)
        for around in range(ROUNDS + 1):
            for chapter in staged:
                link = page.locator(MENU).get_by_text(chapter.title, exact=True)
                start = time.perf_counter()
                link.click()
                page.get_by_role("heading", name=chapter.title, exact=True).wait_for()
                own = next(lane.results[-1] for lane in chapter.scene if lane.results)
                page.locator(
                    f'[data-stage] [data-quantity^="{own.split("{")[0]}"]'
                ).first.wait_for()
                if around:  # the first time, pages are imported
                    took[chapter.slug].append(time.perf_counter() - start)
        browser.close()
    measured = ", ".join(f"{slug} {1000 * median(times):.0f}" for slug, times in took.items())
    return [Row("from chapter to chapter by the menu, to the stage's numbers, ms", measured)]


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


def sent() -> list[Row]:
    """Weigh what a browser is sent for the stage with each change of the settings."""
    from streamlit.testing.v1 import AppTest

    largest = {}
    for preset in PRESETS:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)
        app.query_params["preset"] = preset
        for chapter in (HOME, *CHAPTERS):
            app.switch_page(f"pages/{chapter.slug}.py").run()
            sizes = [c.proto.ByteSize() for c in app.get("bidi_component") if c.key == "stage"]
            largest[preset] = max([largest.get(preset, 0), *sizes])
    measured = ", ".join(f"{preset} {size / 1000:.0f}" for preset, size in largest.items())
    return [Row("sent for the stage with a change, largest page, KB", measured, "at most 80 KB")]


def memory() -> list[Row]:
    """Weigh a server with one user and with many, each with another hidden size."""
    high = next(f.metadata["high"] for f in fields(Settings) if f.name == "hidden_size")
    rows = []
    for most in (READERS, high):
        one, many = weigh([1 + i * (most - 1) // (READERS - 1) for i in range(READERS)])
        rows.append(
            Row(
                f"memory of the server, {READERS} users with hidden sizes 1 to {most}",
                f"{many:.0f} MB, {many - one:.0f} MB more than with 1 user ({one:.0f} MB)",
                "at most 200 MB more",
            )
        )
    return rows


def weigh(hidden_sizes: list[int]) -> tuple[float, float]:
    """Return a server's memory with the first user, and with one for each hidden size."""
    with serve() as app, ExitStack() as users:
        for i, size in enumerate(hidden_sizes):
            read(app.port, "cell", f"hidden_size={size}", users)
            if i == 0:
                time.sleep(2)
                one = megabytes(app)
        time.sleep(2)
        return one, megabytes(app)


def megabytes(app: Server) -> float:
    """Return the resident memory of a server and of what it started."""
    process = psutil.Process(app.process.pid)
    family = [process, *process.children(recursive=True)]
    return sum(p.memory_info().rss for p in family) / 2**20


def read(port: int, slug: str, query: str, users: ExitStack) -> None:
    """Open a page as a browser does, wait until it is complete, and stay connected."""
    connection = users.enter_context(
        connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
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
