"""Text that a network writes: one token after the other, each from the probabilities before."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from explainer.batches import tokenize
from explainer.engine.network import network
from explainer.engine.parameters import checked_parameters
from explainer.engine.precision import dtype_of, in_precision
from explainer.engine.quantity import leading_to, solve
from explainer.engine.trace import Array
from explainer.errors import ConstraintError, InvalidValueError, in_range, must_be, shorten
from explainer.settings import Settings, must_be_settings
from explainer.tokenizer import normalize

LONGEST = 500
"""Most tokens written at once."""


def continue_text(
    settings: Settings,
    parameters: Mapping[str, Tensor | Array],
    prefix: str,
    tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
) -> str:
    """Let a network read a prefix, then write on.

    Args:
        settings: tokenizer, network and sizes.
        parameters: arrays or tensors by name.
        prefix: what it reads first, to warm up its state; 1 character or more.
        tokens: how many tokens to write, 1 to 500.
        temperature: 0 takes the likeliest token each time (greedy); above 0 draws, from
            probabilities that are sharper below 1 and flatter above, up to 10.
        seed: of the draws, 0 to 2**32 - 1.

    Returns:
        What it wrote, without the prefix.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: the prefix is empty or has characters the network doesn't know, a number
            is out of range, or the parameters don't fit.
    """
    tokens = in_range("tokens", tokens, int, 1, LONGEST)
    temperature = in_range("temperature", temperature, float, 0.0, 10.0)
    seed = in_range("seed", seed, int, 0, 2**32 - 1)
    must_be_settings(settings)
    if settings.values is not None:
        given = "These settings have numbers in the place of a text"
        raise ConstraintError("values", "there are no tokens to write", given)
    tokenizer, _ = tokenize(settings)
    must_be("prefix", prefix, str, "a string")
    clean = normalize(prefix, settings.normalization, settings.end_of_text)
    ids = tokenizer.encode(clean, what="prefix")
    if not ids:
        expected = "at least one character of the vocabulary"
        raise InvalidValueError("prefix", expected, shorten(prefix))
    equations = leading_to(network(settings).forward, "logits")
    dtype = dtype_of(settings)
    one, zero = torch.tensor([1.0, 0.0], dtype=dtype, device="cpu")
    # nothing is dropped while it writes
    known = in_precision(settings, checked_parameters(settings, parameters, len(tokenizer)))
    known |= {"mask_x": one, "mask_h": one, "dropout": zero}
    generator = torch.Generator().manual_seed(seed)
    h = torch.zeros(1, settings.hidden_size, dtype=dtype, device="cpu")
    written: list[int] = []
    with torch.inference_mode():
        while len(written) < tokens:
            for i in ids:
                token = torch.tensor([i], device="cpu")
                row = one_hot(token, len(tokenizer)).to(dtype)
                values = solve(equations, {**known, "ids": token, "one_hot": row, "h_prev": h})
                h, logits = values["h"], values["logits"][0]
            if temperature == 0:
                chosen = int(logits.argmax())
            else:
                # the largest is 0 first, so that no temperature is too low to divide by
                p = torch.softmax((logits - logits.max()) / temperature, -1)
                chosen = int(torch.multinomial(p, 1, generator=generator))
            written.append(chosen)
            ids = [chosen]
    return tokenizer.decode(written)
