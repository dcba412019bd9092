"""Which equations and parameters the settings ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from explainer.batches import counts_some
from explainer.engine.equations import backward, embedding, gru, head, loss, rnn
from explainer.engine.equations.activation import USUAL, activated, activations_of
from explainer.engine.equations.backward import d_loss
from explainer.engine.quantity import Part, Quantity, leaf
from explainer.engine.value_network import with_values
from explainer.settings import Settings

GATES: tuple[Part, ...] = ("r", "z", "n")

GIVEN = (
    *(embedding.ids, embedding.one_hot, embedding.mask_x, embedding.dropout),
    *(gru.h_0, head.mask_h, loss.targets, loss.y),
)
"""Everything a pass is given besides parameters."""

LAYER_INPUT = leaf("x", "x_t", "B T D", "Input of the layer at each time step.", part="x")
LAYER_GRADIENT = leaf(
    "d_h_out",
    r"\delta h^{o}_t",
    "B T H",
    "What everything after the layer sends back to its output; from autograd.",
    role="gradient",
    part="h",
)


@dataclass(frozen=True)
class Network:
    """The equations that the settings ask for, and the parameters these need.

    `given` is what a pass is given besides parameters; `held` is what equations of held quantities
    are given besides (`hold.py`); `arriving` is the gradient that the backward pass begins with.
    """

    forward: tuple[Quantity, ...]
    backward: tuple[Quantity, ...]
    on_demand: tuple[Quantity, ...]
    parameters: tuple[Quantity, ...]
    held: tuple[Quantity, ...] = ()
    given: tuple[Quantity, ...] = GIVEN
    arriving: Quantity = d_loss


def network(settings: Settings) -> Network:
    """Return the equations of a variant with its input, head and gradients."""
    net = _network(
        settings.variant == "reset_after",
        embeds(settings),
        settings.head_bias,
        counts_some(settings),
        (settings.gate_activation, settings.candidate_activation),
    )
    return net if settings.values is None else with_values(net, not settings.values.classes)


def embeds(settings: Settings) -> bool:
    """Tell whether tokens become rows of an embedding; numbers and one-hot rows have none."""
    return settings.input == "embedding" and settings.values is None


@cache
def without_dropout(net: Network) -> Network:
    """Return equations that give the same numbers with less work, where nothing is dropped."""
    no_dropout = {q.name: q for q in (head.h_out_no_dropout, backward.d_h_no_dropout)}
    return replace(
        net,
        forward=tuple(no_dropout.get(q.name, q) for q in net.forward),
        backward=tuple(no_dropout.get(q.name, q) for q in net.backward),
    )


def rnn_network(settings: Settings) -> Network:
    """Return the same network with an ordinary RNN in the GRU's place."""
    net = _rnn_network(embeds(settings), settings.head_bias, counts_some(settings))
    return net if settings.values is None else with_values(net, not settings.values.classes)


@cache
def layer_network(
    after: bool, gradients: bool = True, activations: tuple[str, str] = USUAL
) -> Network:
    """Return the equations of one layer alone, from its input to its states and back.

    Args:
        after: whether the reset gate comes after the recurrent product.
        gradients: whether the gradient that arrives at its states is given.
        activations: of the gates and of the candidate.
    """
    own = cell_parameters(after)
    pairs = [backward.parameter_gradients(q, names) for q, names in own.items()]
    back = backward.LAYER_AFTER if after else backward.LAYER_BEFORE
    net = Network(
        forward=gru.RESET_AFTER if after else gru.RESET_BEFORE,
        backward=(*back, *(total for total, _ in pairs)) if gradients else (),
        on_demand=(*on_demand(after), *(share for _, share in pairs if gradients)),
        parameters=tuple(own),
        given=(LAYER_INPUT, gru.h_0),
        arriving=LAYER_GRADIENT,
    )
    return with_activations(net, after, activations)


def network_of_layer(quantities: Mapping[str, Quantity], gradients: bool = True) -> Network:
    """Return the equations of the layer, or of the cell in a run, that has these quantities.

    Args:
        quantities: by name, as a trace has them.
        gradients: as in `layer_network`.
    """
    return layer_network("b_hr" in quantities, gradients, activations_of(quantities))


@cache
def _network(
    after: bool, embedded: bool, head_bias: bool, some: bool, activations: tuple[str, str]
) -> Network:
    net = _with_input_and_head(
        gru.RESET_AFTER if after else gru.RESET_BEFORE,
        backward.BACKWARD_AFTER if after else backward.BACKWARD_BEFORE,
        cell_parameters(after),
        embedded,
        head_bias,
        some,
        on_demand(after),
    )
    return with_activations(net, after, activations)


