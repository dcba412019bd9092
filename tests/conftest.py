"""Shared by all tests: how far hypothesis searches, printed numbers, runs, a browser."""

import json
import os
from pathlib import Path

import pytest
import torch
from get_browser import FLAGS, NO_BROWSER, find
from hypothesis import HealthCheck, Phase, settings
from serve import serve

from explainer import PRESETS, run

# So that a failed `assert` in them shows its values, too.
pytest.register_assert_rewrite("browser_tab", "stage_tab")

# Small matrices are computed faster by one thread, most of all beside other programs.
torch.set_num_threads(1)

# The same examples every time, shown as found. `pytest --hypothesis-profile=search` looks further
# and makes a failing example small, which can take minutes.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    max_examples=50,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "search",
    settings.get_profile("steady"),
    derandomize=False,
    max_examples=500,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def golden():
    """The numbers that the sources print, by the name of the source's file."""
    folder = Path(__file__).parent / "golden"
    return {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}


@pytest.fixture(scope="session")
def math_run():
    """The matrices tutorial: reset before, one-hot input."""
    return run(PRESETS["math"])


@pytest.fixture(scope="session")
def linear_algebra_run():
    """The explainer notebook: reset after, embedding, dropout, constants."""
    return run(PRESETS["linear_algebra"])


@pytest.fixture(scope="session")
def start_run():
    """What an empty link shows."""
    return run(PRESETS["start"])


@pytest.fixture
def nobody_trained_before():
    """The cache of all readers, as a new server has it."""
    from explainer.app.cache import CACHE

    CACHE.clear()


# For the browser tests. Each of their fixtures needs `chromium`, so that without a browser
# nothing is started.


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests. Where there is none they are skipped, but not in CI."""
    path = find()
    if path is None:
        in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
        (pytest.fail if in_ci else pytest.skip)(NO_BROWSER)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(chromium, tmp_path_factory):
    """One server for all tests of a process that need none of their own."""
    with serve(tmp_path_factory.mktemp("server") / "log.txt") as server:
        yield server


@pytest.fixture(scope="session")
def shared_tab(chromium, server):
    """A tab for most tests: a second one costs several times as much as another link in the first.

    Each link begins a session of its own.
    """
    from browser_tab import DESKTOP
    from stage_tab import StageTab

    context = chromium.new_context(viewport=DESKTOP)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.address)
    tab = StageTab(context, server.address)
    tab.open(seconds=90, preset="math")
    yield tab
    context.close()


@pytest.fixture
def tab(shared_tab, server):
    """A tab as if it were new."""
    from browser_tab import DESKTOP, watched

    page = shared_tab.page
    with watched(server, shared_tab):
        page.evaluate("localStorage.clear()")  # Streamlit remembers whether the menu was open
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light", reduced_motion="reduce", media="screen")
        yield shared_tab
