"""The formula of one number as a spreadsheet writes it."""

from __future__ import annotations

from collections.abc import Callable

from explainer.explanation.index_form import SOFT, Constant, Element, Scalar
from explainer.explanation.number_formula import LOOSE, PRODUCT, TIGHT

Address = Callable[[Element], str]
"""Gives the cell of an element, such as "Given!$B$3"."""
Row = Callable[[Scalar, Scalar], str]
"""Writes the element of a table in the row that another number names."""
FUNCTIONS_OF_CELLS = {
    "sigmoid": "1/(1+EXP(-{}))",
    "tanh": "TANH({})",
    "relu": "MAX({},0)",
    "clip": "MIN(MAX({},0),1)",
    "sign": "SIGN({})",
    "exp": "EXP({})",
    "log": "LN({})",
    "sqrt": "SQRT({})",
    "min": "MIN({},1)",
}


def cell_formula(x: Scalar, address: Address, row: Row) -> str:
    """Write one number's formula, without the sign of equality in front.

    Args:
        x: the formula, every term of its sums written out.
        address: gives the cell of an element.
        row: writes what a lookup finds.
    """
    return _cell(x, address, row)[0]


def _cell(x: Scalar, address: Address, row: Row) -> tuple[str, int]:
    if isinstance(x, Element):
        return address(x), TIGHT
    if isinstance(x, Constant):
        return repr(x.value).removesuffix(".0"), TIGHT
    if x.kind == "lookup":
        return row(x.parts[0], x.parts[1]), TIGHT
    parts = [_cell(p, address, row) for p in x.parts]
    if x.kind in SOFT:
        assert isinstance(x.parts[0], Constant)
        own = parts[1:][int(x.parts[0].value)][0]
        total = f"SUM({','.join(f'EXP({text})' for text, _ in parts[1:])})"
        return (f"EXP({own})/{total}" if x.kind == "softmax" else f"{own}-LN({total})"), LOOSE
    if x.kind in FUNCTIONS_OF_CELLS:
        needed = TIGHT if x.kind == "sigmoid" else LOOSE
        hold = PRODUCT if x.kind == "sigmoid" else TIGHT
        return FUNCTIONS_OF_CELLS[x.kind].format(_tight(parts[0], needed)), hold
    if x.kind == "neg":  # a spreadsheet's sign binds tighter than all else
        return f"(-{_tight(parts[0], TIGHT)})", TIGHT
    if x.kind in ("add", "sum"):
        return "+".join(_tight(p, LOOSE) for p in parts), LOOSE
    if x.kind == "sub":
        return f"{_tight(parts[0], LOOSE)}-{_tight(parts[1], PRODUCT)}", LOOSE
    if x.kind == "mul":
        return "*".join(_tight(p, PRODUCT) for p in parts), PRODUCT
    return f"{_tight(parts[0], PRODUCT)}/{_tight(parts[1], TIGHT)}", PRODUCT


def _tight(part: tuple[str, int], needed: int) -> str:
    text, hold = part
    return text if hold >= needed else f"({text})"
