"""From hidden states to probabilities of the next token."""

import torch
from torch import Tensor
from torch.nn.functional import linear

from explainer.engine.quantity import equation, leaf

mask_h = leaf(
    "mask_h",
    "m^h_t",
    "B T H",
    "Dropout mask of the hidden states: 1 keeps a number, 0 drops it.",
    role="mask",
    part="h",
)


@equation(symbol="h^{o}_t", dims="B T H", part="h")
def h_out(mask_h: Tensor, h: Tensor, dropout: Tensor) -> Tensor:
    """What the head reads: hidden states after dropout, scaled up by 1 / (1 - q)."""
    return mask_h * h / (1 - dropout)


@equation(symbol="h^{o}_t", dims="B T H", name="h_out", part="h")
def h_out_no_dropout(h: Tensor) -> Tensor:
    """Without dropout the head reads the hidden states themselves."""
    return h


@equation(symbol="l_t", dims="B T V")
def logits(h_out: Tensor, W_o: Tensor, b_o: Tensor) -> Tensor:
    """Logits: one score for each of the V possible outputs."""
    return linear(h_out, W_o, b_o)


@equation(symbol="l_t", dims="B T V", name="logits")
def logits_no_bias(h_out: Tensor, W_o: Tensor) -> Tensor:
    """Logits: one score for each of the V possible outputs."""
    return linear(h_out, W_o)


@equation(symbol="p_t", dims="B T V", role="probability")
def p(logits: Tensor) -> Tensor:
    """Softmax: logits turned into probabilities that add up to 1."""
    return torch.softmax(logits, -1)


@equation(symbol=r"\ln p_t", dims="B T V")
def log_p(logits: Tensor) -> Tensor:
    """Logarithm of p, computed from the logits so that a tiny probability never becomes ln 0."""
    return torch.log_softmax(logits, -1)


HEAD = (h_out, logits, p, log_p)
HEAD_NO_BIAS = (h_out, logits_no_bias, p, log_p)
