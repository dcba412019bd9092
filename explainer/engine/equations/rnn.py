"""The ordinary recurrent unit (Elman 1990), one function for each quantity, forward and backward.

No gates: the state is written anew at every time step, so that going back in time multiplies
the gradient with W_hh and the tanh's slope each time. Names follow torch.nn.RNN
(https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html); `a_` is a part of what stands
inside the tanh, `ih` from the input, `hh` from the past. Input, head and loss are the GRU's.
"""

import torch
from torch import Tensor
from torch.nn.functional import linear

from explainer.engine.equations.backward import TO_STATES, d_e, d_h, same
from explainer.engine.quantity import equation, leaf

W_ih = leaf("W_ih", "W_{ih}", "H D", "Weights of the input.", role="weight", part="h")
W_hh = leaf("W_hh", "W_{hh}", "H H", "Recurrent weights.", role="weight", part="h")
b_ih = leaf("b_ih", "b_{ih}", "H", "Bias of the input's part.", role="bias", part="h")
b_hh = leaf("b_hh", "b_{hh}", "H", "Bias of the recurrent part.", role="bias", part="h")


@equation(symbol="a^{ih}_t", dims="B T H", part="h")
def a_ih(x: Tensor, W_ih: Tensor, b_ih: Tensor) -> Tensor:
    """The input's part of the pre-activation."""
    return linear(x, W_ih, b_ih)


@equation(symbol="a^{hh}_t", dims="B T H", part="h")
def a_hh(h_prev: Tensor, W_hh: Tensor, b_hh: Tensor) -> Tensor:
    """The past's part of the pre-activation."""
    return linear(h_prev, W_hh, b_hh)


@equation(symbol="h_t", dims="B T H", part="h")
def h(a_ih: Tensor, a_hh: Tensor) -> Tensor:
    """Hidden state: computed anew at every time step, between -1 and 1."""
    return torch.tanh(a_ih + a_hh)


RNN = (a_ih, a_hh, h)


# The backward pass. The state serves output and next time step, as the GRU's does: `d_h` is shared.


@equation(symbol=r"\delta a_t", dims="B T H", role="gradient")
def d_a(d_h: Tensor, h: Tensor) -> Tensor:
    """Back through the tanh: its slope is 1 - h squared."""
    return d_h * (1 - h * h)


d_a_ih = same("d_a_ih", r"\delta a^{ih}_t", "d_a", "h")
d_a_hh = same("d_a_hh", r"\delta a^{hh}_t", "d_a", "h")


@equation(symbol=r"\delta h_{t-1}", dims="B T H", role="gradient", part="h")
def d_h_prev(d_a_hh: Tensor, W_hh: Tensor) -> Tensor:
    """The only path back to the old state: through the recurrent weights."""
    return d_a_hh @ W_hh


@equation(symbol=r"\delta x_t", dims="B T D", role="gradient", part="x")
def d_x(d_a_ih: Tensor, W_ih: Tensor) -> Tensor:
    """The only path back to the input: through its weights."""
    return d_a_ih @ W_ih


RNN_BACKWARD = (*TO_STATES, *(d_h, d_a, d_a_ih, d_a_hh, d_h_prev), *(d_x, d_e))

GRADIENTS = {
    W_ih: ("d_a_ih", "x"),
    W_hh: ("d_a_hh", "h_prev"),
    b_ih: ("d_a_ih",),
    b_hh: ("d_a_hh",),
}
"""Every parameter, and what its gradient needs."""
