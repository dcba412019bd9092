"""A running app, for the browser tests and the benchmarks."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
NOWHERE = Path(os.devnull)
SECONDS_TO_START = 60


def streamlit(script: str) -> tuple[str, ...]:
    """Return the command that runs a script."""
    return (sys.executable, "-m", "streamlit", "run", script)


APP = streamlit("app.py")


@dataclass(frozen=True)
class Server:
    """A server, and the file that has its words."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]
    path: str = ""
    """Under which it answers."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=5):
                return True
        except OSError:
            return False

    def wait(self) -> None:
        """Wait until it answers."""
        end = time.monotonic() + SECONDS_TO_START
        while not self.answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"the server has ended: {self.log.read_text('utf-8')}")
            if time.monotonic() > end:
                raise TimeoutError(f"no answer in {SECONDS_TO_START} seconds")
            time.sleep(0.02)


@contextmanager
def serve(
    log: Path = NOWHERE,
    command: Sequence[str] = APP,
    *options: str,
    cwd: Path = ROOT,
    path: str = "",
    **others: Any,
) -> Iterator[Server]:
    """Start the app, or what else the command says, on a free port; stop it in the end.

    Args:
        log: takes the server's words.
        command: what starts it.
        options: of Streamlit, beside those for the port.
        cwd: where.
        path: under which it will answer, as "/gru".
        others: for Popen, an environment or a user for example.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with log.open("w", encoding="utf-8") as words:
        process = subprocess.Popen(
            [*command, "--server.headless=true", f"--server.port={port}", *options],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            **others,
        )
    try:
        server = Server(port, log, process, path)
        server.wait()
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
