"""An equation's tree as a line of PyTorch, which computes the same number in the same order."""

from __future__ import annotations

from collections.abc import Callable

from explainer.engine.expression import Apply, Expression, Leaf, Number
from explainer.explanation.number_formula import LOOSE, PRODUCT, TIGHT

SIGNS = {"add": (" + ", LOOSE), "sub": (" - ", LOOSE), "mul": (" * ", PRODUCT)}
FUNCTIONS_OF_TORCH = ("sigmoid", "tanh", "relu", "sign", "exp", "log", "sqrt")
CALLS = {
    **{kind: f"torch.{kind}({{}})" for kind in FUNCTIONS_OF_TORCH},
    "clip": "torch.clamp({}, 0.0, 1.0)",
    "softmax": "torch.softmax({}, -1)",
    "log_softmax": "torch.log_softmax({}, -1)",
    "min": "torch.clamp({}, max=1.0)",
}


def torch_code(x: Expression, name: Callable[[str], str] = str) -> str:
    """Write an equation's tree as PyTorch.

    Args:
        x: the tree.
        name: writes a tensor's name, such as "z[:, t]".
    """
    return _code(x, name)[0]


def _code(x: Expression, name: Callable[[str], str]) -> tuple[str, int]:
    if isinstance(x, Leaf):
        return name(x.name), TIGHT
    if isinstance(x, Number):
        return repr(int(x.value) if x.value.is_integer() else x.value), TIGHT
    parts = [_code(p, name) for p in x.parts]
    texts = [text for text, _ in parts]
    if x.kind in CALLS:
        return CALLS[x.kind].format(texts[0]), TIGHT
    if x.kind in SIGNS:
        sign, hold = SIGNS[x.kind]
        first, *others = parts
        # brackets on the right keep the order in which the equation adds and multiplies
        return sign.join((_close(first, hold), *(_close(p, hold + 1) for p in others))), hold
    if x.kind == "div":
        return f"{_close(parts[0], PRODUCT)} / {_close(parts[1], TIGHT)}", PRODUCT
    if x.kind == "neg":
        return f"-{_close(parts[0], TIGHT)}", PRODUCT
    if x.kind == "contract":
        return _product(x, [_close(p, TIGHT) for p in parts])
    if x.kind == "lookup":
        return f"F.embedding({texts[0]}, {texts[1]})", TIGHT
    if x.kind == "unsqueeze":
        return f"{_close(parts[0], TIGHT)}.unsqueeze(-1)", TIGHT
    if x.kind == "expand_as":
        return f"({texts[0]}).expand_as({texts[1]})", TIGHT
    axis = "" if x.option is None else str(x.option)
    method = ("numel" if x.option is None else "size") if x.kind == "size" else x.kind
    return f"{_close(parts[0], TIGHT)}.{method}({axis})", TIGHT


def _close(part: tuple[str, int], needed: int) -> str:
    text, hold = part
    return text if hold >= needed else f"({text})"


def _product(x: Apply, texts: list[str]) -> tuple[str, int]:
    if x.option == "...d,hd->...h":
        return f"{texts[0]} @ {texts[1]}.T", PRODUCT
    if x.option == "...k,kj->...j":
        return f"{texts[0]} @ {texts[1]}", PRODUCT
    return f'torch.einsum("{x.option}", {", ".join(texts)})', TIGHT
