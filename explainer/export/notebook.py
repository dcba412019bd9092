"""A run as a Jupyter notebook: what it is given, and its equations as plain PyTorch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from textwrap import indent
from typing import Any

from explainer.engine.batch_run import Run
from explainer.engine.quantity import Quantity
from explainer.engine.trace import Trace
from explainer.engine.unroll import BACKWARD, FORWARD, Plan, make_plan
from explainer.errors import ConstraintError, must_be
from explainer.export.torch_code import torch_code

MOST_GIVEN = 50_000
"""Most numbers that a notebook is given; they stand in it, digit by digit."""

IMPORTS = '''\
import inspect

import torch
from torch.nn import functional as F


def tensor(numbers):
    """Return numbers in float64, whole ones as they are."""
    found = torch.tensor(numbers)
    return found if found.dtype == torch.int64 else torch.tensor(numbers, dtype=torch.float64)


def solve(equations, values):
    """Return values by name, and what a function of some of them makes besides."""
    needed = inspect.signature(equations).parameters
    return values | equations(**{name: values[name] for name in needed})
'''


def notebook_bytes(run: Run) -> bytes:
    """Return a run as a notebook (nbformat 4.5).

    Raises:
        TypeError: it is no run.
        ValueError: it is given too many numbers.
    """
    must_be("run", run, Run, "a run, such as run(PRESETS['math'])")
    given = numbers_given(run)
    cells = [
        {**cell, "id": f"cell-{i}", "metadata": {}} for i, cell in enumerate(_cells(run, given))
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    found = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(found, indent=1, allow_nan=False).encode()


def numbers_given(run: Run) -> list[Quantity]:
    """Return what the first pass is given.

    Raises:
        ValueError: these are too many numbers for a notebook.
    """
    kept = [q for n, q in run.trace.quantities.items() if n in run.trace.arrays]
    given = [q for q in kept if q.expression is None and q.name != "d_loss"]
    numbers = sum(run.trace[q.name].size for q in given)
    if numbers > MOST_GIVEN:
        raise ConstraintError(
            "run",
            f"a notebook holds at most {MOST_GIVEN:,}",
            f"The run is given {numbers:,} numbers",
            "Use a smaller batch, a shorter context or a smaller hidden size.",
        )
    return given


def _cells(run: Run, given: list[Quantity]) -> Iterator[dict[str, Any]]:
    trace, update = run.trace, run.update
    forward, backward = _passes(run)
    parameters = list(update.before)
    yield text_cell(
        "# One run of a gated recurrent unit\n\n"
        "Forward, backward by hand, one update, and forward again, in plain PyTorch. Names are "
        "those of `torch.nn.GRU`: r reset gate, z update gate, n candidate, h hidden state; `a_` "
        "is a part of what stands inside an activation, `d_` a gradient of the loss. "
        "Axes are sequences, time steps, units."
    )
    yield code_cell(IMPORTS.replace("float64", run.settings.precision))
    yield text_cell("## What is given\n\nThe text's tokens, the parameters, masks, rates.")
    named = {"text": run.settings.text, "vocabulary": list(run.batch.vocabulary)}
    if run.batch.features:
        named = {"features": list(run.batch.features), "outputs": list(run.batch.vocabulary)}
    yield code_cell("".join(f"{name} = {value!r}\n" for name, value in named.items()))
    rates = [q for q in update.quantities.values() if q.role == "rate"]
    lines = [
        f"    # {q.description}\n    {q.name!r}: tensor({_literal(q, source)}),"
        for source, quantities in ((trace, given), (update, rates))
        for q in quantities
    ]
    yield code_cell("given = {\n" + "\n".join(lines) + f"\n}}\nparameters = {parameters!r}\n")
    yield text_cell(
        "## Forward\n\nWhat needs the state before it is computed time step by time step."
    )
    yield code_cell(
        _function("forward", make_plan(forward, FORWARD), "h_0", "range(h.shape[1])", run)
        + 'values = solve(forward, given)\nprint("loss", values["loss"].item())\n'
    )
    yield text_cell("## Backward, by hand\n\nThe same from the last time step to the first.")
    yield code_cell(
        _function(
            "backward",
            make_plan(backward, BACKWARD),
            "torch.zeros_like(h_0)",
            "reversed(range(h.shape[1]))",
            run,
            d_loss="torch.ones_like(loss)",
        )
        + "values = solve(backward, values)\n"
    )
    yield text_cell("## One update\n\nEvery parameter moves a little against its gradient.")
    steps = tuple(q for q in update.quantities.values() if q.expression is not None)
    yield code_cell(_plain_function("update", steps) + "values = solve(update, values)\n")
    yield text_cell("## The second pass\n\nThe same batch, with the new parameters.")
    redrawn = [
        f"    {n!r}: tensor({run.second[n].tolist()!r}),\n"
        for n in ("mask_x", "mask_h")
        if (run.second[n] != trace[n]).any()
    ]
    yield code_cell(
        'new = {name: values[f"new_{name}"] for name in parameters}\n'
        + (f"new |= {{\n{''.join(redrawn)}}}\n" if redrawn else "")
        + "second = solve(forward, given | new)\n"
        'print("loss", values["loss"].item(), "->", second["loss"].item())\n'
    )
    yield text_cell("## As it was\n\nThe loss before and after, as the explainer computed them.")
    before, after = float(trace["loss"]), float(run.second["loss"])
    within = "1e-12" if run.settings.precision == "float64" else "1e-5"
    close = f"rtol={within}, atol={within}"
    yield code_cell(
        f'torch.testing.assert_close(values["loss"].item(), {before!r}, {close})\n'
        f'torch.testing.assert_close(second["loss"].item(), {after!r}, {close})\n'
    )


def _literal(q: Quantity, trace: Trace) -> str:
    """Write a quantity's numbers as Python does, every digit."""
    numbers = trace[q.name]
    return repr((numbers.astype(int) if q.integer else numbers).tolist())


