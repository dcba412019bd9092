"""Pairs of states that are worth looking at side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from explainer.settings import Settings

BIASES = ("b_ir", "b_iz", "b_in", "b_hr", "b_hz", "b_hn")
"""Biases of a cell with the reset gate after the product; the other kind has one for each gate."""
UPDATES = 50
"""Updates after which a network that was not trained is looked at."""
DROPPED = 0.5
"""Dropout where the settings have none."""


@dataclass(frozen=True)
class Pair:
    """Two states of a run, A and B: what each has in the place of the user's settings.

    Attributes:
        title: what the user chooses it by.
        a: settings of A that are others.
        b: settings of B that are others.
        edit_a: what is changed and held in A, as in an address.
        edit_b: the same of B.
    """

    title: str
    a: Mapping[str, Any] = field(default_factory=dict)
    b: Mapping[str, Any] = field(default_factory=dict)
    edit_a: str = ""
    edit_b: str = ""


def pairs(settings: Settings, edit: str, swap: str) -> tuple[Pair, ...]:
    """Return the pairs for a user's settings.

    Args:
        settings: every choice.
        edit: what is changed and held now, as in an address.
        swap: an edit that puts another token where the user looks; empty where there is none.
    """
    dropped = settings.dropout or DROPPED
    swapped = (Pair("another token at this time step", edit_a=edit, edit_b=swap),) if swap else ()
    return (
        Pair(
            "before and after training",
            {"updates": 0},
            {"updates": settings.updates or UPDATES},
        ),
        Pair(
            "reset gate after and before the product, no biases",
            {"variant": "reset_after"},
            {"variant": "reset_before"},
            ";".join(f"{name}:0" for name in BIASES),
            "b_r:0;b_z:0;b_n:0",
        ),
        Pair("update gate held at 1", edit_a=edit, edit_b="z:1"),
        *swapped,
        Pair(
            "dropout off and on",
            {"dropout": dropped, "training": False},
            {"dropout": dropped, "training": True},
        ),
        Pair("float64 and float32", {"precision": "float64"}, {"precision": "float32"}),
        Pair("GRU and ordinary RNN: z held at 0, r at 1", edit_b="z:0;r:1"),
    )
