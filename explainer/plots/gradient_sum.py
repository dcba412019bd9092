"""A sum of small matrices in one picture: share + share + … = gradient; no Streamlit, no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from explainer.analysis.time_contributions import largest_contributions, norms
from explainer.engine.trace import Array
from explainer.plots.charts import Labels
from explainer.plots.colours import INK, SCALES
from explainer.plots.heatmap import NOTHING, escape, scale_end, tick

MOST_SIDE = 40
"""Most rows and columns of a small matrix; of a larger one the first are drawn."""
MOST_TERMS = 48
"""Most matrices that are added up; of more, the smaller ones are one matrix, "the rest"."""
MOST_NAMED = 4_000
"""Most cells that have a name on hover; of more only the number, which is half as much to send."""
ACROSS = 1060
"""Width of a full line in pixels."""
SIDE = 110
"""Width and height in pixels that a matrix should not exceed, if its cells can be seen so."""
SMALLEST, LARGEST = 4, 24
"""Width and height of a cell in pixels."""
LEAST = 84
"""Least room across in pixels: a label and a norm."""
REST = "the rest"
"""What the sum of the smaller shares is called."""
GAP = 20
"""Room for the sign before a matrix."""
ABOVE, BELOW = 20, 34
"""Room for the label above a matrix, and for the norm below and some air."""


@dataclass(frozen=True, eq=False)
class Summand:
    """One matrix of the sum, or the sum itself.

    Attributes:
        sign: what stands before it.
        label: what stands above it; a user's token may be in it.
        value: (rows, columns), at most `MOST_SIDE` of each.
        norm: what stands below it, that of the whole matrix.
        limit: the number at the end of its colour scale.
        framed: whether it has a frame.
    """

    sign: Literal["", "+", "="]
    label: str
    value: Array
    norm: float
    limit: float
    framed: bool = False


def summands(
    shares: Array, total: Array, labels: list[str], name: str, most_cells: int
) -> list[Summand]:
    """Return a gradient as matrices to draw: its shares in the order of time, and the sum.

    All shares have one colour scale. The sum has another, and with it "the rest", where there
    are too many shares to draw them all: the smaller ones, added up.

    Args:
        shares: (T, rows, columns), each time step's share.
        total: (rows, columns), the gradient.
        labels: what to call each time step.
        name: what to call the gradient.
        most_cells: most cells of all matrices together.
    """
    T = len(shares)
    lengths = norms(shares)
    room = min(most_cells // first(total).size - 1, MOST_TERMS)
    drawn = largest_contributions(lengths, T if room >= T else room - 1)
    rest = np.delete(shares, drawn, 0).sum(0)
    own, summed = scale_end(shares[drawn]), scale_end(np.stack([rest, total]))
    most = max(drawn, key=lengths.__getitem__)
    found = [
        Summand(
            "+" if i else "",
            labels[t],
            first(shares[t]),
            float(lengths[t]),
            own,
            framed=t == most and lengths[t] >= NOTHING,
        )
        for i, t in enumerate(drawn)
    ]
    if len(drawn) < T:
        found.append(Summand("+", REST, first(rest), float(np.linalg.norm(rest)), summed))
    return [*found, Summand("=", name, first(total), float(np.linalg.norm(total)), summed)]


def first(matrix: Array) -> Array:
    """Return the first rows and columns, as many as are drawn."""
    return matrix[..., :MOST_SIDE, :MOST_SIDE]


def short(value: float) -> str:
    """Write a number with three significant digits and a true minus."""
    return f"{value:.3g}".replace("e-0", "e-").replace("-", "−")


def side(count: int) -> int:
    """Return how wide or high one of so many cells is, in pixels."""
    return min(max(SIDE // count, SMALLEST), LARGEST)


@dataclass
class Frames:
    """Rectangles around matrices, drawn in one go.

    Attributes:
        colour: colour of their lines.
        width: width of their lines in pixels.
    """

    colour: str
    width: int
    x: list[float | None] = field(default_factory=list)
    y: list[float | None] = field(default_factory=list)

    def add(self, left: float, top: float, wide: float, high: float) -> None:
        """Put a frame somewhere."""
        right, bottom = left + wide, top + high
        self.x += [left, right, right, left, left, None]
        self.y += [top, top, bottom, bottom, top, None]

    def trace(self) -> dict[str, Any]:
        """Return them as one trace."""
        return {
            "type": "scatter",
            "mode": "lines",
            "x": self.x,
            "y": self.y,
            "line": {"color": self.colour, "width": self.width},
            "hoverinfo": "skip",
            "showlegend": False,
        }


def strip(terms: list[Summand], places: list[list[str]], theme: str) -> go.Figure:
    """Draw matrices of one shape side by side, continued below where a line is full.

    Args:
        terms: the matrices from left to right.
        places: what to call each cell on hover, rows and columns as in the matrices.
        theme: "light" or "dark".
    """
    ink = INK[theme]
    rows, columns = terms[0].value.shape
    high, wide = side(rows), side(columns)
    across, down = max(columns * wide, LEAST), ABOVE + rows * high + BELOW
    each_line = ACROSS // (GAP + across)
    if len(terms) * rows * columns > MOST_NAMED:
        places = []
    # one scale for all matrices that share it: Plotly checks it once, not for each of them
    limits = dict.fromkeys(term.limit for term in terms)
    scales = {limit: f"coloraxis{i}" for i, limit in enumerate(limits, 1)}
    labels, outlines, frames = Labels(theme), Frames("#88888866", 1), Frames(ink, 2)
    data: list[dict[str, Any]] = []
    for i, term in enumerate(terms):
        line, place = divmod(i, each_line)
        left, top = place * (GAP + across) + GAP, line * down + ABOVE
        middle, bottom = left + across / 2, top + rows * high
        edge = middle - columns * wide / 2
        data.append(
            {
                **small_heatmap(term, places),
                "coloraxis": scales[term.limit],
                "x0": edge + wide / 2,
                "dx": wide,
                "y0": top + high / 2,
                "dy": high,
                "xgap": int(wide > 2 * SMALLEST),
                "ygap": int(high > 2 * SMALLEST),
            }
        )
        strong = "<b>{}</b>" if term.framed or term.sign == "=" else "{}"
        for y, text in ((top - 10, tick(term.label)), (bottom + 12, f"norm {short(term.norm)}")):
            labels.add(middle, y, strong.format(text), "middle center", 12, ink)
        labels.add(left - GAP / 2, (top + bottom) / 2, term.sign, "middle center", 16, ink)
        outlines.add(edge, top, columns * wide, rows * high)
        if term.framed:
            frames.add(edge - 3, top - 3, columns * wide + 6, rows * high + 6)
    width = min(len(terms), each_line) * (GAP + across) + GAP
    height = -(-len(terms) // each_line) * down
    hidden = {"visible": False, "fixedrange": True}
    scale = {"colorscale": SCALES[theme]["signed"], "showscale": False}
    return go.Figure(
        {
            "data": [*data, outlines.trace(), frames.trace(), labels.trace()],
            "layout": {
                "width": width,
                "height": height,
                "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
                "plot_bgcolor": "rgba(0,0,0,0)",
                "hoverlabel": {"align": "left"},
                "xaxis": {**hidden, "range": [0, width]},
                "yaxis": {**hidden, "range": [height, 0]},
                **{name: {**scale, "cmin": -end, "cmax": end} for end, name in scales.items()},
            },
        }
    )


def small_heatmap(term: Summand, places: list[list[str]]) -> dict[str, Any]:
    """Return one matrix as coloured cells, its numbers and the names of its places on hover."""
    name = escape(term.label)
    found = {
        "type": "heatmap",
        "name": name,
        "z": term.value,
        "zhoverformat": ".6~g",
        "hoverinfo": "z+text",
    }
    if places:
        found["hovertext"] = [[f"{name}<br>{escape(p)}" for p in row] for row in places]
    return found
