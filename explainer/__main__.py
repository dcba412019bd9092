"""Starts the app: `python -m explainer`; or does what a command says, such as `worksheet`."""

import argparse
import importlib.util
import os
import runpy
import sys
from importlib import import_module
from pathlib import Path

from explainer.errors import ExplainerError

PACKAGE = Path(__file__).parent
SCRIPTS = (PACKAGE / "streamlit_app" / "app.py", PACKAGE.parent / "app.py")
"""Where the app's script is: in an installed package, in a checkout."""

COMMANDS = {
    "convert": ("explainer.interop.convert_command", "convert_file"),
    "health": ("explainer.analysis.health_command", "tell_health"),
    "html": ("explainer.stage.html_command", "write_html"),
    "latex": ("explainer.export.latex_command", "write_latex"),
    "site": ("explainer.stage.html_command", "write_pages"),
    "worksheet": ("explainer.export.worksheet_command", "write_worksheets"),
}
"""Module and function that do what a command says."""


def main() -> None:
    """Read the command line, and start the app or do what the command says."""
    command, *words = sys.argv[1:] or [""]
    if command in COMMANDS:
        module, function = COMMANDS[command]
        try:
            getattr(import_module(module), function)(words)
        except ExplainerError as error:
            sys.exit(str(error))
        except OSError as error:
            sys.exit(
                f"{error.filename} can't be used: {error.strerror}."
                if error.filename
                else str(error)
            )
        return
    parser = argparse.ArgumentParser(
        prog="python -m explainer",
        description="Start GRU Explainer on this machine and open it in the browser.",
        epilog="Streamlit's own options work, too: --server.address 0.0.0.0, for example. "
        f"Commands: {', '.join(COMMANDS)}; python -m explainer worksheet --help says more.",
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
