"""A small run as a spreadsheet: every number a live formula of the numbers it is made from."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from explainer.engine.batch_run import Run
from explainer.engine.quantity import Quantity
from explainer.engine.trace import Trace
from explainer.errors import ConstraintError, must_be
from explainer.explanation.explain import reader
from explainer.explanation.index_form import (
    Constant,
    Element,
    Filler,
    Op,
    Scalar,
    index_form,
    own_letters,
)
from explainer.explanation.tensor_formula import equation_text
from explainer.export.cell_formula import cell_formula

MOST_CELLS_IN_BOOK = 20_000
"""Most numbers of a spreadsheet: what one can still find one's way in."""
MOST_TERMS = 120
"""Most terms of a sum: a spreadsheet takes formulas of 8,192 characters."""
SHEETS = ("Given", "Forward", "Loss", "Gradients", "Update")
LOSS_NAMES = ("ce_1", "ce_2", "error", "se_1", "se_2", "answers", "ce_3", "se_3", "loss")
FIRST_COLUMN = 2
"""Where the numbers begin; what each row is stands before them."""
WIDTH = 13


@dataclass(frozen=True)
class Block:
    """Where a quantity stands: its sheet, and the row of its first number."""

    sheet: str
    row: int
    shape: tuple[int, ...]

    def cell(self, index: tuple[int, ...]) -> tuple[int, int]:
        """Return row and column of a number."""
        row = 0
        for i, size in zip(index[:-1], self.shape[:-1], strict=True):
            row = row * size + i
        return self.row + row, FIRST_COLUMN + (index[-1] if index else 0)


def spreadsheet_bytes(run: Run) -> bytes:
    """Return a run as a spreadsheet (.xlsx): forward, backward and one update.

    Raises:
        TypeError: it is no run.
        ValueError: it has too many numbers, or sums of too many terms.
        ImportError: openpyxl is not installed.
    """
    must_be("run", run, Run, "a run, such as run(PRESETS['math'])")
    refuse_unreadable(run)
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name in SHEETS:
        sheet = book.create_sheet(name)
        sheet.column_dimensions["A"].width = 26
    Writer(run, book).fill()
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def refuse_unreadable(run: Run) -> None:
    """Refuse a run that makes no spreadsheet that one can read.

    Raises:
        ValueError: it is too large.
    """
    numbers = sum(v.size for t in (run.trace, run.update) for v in t.arrays.values())
    sizes = run.trace.sizes
    terms = max(sizes["B"] * sizes["T"], sizes["V"], sizes["D"], sizes["H"])
    advice = "Use a smaller batch, a shorter context, a smaller network or a shorter text."
    if numbers > MOST_CELLS_IN_BOOK:
        expected = f"a spreadsheet takes at most {MOST_CELLS_IN_BOOK:,}"
        raise ConstraintError("run", expected, f"The run has {numbers:,} numbers", advice)
    if terms > MOST_TERMS:
        expected = f"a spreadsheet takes at most {MOST_TERMS}"
        raise ConstraintError("run", expected, f"Sums of the run have {terms:,} terms", advice)


def sheet_of(q: Quantity, in_update: bool) -> str:
    """Return the sheet on which a quantity stands."""
    if in_update and q.expression is not None:
        return "Update"
    if q.expression is None:
        return "Given"
    if q.role == "gradient":
        return "Gradients"
    return "Loss" if q.name in LOSS_NAMES else "Forward"


