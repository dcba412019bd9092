"""`python -m explainer html` and `python -m explainer site`: chapters as files."""

import argparse
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from explainer.engine.run import run
from explainer.link_files import add_file_options, settings_asked
from explainer.stage.html import THEMES, html_bytes
from explainer.stage.site import EXAMPLES_OF_SITE, SIZES, write_site
from explainer.url import edits_from_link, view_from_link

APP = "address of a server with the app, such as https://gru.example.org, to which the file leads"


def write_html(words: Sequence[str]) -> None:
    """Write one chapter as one file.

    Args:
        words: what stands behind `html`.
    """
    parser = argparse.ArgumentParser(
        prog="python -m explainer html",
        description="Write what a link shows as one HTML file that needs nothing else.",
    )
    parser.add_argument("link", help="of a chapter or the tour, such as '/cell?preset=math&t=2'")
    parser.add_argument("-o", dest="file", help="where to (default: the chapter's name)")
    parser.add_argument("--theme", choices=THEMES, default="auto")
    parser.add_argument("--app", default="", metavar="ADDRESS", help=APP)
    add_file_options(parser)
    asked = parser.parse_args(words)
    slug = urlsplit(asked.link).path.rstrip("/").rpartition("/")[2] or "home"
    file = asked.file or f"{slug}.html"
    shown = run(settings_asked(asked), edits=edits_from_link(asked.link))
    view = view_from_link(asked.link)
    data = html_bytes(shown, chapter=slug, view=view, theme=asked.theme, app=asked.app)
    with open(file, "wb") as target:
        target.write(data)
    sys.stdout.write(f"{file}\n")


def write_pages(words: Sequence[str]) -> None:
    """Write a site.

    Args:
        words: what stands behind `site`.
    """
    parser = argparse.ArgumentParser(
        prog="python -m explainer site",
        description="Write home, the tour and all chapters to the update as a site of files.",
    )
    parser.add_argument("folder", help="where to")
    parser.add_argument("--presets", nargs="+", default=list(EXAMPLES_OF_SITE), metavar="NAME")
    parser.add_argument("--hidden-sizes", nargs="*", type=int, default=list(SIZES), metavar="H")
    parser.add_argument("--app", default="", metavar="ADDRESS", help=APP)
    asked = parser.parse_args(words)
    files = write_site(asked.folder, asked.presets, asked.hidden_sizes, asked.app)
    sys.stdout.write(f"{len(files)} files in {asked.folder}\n")
