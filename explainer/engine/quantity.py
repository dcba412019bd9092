"""A quantity: one named tensor of the story, and the function that makes it.

The function's name is the tensor's name, its arguments are the tensors it needs, its
docstring is the sentence that the page shows. Nothing here needs torch at import.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # figures and tables know quantities, and need no torch
    from torch import Tensor

    from explainer.engine.expression import Expression

MINUS = re.compile(r"(?<=[ (])-(?=[\d ])")
"""A minus in a docstring, which is no hyphen."""
DIMS = {
    "B": "sequences",
    "T": "time steps",
    "D": "input features",
    "H": "hidden units",
    "V": "vocabulary",
}
"""Every dim by its letter, in the words that a page uses."""


Role = Literal[
    "index",  # a place in the vocabulary, a whole number
    "one_hot",  # such a place as a row of zeros with one 1
    "mask",  # 1 keeps, 0 drops
    "rate",  # a number of the settings
    "weight",
    "bias",
    "activation",  # computed on the way forward, and no gate and no probability
    "gate",  # between 0 and 1
    "probability",
    "gradient",
    "update",  # computed between gradient and new parameter
]
"""What a quantity is for."""
Part = Literal["", "x", "r", "z", "n", "h"]
"""Which part of the cell a quantity belongs to: input, reset or update gate, candidate, state."""


@dataclass(frozen=True)
class Quantity:
    """One named tensor: what it is called, how it is computed, why it exists.

    Attributes:
        name: the tensor's name, as in `trace[name]`.
        symbol: its LaTeX symbol.
        dims: one letter of `DIMS` for each axis; empty for a single number.
        description: one sentence for the user.
        function: computes it from the tensors in `inputs`; None for what is given
            (data, masks, parameters, settings).
        inputs: the names of the function's arguments, in order.
        role: what it is for.
        part: the letter of the part of the cell that it belongs to; "" for none.
        expression: the function's body as a tree; None where `function` is.
    """

    name: str
    symbol: str
    dims: tuple[str, ...]
    description: str
    function: Callable[..., Tensor] | None = None
    inputs: tuple[str, ...] = ()
    role: Role = "activation"
    part: Part = ""
    expression: Expression | None = None

    def __hash__(self) -> int:
        """Return a hash that needs no walk over the tree, since plans are looked up often."""
        return hash((self.name, self.function))

    def __reduce__(self) -> tuple[Callable[..., Quantity], tuple[object, ...]]:
        """Tell copy and pickle to make it anew, its function found again by name."""
        named = {f.name: getattr(self, f.name) for f in fields(self)}
        if self.function:
            named["function"] = self.function.__module__, self.function.__qualname__
        return restored_quantity, tuple(named.values())

    @property
    def integer(self) -> bool:
        """Whether its numbers are whole numbers."""
        return self.role == "index"

    @property
    def source(self) -> str:
        """The function's source code; empty for what is given."""
        return inspect.getsource(self.function) if self.function else ""


def restored_quantity(
    name: str, symbol: str, dims: tuple[str, ...], description: str, function: Any, *more: Any
) -> Quantity:
    """Return a quantity as it was, its function given as module and name.

    Raises:
        AttributeError: the module has no such function (any more).
    """
    found = function and getattr(import_module(function[0]), function[1])
    own = found.function if isinstance(found, Quantity) else found
    return Quantity(name, symbol, dims, description, own, *more)


def leaf(
    name: str,
    symbol: str,
    dims: str,
    description: str,
    role: Role = "activation",
    part: Part = "",
) -> Quantity:
    """Declare a quantity that is not computed: data, a mask, a parameter, a setting."""
    return Quantity(name, symbol, tuple(dims.split()), description, role=role, part=part)


def equation(
    symbol: str,
    dims: str,
    name: str = "",
    inputs: tuple[str, ...] = (),
    description: str = "",
    role: Role = "activation",
    part: Part = "",
) -> Callable[[Callable[..., Tensor]], Quantity]:
    """Turn a function into a quantity.

    Args:
        symbol: LaTeX symbol of the result.
        dims: dims of the result, separated by spaces.
        name: name of the result where it is not the function's own.
        inputs: names of the arguments where they are not the parameters' own; so one
            function can serve several tensors of the same kind.
        role: what the result is for.
        part: the letter of the part of the cell that it belongs to; "" for none.
        description: sentence for the user where it is not the docstring.

    Raises:
        TypeError: the function's body can't be read into a formula, or says nothing
            about itself.
    """

    def make(function: Callable[..., Tensor]) -> Quantity:
        from explainer.engine.expression import read_expression

        sentence = description or inspect.getdoc(function)
        if not sentence:
            raise TypeError(f"equation {function.__name__!r} has no docstring; say why it exists")
        names = inputs or tuple(inspect.signature(function).parameters)
        return Quantity(
            name or function.__name__,
            symbol,
            tuple(dims.split()),
            MINUS.sub("−", " ".join(sentence.split())),
            function,
            names,
            role,
            part,
            read_expression(function, names),
        )

    return make


def solve(equations: Iterable[Quantity], known: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Compute equations in order from what is known; return only what is new.

    Wiring is by name. To ask "what if z were 1?", leave out the equation of z and pass
    its value among the known.

    Raises:
        KeyError: an equation needs something that nothing before it makes.
    """
    values = dict(known)
    new: dict[str, Tensor] = {}
    for q in equations:
        if q.function is None:
            raise KeyError(f"{q.name!r} is given, not computed; pass its value among the known")
        try:
            needed = [values[n] for n in q.inputs]
        except KeyError:
            missing = [n for n in q.inputs if n not in values]
            raise KeyError(f"{q.name!r} needs {missing}, which nothing before it makes") from None
        new[q.name] = values[q.name] = q.function(*needed)
    return new


def depends(equations: Iterable[Quantity], start: str) -> set[str]:
    """Return the names of all equations that depend on `start`, directly or not."""
    reached = {start}
    for q in equations:
        if reached.intersection(q.inputs):
            reached.add(q.name)
    return reached - {start}


def leading_to(equations: Iterable[Quantity], *ends: str) -> tuple[Quantity, ...]:
    """Return the equations that these names depend on, and their own, in the same order."""
    equations = tuple(equations)
    wanted = ancestors(equations, *ends)
    return tuple(q for q in equations if q.name in wanted)


def ancestors(equations: Iterable[Quantity], *ends: str) -> set[str]:
    """Return the names of everything that these names depend on, and the names themselves."""
    wanted = set(ends)
    for q in reversed(tuple(equations)):
        if q.name in wanted:
            wanted.update(q.inputs)
    return wanted
