"""A page as one file: its text around what the stage is given."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from explainer.stage.chapters import CHAPTERS, HOME, TOUR, Chapter
from explainer.stage.menu import Menu, about_app
from explainer.stage.prose.blocks import Block, Stage
from explainer.stage.prose.inline_markup import markdown_as_html
from explainer.stage.prose.story_html import story_as_html
from explainer.stage.script import INDENT, WEB, link, style

MEASURED = 'measured"'
"""What marks numbers of the run in a story."""


@cache
def script() -> str:
    """Return the stage's modules and the host of a file as one classic script.

    From a disk, browsers load no modules.
    """
    return f"(() => {{\n{link('file', short=True)}\n}})();\n"


@dataclass(frozen=True)
class Contents:
    """What a file says around the stage.

    Attributes:
        page: the chapter; gives title, question, and what to try.
        story: what the chapter says; where the stage stands in it, the numbers' stage is put.
        equations: of the chapter, each with a sentence about it.
        link: of this page in the app; empty where it has none.
    """

    page: Chapter
    story: Sequence[Block] = (Stage(),)
    equations: Sequence[tuple[str, str]] = ()
    link: str = ""


def document(
    contents: Contents,
    data: Mapping[str, Any] | None,
    theme: str,
    menu: Menu,
    code: str = "",
    app: str = "",
) -> str:
    """Return the file's text.

    Args:
        contents: what the file says.
        data: what the stage is sent; None where there is no stage.
        theme: "auto", "light" or "dark".
        menu: the files beside it.
        code: address of the script; empty where it stands in the file.
        app: address of a server with the app; empty where none is known.
    """
    page = contents.page
    inside = "" if code or data is None else script()
    digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
    allowed = "'self'" if code else f"'sha256-{digest}'"
    title = html.escape("Every number inside a GRU" if page is HOME else page.title)
    source = f' src="{html.escape(code)}"' if code else ""
    runs = f"<script{source}>{inside}</script>" if code or inside else ""
    return f"""<!doctype html>
<html lang="en" data-theme="{theme}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; script-src {allowed}; worker-src blob:; img-src data: blob:">
<title>{title} · GRU Explainer</title>
<style>{style("file")}</style>
{menu.as_html()}
<main>
<h1>{title}</h1>
<p class="question">{html.escape(page.question)}</p>
{story_around_stage(contents, menu)}
{menu.ways({chapter.title: chapter.question for chapter in (HOME, TOUR, *CHAPTERS)})}
</main>
<footer>{about_app(contents.link, app)}</footer>
{"" if data is None else stage_parts(data)}{runs}
</html>
"""


def story_around_stage(contents: Contents, menu: Menu) -> str:
    """Return what a chapter says, with the stage where it stands in that."""
    page, story = contents.page, list(contents.story)
    at = story.index(Stage()) if Stage() in story else len(story)
    above, below = (story_as_html(part, menu.pages) for part in (story[:at], story[at + 1 :]))
    task = markdown_as_html(page.task, menu.pages)
    written = (
        '<p class="as-written" role="status" hidden>The stage has your numbers; those in grey are '
        "as they were before your changes.</p>"
    )
    above, below = (
        f'{written if MEASURED in part else ""}<div class="story">{part}</div>' if part else ""
        for part in (above, below)
    )
    pieces = [
        above,
        '<div id="host"></div>' if at < len(story) else "",
        below,
        f'<p class="task"><b>Try this.</b> {task}</p>' if task and at < len(story) else "",
        '<p class="more" hidden>More about it: <a></a></p>' if page is TOUR else "",
        equations_list(contents.equations),
    ]
    return "\n".join(filter(None, pieces))


def stage_parts(data: Mapping[str, Any]) -> str:
    """Return the stage's own style and elements, and what it is sent."""
    # nothing of a user's text can end the element that holds it
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f"""<template id="stage"><style>{style("stage")}</style>
{INDENT.sub("", (WEB / "stage.html").read_text("utf-8"))}</template>
<script type="application/json" id="data">{written}</script>
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
