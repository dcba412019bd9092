"""Every number inside a gated recurrent unit, real and checkable.

Settings say what to compute, `run` computes one batch with every quantity on the way, `train`
many of them, `explain` opens any single number.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explainer.batches import Batch
    from explainer.engine.batch_run import Run
    from explainer.engine.quantity import Quantity
    from explainer.engine.run import run
    from explainer.engine.trace import Trace, Update
    from explainer.engine.training import History, train
    from explainer.explanation.explain import Explanation, explain
    from explainer.presets import PRESETS
    from explainer.settings import Settings
    from explainer.url import from_link, to_link

_HOME = {
    "PRESETS": "presets",
    "Batch": "batches",
    "Explanation": "explanation.explain",
    "History": "engine.training",
    "Quantity": "engine.quantity",
    "Run": "engine.batch_run",
    "Settings": "settings",
    "Trace": "engine.trace",
    "Update": "engine.trace",
    "explain": "explanation.explain",
    "from_link": "url",
    "run": "engine.run",
    "to_link": "url",
    "train": "engine.training",
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
    "from_link",
    "run",
    "to_link",
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
