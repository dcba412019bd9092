"""Which equations and parameters the settings ask for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from explainer.equations import backward, embedding, gru, head, loss
from explainer.quantity import Quantity, given
from explainer.settings import Settings

GATES = "rzn"

GIVEN = (
    *(embedding.ids, embedding.one_hot, embedding.mask_x, embedding.dropout),
    *(gru.h_0, head.mask_h, loss.targets, loss.y),
)
"""Everything a pass is given besides parameters."""


@dataclass(frozen=True)
class Network:
    """The equations that the settings ask for, and the parameters these need."""

    forward: tuple[Quantity, ...]
    backward: tuple[Quantity, ...]
    on_demand: tuple[Quantity, ...]
    parameters: tuple[Quantity, ...]


def network(settings: Settings) -> Network:
    """Return the equations of a variant with its input, head and gradients."""
    return _network(
        settings.variant == "reset_after", settings.input == "embedding", settings.head_bias
    )


@cache
def _network(after: bool, embedded: bool, head_bias: bool) -> Network:
    cell = gru.RESET_AFTER if after else gru.RESET_BEFORE
    parameters = [given("E", "E", "V D", "Embedding: one row for each token.")] if embedded else []
    words = {"r": "reset gate", "z": "update gate", "n": "candidate"}
    for g in GATES:
        parameters.append(
            given(f"W_i{g}", f"W_{{i{g}}}", "H D", f"Weights of the input in the {words[g]}.")
        )
    for g in GATES:
        parameters.append(
            given(f"W_h{g}", f"W_{{h{g}}}", "H H", f"Weights of the past in the {words[g]}.")
        )
    for name in [f"{i}{g}" for i in "ih" for g in GATES] if after else GATES:
        parameters.append(
            given(f"b_{name}", f"b_{{{name}}}", "H", f"Bias of the {words[name[-1]]}.")
        )
    parameters.append(given("W_o", "W_o", "V H", "Weights of the output head: one row a token."))
    if head_bias:
        parameters.append(given("b_o", "b_o", "V", "Bias of the output head: one number a token."))

    past = "h_prev" if after else "h_reset"
    gradients = {"W_o": ("d_logits", "h_out"), "b_o": ("d_logits",), "E": ("one_hot", "d_e")}
    for g in GATES:
        gradients[f"W_i{g}"] = (f"d_a_i{g}", "x")
        gradients[f"W_h{g}"] = (f"d_a_h{g}", past if g == "n" else "h_prev")
        gradients[f"b_i{g}"] = gradients[f"b_{g}"] = (f"d_a_i{g}",)
        gradients[f"b_h{g}"] = (f"d_a_h{g}",)
    pairs = [backward.parameter_gradients(q, gradients[q.name]) for q in parameters]
    return Network(
        forward=(
            *(embedding.EMBEDDING if embedded else embedding.ONE_HOT),
            *cell,
            *(head.HEAD if head_bias else head.HEAD_NO_BIAS),
            *loss.LOSS,
        ),
        backward=(
            *(backward.BACKWARD_AFTER if after else backward.BACKWARD_BEFORE),
            *(total for total, _ in pairs),
        ),
        on_demand=(
            *(gru.PRE_ACTIVATIONS_AFTER if after else gru.PRE_ACTIVATIONS_BEFORE),
            *gru.OTHER_CONVENTION,
            *(share for _, share in pairs),
        ),
        parameters=tuple(parameters),
    )
