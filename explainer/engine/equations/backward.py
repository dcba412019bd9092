"""The backward pass by hand: the gradient of the loss by every quantity, from last to first.

d_name is the gradient of the loss with respect to name. The state's gradient comes from two
sides: from the output of its own time step, and from the time step after it (`d_h_next`).
Derived as in the EpyNN GRU layer, here for both places of the reset gate.
"""

from dataclasses import replace

import torch
from torch import Tensor

from explainer.engine.expression import Apply, Leaf, Number
from explainer.engine.quantity import Part, Quantity, equation, leaf

d_loss = leaf(
    "d_loss", r"\delta L", "", "The gradient of the loss by itself is 1.", role="gradient"
)
d_h_next = replace(
    leaf(
        "d_h_next",
        r"\delta h^{+}_t",
        "B T H",
        "The gradient that arrives from the later time steps.",
        role="gradient",
        part="h",
    ),
    inputs=("d_h_prev",),
    expression=Apply("after", (Leaf("d_h_prev"), Number(0.0))),
)

# From the loss to the hidden states, all time steps at once.


@equation(symbol=r"\delta\mathrm{ce}^3_t", dims="T", role="gradient")
def d_ce_3(d_loss: Tensor, ce_3: Tensor) -> Tensor:
    """Each time step has an equal weight in the mean."""
    return (d_loss / ce_3.numel()).expand_as(ce_3)


@equation(symbol=r"\delta\mathrm{ce}^2_t", dims="B T", role="gradient")
def d_ce_2(d_ce_3: Tensor, ce_2: Tensor) -> Tensor:
    """Each sequence has an equal weight in the mean, with the third term's minus sign."""
    return (-d_ce_3 / ce_2.size(0)).expand_as(ce_2)


@equation(symbol=r"\delta\mathrm{ce}^1_t", dims="B T V", role="gradient")
def d_ce_1(d_ce_2: Tensor, ce_1: Tensor) -> Tensor:
    """A sum passes its gradient on to every term unchanged."""
    return d_ce_2.unsqueeze(-1).expand_as(ce_1)


@equation(symbol=r"\delta\ln p_t", dims="B T V", role="gradient")
def d_log_p(d_ce_1: Tensor, y: Tensor) -> Tensor:
    """Only the target's ln p affects the loss."""
    return d_ce_1 * y


@equation(symbol=r"\delta l_t", dims="B T V", role="gradient")
def d_logits(p: Tensor, y: Tensor, targets: Tensor) -> Tensor:
    """Softmax and cross-entropy together: predicted minus true, over the number of targets."""
    return (p - y) / targets.numel()


@equation(symbol=r"\delta h^{o}_t", dims="B T H", role="gradient", part="h")
def d_h_out(d_logits: Tensor, W_o: Tensor) -> Tensor:
    """Back through the output head, to the states that it reads."""
    return d_logits @ W_o


# The same where only some answers count.


@equation(symbol=r"\delta\mathrm{ce}^3_t", dims="T", name="d_ce_3", role="gradient")
def d_ce_3_counted(d_loss: Tensor, ce_3: Tensor) -> Tensor:
    """A sum passes its gradient on to every part unchanged."""
    return d_loss.expand_as(ce_3)


@equation(symbol=r"\delta\mathrm{ce}^2_t", dims="B T", name="d_ce_2", role="gradient")
def d_ce_2_counted(d_ce_3: Tensor, counted: Tensor, answers: Tensor) -> Tensor:
    """Each answer that counts has an equal weight in the mean, with the third term's minus sign."""
    return -d_ce_3 * counted / answers


@equation(symbol=r"\delta l_t", dims="B T V", name="d_logits", role="gradient")
def d_logits_counted(p: Tensor, y: Tensor, counted: Tensor, answers: Tensor) -> Tensor:
    """Predicted minus true where the answer counts, over the number of those answers."""
    return (p - y) * counted.unsqueeze(-1) / answers


# Through the cell, one time step after the other, backwards.


@equation(symbol=r"\delta h_t", dims="B T H", role="gradient", part="h")
def d_h(mask_h: Tensor, d_h_out: Tensor, dropout: Tensor, d_h_next: Tensor) -> Tensor:
    """The state is used twice: by the output at this time step, and by the next time step."""
    return mask_h * d_h_out / (1 - dropout) + d_h_next


