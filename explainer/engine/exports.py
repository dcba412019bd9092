"""What a run can be written as. The formats stand in folders below, loaded when they are needed."""

from __future__ import annotations

from importlib import import_module
from os import PathLike
from typing import Any

Path = str | PathLike[str]


class HTMLExports:
    """What a run and the trace of a layer can be written as: the stage, and the equations."""

    def to_html(
        self, path: Path, chapter: str = "cell", view: object = None, theme: str = "auto"
    ) -> None:
        """Write a chapter as one HTML file that needs no server and no other file.

        A run has all chapters, the trace of a layer "cell", "time" and "gradients".

        Args:
            path: of the file, which is replaced if there is one.
            chapter: slug of a page with a stage, such as "cell", "gradients" or "home".
            view: a ViewState, where the reader looks first; None for the beginning.
            theme: "auto" as the reader's system, "light" or "dark".

        Raises:
            ValueError: there is no such chapter or theme, or it is too large for a browser.
        """
        write_run("html", self, path, chapter=chapter, view=view, theme=theme)

    def to_latex(self, path: Path) -> None:
        """Write all equations as a LaTeX document, each tagged with its name.

        Args:
            path: of the file, which is replaced if there is one.
        """
        write_run("latex", self, path)

    def _repr_html_(self) -> str:
        """Return the stage, for a notebook."""
        shown: str = format_module("html").notebook_html(self)
        return shown


class Exports(HTMLExports):
    """The formats that a run can be written in."""

    def to_xlsx(self, path: Path) -> None:
        """Write the run as a spreadsheet of live formulas; needs openpyxl (the extra `files`).

        Args:
            path: of the file, which is replaced if there is one.

        Raises:
            ValueError: the run is too large for a spreadsheet that one can read.
        """
        write_run("spreadsheet", self, path)

    def to_notebook(self, path: Path) -> None:
        """Write the run as a Jupyter notebook of plain PyTorch, which computes the same numbers.

        Args:
            path: of the file, which is replaced if there is one.

        Raises:
            ValueError: the run is given too many numbers for a notebook that one can read.
        """
        write_run("notebook", self, path)


FOLDERS = {"html": "stage", "trace_files": "interop"}
"""Where a format's module stands, if not in `export`."""


def format_module(kind: str) -> Any:
    """Return the module of a format."""
    return import_module(f"explainer.{FOLDERS.get(kind, 'export')}.{kind}")


def write_run(kind: str, run: object, path: Path, **options: object) -> None:
    """Write a run with the module of a format."""
    data: bytes = getattr(format_module(kind), f"{kind}_bytes")(run, **options)
    with open(path, "wb") as file:
        file.write(data)
