"""Every number inside a gated recurrent unit, real and checkable.

Settings say what to compute, `run` computes one batch with every quantity on the way, `train`
many of them, `explain` opens any single number.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explainer.explanation import Explanation, explain
    from explainer.model import Run, run
    from explainer.presets import PRESETS
    from explainer.quantity import Quantity
    from explainer.settings import Settings
    from explainer.text import Batch
    from explainer.trace import Trace, Update
    from explainer.training import History, train

_HOME = {
    "PRESETS": "presets",
    "Batch": "text",
    "Explanation": "explanation",
    "History": "training",
    "Quantity": "quantity",
    "Run": "model",
    "Settings": "settings",
    "Trace": "trace",
    "Update": "trace",
    "explain": "explanation",
    "run": "model",
    "train": "training",
}

__all__ = [
    "PRESETS",
    "Batch",
    "Explanation",
    "History",
    "Quantity",
    "Run",
    "Settings",
    "Trace",
    "Update",
    "explain",
    "run",
    "train",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for, so that the app's menu need not wait."""
    if name not in _HOME:
        raise AttributeError(f"module 'explainer' has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"explainer.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """List the public names, for those who press the tab key."""
    return __all__
