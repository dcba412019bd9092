"""`python -m explainer worksheet`: worksheets, their key and the answers, as files."""

import argparse
import sys
from collections.abc import Sequence

from explainer.export.worksheet import worksheet
from explainer.link_files import add_file_options, settings_asked
from explainer.url import edits_from_link


def write_worksheets(words: Sequence[str]) -> None:
    """Do what the command line says.

    Args:
        words: what stands behind `worksheet`.
    """
    parser = argparse.ArgumentParser(
        prog="python -m explainer worksheet",
        description="Write a worksheet for each seed, key.html and answers.csv.",
    )
    parser.add_argument(
        "link", nargs="?", default="?preset=math", help="of a page (default: the preset math)"
    )
    parser.add_argument("--equations", nargs="+", default=["r", "z", "n", "h"], metavar="NAME")
    parser.add_argument("--time-steps", nargs="+", type=int, default=[0, 1], metavar="T")
    parser.add_argument("--seeds", nargs="+", type=int, metavar="N", help="one for each student")
    parser.add_argument(
        "-o", dest="folder", default="worksheets", help="where to (default: %(default)s)"
    )
    add_file_options(parser)
    asked = parser.parse_args(words)
    found = worksheet(
        settings_asked(asked),
        asked.equations,
        asked.time_steps,
        asked.seeds,
        edits_from_link(asked.link),
    )
    files = found.save(asked.folder)
    sys.stdout.write("".join(f"{path}\n" for path in files))