class Writer:
    """Writes a run into a book, block below block."""

    def __init__(self, run: Run, book: Any) -> None:
        self.run = run
        self.book = book
        self.blocks: dict[str, Block] = {}
        self.rows = dict.fromkeys(SHEETS, 1)

    def fill(self) -> None:
        """Write every quantity: first where all of them stand, then what stands there."""
        found = list(self.quantities())
        self.tokens()
        for q, trace in found:
            shape = trace.shape(q.name)
            sheet = sheet_of(q, trace is self.run.update)
            lines = 1
            for size in shape[:-1]:
                lines *= size
            self.blocks[q.name] = Block(sheet, self.rows[sheet] + 2, shape)
            self.rows[sheet] += lines + 3
        for q, trace in found:
            self.write(q, trace)

    def quantities(self) -> Iterator[tuple[Quantity, Trace]]:
        """Return every quantity with the trace that has it, each once, in computing order."""
        trace, update = self.run.trace, self.run.update
        for name in trace.arrays:
            yield trace.quantities[name], trace
        for name in update.arrays:
            if name not in trace.arrays:
                yield update.quantities[name], update

    def tokens(self) -> None:
        """Write the tokens of the batch, as text."""
        batch = self.run.batch
        sheet = self.book["Given"]
        if batch.features:
            self.rows["Given"] += 2
            for i, name in enumerate(("features", *batch.features)):
                write_text(sheet, 1, 1 + i, name, bold=not i)
            return
        for title, ids in (("tokens", batch.ids), ("target tokens", batch.targets)):
            write_text(sheet, self.rows["Given"], 1, title, bold=True)
            for i, row in enumerate(ids.tolist()):
                at = self.rows["Given"] + 1 + i
                write_text(sheet, at, 1, f"sequence {i}")
                for t, token in enumerate(row):
                    write_text(sheet, at, FIRST_COLUMN + t, batch.vocabulary[token])
            self.rows["Given"] += len(ids) + 2

    def write(self, q: Quantity, trace: Trace) -> None:
        """Write a quantity: its equation, the heads of its columns and rows, its numbers."""
        block, numbers = self.blocks[q.name], trace[q.name]
        sheet = self.book[block.sheet]
        write_text(sheet, block.row - 2, 1, q.name, bold=True, comment=q.description)
        write_text(sheet, block.row - 2, FIRST_COLUMN, equation_text(q, trace.quantities))
        for i in range(block.shape[-1] if block.shape else 0):
            write_text(sheet, block.row - 1, FIRST_COLUMN + i, f"{q.dims[-1]} {i}")
        for index in product(*map(range, block.shape[:-1])):
            at, _ = block.cell((*index, 0) if block.shape else ())
            pairs = zip(q.dims, index, strict=False)
            write_text(sheet, at, 1, ", ".join(f"{d} {i}" for d, i in pairs) or q.name)
        form = index_form(q, trace.quantities)
        fill = Filler(trace.sizes, reader(trace), expand=True)
        for places in product(*map(range, block.shape)):
            row, column = block.cell(places)
            if form is None:
                sheet.cell(row, column, float(numbers[places]))
                continue
            filled = fill.fill(form, dict(zip(own_letters(q), places, strict=True)))
            sheet.cell(row, column, f"={cell_formula(filled, self.address, self.look_up)}")

    def address(self, element: Element) -> str:
        """Return the cell of an element."""
        from openpyxl.utils import get_column_letter

        block = self.blocks[element.name]
        row, column = block.cell(tuple(int(i) for i in element.index))
        return f"{block.sheet}!{get_column_letter(column)}{row}"

    def look_up(self, row: Scalar, element: Scalar) -> str:
        """Write what stands in a column of a table, in the row that another number names."""
        assert isinstance(element, Element)
        name, column = element.name, element.index[-1]
        last = self.blocks[name].shape[0] - 1
        first, end = (self.address(Element(name, (r, column))) for r in (0, last))
        which = cell_formula(Op("add", (row, Constant(1.0))), self.address, self.look_up)
        return f"INDEX({first}:{end.rpartition('!')[2]},{which})"


def write_text(
    sheet: Any, row: int, column: int, words: str, bold: bool = False, comment: str = ""
) -> None:
    """Write text as text: whatever it begins with, it is no formula."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.comments import Comment
    from openpyxl.styles import Font

    cell = sheet.cell(row, column)
    cell.value = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", words)
    cell.data_type = "s"
    cell.quotePrefix = True
    if bold:
        cell.font = Font(bold=True)
    if comment:
        cell.comment = Comment(comment, "GRU Explainer", width=320)
