"""Every number inside a gated recurrent unit, real and checkable.

Settings say what to compute, `run` computes one batch with every quantity on the way, `train`
many of them, `explain` opens any single number.
"""

import lazy_loader

# The names stand in __init__.pyi, where editors and type checkers find them. Each is imported when
# it is first asked for, so that the app's menu need not wait for torch.
_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    """Return a public name."""
    if name not in __all__:
        raise AttributeError(f"module 'explainer' has no {name!r}; it has {', '.join(__all__)}")
    return _load(name)