def _passes(run: Run) -> tuple[tuple[Quantity, ...], tuple[Quantity, ...]]:
    """Return the equations of the way forward and of the way back, in order."""
    kept = [q for n, q in run.trace.quantities.items() if n in run.trace.arrays]
    end = [q.name for q in kept].index("d_loss")
    forward, backward = (
        tuple(q for q in part if q.function is not None) for part in (kept[:end], kept[end:])
    )
    return forward, backward


def _function(name: str, plan: Plan, start: str, order: str, run: Run, **first: str) -> str:
    """Write a pass as a function: before, during and after the walk through time."""
    solved = [*plan.before, *plan.recurrent, *plan.after]
    made = {q.name for q in solved} | {plan.input, *first}
    used = {n for q in solved for n in q.inputs} - made
    # what the walk through time asks for by name
    used |= {"h_0"} | ({"loss", "h"} if first else set())
    arguments = [n for n in run.trace.quantities if n in used]
    loops = {plan.input, *(q.name for q in plan.recurrent)}
    timed = {n for n in run.trace.quantities if "T" in run.trace.quantities[n].dims}
    size = "mask_x" if not first else "h"
    lines = [f"{n} = {value}" for n, value in first.items()]
    lines += [line for q in plan.before for line in _line(q)]
    shape = f"*{size}.shape[:2], h_0.shape[1]"
    shape = f"{len(loops)}, {shape}, dtype=torch.{run.settings.precision}"
    lines.append(f"{', '.join(sorted(loops))} = torch.zeros(\n    {shape}\n)")
    lines += [f"carried = {start}", f"for t in {order.replace('h.shape', f'{size}.shape')}:"]
    lines.append(f"    {plan.input}[:, t] = carried")

    def at(n: str) -> str:
        return f"{n}[:, t]" if n in timed else n

    for q in plan.recurrent:
        comment, line = _line(q, at)
        lines += [f"    {comment}", f"    {line}"]
    lines.append(f"    carried = {plan.output}[:, t]")
    lines += [line for q in plan.after for line in _line(q)]
    if not first and "mask_x" not in arguments:
        arguments.insert(0, "mask_x")
    return _definition(name, arguments, lines)


def _plain_function(name: str, equations: Iterable[Quantity]) -> str:
    equations = tuple(equations)
    made = {q.name for q in equations}
    arguments = list(dict.fromkeys(n for q in equations for n in q.inputs if n not in made))
    return _definition(name, arguments, [line for q in equations for line in _line(q)])


def _definition(name: str, arguments: list[str], lines: list[str]) -> str:
    # what is said of one equation after the other is said once
    said, shown = "", []
    for line in lines:
        if not line.lstrip().startswith("#") or line != said:
            shown.append(line)
        if line.lstrip().startswith("#"):
            said = line
    body = indent("\n".join(shown), "    ")
    return f"def {name}({', '.join(arguments)}):\n{body}\n    return locals()\n\n\n"


def _line(q: Quantity, name: Any = str) -> tuple[str, str]:
    assert q.expression is not None
    return f"# {q.description}", f"{name(q.name)} = {torch_code(q.expression, name)}"


def text_cell(source: str) -> dict[str, Any]:
    """Return a cell of Markdown."""
    return {"cell_type": "markdown", "source": source}


def code_cell(source: str) -> dict[str, Any]:
    """Return a cell of code that was not executed yet."""
    return {"cell_type": "code", "execution_count": None, "outputs": [], "source": source}
