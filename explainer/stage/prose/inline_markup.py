"""Markdown of a sentence: emphasis, code and links, as HTML; and text that is none of it."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

SPECIAL = "\\`*_{}[]()#+-.!|~<>:$&"
"""What means something in Markdown."""
JOINER = "\u2060"
"""A character that nobody sees; it keeps addresses, icons and arrows from being made of a text."""
INLINE = re.compile(
    rf"\\(?P<literal>[{re.escape(SPECIAL)}])"
    r"|`(?P<code>[^`]+)`"
    r"|\*\*(?P<bold>(?=\S)(?:\\.|[^*\\]|\*(?!\*)[^*]*\*(?!\*))+)\*\*"
    r"|\*(?P<italic>(?=\S)(?:\\.|[^*\\])+)(?<!\s)\*"
    r"|\[(?P<label>(?:\\.|[^\]\\])+)\]\((?P<address>https://[^\s()]+)\)"
)


def escape_markdown(text: str) -> str:
    """Return text so that Markdown shows it as it is."""
    text = re.sub(r":(?=\S)|www(?=\.)|.(?=@)|[-<>=~](?=[-<>=~])", f"\\g<0>{JOINER}", text)
    return "".join(f"\\{c}" if c in SPECIAL else c for c in text)


def markdown_as_html(text: str, links: Mapping[str, str] | None = None) -> str:
    """Return a sentence that is written in Markdown as HTML: emphasis, code and links alone.

    Args:
        text: the sentence; all else in it, tags too, is shown as it is.
        links: addresses of pages by their titles: an emphasized title leads to its page.
    """
    written, end = [], 0
    for found in INLINE.finditer(text):
        written += [html.escape(text[end : found.start()]), inline_html(found, links or {})]
        end = found.end()
    return "".join([*written, html.escape(text[end:])]).replace(JOINER, "")


def inline_html(found: re.Match[str], links: Mapping[str, str]) -> str:
    """Return one piece of Markdown as HTML."""
    kind, inner = str(found.lastgroup), str(found[str(found.lastgroup)])
    if kind == "literal":
        return html.escape(inner)
    if kind == "code":
        return f"<code>{html.escape(inner)}</code>"
    if kind == "bold":
        return f"<b>{markdown_as_html(inner, links)}</b>"
    if kind == "italic" and inner in links:
        return f'<a href="{html.escape(links[inner])}">{html.escape(inner)}</a>'
    if kind == "italic":
        return f"<i>{markdown_as_html(inner, links)}</i>"
    label = markdown_as_html(found["label"], links)
    return f'<a href="{html.escape(found["address"])}">{label}</a>'
