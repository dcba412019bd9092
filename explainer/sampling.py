"""Text that a network writes: one token after the other, each from the probabilities before."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from explainer.model import through_time
from explainer.network import network
from explainer.quantity import Quantity, ancestors
from explainer.settings import Settings
from explainer.text import normalize, read

LONGEST = 500
"""Most tokens written at once."""


def continue_text(
    settings: Settings,
    parameters: Mapping[str, Tensor],
    prefix: str,
    tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
) -> str:
    """Let a network read a prefix, then write on.

    Args:
        settings: tokenizer, network and sizes.
        parameters: values of the parameters by name.
        prefix: what it reads first, to warm up its state; 1 character or more.
        tokens: how many tokens to write, 1 to 500.
        temperature: 0 takes the likeliest token each time (greedy); above 0 draws, from
            probabilities that are sharper below 1 and flatter above, up to 10.
        seed: of the draws.

    Returns:
        What it wrote, without the prefix.

    Raises:
        ValueError: the prefix is empty or has characters the network doesn't know, or a number
            is out of range.
    """
    if not 1 <= tokens <= LONGEST:
        raise ValueError(f"tokens is {tokens}; possible: 1 to {LONGEST}. Choose one of them.")
    if not 0 <= temperature <= 10:
        raise ValueError(
            f"temperature is {temperature:g}; possible: 0 (the likeliest token) to 10. "
            f"Choose one in between."
        )
    tokenizer, _ = read(settings)
    ids = tokenizer.encode(normalize(prefix, settings.normalization))
    if not ids:
        raise ValueError("the prefix is empty; possible: 1 character or more. Write one.")
    net = network(settings)
    up_to_logits = ancestors(net.forward, "logits")
    equations = tuple(q for q in net.forward if q.name in up_to_logits)
    generator = torch.Generator().manual_seed(seed)
    h = torch.zeros(1, settings.hidden_size, dtype=torch.float64)
    written: list[int] = []
    while len(written) < tokens:
        logits, h = _read(equations, settings, parameters, ids, len(tokenizer), h)
        if temperature == 0:
            chosen = int(logits.argmax())
        else:
            p = torch.softmax(logits / temperature, -1)
            chosen = int(torch.multinomial(p, 1, generator=generator))
        written.append(chosen)
        ids = [chosen]
    return tokenizer.decode(written)


def _read(
    equations: tuple[Quantity, ...],
    settings: Settings,
    parameters: Mapping[str, Tensor],
    ids: list[int],
    V: int,
    h: Tensor,
) -> tuple[Tensor, Tensor]:
    """Read some tokens; return the logits after the last, and the state."""
    T, D = len(ids), V if settings.input == "one_hot" else settings.embedding_size
    row = torch.tensor([ids])
    known = {
        **parameters,
        "ids": row,
        "one_hot": torch.nn.functional.one_hot(row, V).to(torch.float64),
        "mask_x": torch.ones(1, T, D, dtype=torch.float64),
        "mask_h": torch.ones(1, T, settings.hidden_size, dtype=torch.float64),
        "dropout": torch.tensor(0.0, dtype=torch.float64),
        "h_0": h,
    }
    values = through_time(equations, known, ("h", "h_prev"), h, range(T))
    return values["logits"][0, -1], values["h"][:, -1]
