"""The recurrent equations as few operations, which write into memory made once.

An equation's function makes new memory at every time step. Its tree says which operations it is
made of, and so what the loop over time need not do: products are joined (`side_by_side.py`), a
part that takes nothing from the recurrence is computed for all time steps at once, and what is
left writes its result where it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from explainer.engine.expression import Apply, Expression, Leaf, Number, leaves
from explainer.engine.side_by_side import LINEAR, MATMUL, Trees

Column = Sequence[Tensor]
"""A tensor for each time step; always the same one where it doesn't change over time."""

OPERATIONS: Mapping[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "neg": torch.neg,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": partial(torch.clamp, min=0.0),
    "clip": partial(torch.clamp, min=0.0, max=1.0),
    "sign": torch.sign,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
}
"""What computes a node, by its kind; products with weights besides."""


class StepMemory:
    """Room for some tensors at all time steps, in one piece.

    Args:
        blocks: the names of tensors that stand side by side, for each block.
        recorded: which are kept of all time steps; other blocks have room for one.
        like: (B, H), such as each tensor at one time step.
        T: number of time steps.

    Attributes:
        columns: where a time step's values stand, by name: of a tensor, or of a whole block.
        recorded: (B, T, H), by name.
    """

    def __init__(
        self, blocks: Iterable[tuple[str, ...]], recorded: Iterable[str], like: Tensor, T: int
    ) -> None:
        B, H = like.shape
        wanted = {*recorded}
        steps = {names: 1 if wanted.isdisjoint(names) else T for names in blocks}
        sizes = [B * n * H * len(names) for names, n in steps.items()]
        # NumPy's large arrays come in large pages, which the system hands out much sooner
        whole = torch.from_numpy(np.empty(sum(sizes) * like.itemsize, np.uint8)).view(like.dtype)
        self.columns: dict[str, Column] = {}
        self.recorded: dict[str, Tensor] = {}
        for (names, n), piece in zip(steps.items(), whole.split(sizes), strict=True):
            block = piece.view(B, n, -1)
            parts = dict(zip(names, block.chunk(len(names), -1), strict=True))
            self.recorded |= {name: part for name, part in parts.items() if name in wanted}
            for name, part in (parts | {" ".join(names): block}).items():
                self.columns[name] = part.expand(-1, T, -1).unbind(1)


class Recurrence:
    """The operations of a time step, each of which writes its result where it stays.

    Args:
        trees: the equations, their products joined.
        outside: what they take besides, by name; where it has a time axis, that is the second.
        columns: where everything stands that they make or take from another time step.

    Raises:
        KeyError: an equation has an operation that is none of `OPERATIONS`.
    """

    def __init__(
        self, trees: Trees, outside: Mapping[str, Tensor], columns: Mapping[str, Column]
    ) -> None:
        self._outside = outside
        self._columns = columns
        self._like, *_ = next(iter(columns.values()))
        self._length = len(next(iter(columns.values())))
        self._constants: dict[Expression, Column] = {}
        self._operations: list[tuple[Callable[..., object], tuple[Column, ...], Column]] = []
        for name, x in trees.items():
            self._write(x, columns[name])

    def step(self, t: int) -> None:
        """Compute everything at a time step."""
        for operation, operands, out in self._operations:
            operation(*[column[t] for column in operands], out=out[t])

    def _write(self, x: Expression, out: Column) -> Column:
        """Add the operations that write an expression's value to `out`."""
        assert isinstance(x, Apply), "what only passes a value on is left out"
        *others, last = sorted(x.parts, key=is_product) if x.kind == "add" else (x,)
        if is_product(last):
            operation = torch.addmm if others else torch.mm
            operands = (*(self._read(part, out) for part in others), *self._factors(last))
        else:
            operation = OPERATIONS[x.kind]
            operands = self._read_all(x.parts, out)
        self._operations.append((operation, operands, out))
        return out

    def _read_all(self, parts: Iterable[Expression], out: Column) -> tuple[Column, ...]:
        """Return where each part's value stands; the first one that is computed may use `out`."""
        free: Column | None = out
        found = []
        for part in parts:
            found.append(self._read(part, free))
            free = None if found[-1] is out else free
        return tuple(found)

    def _read(self, x: Expression, free: Column | None = None) -> Column:
        """Return where an expression's value stands, in `free` or elsewhere."""
        if self._columns.keys().isdisjoint(leaves(x)):
            return self._constant(x)
        if isinstance(x, Leaf):
            return self._columns[x.name]
        return self._write(x, free or [torch.empty_like(self._like)] * self._length)

    def _factors(self, x: Expression) -> tuple[Column, Column]:
        """Return both factors of a product, the weights as torch.mm takes them."""
        assert isinstance(x, Apply)
        value, weights = x.parts
        assert isinstance(weights, Leaf)
        matrix = self._side_by_side(weights, 0)
        return self._read(value), self._over_time(matrix.T if x.option == LINEAR else matrix)

    def _constant(self, x: Expression) -> Column:
        """Compute what depends on no other time step for all of them at once."""
        if x not in self._constants:
            self._constants[x] = self._over_time(self._evaluate(x))
        return self._constants[x]

    def _evaluate(self, x: Expression) -> Tensor:
        if isinstance(x, Number):
            return self._like.new_tensor(x.value)
        if isinstance(x, Leaf):
            return self._side_by_side(x, -1)
        parts = map(self._evaluate, x.parts)
        if x.kind == "contract":
            return torch.einsum(str(x.option), *parts)
        return OPERATIONS[x.kind](*parts)

    def _side_by_side(self, x: Leaf, dim: int) -> Tensor:
        """Return a tensor from outside, or what its joined name stands for."""
        values = [self._outside[name] for name in x.name.split()]
        return torch.cat(values, dim) if len(values) > 1 else values[0]

    def _over_time(self, value: Tensor) -> Column:
        return value.unbind(1) if value.dim() == 3 else [value] * self._length


def is_product(x: Expression) -> bool:
    """Tell whether an expression is a product with a matrix of weights."""
    return isinstance(x, Apply) and x.option in (LINEAR, MATMUL)
