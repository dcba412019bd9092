"""Colours: one diverging scale for values, another for weights, one from 0 to 1, a hue a gate.

Orange to blue, neutral near the page's background at 0; gates, probabilities and masks on a
sequential scale fixed to [0, 1]; weights in another pair of hues. All of them survive the common
kinds of colour blindness, and a number in a cell is black or white, whichever stands out.
"""

from __future__ import annotations

from explainer.engine.quantity import Part, Role

HUES = {
    "light": {"x": "#0072B2", "r": "#C04F00", "z": "#A84C86", "n": "#522D00", "h": "#00795A"},
    "dark": {"x": "#56B4E9", "r": "#FF8A4C", "z": "#E29BC6", "n": "#F2B63C", "h": "#3CCFA0"},
}
"""One hue each for the input, the gates, the candidate and the state; text contrast 4.5 or more."""

Scale = list[tuple[float, str]]
SCALES: dict[str, dict[str, Scale]] = {
    theme: {
        kind: [(i / (len(hues) - 1), hue) for i, hue in enumerate(hues)]
        for kind, hues in kinds.items()
    }
    for theme, kinds in {
        "light": {
            "signed": ("#B34700", "#F0A368", "#FFFFFF", "#7DB8E0", "#00588F"),
            "unit": ("#FFFFFF", "#7DB8E0", "#00588F"),
            "weight": ("#7A4A0A", "#D9B77C", "#FFFFFF", "#7CC7BC", "#01594F"),
            "difference": ("#7A0177", "#D98BC9", "#FFFFFF", "#A6C96A", "#3F6212"),
        },
        "dark": {
            "signed": ("#FF9A4D", "#9A5520", "#12161D", "#1F5F8F", "#5FBDF5"),
            "unit": ("#12161D", "#1F5F8F", "#5FBDF5"),
            "weight": ("#E3B866", "#7D5A20", "#12161D", "#1B6B60", "#5CD6C4"),
            "difference": ("#F0A0E0", "#8A3A7C", "#12161D", "#55752A", "#B5DE70"),
        },
    }.items()
}
INK = {"light": "#31333F", "dark": "#FAFAFA"}
"""Colour of words that belong to no hue."""


def kind(role: Role) -> str:
    """Return which scale a quantity of this role has."""
    if role in ("gate", "probability", "mask", "one_hot"):  # between 0 and 1
        return "unit"
    return "weight" if role in ("weight", "bias") else "signed"


def hue(part: Part, theme: str) -> str:
    """Return the colour of a quantity's name: that of its gate, state or input; "" for none."""
    return HUES[theme].get(part, "")
