"""Finds a Chromium for the browser tests, or gets one, and prints its path.

Standard output holds the path alone, or nothing where no browser can be had; everything else goes
to standard error.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

ENV = "GRU_EXPLAINER_CHROMIUM"
NO_BROWSER = (
    "No Chromium for the browser tests. Install Chromium or Google Chrome, "
    f"or set {ENV} to the path of one."
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""How tests and benchmarks start it: as root too, and without a word to other servers."""

_COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_START_SECONDS = 60
_INSTALL_SECONDS = 900


def find() -> str | None:
    """The path of a Chromium that is here already and starts, else None.

    Raises:
        FileNotFoundError: The environment names a browser that does not start. Taking another one
            in silence would not be what was asked for.
    """
    if named := os.environ.get(ENV):
        path = shutil.which(named)
        if path is None or not _starts(path):
            raise FileNotFoundError(f"{ENV} is {named!r}, which does not start.")
        return path
    return next(filter(_starts, _candidates()), None)


def get() -> str | None:
    """Like `find`, but installs a Chromium where there is none and it may."""
    path = find()
    for install in (_install_from_system, _install_from_playwright):
        if path is None and install():
            path = find()
    return path


def _candidates() -> Iterator[str]:
    yield from filter(None, map(shutil.which, _COMMANDS))
    if path := _playwright_path():
        yield path


def _playwright_path() -> str | None:
    """Where Playwright keeps its own Chromium, installed or not."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return None
    try:
        with sync_playwright() as playwright:
            return playwright.chromium.executable_path
    except Error:
        return None


def _starts(path: str) -> bool:
    """Whether the browser runs: Ubuntu's chromium-browser may be a stub that only names a snap."""
    return _run([path, "--version"], _START_SECONDS, quiet=True)


def _install_from_system() -> bool:
    """Installs Debian's Chromium, which brings the system libraries it needs."""
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        return False
    _say("No Chromium found: installing Debian's.")
    install = [apt_get, "install", "-y", "--no-install-recommends", "chromium"]
    return _run([apt_get, "update"], _INSTALL_SECONDS) and _run(install, _INSTALL_SECONDS)


def _install_from_playwright() -> bool:
    _say("No Chromium found: installing Playwright's.")
    return _run([sys.executable, "-m", "playwright", "install", "chromium"], _INSTALL_SECONDS)


def _run(command: list[str], seconds: int, *, quiet: bool = False) -> bool:
    """Runs a command to its end without input and says whether it succeeded."""
    output = subprocess.DEVNULL if quiet else sys.__stderr__
    # Without this an apt-get install may stop to ask a question.
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            timeout=seconds,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _say(message: str) -> None:
    print(message, file=sys.stderr)


def main() -> int:
    """Prints the path; 1 if a named browser does not start, or CI is left without one."""
    try:
        path = get()
    except FileNotFoundError as error:
        _say(str(error))
        return 1
    if path:
        print(path)
        return 0
    _say(NO_BROWSER)
    in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
    return 1 if in_ci else 0


if __name__ == "__main__":
    sys.exit(main())
