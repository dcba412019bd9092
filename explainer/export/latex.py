"""All equations of a run in LaTeX: a document of its own, whose sections can be copied out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from explainer.engine.batch_run import Run
from explainer.engine.quantity import Quantity
from explainer.engine.trace import Trace
from explainer.explanation.tensor_formula import equation_latex

HEAD = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\allowdisplaybreaks
\begin{document}
"""
FOOT = r"""
\end{document}
"""
SPECIAL = re.compile(r"([&%$#_{}])")
"""Characters of a sentence that mean something in LaTeX."""


def latex_bytes(run: Run | Trace) -> bytes:
    """Return all equations of a run, or of the trace of a layer, as a LaTeX document."""
    return latex_document(run).encode()


def latex_document(run: Run | Trace) -> str:
    """Return all equations of a run, or of the trace of a layer, as a LaTeX document.

    It needs amsmath. Each equation is tagged with its name here; products are row vectors.
    """
    trace = run.trace if isinstance(run, Run) else run
    update = run.update if isinstance(run, Run) else None
    quantities = {**(update.quantities if update else {}), **trace.quantities}
    parts = [HEAD]
    for title, section in sections(trace, update):
        written = [_paragraph(q, quantities) for q in section]
        if written:
            parts += [f"\n\\section*{{{title}}}\n", *written]
    return "".join([*parts, FOOT])


def sections(trace: Trace, update: Trace | None) -> Iterator[tuple[str, Iterable[Quantity]]]:
    """Yield titles, each with its quantities, in the order they were computed."""
    own = trace.quantities.values()
    computed = [q for q in own if q.expression is not None and q.name in trace.arrays]
    yield "What is given", [q for q in own if q.expression is None]
    yield "Forward", [q for q in computed if q.role != "gradient"]
    yield "Gradients", [q for q in computed if q.role == "gradient"]
    yield "Parts of these", [q for q in own if q.name not in trace.arrays]
    if update is not None:
        yield "Update", [q for q in update.quantities.values() if q.expression or q.role == "rate"]


def _paragraph(q: Quantity, quantities: Mapping[str, Quantity]) -> str:
    words = SPECIAL.sub(r"\\\1", q.description).replace("−", "$-$")
    if q.expression is None:
        return f"\n\\noindent ${q.symbol}$: {words}\n"
    name = SPECIAL.sub(r"\\\1", q.name)
    equation = equation_latex(q, quantities)
    return (
        f"\n\\noindent {words}\n\\begin{{equation*}}\n  {equation} \\tag*{{\\texttt{{{name}}}}}\n"
        "\\end{equation*}\n"
    )
