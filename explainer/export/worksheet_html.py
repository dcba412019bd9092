"""A worksheet as a page that prints: everything that is not ours is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from explainer.export.exercise import Exercise

STYLE = """
@page { margin: 16mm; }
body { font: 12pt/1.45 system-ui, sans-serif; color: #111; background: #fff; max-width: 180mm;
  margin: 8mm auto; padding: 0 4mm; }
section + section { break-before: page; }
h1 { font-size: 18pt; margin: 0; }
.name { margin: 6mm 0; display: flex; gap: 8mm; }
.name span { flex: 1; border-bottom: 0.4mm solid #333; padding-bottom: 6mm; color: #555; }
ol { padding-left: 9mm; }
li { break-inside: avoid; margin: 0 0 7mm; }
.formula, .given, .solution { font-family: ui-monospace, monospace; font-size: 10.5pt;
  overflow-wrap: anywhere; }
.formula { font-weight: 600; }
.why { color: #555; font-size: 10pt; margin: 0.5mm 0 1.5mm; }
.given { columns: 3 40mm; list-style: none; padding: 0; margin: 0; }
.given li { margin: 0; }
.blank { margin-top: 4mm; }
.blank b { display: inline-block; min-width: 42mm; border-bottom: 0.4mm solid #333; }
"""


def worksheet_page(
    sheets: Sequence[tuple[int, Sequence[Exercise]]], sentence: str, key: bool
) -> str:
    """Return worksheets as one page, each on paper of its own.

    Args:
        sheets: exercises by seed.
        sentence: which network they are about.
        key: whether the solutions are shown.
    """
    title = "Key" if key else "Worksheet"
    body = "".join(_sheet(seed, items, sentence, key) for seed, items in sheets)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>{body}</body></html>\n"
    )


def _sheet(seed: int, items: Sequence[Exercise], sentence: str, key: bool) -> str:
    head = "Key" if key else "Worksheet"
    who = "" if key else '<p class="name"><span>Name</span><span>Date</span></p>'
    exercises = "".join(_exercise_item(item, key) for item in items)
    hint = (
        "An index is sequence, time step, unit; σ(a) = 1 / (1 + exp(−a)). Round to 3 decimals, and "
        "go on with the rounded numbers."
    )
    return (
        f"<section><h1>{head} · seed {seed}</h1><p>{escape(sentence)} {hint}</p>{who}"
        f"<ol>{exercises}</ol></section>"
    )


def _exercise_item(item: Exercise, key: bool) -> str:
    left = item.formula.split(" = ")[0]
    given = "".join(
        f"<li>{escape(name)} = {escape(v) if isinstance(v, str) else f'answer {v}'}</li>"
        for name, v in item.given.items()
    )
    end = (
        f'<p class="solution">{escape(item.solution)}</p>'
        if key
        else f'<p class="blank formula">{escape(left)} = <b>&nbsp;</b></p>'
    )
    return (
        f'<li><div class="formula">{escape(item.formula)}</div>'
        f'<p class="why">{escape(item.why)}</p><ul class="given">{given}</ul>{end}</li>'
    )