@equation(symbol=r"\delta h_t", dims="B T H", name="d_h", role="gradient", part="h")
def d_h_no_dropout(d_h_out: Tensor, d_h_next: Tensor) -> Tensor:
    """Without dropout the output's part arrives unchanged."""
    return d_h_out + d_h_next


@equation(symbol=r"\delta n_t", dims="B T H", role="gradient", part="n")
def d_n(d_h: Tensor, z: Tensor) -> Tensor:
    """The candidate enters the state with the weight 1 - z."""
    return d_h * (1 - z)


@equation(symbol=r"\delta z_t", dims="B T H", role="gradient", part="z")
def d_z(d_h: Tensor, h_prev: Tensor, n: Tensor) -> Tensor:
    """A larger z puts more of the old state in the candidate's place."""
    return d_h * (h_prev - n)


@equation(symbol=r"\delta a^{z}_t", dims="B T H", role="gradient", part="z")
def d_a_z(d_z: Tensor, z: Tensor) -> Tensor:
    """Back through the sigmoid: its slope is z (1 - z)."""
    return d_z * z * (1 - z)


@equation(symbol=r"\delta a^{n}_t", dims="B T H", role="gradient", part="n")
def d_a_n(d_n: Tensor, n: Tensor) -> Tensor:
    """Back through the tanh: its slope is 1 - n squared."""
    return d_n * (1 - n * n)


@equation(symbol=r"\delta a^{hn}_t", dims="B T H", role="gradient", part="n")
def d_a_hn(d_a_n: Tensor, r: Tensor) -> Tensor:
    """The past's part of the candidate counts as much as the reset gate lets through."""
    return d_a_n * r


@equation(symbol=r"\delta r_t", dims="B T H", role="gradient", part="r")
def d_r(d_a_n: Tensor, a_hn: Tensor) -> Tensor:
    """A larger r lets more of the past into the candidate."""
    return d_a_n * a_hn


@equation(symbol=r"\delta a^{r}_t", dims="B T H", role="gradient", part="r")
def d_a_r(d_r: Tensor, r: Tensor) -> Tensor:
    """Back through the sigmoid: its slope is r (1 - r)."""
    return d_r * r * (1 - r)


@equation(symbol=r"\delta h_{t-1}", dims="B T H", role="gradient", part="h")
def d_h_prev(
    d_h: Tensor,
    z: Tensor,
    d_a_hr: Tensor,
    W_hr: Tensor,
    d_a_hz: Tensor,
    W_hz: Tensor,
    d_a_hn: Tensor,
    W_hn: Tensor,
) -> Tensor:
    """Four paths back to the old state: kept by z; through reset gate, update gate, candidate."""
    return d_h * z + d_a_hr @ W_hr + d_a_hz @ W_hz + d_a_hn @ W_hn


@equation(symbol=r"\delta\check{h}_t", dims="B T H", role="gradient")
def d_h_reset(d_a_hn: Tensor, W_hn: Tensor) -> Tensor:
    """Back through the candidate's recurrent weights, to the reset state."""
    return d_a_hn @ W_hn


@equation(symbol=r"\delta r_t", dims="B T H", name="d_r", role="gradient", part="r")
def d_r_before(d_h_reset: Tensor, h_prev: Tensor) -> Tensor:
    """A larger r lets more of the old state into the candidate."""
    return d_h_reset * h_prev


@equation(symbol=r"\delta h_{t-1}", dims="B T H", name="d_h_prev", role="gradient", part="h")
def d_h_prev_before(
    d_h: Tensor,
    z: Tensor,
    d_a_hr: Tensor,
    W_hr: Tensor,
    d_a_hz: Tensor,
    W_hz: Tensor,
    d_h_reset: Tensor,
    r: Tensor,
) -> Tensor:
    """Four paths back to the old state: kept by z; through reset gate, update gate, candidate."""
    return d_h * z + d_a_hr @ W_hr + d_a_hz @ W_hz + d_h_reset * r


def unchanged(d_sum: Tensor) -> Tensor:
    """A sum passes its gradient on to every part unchanged."""
    return d_sum


def same(name: str, symbol: str, of: str, part: Part) -> Quantity:
    """Return the equation of a summand's gradient: it is that of the sum."""
    make = equation(
        symbol=symbol, dims="B T H", name=name, inputs=(of,), role="gradient", part=part
    )
    return make(unchanged)


