"""The formula of a whole tensor, in LaTeX and in plain text with shapes.

Products are shown as row vectors, as every source has them: x W^T.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from explainer.engine.expression import (
    Apply,
    Expression,
    Leaf,
    Number,
    axes,
    contraction_labels,
    leaves,
)
from explainer.engine.quantity import Quantity
from explainer.engine.trace import Trace
from explainer.explanation.index_form import SOFT
from explainer.explanation.number_formula import LATEX, LOOSE, PRODUCT, TEXT, TIGHT


def equation_latex(
    q: Quantity,
    quantities: Mapping[str, Quantity],
    colour: Callable[[Quantity], str] = lambda _: "",
) -> str:
    """Write a whole tensor's equation in LaTeX, products as row vectors, x_t W^T.

    Args:
        q: the quantity.
        quantities: all quantities by name; they give the symbols.
        colour: gives a quantity's colour, such as "#0072B2"; "" for none.
    """

    def name(leaf: str) -> str:
        hue = colour(quantities[leaf])
        symbol = quantities[leaf].symbol
        return rf"\textcolor{{{hue}}}{{{symbol}}}" if hue else symbol

    if q.expression is None:
        return name(q.name)
    return f"{name(q.name)} = {write_tensor(q.expression, name, quantities, latex=True)[0]}"


def equation_text(q: Quantity, quantities: Mapping[str, Quantity]) -> str:
    """Write a whole tensor's equation in plain text, such as "r = σ(a_ir + a_hr)"."""
    if q.expression is None:
        return q.name
    return f"{q.name} = {write_tensor(q.expression, str, quantities, latex=False)[0]}"


def shapes_line(trace: Trace, q: Quantity) -> str:
    """Write a whole tensor's equation in plain text, each tensor with its shape."""

    def leaf(n: str) -> str:
        shape = trace.shape(n)
        sizes = zip(trace.quantities[n].dims, shape, strict=True)
        return f"{n} ({', '.join(f'{d}={s}' for d, s in sizes)})" if shape else n

    if q.expression is None:
        return leaf(q.name)
    return f"{leaf(q.name)} = {write_tensor(q.expression, leaf, trace.quantities, latex=False)[0]}"


def write_tensor(
    x: Expression, name: Callable[[str], str], quantities: Mapping[str, Quantity], latex: bool
) -> tuple[str, int]:
    """Write a tensor expression, and say how tightly it holds together."""
    words = LATEX if latex else TEXT

    def dims(part: Expression) -> tuple[str, ...]:
        known = {n: tuple((d, 2) for d in quantities[n].dims) for n in leaves(part)}
        return tuple(d for d, _ in axes(part, known))

    def close(text: str, hold: int, needed: int) -> str:
        if hold >= needed:
            return text
        return rf"\left({text}\right)" if latex else f"({text})"

    if isinstance(x, Leaf):
        return name(x.name), TIGHT
    if isinstance(x, Number):
        return f"{x.value:g}", TIGHT
    parts = [write_tensor(p, name, quantities, latex) for p in x.parts]
    texts = [text for text, _ in parts]
    if x.kind == "contract":
        return product(x, [close(*p, TIGHT) for p in parts], latex), PRODUCT
    if x.kind == "size":
        own = dims(x.parts[0])
        letters = own if x.option is None else own[int(x.option) :][:1]
        return (r" \cdot " if latex else "·").join(letters), PRODUCT if letters[1:] else TIGHT
    if x.kind in ("unsqueeze", "expand_as"):
        return parts[0]
    if x.kind in ("before", "after"):
        word = f"one time step {x.kind}"
        return f"{texts[0]}" + (rf"\;\text{{, {word}}}" if latex else f", {word}"), TIGHT
    if x.kind == "lookup":
        return f"{texts[1]}[{texts[0]}]", TIGHT
    if x.kind in SOFT:
        word = x.kind.replace("_", r"\_")
        return (
            rf"\mathrm{{{word}}}\left({texts[0]}\right)" if latex else f"{x.kind}({texts[0]})"
        ), TIGHT
    if x.kind in ("sum", "mean"):
        own = dims(x.parts[0])
        over = ",".join(own if x.option is None else (own[int(x.option)],))
        if latex:
            sign = (r"\sum" if x.kind == "sum" else r"\mathrm{mean}") + f"_{{{over}}} "
        else:
            sign = ("Σ" if x.kind == "sum" else "mean") + f"_{over} "
        return sign + close(*parts[0], TIGHT), PRODUCT
    if x.kind == "add":
        return " + ".join(texts), LOOSE
    if x.kind == "sub":
        return f"{texts[0]} {words['minus']} {close(*parts[1], PRODUCT)}", LOOSE
    if x.kind == "neg":
        return words["minus"] + close(*parts[0], PRODUCT), LOOSE
    if x.kind == "mul":
        single = any(not dims(p) for p in x.parts)
        sign = words["mul"] if single else r" \odot " if latex else " ⊙ "
        return sign.join(close(*p, PRODUCT) for p in parts), PRODUCT
    if x.kind == "div":
        if latex:
            return rf"\frac{{{texts[0]}}}{{{texts[1]}}}", TIGHT
        return f"{close(*parts[0], PRODUCT)} / {close(*parts[1], TIGHT)}", PRODUCT
    return words[x.kind].format(texts[0]), TIGHT


def product(x: Apply, texts: list[str], latex: bool) -> str:
    """Write a product of matrices: row vectors times a transposed weight, or a sum over dims."""
    if x.option == "...d,hd->...h":
        return rf"{texts[0]} {{{texts[1]}}}^\top" if latex else f"{texts[0]} {texts[1]}ᵀ"
    if x.option == "...k,kj->...j":
        return f"{texts[0]} {texts[1]}"
    _, _, summed = contraction_labels(x)
    letters = summed.replace("b", "B").replace("t", "T")
    turned = texts[0]
    if len(texts) > 1:  # braces, since a symbol with a raised part takes no second one
        turned = rf"{{{turned}}}^\top" if latex else f"{turned}ᵀ"
    over = ",".join(letters)
    return (rf"\sum_{{{over}}} " if latex else f"Σ_{over} ") + " ".join((turned, *texts[1:]))
