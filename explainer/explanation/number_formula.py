"""The formula of one number, written: names or numbers, plain text or LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from explainer.engine.quantity import Quantity
from explainer.explanation.index_form import SOFT, Constant, Element, Op, Place, Scalar, evaluate

SHOWN = 8
"""Most terms of a sum that a text writes out; of a longer one it shows the largest."""

TEXT = {
    "mul": "·",
    "sigmoid": "σ({})",
    "tanh": "tanh({})",
    "relu": "ReLU({})",
    "clip": "clip({}, 0, 1)",
    "sign": "sign({})",
    "exp": "exp({})",
    "log": "ln({})",
    "sqrt": "√({})",
    "min": "min({}, 1)",
    "minus": "−",
    "sum": "Σ_{} ",
    "more": "… {} more …",
    "more_zeros": "… {} more, each 0 …",
    "softmax": "exp({}) / ({})",
    "log_softmax": "{} − ln({})",
}
LATEX = {
    "mul": r" \cdot ",
    "sigmoid": r"\sigma\left({}\right)",
    "tanh": r"\tanh\left({}\right)",
    "relu": r"\mathrm{{ReLU}}\left({}\right)",
    "clip": r"\mathrm{{clip}}\left({}, 0, 1\right)",
    "sign": r"\mathrm{{sign}}\left({}\right)",
    "exp": r"\exp\left({}\right)",
    "log": r"\ln\left({}\right)",
    "sqrt": r"\sqrt{{{}}}",
    "min": r"\min\left({}, 1\right)",
    "minus": "-",
    "sum": r"\sum_{{{}}} ",
    "more": r"\ldots\;{}\text{{ more}}\;\ldots",
    "more_zeros": r"\ldots\;{}\text{{ more, each }}0\;\ldots",
    "softmax": r"\frac{{\exp\left({}\right)}}{{{}}}",
    "log_softmax": r"{} - \ln\left({}\right)",
}
LARGEST_EXPONENT = 650
"""exp of it, also negative, is far from the ends of what a float64 holds: a sum of many fits."""
LOOSE, PRODUCT, TIGHT = 1, 2, 3
"""How tightly a written part holds together: a sum, a product, anything that needs no brackets."""


def format_number(value: float, digits: int | None = 4, latex: bool = False) -> str:
    """Write a number with a true minus.

    Args:
        value: the number.
        digits: digits after the point; None writes every digit. A number too small for them
            is written with a power of ten, so that only 0 looks like 0.
        latex: write it for LaTeX.
    """
    if digits is None:
        text = repr(float(value))
    else:
        text = f"{value:.{digits}f}"
        if float(text) == 0:
            text = f"{value:.{max(digits - 1, 0)}e}" if value else text.removeprefix("-")
    if latex:
        mantissa, _, power = text.partition("e")
        return rf"{mantissa} \cdot 10^{{{int(power)}}}" if power else text
    return text.replace("-", "−")


def element_text(element: Element) -> str:
    """Write a number's name and place, such as "z[0,2,1]"."""
    return f"{element.name}[{','.join(map(str, element.index))}]" if element.index else element.name


@dataclass(frozen=True)
class Style:
    """How to write the formula of one number.

    Attributes:
        look: gives the number of an element.
        quantities: give the symbols.
        numbers: numbers instead of names.
        latex: LaTeX instead of plain text.
        digits: as in `format_number`.
        shown: most terms of a sum to write out; None writes all.
    """

    look: Callable[[Element], float]
    quantities: Mapping[str, Quantity]
    numbers: bool = False
    latex: bool = False
    digits: int | None = 4
    shown: int | None = SHOWN

    def element(self, x: Element) -> str:
        """Write one number of a tensor: its name and place, or the number."""
        if not self.numbers:
            if self.latex:
                return rf"{self.quantities[x.name].symbol}{index_text(x.index)}"
            return element_text(x)
        return self.number(x.name, self.look(x))

    def number(self, name: str, value: float) -> str:
        """Write a number that a quantity has."""
        if self.quantities[name].integer:
            return str(int(value))
        return format_number(value, self.digits, self.latex)

    def constant(self, x: Constant) -> str:
        """Write a constant; a count has letters in symbols."""
        if x.letters and not self.numbers:
            return x.letters.replace("·", r" \cdot ") if self.latex else x.letters
        return f"{x.value:g}".replace("-", "-" if self.latex else "−")


def index_text(index: tuple[Place, ...]) -> str:
    """Write an index behind a symbol in LaTeX."""
    return f"[{','.join(map(str, index))}]" if index else ""


def write_formula(x: Scalar, style: Style) -> str:
    """Write the formula of one number."""
    return _write(x, style)[0]