d_a_ir = same("d_a_ir", r"\delta a^{ir}_t", "d_a_r", "r")
d_a_hr = same("d_a_hr", r"\delta a^{hr}_t", "d_a_r", "r")
d_a_iz = same("d_a_iz", r"\delta a^{iz}_t", "d_a_z", "z")
d_a_hz = same("d_a_hz", r"\delta a^{hz}_t", "d_a_z", "z")
d_a_in = same("d_a_in", r"\delta a^{in}_t", "d_a_n", "n")
d_a_hn_before = same("d_a_hn", r"\delta a^{hn}_t", "d_a_n", "n")

# From the gates to the input, all time steps at once.


@equation(symbol=r"\delta x_t", dims="B T D", role="gradient", part="x")
def d_x(
    d_a_ir: Tensor, W_ir: Tensor, d_a_iz: Tensor, W_iz: Tensor, d_a_in: Tensor, W_in: Tensor
) -> Tensor:
    """Three paths back to the input: through reset gate, update gate and candidate."""
    return d_a_ir @ W_ir + d_a_iz @ W_iz + d_a_in @ W_in


@equation(symbol=r"\delta e_t", dims="B T D", role="gradient")
def d_e(mask_x: Tensor, d_x: Tensor, dropout: Tensor) -> Tensor:
    """What was dropped gets no gradient; the rest is scaled as in the forward pass."""
    return mask_x * d_x / (1 - dropout)


TO_STATES = (d_ce_3, d_ce_2, d_ce_1, d_log_p, d_logits, d_h_out)
COUNTED = {q.name: q for q in (d_ce_3_counted, d_ce_2_counted, d_logits_counted)}
"""What takes their places where only some answers count."""
THROUGH_Z = (d_n, d_z, d_a_z, d_a_iz, d_a_hz, d_a_n, d_a_in)
CELL_AFTER = (*THROUGH_Z, d_a_hn, d_r, d_a_r, d_a_ir, d_a_hr, d_h_prev, d_x)
CELL_BEFORE = (
    *THROUGH_Z,
    *(d_a_hn_before, d_h_reset, d_r_before, d_a_r, d_a_ir, d_a_hr, d_h_prev_before, d_x),
)
# from the loss to the tokens
BACKWARD_AFTER = (*TO_STATES, d_h, *CELL_AFTER, d_e)
BACKWARD_BEFORE = (*TO_STATES, d_h, *CELL_BEFORE, d_e)
# from the states of a layer to its input
LAYER_AFTER = (d_h_no_dropout, *CELL_AFTER)
LAYER_BEFORE = (d_h_no_dropout, *CELL_BEFORE)

# A parameter's gradient: every time step and sequence contributes a product.


def weight_gradient(d_out: Tensor, value: Tensor) -> Tensor:
    """Sum over sequences and time steps: arriving gradient times what the weight multiplied."""
    return torch.einsum("bti,btj->ij", d_out, value)


def weight_contribution(d_out: Tensor, value: Tensor) -> Tensor:
    """One time step's contribution to the weight's gradient; their sum is the gradient."""
    return torch.einsum("bti,btj->tij", d_out, value)


def bias_gradient(d_out: Tensor) -> Tensor:
    """Sum over sequences and time steps of the gradient that reaches the bias."""
    return torch.einsum("bti->i", d_out)


def bias_contribution(d_out: Tensor) -> Tensor:
    """One time step's contribution to the bias's gradient; their sum is the gradient."""
    return torch.einsum("bti->ti", d_out)


def parameter_gradients(parameter: Quantity, needs: tuple[str, ...]) -> tuple[Quantity, Quantity]:
    """Return the equations of a parameter's gradient and of each time step's share in it.

    Args:
        parameter: a weight or a bias.
        needs: the gradient that arrives, and for a weight what it was multiplied with.
    """
    d = equation(
        symbol=rf"\delta {parameter.symbol}",
        dims=" ".join(parameter.dims),
        name=f"d_{parameter.name}",
        inputs=needs,
        role="gradient",
        part=parameter.part,
    )
    d_t = equation(
        symbol=rf"\delta {parameter.symbol}|_t",
        dims=" ".join(("T", *parameter.dims)),
        name=f"d_{parameter.name}_t",
        inputs=needs,
        role="gradient",
        part=parameter.part,
    )
    if len(needs) == 2:
        return d(weight_gradient), d_t(weight_contribution)
    return d(bias_gradient), d_t(bias_contribution)