def with_activations(net: Network, after: bool, activations: tuple[str, str]) -> Network:
    """Return the same network with other functions at the gates and at the candidate."""
    others = {q.name: q for q in activated(after, *activations)}

    def swap(equations: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
        return tuple(others.get(q.name, q) for q in equations)

    return replace(
        net,
        forward=swap(net.forward),
        backward=swap(net.backward),
        on_demand=swap(net.on_demand),
    )


def on_demand(after: bool) -> tuple[Quantity, ...]:
    """Return what is shown of a cell, and not needed for the rest."""
    inside = gru.PRE_ACTIVATIONS_AFTER if after else gru.PRE_ACTIVATIONS_BEFORE
    return (*inside, *gru.OTHER_CONVENTION)


def cell_parameters(after: bool) -> dict[Quantity, tuple[str, ...]]:
    """Return a cell's parameters, and what the gradient of each is made from."""
    words: dict[Part, str] = {"r": "reset gate", "z": "update gate", "n": "candidate"}
    own = [
        *(
            leaf(
                f"W_{side}{g}",
                f"W_{{{side}{g}}}",
                dims,
                f"{kind} weights of the {words[g]}.",
                role="weight",
                part=g,
            )
            for side, dims, kind in (("i", "H D", "Input"), ("h", "H H", "Recurrent"))
            for g in GATES
        ),
        *(
            leaf(
                f"b_{side}{g}",
                f"b_{{{side}{g}}}",
                "H",
                f"Bias of the {words[g]}.",
                role="bias",
                part=g,
            )
            for side in (("i", "h") if after else ("",))
            for g in GATES
        ),
    ]
    past = "h_prev" if after else "h_reset"
    gradients: dict[str, tuple[str, ...]] = {}
    for g in GATES:
        gradients[f"W_i{g}"] = (f"d_a_i{g}", "x")
        gradients[f"W_h{g}"] = (f"d_a_h{g}", past if g == "n" else "h_prev")
        gradients[f"b_i{g}"] = gradients[f"b_{g}"] = (f"d_a_i{g}",)
        gradients[f"b_h{g}"] = (f"d_a_h{g}",)
    return {q: gradients[q.name] for q in own}


@cache
def _rnn_network(embedded: bool, head_bias: bool, some: bool) -> Network:
    return _with_input_and_head(rnn.RNN, rnn.RNN_BACKWARD, rnn.GRADIENTS, embedded, head_bias, some)


def _with_input_and_head(
    cell: tuple[Quantity, ...],
    gradients: tuple[Quantity, ...],
    own: Mapping[Quantity, tuple[str, ...]],
    embedded: bool,
    head_bias: bool,
    some: bool,
    on_demand: tuple[Quantity, ...] = (),
) -> Network:
    """Put a cell between input and head.

    Args:
        cell: equations from x to h.
        gradients: equations from the loss to the input.
        own: the cell's parameters, and what the gradient of each needs.
        embedded: whether tokens become rows of E, or one-hot rows.
        head_bias: whether the head has a bias.
        some: whether only some answers count in the loss.
        on_demand: further equations of the cell.
    """
    E = leaf("E", "E", "V D", "Embedding: one row for each token.", role="weight")
    W_o = leaf(
        "W_o", "W_o", "V H", "Weights of the output head: one row for each token.", role="weight"
    )
    b_o = leaf(
        "b_o", "b_o", "V", "Bias of the output head: one number for each token.", role="bias"
    )
    inputs: dict[Quantity, tuple[str, ...]] = {
        **({E: ("one_hot", "d_e")} if embedded else {}),
        **own,
        W_o: ("d_logits", "h_out"),
        **({b_o: ("d_logits",)} if head_bias else {}),
    }
    pairs = [backward.parameter_gradients(q, names) for q, names in inputs.items()]
    if some:
        gradients = tuple(backward.COUNTED.get(q.name, q) for q in gradients)
    return Network(
        forward=(
            *(embedding.EMBEDDING if embedded else embedding.ONE_HOT),
            *cell,
            *(head.HEAD if head_bias else head.HEAD_NO_BIAS),
            *(loss.LOSS_COUNTED if some else loss.LOSS),
        ),
        backward=(*gradients, *(total for total, _ in pairs)),
        on_demand=(*on_demand, *(share for _, share in pairs)),
        parameters=tuple(inputs),
        given=(*GIVEN, loss.counted) if some else GIVEN,
    )
