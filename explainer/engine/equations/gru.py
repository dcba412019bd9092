"""The gated recurrent unit, one function for each quantity, in the order it is computed.

Every function works for one time step (B, .) and for all of them at once (B, T, .).
Names follow torch.nn.GRU (https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html):
r reset gate, z update gate, n candidate, h hidden state; `a_` a part of what stands inside an
activation, `i` from the input, `h` from the past. z near 1 keeps the old state.
"""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import linear

from explainer.engine.expression import Apply, Leaf
from explainer.engine.quantity import equation, leaf

h_0 = leaf(
    "h_0",
    "h_0",
    "B H",
    "State before the first time step: zeros, or carried over from the previous batch.",
    part="h",
)
h_prev = replace(
    leaf("h_prev", "h_{t-1}", "B T H", "The hidden state of the previous time step.", part="h"),
    inputs=("h", "h_0"),
    expression=Apply("before", (Leaf("h"), Leaf("h_0"))),
)


@equation(symbol="a^{ir}_t", dims="B T H", part="r")
def a_ir(x: Tensor, W_ir: Tensor, b_ir: Tensor) -> Tensor:
    """The input's part of the reset gate's pre-activation."""
    return linear(x, W_ir, b_ir)


@equation(symbol="a^{hr}_t", dims="B T H", part="r")
def a_hr(h_prev: Tensor, W_hr: Tensor, b_hr: Tensor) -> Tensor:
    """The past's part of the reset gate's pre-activation."""
    return linear(h_prev, W_hr, b_hr)


@equation(symbol="r_t", dims="B T H", role="gate", part="r")
def r(a_ir: Tensor, a_hr: Tensor) -> Tensor:
    """Reset gate: how much of the past the candidate sees, from 0 (none) to 1 (all)."""
    return torch.sigmoid(a_ir + a_hr)


@equation(symbol="a^{iz}_t", dims="B T H", part="z")
def a_iz(x: Tensor, W_iz: Tensor, b_iz: Tensor) -> Tensor:
    """The input's part of the update gate's pre-activation."""
    return linear(x, W_iz, b_iz)


@equation(symbol="a^{hz}_t", dims="B T H", part="z")
def a_hz(h_prev: Tensor, W_hz: Tensor, b_hz: Tensor) -> Tensor:
    """The past's part of the update gate's pre-activation."""
    return linear(h_prev, W_hz, b_hz)


@equation(symbol="z_t", dims="B T H", role="gate", part="z")
def z(a_iz: Tensor, a_hz: Tensor) -> Tensor:
    """Update gate: how much of its old state each unit keeps, from 0 (none) to 1 (all)."""
    return torch.sigmoid(a_iz + a_hz)


@equation(symbol="a^{in}_t", dims="B T H", part="n")
def a_in(x: Tensor, W_in: Tensor, b_in: Tensor) -> Tensor:
    """The input's part of the candidate's pre-activation."""
    return linear(x, W_in, b_in)


@equation(symbol="a^{hn}_t", dims="B T H", part="n")
def a_hn(h_prev: Tensor, W_hn: Tensor, b_hn: Tensor) -> Tensor:
    """The past's part of the candidate's pre-activation, before the reset gate is applied."""
    return linear(h_prev, W_hn, b_hn)


@equation(symbol="n_t", dims="B T H", part="n")
def n(a_in: Tensor, r: Tensor, a_hn: Tensor) -> Tensor:
    """Candidate: the new content that each unit could take on, between -1 and 1."""
    return torch.tanh(a_in + r * a_hn)


@equation(symbol="h_t", dims="B T H", part="h")
def h(z: Tensor, h_prev: Tensor, n: Tensor) -> Tensor:
    """Hidden state: a mix of the old state and the candidate, weighted by the update gate."""
    return z * h_prev + (1 - z) * n


# Reset before the product, one bias for each gate: the bias goes with the input.


@equation(symbol="a^{ir}_t", dims="B T H", name="a_ir", part="r")
def a_ir_before(x: Tensor, W_ir: Tensor, b_r: Tensor) -> Tensor:
    """The input's part of the reset gate's pre-activation, with the gate's only bias."""
    return linear(x, W_ir, b_r)


