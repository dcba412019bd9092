"""Pictures of quantities; Plotly, no Streamlit, no torch.

One diverging scale, orange to blue, neutral near the page's background at 0; gates,
probabilities and masks on a sequential scale fixed to [0, 1]; weights in another pair of hues.
All of them survive the common kinds of colour blindness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explainer.trace import Array

HUES = {
    "light": {"x": "#0072B2", "r": "#C04F00", "z": "#A84C86", "n": "#9A6700", "h": "#00795A"},
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
        },
        "dark": {
            "signed": ("#FF9A4D", "#9A5520", "#12161D", "#1F5F8F", "#5FBDF5"),
            "unit": ("#12161D", "#1F5F8F", "#5FBDF5"),
            "weight": ("#E3B866", "#7D5A20", "#12161D", "#1B6B60", "#5CD6C4"),
        },
    }.items()
}
UNIT = {"r", "z", "z_other", "p", "one_hot", "y", "mask_x", "mask_h"}
"""Quantities between 0 and 1."""
MOST_NUMBERS = 32
"""Most columns with numbers in the cells; wider pictures show colour, and numbers on hover."""
CELL = 26
"""Height of a cell in pixels."""


GAP = 2.0
"""Room between two matrices of a picture, in cells."""


@dataclass(frozen=True)
class Panel:
    """One matrix in a picture.

    Attributes:
        name: the quantity.
        title: what stands above it, a few words.
        value: (rows, columns).
        rows: label of each row.
        columns: label of each column.
        limit: the number at the end of the colour scale; None takes the matrix's own.
        mark: a column to frame, such as the current time step.
        sign: what stands between this matrix and the next, such as "+" or "=".
        shape: whether the shape stands beside the title.
    """

    name: str
    title: str
    value: Array
    rows: list[str]
    columns: list[str]
    limit: float | None = None
    mark: int | None = None
    sign: str = ""
    shape: bool = True


def tick(label: str) -> str:
    """Return a label for the edge of a matrix: of a place without a token, only its number."""
    word, _, number = label.partition(" ")
    return number if word in ("unit", "feature", "sequence") else escape(label)


def kind(name: str) -> str:
    """Return which scale a quantity has."""
    if name in UNIT:
        return "unit"
    return "weight" if name.removeprefix("new_").split("_")[0] in ("W", "b", "E") else "signed"


def hue(name: str, theme: str) -> str:
    """Return the colour of a quantity's name: that of its gate, else the text's."""
    last = "h" if name in ("h_prev", "h_out", "h_reset", "h_0") else name.split("_")[-1]
    return HUES[theme].get(last[-1:], "#31333F" if theme == "light" else "#FAFAFA")


def write(value: float, digits: int | None) -> str:
    """Write a number for a cell: a true minus, and only 0 looks like 0."""
    if digits is None:
        text = repr(value)
    elif value != 0 and abs(value) < 0.5 * 10**-digits:
        text = f"{value:.0e}".replace("e-0", "e-")
    else:
        text = f"{value + 0.0:.{digits}f}"
    return text.replace("-", "−")


def escape(text: str) -> str:
    """Return a reader's text so that Plotly, which reads some HTML, shows it as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def heatmap(panel: Panel, theme: str, digits: int | None) -> dict[str, Any]:
    """Return one matrix as coloured cells, with its numbers where there is room for them."""
    which = kind(panel.name)
    limit = 1.0 if which == "unit" else panel.limit
    if limit is None:
        limit = float(np.abs(panel.value).max(initial=0.0)) or 1.0
    columns = panel.value.shape[1]
    numbers = panel.value.tolist()
    places = [escape(c) for c in panel.columns]
    hover = [
        [
            f"{panel.name}<br>{row} · {column}<br>{write(v, None)}"
            for column, v in zip(places, values, strict=True)
        ]
        for row, values in zip(map(escape, panel.rows), numbers, strict=True)
    ]
    cells = {
        "text": [[write(v, digits) for v in values] for values in numbers],
        "texttemplate": "%{text}",
        "textfont": {"size": 12},
    }
    return {
        "type": "heatmap",
        "z": panel.value,
        "zmin": 0.0 if which == "unit" else -limit,
        "zmax": limit,
        "colorscale": SCALES[theme][which],
        "showscale": False,
        "hovertext": hover,
        "hoverinfo": "text",
        "xgap": 1,
        "ygap": 1,
        **(cells if columns <= MOST_NUMBERS else {}),
    }


