"""A story's pieces as HTML, for a file: texts are escaped, and tables are small."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from numbers import Real

import numpy as np

from explainer.stage.prose.blocks import (
    Bars,
    Block,
    Caption,
    Figures,
    Heading,
    Note,
    Ribbon,
    Sheet,
    Stage,
    Text,
)
from explainer.stage.prose.inline_markup import markdown_as_html

MOST_ROWS_HERE = 200
"""Most rows of a table in a file."""
MOST_COLUMNS_HERE = 64
"""Most columns of a table in a file."""
HUES = 7
"""How many colours tokens have; `file.css` has them."""


def story_as_html(story: Iterable[Block], links: Mapping[str, str]) -> str:
    """Return the pieces of a story, one below the other.

    Args:
        story: the pieces; nothing stands for the stage.
        links: addresses of pages by their titles; an emphasized title leads to its page.
    """
    return "\n".join(filter(None, (block_as_html(block, links) for block in story)))


def block_as_html(block: Block, links: Mapping[str, str]) -> str:
    """Return one piece of a story."""
    match block:
        case Text():
            kind = ' class="measured"' if block.measured else ""
            return f"<p{kind}>{markdown_as_html(block.text, links)}</p>"
        case Note():
            return f'<p class="note">{markdown_as_html(block.text, links)}</p>'
        case Caption():
            return f'<p class="caption">{markdown_as_html(block.text, links)}</p>'
        case Heading():
            return f"<h2>{html.escape(block.text)}</h2>"
        case Bars():
            return bars_as_html(block)
        case Figures():
            pairs = "".join(
                f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>"
                for name, value in block.pairs
            )
            return f'<dl class="figures measured">{pairs}</dl>'
        case Sheet():
            return sheet_as_html(block)
        case Ribbon():
            tokens = "".join(
                f'<span class="hue{i % HUES}" title="id {i}">{html.escape(token)}</span>'
                for token, i in zip(block.tokens, block.ids, strict=True)
            )
            return f'<div class="ribbon" role="group" aria-label="tokens">{tokens}</div>'
        case Stage():
            return ""


def bars_as_html(block: Bars) -> str:
    """Return one bar and its number for each label."""
    largest = float(np.abs(block.values).max(initial=0.0)) or 1.0
    items = "".join(
        f"<li><span>{html.escape(label)}</span>"
        f'<i style="width:{abs(value) / largest:.0%}"></i><b>{cell_text(value)}</b></li>'
        for label, value in zip(block.labels, block.values.tolist(), strict=True)
    )
    title = html.escape(block.title)
    return (
        f'<figure class="bars measured"><figcaption>{title}</figcaption><ol>{items}</ol></figure>'
    )


def sheet_as_html(sheet: Sheet) -> str:
    """Return a table; of a large one its first rows and columns, which it says."""
    rows, columns = sheet.frame.shape
    shown = sheet.frame.iloc[:MOST_ROWS_HERE, :MOST_COLUMNS_HERE]
    corner = "<td></td>" if sheet.named else ""
    head = "".join(f"<th scope=col>{html.escape(str(name))}</th>" for name in shown.columns)
    lines = []
    for name, row in zip(shown.index, shown.itertuples(index=False, name=None), strict=True):
        first = f"<th scope=row>{html.escape(str(name))}</th>" if sheet.named else ""
        cells = "".join(f"<td>{cell_text(value)}</td>" for value in row)
        lines.append(f"<tr>{first}{cells}</tr>")
    cut = ""
    if shown.shape != sheet.frame.shape:
        many = f"{len(shown):,} of {rows:,} rows, {shown.shape[1]} of {columns:,} columns"
        cut = f'<p class="caption">Here are {many}.</p>'
    # it scrolls, and so it can be reached by keyboard
    return (
        '<div class="sheet measured" tabindex="0" role="group" aria-label="table"><table>'
        f"<thead><tr>{corner}{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>{cut}"
    )


def cell_text(value: object) -> str:
    """Return what stands in a cell: a number in few digits, any other text escaped."""
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4g}".replace("-", "−")
    if isinstance(value, Real):
        return f"{value}".replace("-", "−")
    return html.escape(str(value))
