"""The recurrent equations as few operations, which write into memory made once.

An equation's function makes new memory at every time step. Its tree says which operations it is
made of, and so what the loop over time need not do: products are joined (`side_by_side.py`), a
part that takes nothing from the recurrence is computed for all time steps at once, and what is
left writes its result where it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import combinations

import torch
from torch import Tensor

from explainer.engine.at_once import OPERATIONS, evaluate_at_once, is_product, matrix_of
from explainer.engine.expression import Apply, Expression, Leaf, leaves
from explainer.engine.memory import lend
from explainer.engine.side_by_side import Trees

Column = Sequence[Tensor]
"""A tensor for each time step; always the same one where it doesn't change over time."""


def step_memory(
    blocks: Iterable[tuple[str, ...]], recorded: Collection[str], like: Tensor, T: int
) -> dict[str, Tensor]:
    """Return room for some tensors at all time steps, in one piece.

    Args:
        blocks: the names of tensors that stand side by side, for each block.
        recorded: which are kept of all time steps; other blocks have room for one.
        like: (B, H), such as each tensor at one time step.
        T: number of time steps.

    Returns:
        (B, T, H) by name, and wider ones by the names of some that stand side by side.
    """
    B, H = like.shape
    steps = {names: T if {*names} & {*recorded} else 1 for names in blocks}
    sizes = [B * n * H * len(names) for names, n in steps.items()]
    whole = lend((sum(sizes),), like.dtype)
    found = {}
    for (names, n), piece in zip(steps.items(), whole.split(sizes), strict=True):
        block = piece.view(n, B, -1).transpose(0, 1).expand(-1, T, -1)
        for i, j in combinations(range(len(names) + 1), 2):
            found[" ".join(names[i:j])] = block[..., i * H : j * H]
    return found


class Recurrence:
    """The operations of a time step, each of which writes its result where it stays.

    Args:
        trees: the equations, their products joined.
        outside: what they take besides, by name; where it has a time axis, that is the second.
        inside: (B, T, ...), where everything stands that they make or take from another time step.

    Raises:
        KeyError: an equation has an operation that is none of `OPERATIONS`.
    """

    def __init__(
        self, trees: Trees, outside: Mapping[str, Tensor], inside: Mapping[str, Tensor]
    ) -> None:
        self._outside = outside
        self._inside = inside
        first = next(iter(inside.values()))
        self._like, self._length = first[:, 0], first.shape[1]
        self._columns: dict[Expression, Column] = {}
        self._operations: list[tuple[Callable[..., object], tuple[Column, ...], Column]] = []
        for name, x in trees.items():
            self._write(x, self.column(name))

    def column(self, name: str) -> Column:
        """Return where the values of something inside stand, for each time step."""
        return self._column(Leaf(name))

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
        if isinstance(x, Leaf) or self._inside.keys().isdisjoint(leaves(x)):
            return self._column(x)
        return self._write(x, free or [torch.empty_like(self._like)] * self._length)

    def _factors(self, x: Expression) -> tuple[Column, Column]:
        """Return both factors of a product."""
        assert isinstance(x, Apply)
        return self._read(x.parts[0]), self._over_time(matrix_of(x, self._outside))

    def _column(self, x: Expression) -> Column:
        """Return where something inside stands, or what is computed at all time steps at once."""
        if x not in self._columns:
            inside = self._inside.get(x.name) if isinstance(x, Leaf) else None
            value = evaluate_at_once(x, self._outside) if inside is None else inside
            self._columns[x] = self._over_time(value)
        return self._columns[x]

    def _over_time(self, value: Tensor) -> Column:
        return value.unbind(1) if value.dim() == 3 else [value] * self._length