@equation(symbol="a^{hr}_t", dims="B T H", name="a_hr", part="r")
def a_hr_before(h_prev: Tensor, W_hr: Tensor) -> Tensor:
    """The past's part of the reset gate's pre-activation."""
    return linear(h_prev, W_hr)


@equation(symbol="a^{iz}_t", dims="B T H", name="a_iz", part="z")
def a_iz_before(x: Tensor, W_iz: Tensor, b_z: Tensor) -> Tensor:
    """The input's part of the update gate's pre-activation, with the gate's only bias."""
    return linear(x, W_iz, b_z)


@equation(symbol="a^{hz}_t", dims="B T H", name="a_hz", part="z")
def a_hz_before(h_prev: Tensor, W_hz: Tensor) -> Tensor:
    """The past's part of the update gate's pre-activation."""
    return linear(h_prev, W_hz)


@equation(symbol="a^{in}_t", dims="B T H", name="a_in", part="n")
def a_in_before(x: Tensor, W_in: Tensor, b_n: Tensor) -> Tensor:
    """The input's part of the candidate's pre-activation, with the candidate's only bias."""
    return linear(x, W_in, b_n)


@equation(symbol=r"\check{h}_t", dims="B T H", part="h")
def h_reset(r: Tensor, h_prev: Tensor) -> Tensor:
    """The past that the candidate sees: the old state, reset before it meets the weights."""
    return r * h_prev


@equation(symbol="a^{hn}_t", dims="B T H", name="a_hn", part="n")
def a_hn_before(h_reset: Tensor, W_hn: Tensor) -> Tensor:
    """The past's part of the candidate's pre-activation, from the state after the reset."""
    return linear(h_reset, W_hn)


@equation(symbol="n_t", dims="B T H", name="n", part="n")
def n_before(a_in: Tensor, a_hn: Tensor) -> Tensor:
    """Candidate: the new content that each unit could take on, between -1 and 1."""
    return torch.tanh(a_in + a_hn)


# torch.nn.GRU, cuDNN, the notebook RNN GRU Explainer
RESET_AFTER = (a_ir, a_hr, r, a_iz, a_hz, z, a_in, a_hn, n, h)
# the original papers, Dive into Deep Learning, EpyNN
RESET_BEFORE = (
    *(a_ir_before, a_hr_before, r),
    *(a_iz_before, a_hz_before, z),
    *(a_in_before, h_reset, a_hn_before, n_before, h),
)


# What stands inside each activation: shown on the page, not needed for the rest.


@equation(symbol="a^{r}_t", dims="B T H", part="r")
def a_r(a_ir: Tensor, a_hr: Tensor) -> Tensor:
    """Pre-activation of the reset gate: what its sigmoid sees."""
    return a_ir + a_hr


@equation(symbol="a^{z}_t", dims="B T H", part="z")
def a_z(a_iz: Tensor, a_hz: Tensor) -> Tensor:
    """Pre-activation of the update gate: what its sigmoid sees."""
    return a_iz + a_hz


@equation(symbol="a^{n}_t", dims="B T H", part="n")
def a_n(a_in: Tensor, r: Tensor, a_hn: Tensor) -> Tensor:
    """Pre-activation of the candidate: what its tanh sees."""
    return a_in + r * a_hn


@equation(symbol="a^{n}_t", dims="B T H", name="a_n", part="n")
def a_n_before(a_in: Tensor, a_hn: Tensor) -> Tensor:
    """Pre-activation of the candidate: what its tanh sees."""
    return a_in + a_hn


PRE_ACTIVATIONS_AFTER = (a_r, a_z, a_n)
PRE_ACTIVATIONS_BEFORE = (a_r, a_z, a_n_before)


# The same cell in the convention of Chung et al. 2014: z' = 1 - z is the share of the new.


@equation(symbol="z'_t", dims="B T H", role="gate", part="z")
def z_other(z: Tensor) -> Tensor:
    """Update gate in the other convention: how much of the candidate each unit takes."""
    return 1 - z


@equation(symbol="h_t", dims="B T H", part="h")
def h_other(z_other: Tensor, h_prev: Tensor, n: Tensor) -> Tensor:
    """Hidden state in the other convention: the same numbers."""
    return (1 - z_other) * h_prev + z_other * n


OTHER_CONVENTION = (z_other, h_other)
