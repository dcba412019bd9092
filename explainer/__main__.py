"""Starts the app: `python -m explainer`."""

import argparse
import importlib.util
import os
import runpy
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent
SCRIPTS = (PACKAGE / "streamlit_app" / "app.py", PACKAGE.parent / "app.py")
"""Where the app's script is: in an installed package, in a checkout."""


def main() -> None:
    """Read the command line and start the app."""
    parser = argparse.ArgumentParser(
        prog="python -m explainer",
        description="Start GRU Explainer on this machine and open it in the browser.",
        epilog="Streamlit's own options work, too: --server.address 0.0.0.0, for example.",
    )
    parser.add_argument("--port", type=int, help="the port to listen on (default: 8501)")
    arguments, others = parser.parse_known_args()
    port = [] if arguments.port is None else [f"--server.port={arguments.port}"]
    start([*port, *others])


def start(options: list[str]) -> None:
    """Run the app until it is stopped.

    Args:
        options: for Streamlit's command line.
    """
    if importlib.util.find_spec("streamlit") is None:
        sys.exit("The app needs Streamlit and more: pip install 'gru-explainer[app]'.")
    try:
        Path.home()
    except RuntimeError:  # HOME is not set, and the user's number has no name
        os.environ["HOME"] = str(Path.cwd())  # Streamlit only looks for settings there
    script = next(path for path in SCRIPTS if path.exists())
    sys.argv = ["streamlit", "run", str(script), *options]
    runpy.run_module("streamlit", run_name="__main__")


if __name__ == "__main__":
    main()
