"""`python -m explainer latex`: all equations of a run, as a file."""

import argparse
import sys
from collections.abc import Sequence

from explainer.engine.run import run
from explainer.link_files import add_file_options, settings_asked
from explainer.url import edits_from_link


def write_latex(words: Sequence[str]) -> None:
    """Write the equations of a link's run.

    Args:
        words: what stands behind `latex`.
    """
    parser = argparse.ArgumentParser(
        prog="python -m explainer latex",
        description="Write all equations of a run as a LaTeX document.",
    )
    parser.add_argument(
        "link", nargs="?", default="?preset=start", help="of a page (default: the preset start)"
    )
    parser.add_argument("-o", dest="file", default="equations.tex", help="default: %(default)s")
    add_file_options(parser)
    asked = parser.parse_args(words)
    run(settings_asked(asked), edits=edits_from_link(asked.link)).to_latex(asked.file)
    sys.stdout.write(f"{asked.file}\n")