def plain(x: Scalar) -> str:
    """Write a factor's name in plain symbols, in brackets if it would fall apart."""
    style = Style(lambda _: 0.0, {})
    return bracket(*_write(x, style), PRODUCT, style)


def _write(x: Scalar, style: Style) -> tuple[str, int]:
    words = LATEX if style.latex else TEXT
    if isinstance(x, Element | Constant):
        text = style.element(x) if isinstance(x, Element) else style.constant(x)
        return text, PRODUCT if "·" in text or "cdot" in text else TIGHT
    if x.kind == "lookup":
        if style.numbers:
            return _write(x.parts[1], style)
        row, element = x.parts
        assert isinstance(element, Element)
        inner = write_formula(row, style)
        if style.latex:
            symbol = style.quantities[element.name].symbol
            return f"{symbol}[{inner},{element.index[-1]}]", TIGHT
        return f"{element.name}[{inner},{element.index[-1]}]", TIGHT
    if x.kind in SOFT:
        top, bottom = soft_parts(x, style)
        return words[x.kind].format(top, bottom), LOOSE if x.kind == "log_softmax" else PRODUCT
    if x.kind in ("add", "sum"):
        if x.letter:
            inner, hold = _write(x.parts[0], style)
            inner = bracket(inner, hold, PRODUCT, style)
            return words["sum"].format(x.letter) + inner, LOOSE
        return add_up(x.parts, style), LOOSE
    parts = [_write(p, style) for p in x.parts]
    if x.kind == "sub":
        right = bracket(*parts[1], PRODUCT, style)
        return f"{parts[0][0]} {words['minus']} {right}", LOOSE
    if x.kind == "neg":
        return words["minus"] + bracket(*parts[0], PRODUCT, style), LOOSE
    if x.kind == "mul":
        return words["mul"].join(bracket(*p, PRODUCT, style) for p in parts), PRODUCT
    if x.kind == "div":
        if style.latex:
            return rf"\frac{{{parts[0][0]}}}{{{parts[1][0]}}}", TIGHT
        return f"{bracket(*parts[0], PRODUCT, style)} / {bracket(*parts[1], TIGHT, style)}", PRODUCT
    return words[x.kind].format(parts[0][0]), TIGHT


def bracket(text: str, hold: int, needed: int, style: Style) -> str:
    """Put brackets around a part that would fall apart, or that begins with a minus."""
    if hold >= needed and not text.startswith(("−", "-")):
        return text
    return rf"\left({text}\right)" if style.latex else f"({text})"


def add_up(parts: tuple[Scalar, ...], style: Style) -> str:
    """Write a sum; of a long one the largest terms, and in their middle how many are left out."""
    kept = list(range(len(parts)))
    gap = ""
    # a part in which a letter runs stands for many numbers: it has no size, and is never left out
    one_number_each = not any(map(has_letter, parts))
    if style.shown is not None and len(parts) > style.shown and one_number_each:
        size = [abs(evaluate(p, style.look)) for p in parts]
        largest = sorted(kept, key=lambda i: (-size[i], i))[: style.shown]
        kept = sorted(i for i in largest if size[i] or i == largest[0])
        left_out = set(range(len(parts))) - set(kept)
        more = "more" if any(size[i] for i in left_out) else "more_zeros"
        gap = (LATEX if style.latex else TEXT)[more].format(len(parts) - len(kept))
    texts = [_write(parts[i], style)[0] for i in kept]
    texts = [texts[0], *(bracket(text, TIGHT, LOOSE, style) for text in texts[1:])]
    if gap:
        texts.insert((len(texts) + 1) // 2, gap)
    return " + ".join(texts)


def has_letter(x: Scalar) -> bool:
    """Tell whether a letter runs somewhere in a formula."""
    return isinstance(x, Op) and (bool(x.letter) or any(map(has_letter, x.parts)))


def soft_parts(x: Op, style: Style) -> tuple[str, str]:
    """Write what stands above (or before) and below in a softmax (or its logarithm)."""
    words = LATEX if style.latex else TEXT
    if x.letter:
        top, one = (write_formula(p, style) for p in x.parts)
        return top, words["sum"].format(x.letter) + words["exp"].format(one)
    position, *everything = x.parts
    assert isinstance(position, Constant)
    exponents = representable(everything, style)
    exponentials = tuple(Op("exp", (p,)) for p in exponents)
    return write_formula(exponents[int(position.value)], style), add_up(exponentials, style)


def representable(exponents: list[Scalar], style: Style) -> list[Scalar]:
    """Subtract the largest exponent from all, where exponentials would overflow or all vanish."""
    top = max(exponents, key=lambda p: evaluate(p, style.look))
    if abs(evaluate(top, style.look)) <= LARGEST_EXPONENT:
        return exponents
    return [Op("sub", (p, top)) for p in exponents]
