"""The first page of a site of several examples: each with a picture of its states over time."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from explainer.engine.batch_run import Run
from explainer.engine.run import run
from explainer.presets import EXAMPLES, PRESETS
from explainer.stage.chapters import HOME, TOUR
from explainer.stage.menu import about_app
from explainer.stage.script import style

LETTERS = 90
"""How much of its text a card shows."""


def index_page(presets: Sequence[str], app: str = "") -> str:
    """Return the page that leads to each example; of a single one, straight to its home.

    Args:
        presets: names of the presets.
        app: address of a server with the app; "" where none is known.
    """
    first = presets[0]
    leads = f'<meta http-equiv="refresh" content="0; url={first}/{HOME.slug}.html">'
    cards = "\n".join(card(name) for name in presets)
    return f"""<!doctype html>
<html lang="en" data-theme="auto">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
{leads if len(presets) == 1 else ""}
<title>GRU Explainer</title>
<style>{style("file")}</style>
<main>
<h1>GRU Explainer</h1>
<p class="question">{html.escape(HOME.question)}</p>
<div class="story"><p>From text to update, with every number in between: point at one to read it, \
click it to see where it comes from, drag a weight, and everything follows. Choose an example, or \
begin with the <a href="{first}/{TOUR.slug}.html">guided tour</a>: short questions on three tokens \
and two units.</p></div>
<ul class="cards">
{cards}
</ul>
</main>
<footer>{about_app("/", app)}</footer>
</html>
"""


def card(preset: str) -> str:
    """Return a preset as a card that leads to its home."""
    result = run(PRESETS[preset])
    words = " ".join(result.settings.text[: LETTERS + 1].split())
    text = f"{words[:LETTERS].rsplit(' ', 1)[0]} …" if len(words) > LETTERS else words
    sizes = result.trace.sizes
    before, after = float(result.trace["loss"]), float(result.second["loss"])
    return (
        f'<li><a href="{preset}/{HOME.slug}.html"><b>{html.escape(EXAMPLES[preset])}</b>'
        f"{states_picture(result)}<q>{html.escape(text)}</q>"
        f"<span>{sizes['H']} units, a vocabulary of {sizes['V']}, {sizes['B']} × {sizes['T']} "
        f"tokens. One update: the loss falls from {before:.4f} to {after:.4f}.</span></a></li>"
    )


def states_picture(result: Run) -> str:
    """Return the states of the first sequence: a row for each unit, a column for each token."""
    h = result.trace["h"][0]
    largest = float(np.abs(h).max()) or 1.0
    cells = "".join(
        f'<i class="{"less" if value < 0 else "more"}" style="--share:{abs(value) / largest:.0%}">'
        "</i>"
        for value in h.T.ravel().tolist()
    )
    label = "the state over time: a row for each unit, a column for each token"
    return (
        f'<span class="states" role="img" aria-label="{label}" style="--steps:{len(h)}">'
        f"{cells}</span>"
    )
