"""Pictures of quantities; Plotly, no Streamlit, no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explainer.engine.trace import Array
from explainer.plots.colours import INK, SCALES, hue, kind, readable
from explainer.plots.heatmap import (
    MOST_PIECES,
    PIECE,
    WIDE,
    Panel,
    cell_text,
    escape,
    in_pieces,
    tick,
)

MOST_LABELS = 64
"""Most columns with labels below."""
MOST_NUMBERS = 32
"""Most columns with numbers in the cells; wider pictures show colour, and numbers on hover."""
CELL = 26
"""Height of a cell in pixels."""
WIDTH = 46
"""Width of a cell in pixels: its number, and a little air."""
MOST_STEPS = 128
"""Most time steps of a map of all pairs of them."""
MOST_SQUARE_NUMBERS = 8
"""Most time steps of such a map with numbers in the cells."""
DIGITS = 2
"""Digits after the point in a cell; all of them appear on hover."""
GAP = 2.0
"""Room between two matrices of a picture, in cells."""


def panel_heatmap(panel: Panel, theme: str, left: float, top: float) -> dict[str, Any]:
    """Return one matrix as coloured cells, its numbers on hover."""
    low, high = panel.ends
    rows, columns = panel.value.shape
    places = [escape(c) for c in panel.columns]
    hover = [
        [
            f"{panel.name}<br>{row} · {column}<br>{cell_text(v, None)}"
            for column, v in zip(places, values, strict=True)
        ]
        for row, values in zip(map(escape, panel.rows), panel.value.tolist(), strict=True)
    ]
    return {
        "type": "heatmap",
        "z": panel.value,
        "x": [left + i for i in range(columns)],
        "y": [top + panel.step * (i + 0.5) for i in range(rows)],
        "zmin": low,
        "zmax": high,
        "colorscale": SCALES[theme][kind(panel.role)],
        "showscale": False,
        "hovertext": hover,
        "hoverinfo": "text",
        "xgap": 1 if columns <= 2 * WIDE else 0,
        "ygap": 1,
    }


@dataclass
class Labels:
    """Words around the matrices of a picture and numbers in them, drawn in one go."""

    theme: str
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    at: list[str] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    colour: list[str] = field(default_factory=list)

    def add(self, x: float, y: float, text: str, at: str, size: int = 12, hue: str = "") -> None:
        """Put a word at a place; `at` says on which side of it."""
        faint = "#555B66" if self.theme == "light" else "#B4BAC4"
        self.x.append(x)
        self.y.append(y)
        self.text.append(text)
        self.at.append(at)
        self.size.append(size)
        self.colour.append(hue or faint)

    def numbers(self, panel: Panel, left: float, top: float) -> None:
        """Put a matrix's numbers into its cells."""
        scale = SCALES[self.theme][kind(panel.role)]
        inks = readable(panel.value, panel.ends, scale)
        for i, (values, hues) in enumerate(zip(panel.value.tolist(), inks, strict=True)):
            for j, (value, ink) in enumerate(zip(values, hues, strict=True)):
                self.add(left + j, top + i, cell_text(value, DIGITS), "middle center", 12, ink)

    def trace(self) -> dict[str, Any]:
        """Return them as one trace without marks."""
        return {
            "type": "scatter",
            "mode": "text",
            "x": self.x,
            "y": self.y,
            "text": self.text,
            "textposition": self.at,
            "textfont": {"size": self.size, "color": self.colour},
            "hoverinfo": "skip",
            "cliponaxis": False,
            "showlegend": False,
        }


def grid(lines: list[list[Panel]], theme: str) -> go.Figure:
    """Draw matrices in lines, all cells of one size, names and shapes above.

    All matrices share one pair of axes on which a cell is 1 by 1: several times faster to make
    and to draw than a pair for each.

    Args:
        lines: the matrices of each line, from left to right.
        theme: "light" or "dark".
    """
    ink = INK[theme]
    labels = Labels(theme)
    data: list[dict[str, Any]] = []
    across, top = 0.0, 0.0
    # beside a very wide matrix, cells are too narrow for numbers in any other
    crowded = any(p.value.shape[1] > MOST_PIECES * PIECE for line in lines for p in line)
    for line in (piece for whole in lines for piece in in_pieces(whole, crowded)):
        left = 0.0
        for panel in line:
            rows, columns = panel.value.shape
            first = len(line) == 1 or panel is line[0]
            if rows > 1:  # room for the rows' labels
                left += max(max(map(len, map(tick, panel.rows))) * 0.17, 0.3)
            data.append(panel_heatmap(panel, theme, left + 0.5, top + 1))
            most = PIECE if panel.whole else MOST_NUMBERS
            if columns <= most and panel.step == 1 and not crowded:
                labels.numbers(panel, left + 0.5, top + 1.5)
            title = panel.heading
            labels.add(left, top + 0.62, title, "middle right", 13, hue(panel.part, theme) or ink)
            if 1 < columns <= MOST_LABELS and not crowded:
                for i, column in enumerate(panel.columns):
                    # where cells are narrow there is room for the token alone
                    token = column.partition(" ")[2][:3]
                    text = tick(column) if columns <= PIECE else escape(token)
                    labels.add(left + i + 0.5, top + 1.35 + panel.height, text, "middle center", 11)
            if rows > 1:
                every = 1 if panel.step == 1 else 8
                for i, row in list(enumerate(panel.rows))[::every]:
                    y = top + 1 + panel.step * (i + 0.5)
                    labels.add(left - 0.05, y, tick(row), "middle left", 11)
            wide = max(columns, 0.24 * len(title) - 1.5)  # a long title needs room, too
            across = max(across, left + wide)
            left += (wide if first and len(line) > 1 else columns) + GAP
        top += max(p.height for p in line) + 2.1
    hidden = {"visible": False, "fixedrange": True}
    return go.Figure(
        {
            "data": [*data, labels.trace()],
            "layout": {
                "width": max(int(across * WIDTH), 120) + 16,
                "height": int(CELL * top) + 16,
                "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
                "plot_bgcolor": "rgba(0,0,0,0)",
                "hoverlabel": {"align": "left"},
                "xaxis": {**hidden, "range": [0, across]},
                "yaxis": {**hidden, "range": [top, 0]},
            },
        }
    )