def grid(lines: list[list[Panel]], theme: str, digits: int | None = 2) -> go.Figure:
    """Draw matrices in lines, every cell of the same height, names and shapes above.

    Args:
        lines: the matrices of each line, from left to right.
        theme: "light" or "dark".
        digits: digits after the point in the cells; None writes all.
    """
    ink = "#31333F" if theme == "light" else "#FAFAFA"
    # labels need room of their own on the left, in cells
    side = [[1.0 if p.value.shape[0] > 1 else 0.3 for p in line] for line in lines]
    ticks = [[[tick(c) for c in p.columns] for p in line] for line in lines]
    slanted = [[max(map(len, t), default=0) > 6 for t in line] for line in ticks]
    across = max(
        sum(p.value.shape[1] + s for p, s in zip(line, sides, strict=True)) + GAP * (len(line) - 1)
        for line, sides in zip(lines, side, strict=True)
    )
    down = [
        max(p.value.shape[0] + (3.8 if s else 2.6) for p, s in zip(line, slants, strict=True))
        for line, slants in zip(lines, slanted, strict=True)
    ]
    layout: dict[str, Any] = {
        "height": int(CELL * sum(down)) + 16,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"align": "left"},
    }
    # everything is gathered first, since Plotly checks the whole figure at every change of it
    data: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    frames: list[dict[str, Any]] = []
    top = 0.0
    for line, sides, edges, slants, height in zip(lines, side, ticks, slanted, down, strict=True):
        left = 0.0
        for panel, room, edge, slant in zip(line, sides, edges, slants, strict=True):
            number = str(len(data) + 1) if data else ""
            x, y = f"x{number}", f"y{number}"
            rows, columns = panel.value.shape
            begin, end = (left + room) / across, (left + room + columns) / across
            high = 1 - (top + 1.2) / sum(down)
            low = 1 - (top + 1.2 + rows) / sum(down)
            labelled = 1 < columns <= MOST_NUMBERS
            data.append({**heatmap(panel, theme, digits), "xaxis": x, "yaxis": y})
            plain = {
                "tickfont": {"size": 11},
                "showgrid": False,
                "zeroline": False,
                "fixedrange": True,
            }
            layout[f"xaxis{number}"] = {
                **plain,
                "domain": (begin, min(end, 1.0)),  # a rounding error above 1 is refused
                "anchor": y,
                "tickvals": list(range(columns)) if labelled else [],
                "ticktext": edge,
                "tickangle": -40 if slant else 0,
            }
            layout[f"yaxis{number}"] = {
                **plain,
                "domain": (max(low, 0.0), high),
                "anchor": x,
                "autorange": "reversed",
                "tickvals": list(range(rows)) if 1 < rows <= 64 else [],
                "ticktext": [tick(r) for r in panel.rows],
            }
            names.append(
                {
                    "text": f"<b>{escape(panel.title)}</b>"
                    + (f"  {rows} × {columns}" if panel.shape else ""),
                    "font": {"size": 13, "color": hue(panel.name, theme)},
                    "x": begin,
                    "y": high,
                    "xref": "paper",
                    "yref": "paper",
                    "xanchor": "left",
                    "yanchor": "bottom",
                    "showarrow": False,
                }
            )
            if panel.sign:
                names.append(
                    {
                        "text": panel.sign,
                        "font": {"size": 16, "color": ink},
                        "x": (left + room + columns + GAP / 2) / across,
                        "y": (high + low) / 2,
                        "xref": "paper",
                        "yref": "paper",
                        "xanchor": "center",
                        "yanchor": "middle",
                        "showarrow": False,
                    }
                )
            if panel.mark is not None:
                frames.append(
                    {
                        "type": "rect",
                        "xref": x,
                        "yref": y,
                        "x0": panel.mark - 0.5,
                        "x1": panel.mark + 0.5,
                        "y0": -0.5,
                        "y1": rows - 0.5,
                        "line": {"color": ink, "width": 2},
                    }
                )
            left += room + columns + GAP
        top += height
    return go.Figure({"data": data, "layout": {**layout, "annotations": names, "shapes": frames}})


def bars(
    values: Array, labels: list[str], title: str, theme: str, mark: int | None = None
) -> go.Figure:
    """Draw one number for each time step as bars."""
    signed = SCALES[theme]["signed"]
    colours = [signed[3][1] if i != mark else signed[4][1] for i in range(len(values))]
    figure = go.Figure(
        go.Bar(
            x=list(range(len(values))),
            y=values,
            marker={"color": colours},
            text=[write(float(v), 4) for v in values] if len(values) <= MOST_NUMBERS else None,
            hovertext=[
                f"{escape(n)}<br>{write(float(v), None)}"
                for n, v in zip(labels, values, strict=True)
            ],
            hoverinfo="text",
        )
    )
    figure.update_layout(
        height=260,
        margin={"l": 8, "r": 8, "t": 32, "b": 8},
        title={"text": title, "font": {"size": 13}},
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis={
            "tickvals": list(range(len(values))),
            "ticktext": list(map(escape, labels)),
            "fixedrange": True,
        },
        yaxis={"fixedrange": True, "zeroline": True},
    )
    return figure


def legend(theme: str) -> go.Figure:
    """Draw the three colour scales with their numbers."""
    steps = np.linspace(-1.0, 1.0, 9).reshape(1, -1)
    unit = np.linspace(0.0, 1.0, 5).reshape(1, -1)

    def panel(name: str, title: str, value: Array) -> Panel:
        return Panel(name, title, value, [""], [""] * value.shape[1], shape=False)

    return grid(
        [
            [panel("n", "activations and gradients: orange below 0, blue above", steps)],
            [panel("W_o", "parameters: brown below 0, teal above", steps)],
            [panel("p", "gates, probabilities and masks: 0 to 1", unit)],
        ],
        theme,
    )
