"""What a command is given beside a link: the text or the numbers that it can't carry itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from explainer.errors import ConstraintError, shorten
from explainer.fingerprints import text_hash
from explainer.number_table import read_table
from explainer.settings import Settings
from explainer.url import from_link, query_of

OPTIONS = {"fingerprint": "text", "values": "numbers"}
"""The option that brings the file of which a link has the fingerprint."""


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Let a command be given the files that a link can't carry."""
    parser.add_argument("--text", metavar="FILE", help="a text, in UTF-8, that the link leaves out")
    parser.add_argument(
        "--numbers",
        metavar="FILE",
        help="a .csv file in the place of the text: a row is a time step; columns sequence and "
        "target are special",
    )


def settings_asked(asked: argparse.Namespace) -> Settings:
    """Return the settings of a link and of the files beside it.

    Args:
        asked: a command's arguments: `link`, and those of `add_file_options`.

    Raises:
        ValueError: what is wrong with the link or a file, or the link needs another one.
        OSError: a file can't be read.
    """
    query = dict(query_of(asked.link))
    text = values = None
    if asked.text is not None:
        text = Path(asked.text).read_text("utf-8")
        query["fingerprint"] = query.get("fingerprint") or text_hash(text)
    if asked.numbers is not None:
        values = read_table(Path(asked.numbers).read_bytes())
        query["values"] = query.get("values") or values.fingerprint
    given = {"fingerprint": text, "values": values}
    for name, option in OPTIONS.items():
        if query.get(name) and given[name] is None:
            raise ConstraintError(
                name,
                "a link can't carry that file",
                f"This link needs the {option} with the fingerprint {shorten(query[name])}",
                f"Add --{option} FILE.",
            )
    return from_link(query, text, values)
