"""The network of a text with numbers in the place of tokens."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from explainer.engine.equations import embedding, squared_error
from explainer.engine.equations.loss import answers
from explainer.engine.quantity import Quantity, equation, leaf

if TYPE_CHECKING:
    from explainer.engine.network import Network

VALUES = leaf(
    "values", "v_t", "B T D", "The numbers that go in, a feature in each column.", part="x"
)
assert embedding.x.function
x = equation(
    symbol="x_t",
    dims="B T D",
    name="x",
    inputs=("mask_x", "values", "dropout"),
    description="Input of the GRU: the numbers after dropout, with the kept ones scaled up.",
    part="x",
)(embedding.x.function)

OUTPUTS = {
    "W_o": "Weights of the output head: one row for each output.",
    "b_o": "Bias of the output head: one number for each output.",
    "logits": "What the head puts out: one number for each output.",
}
"""Descriptions that speak of outputs, not of a vocabulary."""
CLASSES = {
    "targets": "The class that is right; −100 where no answer is asked for.",
    "y": "Each target as a one-hot vector: a 1 at its class, 0 elsewhere.",
    "logits": "Logits: one score for each class.",
}
NO_TOKENS = ("ids", "one_hot", "e", "d_e")
NO_CLASSES = ("targets", "y", "p", "log_p")


@cache
def with_values(net: Network, squared: bool) -> Network:
    """Return a network that reads numbers, from one that reads one-hot rows.

    Args:
        net: its equations, in which only some answers count.
        squared: whether the answers are numbers, so that the loss is the mean squared error.
    """
    words = OUTPUTS if squared else {**OUTPUTS, **CLASSES}
    without = (*NO_TOKENS, *NO_CLASSES) if squared else NO_TOKENS

    def swap(equations: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
        return tuple(
            replace(q, description=words.get(q.name, q.description))
            for q in (x if q.name == "x" else q for q in equations)
            if q.name not in without
        )

    forward, backward, given = swap(net.forward), swap(net.backward), swap(net.given)
    if squared:
        forward = tuple(q for q in forward if not q.name.startswith("ce_") and q.name != "loss")
        forward = tuple(q for q in forward if q.name != "answers")
        forward = (*forward, *squared_error.ERROR, answers, *squared_error.SQUARED_LOSS)
        states = [q.name for q in backward].index("d_h_out") + 1
        backward = (*squared_error.FROM_SQUARES, *backward[states:])
        given = (*given, squared_error.y)
    return replace(
        net,
        forward=forward,
        backward=backward,
        parameters=swap(net.parameters),
        given=(VALUES, *given),
    )
