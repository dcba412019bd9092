"""Libraries that only some files and networks need: imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from explainer.errors import MissingPackageError


def needed(library: str, purpose: str) -> Any:
    """Return a library's module.

    Args:
        library: its name, for import and for pip.
        purpose: what it is needed for, such as "to read ONNX models".

    Raises:
        ImportError: it is not installed; the message says what to do.
    """
    try:
        return import_module(library)
    except ImportError as error:
        if error.name != library.partition(".")[0]:
            raise
        raise MissingPackageError(
            library, f"installed {purpose}", "no such package", f"pip install {library}"
        ) from None
