"""A page as one file: its text around what the stage is given."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from explainer.stage.chapters import HOME, TOUR, Chapter
from explainer.stage.prose.inline_markup import markdown_as_html
from explainer.stage.script import INDENT, WEB, link


@cache
def script() -> str:
    """Return the stage's modules and the host of a file as one classic script.

    From a disk, browsers load no modules.
    """
    return f"(() => {{\n{link('file', short=True)}\n}})();\n"


def document(
    page: Chapter,
    data: Mapping[str, Any],
    theme: str,
    links: Mapping[str, str],
    code: str,
    equations: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the file's text.

    Args:
        page: the chapter; gives title, question, and what to try.
        data: what the stage is sent.
        theme: "auto", "light" or "dark".
        links: addresses of other pages by their titles.
        code: address of the script; empty where it stands in the file.
        equations: of the chapter, each with a sentence about it.
    """
    inside = "" if code else script()
    digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
    allowed = "'self'" if code else f"'sha256-{digest}'"
    # nothing of a user's text can end the element that holds it
    written = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    title = "Every number inside a GRU" if page is HOME else page.title
    menu = "".join(
        f'<a href="{html.escape(href)}">{html.escape(text)}</a>' for text, href in links.items()
    )
    task = f"<p class=task><b>Try this.</b> {markdown_as_html(page.task)}</p>" if page.task else ""
    more = '<p class="more" hidden>More about it: <a></a></p>' if page is TOUR else ""
    return f"""<!doctype html>
<html lang="en" data-theme="{theme}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; script-src {allowed}; img-src data: blob:">
<title>{html.escape(title)} · GRU Explainer</title>
<style>{(WEB / "file.css").read_text("utf-8")}</style>
<nav aria-label="pages"{"" if menu else " hidden"}>{menu}</nav>
<main>
<h1>{html.escape(title)}</h1>
<p class="question">{html.escape(page.question)}</p>
<div id="host"></div>
{task}{more}{equations_list(equations)}
</main>
<template id="stage"><style>{INDENT.sub("", (WEB / "stage.css").read_text("utf-8"))}</style>
{(WEB / "stage.html").read_text("utf-8")}</template>
<script type="application/json" id="data">{written}</script>
<script{f' src="{html.escape(code)}"' if code else ""}>{inside}</script>
</html>
"""


def equations_list(equations: Sequence[tuple[str, str]]) -> str:
    """Return equations as a list that unfolds; nothing where there are none."""
    if not equations:
        return ""
    items = "".join(
        f"<dt><code>{html.escape(equation)}</code></dt><dd>{html.escape(words)}</dd>"
        for equation, words in equations
    )
    return f"<details><summary>The equations of this page</summary><dl>{items}</dl></details>"
