"""Pictures of quantities; Plotly, no Streamlit, no torch.

One diverging scale, orange to blue, neutral near the page's background at 0; gates,
probabilities and masks on a sequential scale fixed to [0, 1]; weights in another pair of hues.
All of them survive the common kinds of colour blindness.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
PIECE = 18
"""Most columns of a matrix in one line; a wider one is continued below."""
MOST_PIECES = 6
"""Most pieces of a wide matrix; a wider one stays in one piece, colour only."""
MOST_IN_PIECES = 800
"""Most cells of a matrix that is continued; a larger one stays in one piece, colour only."""
MOST_ROWS = MOST_COLUMNS = 64
"""Most rows and columns of a picture; of a larger matrix it has the first ones."""
TALL = 36
"""Most rows of the usual height."""
WIDE = 48
"""Most columns of all matrices in a line."""
MOST_LABELS = 64
"""Most columns with labels below."""
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
        shape: the shape, where it is not the matrix's own; "" for none.
        whole: never continued below, as a picture over time is read from left to right.
    """

    name: str
    title: str
    value: Array
    rows: list[str]
    columns: list[str]
    limit: float | None = None
    mark: int | None = None
    sign: str = ""
    shape: str | None = None
    whole: bool = False

    @property
    def step(self) -> float:
        """Height of a row, in cells: the rows of a tall matrix are thin and without numbers."""
        return 1.0 if len(self.rows) <= TALL else 0.4

    @property
    def height(self) -> float:
        """Height of all rows, in cells."""
        return self.step * len(self.rows)

    def part(self) -> Panel:
        """Return the first rows and columns of a matrix that is too large to look at."""
        rows, columns = self.value.shape
        if rows <= MOST_ROWS and (rows == 1 or self.whole or columns <= MOST_COLUMNS):
            return self
        high, wide = min(rows, MOST_ROWS), columns if self.whole else min(columns, MOST_COLUMNS)
        return replace(
            self,
            value=self.value[:high, :wide],
            rows=self.rows[:high],
            columns=self.columns[:wide],
            limit=self.limit or float(np.abs(self.value).max(initial=0.0)) or 1.0,
            shape=f"{rows} × {columns}, the first {high} × {wide}",
        )

    @property
    def heading(self) -> str:
        """Title and shape."""
        rows, columns = self.value.shape
        shape = f"{rows} × {columns}" if self.shape is None else self.shape
        return f"<b>{escape(self.title)}</b>  {shape}".rstrip()

    def pieces(self) -> list[Panel]:
        """Return a wide matrix in pieces of like width that have room for their numbers."""
        rows, columns = self.value.shape
        count = -(-columns // PIECE)
        if self.whole or not 1 < count <= MOST_PIECES or self.value.size > MOST_IN_PIECES:
            return [self]
        width = -(-columns // count)
        return [
            replace(
                self,
                title=self.title if start == 0 else "",
                shape=f"{rows} × {columns}" if start == 0 else "",
                value=self.value[:, start : start + width],
                columns=self.columns[start : start + width],
                limit=self.limit or float(np.abs(self.value).max(initial=0.0)) or 1.0,
                mark=None
                if self.mark is None or not start <= self.mark < start + width
                else self.mark - start,
            )
            for start in range(0, columns, width)
        ]


def tick(label: str) -> str:
    """Return a label for the edge of a matrix: of a place without a token, only its number."""
    word, _, number = label.partition(" ")
    if word in ("unit", "feature", "sequence", "t"):
        return number
    return escape(label if len(label) <= 8 else f"{label[:7]}…")


def kind(name: str) -> str:
    """Return which scale a quantity has."""
    if name in UNIT:
        return "unit"
    return "weight" if name.removeprefix("new_").split("_")[0] in ("W", "b", "E") else "signed"


INK = {"light": "#31333F", "dark": "#FAFAFA"}
"""Colour of words that belong to no hue."""


def hue(name: str, theme: str) -> str:
    """Return the colour of a quantity's name: that of its gate, state or input; "" for none."""
    if name in ("h_prev", "h_out", "h_reset", "h_0", "d_h_prev", "d_h_next", "d_h_out"):
        return HUES[theme]["h"]
    if name in ("learning_rate", "norm"):
        return ""
    return HUES[theme].get(name.removesuffix("_t").removesuffix("_other")[-1], "")


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


def ends(panel: Panel) -> tuple[float, float]:
    """Return the numbers at the two ends of a matrix's colour scale."""
    if kind(panel.name) == "unit":
        return 0.0, 1.0
    limit = panel.limit or float(np.abs(panel.value).max(initial=0.0)) or 1.0
    return -limit, limit


def heatmap(panel: Panel, theme: str, left: float, top: float) -> dict[str, Any]:
    """Return one matrix as coloured cells, its numbers on hover."""
    low, high = ends(panel)
    rows, columns = panel.value.shape
    places = [escape(c) for c in panel.columns]
    hover = [
        [
            f"{panel.name}<br>{row} · {column}<br>{write(v, None)}"
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
        "colorscale": SCALES[theme][kind(panel.name)],
        "showscale": False,
        "hovertext": hover,
        "hoverinfo": "text",
        "xgap": 1 if columns <= 2 * WIDE else 0,
        "ygap": 1,
    }


def readable(panel: Panel, theme: str) -> list[list[str]]:
    """Return black or white for each cell, whichever stands out: a contrast of 4.5 or more."""
    low, high = ends(panel)
    stops, hues = zip(*SCALES[theme][kind(panel.name)], strict=True)
    at = (np.clip(panel.value, low, high) - low) / (high - low)
    luminance = np.zeros_like(at)
    for place, weight in ((1, 0.2126), (3, 0.7152), (5, 0.0722)):
        channel = np.interp(at, stops, [int(h[place : place + 2], 16) / 255 for h in hues])
        luminance += weight * np.where(
            channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4
        )
    # where black and white stand out alike (W3C's relative luminance)
    return [["#000000" if v > 0.179 else "#FFFFFF" for v in row] for row in luminance.tolist()]


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
        for column, value in zip(
            (self.x, self.y, self.text, self.at, self.size, self.colour),
            (x, y, text, at, size, hue or faint),
            strict=True,
        ):
            column.append(value)  # type: ignore[attr-defined]

    def numbers(self, panel: Panel, digits: int | None, left: float, top: float) -> None:
        """Put a matrix's numbers into its cells."""
        inks = readable(panel, self.theme)
        for i, (values, hues) in enumerate(zip(panel.value.tolist(), inks, strict=True)):
            for j, (value, ink) in enumerate(zip(values, hues, strict=True)):
                self.add(left + j, top + i, write(value, digits), "middle center", 12, ink)

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


def grid(lines: list[list[Panel]], theme: str, digits: int | None = 2) -> go.Figure:
    """Draw matrices in lines, all cells of one size, names and shapes above.

    All matrices share one pair of axes on which a cell is 1 by 1: several times faster to make
    and to draw than a pair for each.

    Args:
        lines: the matrices of each line, from left to right.
        theme: "light" or "dark".
        digits: digits after the point in the cells; None writes all.
    """
    ink = INK[theme]
    labels = Labels(theme)
    data: list[dict[str, Any]] = []
    frames: list[dict[str, Any]] = []
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
            data.append(heatmap(panel, theme, left + 0.5, top + 1))
            most = PIECE if panel.whole else MOST_NUMBERS
            if columns <= most and panel.step == 1 and not crowded:
                labels.numbers(panel, digits, left + 0.5, top + 1.5)
            title = panel.heading
            labels.add(left, top + 0.62, title, "middle right", 13, hue(panel.name, theme) or ink)
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
            middle = top + 1 + panel.height / 2
            if panel.sign:
                labels.add(left + columns + GAP / 2, middle, panel.sign, "middle center", 16, ink)
            if panel.mark is not None:
                frames.append(
                    {
                        "type": "rect",
                        "x0": left + panel.mark,
                        "x1": left + panel.mark + 1,
                        "y0": top + 1,
                        "y1": top + 1 + panel.height,
                        "line": {"color": ink, "width": 2},
                    }
                )
            wide = max(columns, 0.24 * len(title) - 1.5)  # a long title needs room, too
            across = max(across, left + wide)
            left += (wide if first and len(line) > 1 and not panel.sign else columns) + GAP
        top += max(p.height for p in line) + 2.1
    hidden = {"visible": False, "fixedrange": True}
    return go.Figure(
        {
            "data": [*data, labels.trace()],
            "layout": {
                "width": max(int(across * cell_width(digits)), 120) + 16,
                "height": int(CELL * top) + 16,
                "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
                "plot_bgcolor": "rgba(0,0,0,0)",
                "hoverlabel": {"align": "left"},
                "xaxis": {**hidden, "range": [0, across]},
                "yaxis": {**hidden, "range": [top, 0]},
                "shapes": frames,
            },
        }
    )


def in_pieces(line: list[Panel], crowded: bool) -> list[list[Panel]]:
    """Return a line that is too wide as several lines, its signs before the names."""
    if len(line) > 1 and sum(p.value.shape[1] for p in line) <= WIDE:
        return [line]
    signs = ["", *(p.sign for p in line[:-1])]
    alone = [
        replace(p, title=f"{sign} {p.title}".strip(), sign="")
        for p, sign in zip(line, signs, strict=True)
    ]
    return [[piece] for p in alone for piece in ([p] if crowded else p.pieces())]


def cell_width(digits: int | None) -> int:
    """Return the width of a cell in pixels: its number, and a little air."""
    return 150 if digits is None else 46 if digits <= 2 else 58


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
        return Panel(name, title, value, [""], [""] * value.shape[1], shape="")

    return grid(
        [
            [panel("n", "activations and gradients: orange below 0, blue above", steps)],
            [panel("W_o", "parameters: brown below 0, teal above", steps)],
            [panel("p", "gates, probabilities and masks: 0 to 1", unit)],
        ],
        theme,
    )
