"""Lanes, derived from the equations whose results they name.

A lane is a column of bands, aligned so that each column is one unit, feature or token. It reads
downwards as its equations: x stands left of the matrix that it multiplies, a number beside each
row; bias and result below; what the next equation takes from the result goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from explainer.engine.expression import Apply, Expression, Leaf, Number, contraction_labels, leaves
from explainer.engine.quantity import Quantity
from explainer.stage.scene import Band, Lane, LaneSpec, Row, Scene

PRODUCTS = {"...d,hd->...h": True, "...k,kj->...j": False}
"""Products of a row vector with a matrix: whether the matrix is transposed, as in x Wᵀ."""
FUNCTIONS = {
    "sigmoid": "σ",
    "tanh": "tanh",
    "relu": "ReLU",
    "clip": "clip",
    "softmax": "softmax",
    "log": "ln",
    "exp": "exp",
    "sqrt": "√",
}
SHORT = {"dropout": "q", "learning_rate": "lr"}
"""Single numbers by the letters that a sign has room for."""
LOOSE = ("add", "sub")
"""What stands in brackets inside a product."""
CLOSING = (")", "²")
"""Signs that stand right after a name."""


def derive(specs: Iterable[LaneSpec], quantities: Mapping[str, Quantity]) -> Scene:
    """Return the lanes as a network's equations have them.

    Args:
        specs: the lanes as the page writes them.
        quantities: all quantities of the network by name.

    Raises:
        ValueError: an equation does not fit into a lane.
    """
    known: dict[Expression, str] = {}
    scene = []
    for spec in specs:
        names = [n for n in spec.results if n in quantities]
        first = [n for n in spec.first if n in quantities]
        if not (names if spec.results else first):
            continue
        writer = _Writer(quantities, known)
        for name in first:
            writer.begin(name)
        for name in names:
            writer.compute(name)
        bands = tuple(Band(tuple(rows), left) for left, rows in writer.bands)
        scene.append(Lane(spec.title, spec.hue or [*first, *names][-1], bands, spec.keeps))
    return tuple(scene)


@dataclass(frozen=True)
class _Product:
    """A row vector times a matrix."""

    left: str
    matrix: str
    turned: bool


_Token = str | Leaf | _Product
"""What an equation consists of: signs, tensors, products."""


class _Writer:
    """Writes one lane from top to bottom.

    Attributes:
        bands: what multiplies each band from the left, and its rows.
    """

    def __init__(self, quantities: Mapping[str, Quantity], known: dict[Expression, str]) -> None:
        """Begin an empty lane; `known` names each tree that was computed in the lanes before."""
        self.bands: list[tuple[str, list[Row]]] = []
        self._quantities = quantities
        self._known = known

    def begin(self, name: str) -> None:
        """Write a quantity as it is."""
        self._row(Row(name, turned=_turned(name)), goes_on=False)
        self._remember(name)

    def compute(self, name: str) -> None:
        """Write what an equation takes in, below what stands there, then its result.

        Raises:
            ValueError: the equation does not fit into a lane.
        """
        tree = self._quantities[name].expression
        if tree is None:
            raise ValueError(f"{name} must be computed to be a result; it is given. Put it first.")
        x, sign = self._renamed(tree), "="
        if isinstance(x, Apply) and x.kind in FUNCTIONS:
            sign, x = FUNCTIONS[x.kind], x.parts[0]
        above = self.bands[-1][1][-1].name if self.bands else ""
        tokens = _tokens(x, above, self._quantities)
        goes_on = tokens[:1] == [Leaf(above)]
        signs: list[str] = []
        for token in tokens[goes_on:]:
            if isinstance(token, _Product):
                self.bands.append((token.left, [Row(token.matrix, _joined(signs), token.turned)]))
            elif isinstance(token, Leaf) and self._has_row(token.name, name):
                self._row(Row(token.name, _joined(signs), _turned(token.name)), goes_on)
            elif token in CLOSING and not signs:
                rows = self.bands[-1][1]
                rows[-1] = replace(rows[-1], after=f"{rows[-1].after}{token}")
                continue
            else:
                signs.append(_in_sign(token.name) if isinstance(token, Leaf) else token)
                continue
            goes_on, signs = True, []
        self._row(Row(name, _joined([*signs, sign]), _turned(name), result=True), goes_on)
        self._remember(name)

    def _row(self, row: Row, goes_on: bool) -> None:
        """Write a row into the last band, or begin one."""
        if not goes_on:
            self.bands.append(("", []))
        self.bands[-1][1].append(row)

    def _has_row(self, name: str, result: str) -> bool:
        """Tell whether a tensor needs a row for a result.

        Single numbers, what has one, and one number for a whole row of the result stand in a sign.
        """
        standing = {row.name for _, rows in self.bands for row in rows}
        dims = self._quantities[name].dims
        for_row = dims == ("B", "T") and len(self._quantities[result].dims) > 2
        return bool(dims) and name not in standing and not for_row

    def _remember(self, name: str) -> None:
        """From here on, this expression is called by its name."""
        x = self._quantities[name].expression
        if isinstance(x, Apply):
            self._known.setdefault(x, name)

    def _renamed(self, x: Expression) -> Expression:
        """Call by its name what was computed before.

        Two are written as the pages explain them: looking up a row as the one-hot row times the
        matrix, and log_softmax as the logarithm of the softmax, where that stands there.
        """
        if not isinstance(x, Apply):
            return x
        if x in self._known:
            return Leaf(self._known[x])
        if x.kind == "lookup":
            return Apply("contract", (Leaf("one_hot"), x.parts[1]), "...k,kj->...j")
        if x.kind == "log_softmax" and (p := self._known.get(Apply("softmax", x.parts))):
            return Apply("log", (Leaf(p),))
        return replace(x, parts=tuple(map(self._renamed, x.parts)))


def _tokens(x: Expression, above: str, quantities: Mapping[str, Quantity]) -> list[_Token]:
    """Return an equation in reading order; of a sum or product, what contains `above` comes first.

    Raises:
        ValueError: a lane has no sign for it.
    """

    def read(part: Expression, *in_brackets: str) -> list[_Token]:
        tokens = _tokens(part, above, quantities)
        enclosed = isinstance(part, Apply) and part.kind in in_brackets
        return ["(", *tokens, ")"] if enclosed else tokens

    def is_single(part: Expression) -> bool:
        return not any(quantities[n].dims for n in leaves(part))

    match x:
        case Leaf():
            return [x]
        case Number(value):
            return ["½" if value == 0.5 else f"{value:g}"]
        case Apply("unsqueeze" | "expand_as", (part, *_)):
            return read(part)
        case Apply("size", (Leaf(name),), axis):
            dims = quantities[name].dims
            return [f"({' · '.join(dims)})" if axis is None else dims[int(axis)]]
        case Apply("sum" | "mean" as kind, (part,)):
            # it has other columns than its result, so a sign names it
            names = [t.name if isinstance(t, Leaf) else str(t) for t in read(part, *LOOSE, "mul")]
            return [{"sum": "Σ"}.get(kind, kind), *names]
        case Apply("neg", (part,)):
            return ["−", *read(part, *LOOSE)]
        case Apply("sign", (part,)):
            return ["sign", "(", *read(part), ")"]
        case Apply("contract", (Leaf(left), Leaf(matrix)), option) if option in PRODUCTS:
            return [_Product(left, matrix, PRODUCTS[option])]
        case Apply("contract", _, option) if option not in PRODUCTS:
            # a parameter's gradient: its products are too many to stand here
            return ["Σ"] if "t" in contraction_labels(x)[2] else []
        case Apply("add"):
            parts = sorted(_flat(x), key=lambda p: above not in leaves(p))
            signed = (("+", *read(p)) for p in parts[1:])
            return [*read(parts[0]), *chain.from_iterable(signed)]
        case Apply("sub", (part, other)):
            return [*read(part), "−", *read(other, *LOOSE)]
        case Apply("mul", (Leaf() as part, other)) if part == other and part.name != above:
            return [part, "²"]
        case Apply("mul"):
            parts = sorted(_flat(x), key=lambda p: (is_single(p), above not in leaves(p)))
            signed = (("·" if is_single(p) else "⊙", *read(p, *LOOSE)) for p in parts[1:])
            return [*read(parts[0], *LOOSE), *chain.from_iterable(signed)]
        case Apply("div", (part, other)):
            return [*read(part, *LOOSE), "/", *read(other, *LOOSE, "mul", "div")]
    raise ValueError(
        f"a lane must be made of sums, products and one function of them; this equation has "
        f"{x.kind!r}. Put its result first."
    )


def _flat(x: Apply) -> list[Expression]:
    """Return the parts of a sum of sums, or of a product of products."""
    return [
        part
        for p in x.parts
        for part in (_flat(p) if isinstance(p, Apply) and p.kind == x.kind else [p])
    ]


def _in_sign(name: str) -> str:
    """Return what a tensor is called in a sign."""
    return SHORT.get(name, f"{name}ᵀ" if _turned(name) else name)


def _turned(name: str) -> bool:
    """Tell whether a matrix stands as in x Wᵀ, one column for each unit; rows of E stay rows."""
    return "W_" in name


def _joined(signs: Iterable[str]) -> str:
    """Write signs as one text."""
    return " ".join(signs).replace("( ", "(").replace(" )", ")").replace(" ²", "²")
