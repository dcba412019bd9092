"""What a run can be written as. The formats stand in folders below, loaded when they are needed."""

from __future__ import annotations

from importlib import import_module
from os import PathLike
from typing import Any

Path = str | PathLike[str]


class Exports:
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


def write_run(kind: str, run: object, path: Path) -> None:
    """Write a run with the module of a format."""
    module: Any = import_module(f"explainer.export.{kind}")
    data: bytes = getattr(module, f"{kind}_bytes")(run)
    with open(path, "wb") as file:
        file.write(data)
