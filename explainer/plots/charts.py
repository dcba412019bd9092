"""Curves and bars; Plotly, no Streamlit, no torch. Matrices are drawn by the stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from explainer.engine.trace import Array
from explainer.plots.colours import SCALES

MOST_NUMBERS = 32
"""Most bars with numbers in them; of more they stand on hover."""
DIGITS = 4
"""Significant digits of a bar's number."""


def chart(data: Sequence[Any], title: str, height: int = 260, **layout: Any) -> go.Figure:
    """Return curves or bars as all charts look.

    Args:
        data: Plotly's traces, as dicts.
        title: what stands above.
        height: in pixels.
        layout: more of Plotly's layout, such as axes.
    """
    axes = {"xaxis": {"fixedrange": True}, "yaxis": {"fixedrange": True, "rangemode": "tozero"}}
    return go.Figure(
        {
            "data": list(data),
            "layout": {
                "height": height,
                "margin": {"l": 8, "r": 8, "t": 32, "b": 8},
                "title": {"text": title, "font": {"size": 13}},
                "plot_bgcolor": "rgba(0,0,0,0)",
                **{name: axis | layout.pop(name, {}) for name, axis in axes.items()},
                **layout,
            },
        }
    )


def bars(values: Array, labels: list[str], title: str, theme: str) -> go.Figure:
    """Draw one number for each time step as bars."""
    numbers = values.tolist()
    bar = {
        "type": "bar",
        "x": list(range(len(numbers))),
        "y": numbers,
        "marker": {"color": SCALES[theme]["signed"][3][1]},
        "text": [bar_text(v, DIGITS) for v in numbers if len(numbers) <= MOST_NUMBERS],
        "hovertext": [
            f"{escape(n)}<br>{bar_text(v, None)}" for n, v in zip(labels, numbers, strict=True)
        ],
        "hoverinfo": "text",
    }
    ticks = {"tickvals": list(range(len(numbers))), "ticktext": list(map(escape, labels))}
    return chart([bar], title, xaxis=ticks)


def bar_text(value: float, digits: int | None) -> str:
    """Write a number for a bar, with a true minus; `digits` are significant ones, None for all."""
    text = repr(value) if digits is None else f"{value:#.{digits}g}".rstrip(".")
    return text.replace("-", "−")


def escape(text: str) -> str:
    """Return a user's text so that Plotly, which reads some HTML, shows it as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