def influence_map(norms: Array, labels: list[str], title: str, theme: str) -> go.Figure:
    """Draw how much each target (downwards) owes to each state (across), as wide as there is room.

    Args:
        norms: (T, T), nothing above the diagonal.
        labels: token and place of each time step, all different.
        title: whose it is.
        theme: "light" or "dark".
    """
    T = len(norms)
    shown = norms[:MOST_STEPS, :MOST_STEPS]
    places = list(map(tick, labels[:MOST_STEPS]))
    panel, scale = Panel("d_h", title, norms, labels, labels), SCALES[theme]["signed"]
    low, high = panel.ends
    inks = readable(shown, (low, high), scale)
    numbers = list(zip(*np.tril_indices(T), strict=True)) if T <= MOST_SQUARE_NUMBERS else []
    part = f", the first {MOST_STEPS}" if T > MOST_STEPS else ""
    last = len(shown) - 0.5
    axis = {"showgrid": False, "fixedrange": True, "nticks": 12, "automargin": True}
    return go.Figure(
        {
            "data": [
                {
                    "type": "heatmap",
                    "z": np.where(np.tri(len(shown), dtype=bool), shown, np.nan),
                    "x": places,
                    "y": places,
                    "zmin": low,
                    "zmax": high,
                    "colorscale": scale,
                    "showscale": False,
                    "hoverongaps": False,
                    "hovertemplate": "target %{y}<br>state %{x}<br>%{z}<extra></extra>",
                    "xgap": 1,
                    "ygap": 1,
                },
                {
                    "type": "scatter",
                    "mode": "text",
                    "x": [places[k] for _, k in numbers],
                    "y": [places[t] for t, _ in numbers],
                    "text": [cell_text(float(shown[at]), DIGITS) for at in numbers],
                    "textfont": {"size": 12, "color": [inks[t][k] for t, k in numbers]},
                    "hoverinfo": "skip",
                    "showlegend": False,
                },
            ],
            "layout": {
                "height": 420,
                "margin": {"l": 8, "r": 8, "t": 32, "b": 8},
                "title": {
                    "text": f"<b>{escape(title)}</b>  {T} × {T}{part}",
                    "font": {"size": 13, "color": hue("h", theme)},
                },
                "plot_bgcolor": "rgba(0,0,0,0)",
                "xaxis": {**axis, "range": [-0.5, last]},
                "yaxis": {**axis, "range": [last, -0.5]},
            },
        }
    )


def bars(values: Array, labels: list[str], title: str, theme: str) -> go.Figure:
    """Draw one number for each time step as bars."""
    numbers = values.tolist()
    return go.Figure(
        {
            "data": [
                {
                    "type": "bar",
                    "x": list(range(len(numbers))),
                    "y": numbers,
                    "marker": {"color": SCALES[theme]["signed"][3][1]},
                    "text": [cell_text(v, 4) for v in numbers if len(numbers) <= MOST_NUMBERS],
                    "hovertext": [
                        f"{escape(n)}<br>{cell_text(v, None)}"
                        for n, v in zip(labels, numbers, strict=True)
                    ],
                    "hoverinfo": "text",
                }
            ],
            "layout": {
                "height": 260,
                "margin": {"l": 8, "r": 8, "t": 32, "b": 8},
                "title": {"text": title, "font": {"size": 13}},
                "plot_bgcolor": "rgba(0,0,0,0)",
                "xaxis": {
                    "tickvals": list(range(len(numbers))),
                    "ticktext": list(map(escape, labels)),
                    "fixedrange": True,
                },
                "yaxis": {"fixedrange": True, "zeroline": True},
            },
        }
    )
