"""What layers are called: "rnn.l0_reverse" here, "rnn.weight_ih_l0_reverse" in a state_dict."""

from __future__ import annotations

import re

LAYER = re.compile(r"(?:(?P<path>.*)\.)?l(?P<number>\d+)", re.DOTALL)


def layer_name(path: str, number: int | None, reverse: bool) -> str:
    """Return a layer's name.

    Args:
        path: of the module; empty for the module itself.
        number: of the layer; None for a cell that is alone.
        reverse: whether it reads a sequence from its end.
    """
    parts = [path] if path else []
    parts += [] if number is None else [f"l{number}"]
    return (".".join(parts) or "gru") + ("_reverse" if reverse else "")


def torch_names(layer: str) -> tuple[str, int | None]:
    """Return what stands before "weight_ih" in a state_dict, and the number of the layer."""
    layer = layer.removesuffix("_reverse")
    if match := LAYER.fullmatch(layer):
        return f"{match['path']}." if match["path"] else "", int(match["number"])
    return f"{layer}.", None


def natural_order(name: str) -> list[tuple[bool, int, str]]:
    """Return a key that sorts l10 behind l2, and a reverse layer behind its forward one."""
    parts = re.split(r"(\d+)", name)
    return [(p.isdigit(), int(p) if p.isdigit() else 0, p) for p in parts]
